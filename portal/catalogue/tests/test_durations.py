"""What people type as a length of time, and that what we show is read back as the same."""

from datetime import timedelta

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue.durations import DurationField, iso_duration, parse_duration, spoken_duration

LENGTHS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=366))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15 min", timedelta(minutes=15)),
        ("15min", timedelta(minutes=15)),
        ("15 minutes", timedelta(minutes=15)),
        ("1 minute", timedelta(minutes=1)),
        ("4 h", timedelta(hours=4)),
        ("1 h 30 min", timedelta(minutes=90)),
        ("1h30min", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1 hour, 30 minutes", timedelta(minutes=90)),
        ("1.5 h", timedelta(minutes=90)),
        ("  2 D ", timedelta(days=2)),
        ("1 w", timedelta(weeks=1)),
        ("45 s", timedelta(seconds=45)),
        ("45 secs", timedelta(seconds=45)),
        ("0", timedelta(0)),
        ("0 s", timedelta(0)),
        ("PT15M", timedelta(minutes=15)),
        ("pt1h30m", timedelta(minutes=90)),
        ("P1DT2H", timedelta(hours=26)),
        ("P1W", timedelta(weeks=1)),
        ("PT0.5S", timedelta(milliseconds=500)),
    ],
)
def test_a_length_is_read(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


NO_LENGTHS = ["", " ", "15", "min", "15 parsecs", "4 h 4 h", "500 ms", "4 hs", "1 h and 2 min", "-5 min", "1e9 s"]


@pytest.mark.parametrize("text", [*NO_LENGTHS, "P", "PT", "P1DT", "P1M", "P1Y"])
def test_what_is_no_length_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="Write it like"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["400 d", "P400D", "9" * 30 + " h"])
def test_more_than_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than a year"):
        parse_duration(text)


@given(LENGTHS)
def test_spoken_lengths_are_read_back_exactly(length: timedelta) -> None:
    assert parse_duration(spoken_duration(length)) == length


@given(LENGTHS)
def test_iso_lengths_are_read_back_exactly(length: timedelta) -> None:
    assert parse_duration(iso_duration(length)) == length


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_never_worse(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError as error:
        assert "length of time" in str(error) or "longer than a year" in str(error)


def test_the_field_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    class Form(forms.Form):
        rto = DurationField(required=False)

    assert Form({"rto": ""}).fields["rto"].clean("") is None
    refused = Form({"rto": "soon"})
    assert "“soon” is not a length of time" in refused.errors["rto"][0]
    assert 'value="soon"' in str(refused["rto"])
    assert 'value="1 h 30 min"' in str(Form(initial={"rto": timedelta(minutes=90)})["rto"])
