"""ISO 8601 durations as documents write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.durations import DurationError, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P2DT5S", timedelta(days=2, seconds=5)),
        ("PT0.5S", timedelta(milliseconds=500)),
        ("PT0,5S", timedelta(milliseconds=500)),
        ("PT01S", timedelta(seconds=1)),
        ("PT24H5M", timedelta(hours=24, minutes=5)),
        ("P1W", timedelta(weeks=1)),
        (" PT5M ", timedelta(minutes=5)),
        ("PT0S", timedelta(0)),
    ],
)
def test_a_duration_is_read(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("P1Y", "years or months"),
        ("P2M", "years or months"),
        ("P1Y2M3DT4H", "years or months"),
        ("-PT5S", "negative"),
        ("PT-5S", "negative"),
        ("", "not an ISO 8601 duration"),
        ("P", "not an ISO 8601 duration"),
        ("PT", "not an ISO 8601 duration"),
        ("P1DT", "not an ISO 8601 duration"),
        ("5", "not an ISO 8601 duration"),
        ("PT5", "not an ISO 8601 duration"),
        ("pt5s", "not an ISO 8601 duration"),
        ("PT5S5M", "not an ISO 8601 duration"),
        ("PT\u0665S", "not an ISO 8601 duration"),
        ("{{ Delay }}", "not an ISO 8601 duration"),
        ("P999999999W", "longer than can be counted"),
        ("PT" + "9" * 5000 + "S", "not an ISO 8601 duration"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DurationError, match=reason):
        parse_duration(text)


def test_a_duration_of_exactly_the_maximum_is_accepted() -> None:
    assert parse_duration("PT1M", timedelta(minutes=1)) == timedelta(minutes=1)


def test_a_duration_over_the_maximum_is_refused() -> None:
    with pytest.raises(DurationError, match="longer than the 0:01:00 allowed here"):
        parse_duration("PT61S", timedelta(minutes=1))


@given(st.text(max_size=60) | st.from_regex(r"P?[0-9WDTHMS.,YM-]{0,30}", fullmatch=True))
def test_any_text_is_a_duration_or_is_refused(text: str) -> None:
    try:
        assert parse_duration(text) >= timedelta(0)
    except DurationError as error:
        assert "Write" in str(error) or "Use" in str(error)
