"""Exporting lenses: the same bytes again, nothing lost, and what AWS would refuse."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.lens import export, export_problems, read
from assessments.tests.lenses import (
    JSON_VALUES,
    as_published,
    codes,
    lens,
    pillar,
    question,
    questions,
    small,
    text,
    usable,
)


def scrambled(value: Any, chance: random.Random) -> Any:
    """The value with the keys of every object in another order, as a database may give them back."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: scrambled(value[key], chance) for key in keys}
    return [scrambled(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("raw", [small(), as_published()])
def test_export_and_import_again_changes_nothing(raw: dict[str, Any]) -> None:
    written = export(usable(raw))
    again = read(written)
    assert again.raw == raw
    assert again.lens == usable(raw)
    assert again.lens is not None
    assert export(again.lens) == written


@given(asked=questions(), extra=JSON_VALUES, seed=st.integers(0, 2**32))
def test_any_lens_is_exported_as_the_same_bytes_whatever_the_order_of_keys(asked: Any, extra: Any, seed: int) -> None:
    raw = lens(pillar("one_pillar", asked | {"_extra": extra}), _more=extra)
    reading = read(text(raw))
    assert reading.raw == raw
    assert reading.lens is not None
    written = export(reading.lens)
    assert read(written).raw == raw
    assert export(scrambled(raw, random.Random(seed))) == written


def test_the_keys_of_the_format_are_exported_in_its_order() -> None:
    written = export(scrambled(small(), random.Random(1)))
    assert written.index('"schemaVersion"') < written.index('"name"') < written.index('"pillars"')
    assert written.endswith("}\n")


def test_a_good_lens_is_one_that_aws_takes() -> None:
    assert export_problems(small()) == ()


def test_what_aws_would_refuse_is_listed_as_errors_though_we_read_it() -> None:
    found = export_problems(as_published())
    assert codes(found, "error") == {
        "no-default",
        "bad-condition",
        "bad-url",
        "no-text",
        "text-too-long",
        "no-improvement-plan",
        "bad-identifier",
    }


def long_texts() -> dict[str, Any]:
    raw = small()
    raw["description"] = "d" * 1025
    raw["pillars"][0]["id"] = "p" * 65
    raw["pillars"][0]["questions"][0]["helpfulResource"] = {"displayText": "x", "url": "https://" + "u" * 1020}
    return raw


def test_what_only_the_api_is_too_narrow_for_is_a_warning_of_the_export() -> None:
    found = export_problems(long_texts())
    assert {problem.severity for problem in found} == {"warning"}
    assert [problem.path for problem in found] == [
        "description",
        "pillars[0].id",
        "pillars[0].questions[0].helpfulResource.url",
    ]
    assert read(text(long_texts())).problems == ()


@pytest.mark.parametrize(
    ("key", "length", "is_taken"),
    [("title", 128, True), ("title", 129, False), ("description", 2048, True), ("description", 2049, False)],
)
def test_the_limits_of_the_format_are_met_to_the_character(key: str, length: int, is_taken: bool) -> None:
    raw = small()
    raw["pillars"][0]["questions"][0][key] = "x" * length
    assert (codes(export_problems(raw), "error") == set()) is is_taken


def test_too_many_pillars_questions_choices_and_rules_are_read_but_not_taken_by_aws() -> None:
    rules = [("aa1", "NO_RISK"), ("aa2", "MEDIUM_RISK"), ("aa3", "HIGH_RISK"), ("default", "HIGH_RISK")]
    many = [question(f"q_{number}", " ".join(f"aa{n}" for n in range(16)), rules) for number in range(21)]
    raw = lens(*(pillar(f"pillar_{number}", *(many if number == 0 else [])) for number in range(11)))
    assert usable(raw)
    paths = {problem.path for problem in export_problems(raw) if problem.code == "too-many"}
    assert {"pillars", "pillars[0].questions", "pillars[0].questions[0].choices"} <= paths
    assert "pillars[0].questions[20].riskRules" in paths


def large(characters: int) -> dict[str, Any]:
    """A lens that has this many characters when it is written without blanks."""
    raw = small() | {"_filling": [""] * 30_000}
    short = len(json.dumps(raw, separators=(",", ":")))
    return raw | {"_note": "x" * (characters - short - len(',"_note":""'))}


def test_a_lens_that_only_blanks_make_too_large_is_exported_without_them() -> None:
    raw = large(500_000)
    assert len(export(raw)) == 500_000
    assert export_problems(raw) == ()
    assert read(export(raw)).raw == raw


def test_a_lens_one_character_too_large_is_refused_by_aws_only() -> None:
    raw = large(500_001)
    assert codes(export_problems(raw), "error") == {"too-large"}
    assert codes(read(text(raw)).problems, "warning") == {"too-large"}
