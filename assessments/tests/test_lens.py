"""Reading lenses: what published lenses get wrong is read, what nobody can use is refused with all reasons."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.lens import LensRefused, export, export_problems, load, read
from assessments.tests.lenses import (
    JSON_VALUES,
    as_published,
    backup,
    choice,
    codes,
    error_of,
    lens,
    pillar,
    question,
    small,
    text,
    usable,
)


def test_a_good_lens_has_no_problem() -> None:
    reading = read(text(small()))
    assert reading.problems == ()
    assert reading.raw == small()
    assert reading.lens is not None
    assert [(pillar.id, [question.id for question in pillar.questions]) for pillar in reading.lens.pillars] == [
        ("reliability", ["backup"]),
        ("operations", ["restore"]),
    ]
    asked = reading.lens.questions["backup"]
    assert asked.choice_ids == ("tested", "copied", "owned", "backup_no")
    assert asked.none_of_these == {"backup_no"}
    assert [(rule.condition, rule.risk) for rule in asked.rules][-1] == ("default", "HIGH_RISK")
    plan = asked.choices[0].improvement_plan
    assert plan is not None
    assert (plan.display_text, plan.url) == ("Do tested.", None)


def test_everything_that_published_lenses_get_wrong_is_read_with_a_warning() -> None:
    reading = read(text(as_published()))
    assert reading.lens is not None
    assert codes(reading.problems, "error") == set()
    assert codes(reading.problems, "warning") == {
        "no-default",
        "repeated-risk",
        "bad-condition",
        "unknown-key",
        "misspelled-key",
        "bad-url",
        "empty-url",
        "no-text",
        "text-too-long",
        "no-improvement-plan",
        "bad-identifier",
    }


def test_a_url_in_another_letter_case_is_read_and_stays_as_it_was() -> None:
    read_lens = usable(as_published())
    resource = read_lens.questions["only_default"].choices[0].helpful_resource
    assert resource is not None
    assert resource.url == "https://example.com/a"
    assert '"Url": "https://example.com/a"' in export(read_lens)


def test_default_in_another_letter_case_is_default_unless_a_choice_has_that_name() -> None:
    assert usable(as_published()).questions["yes_no"].rules[-1].is_default
    named = lens(pillar("one_pillar", question("asked", "Default", [("Default", "NO_RISK")])))
    assert not usable(named).questions["asked"].rules[0].is_default


def test_the_same_choice_id_in_two_questions_is_usual() -> None:
    two = [question(f"q_{number}", "choice1", [("default", "HIGH_RISK")]) for number in range(2)]
    assert read(text(lens(pillar("one_pillar", *two)))).problems == ()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.com", "https://", "ht tp://a", 7]
)
def test_what_is_no_web_address_never_becomes_a_link(url: Any) -> None:
    raw = lens(pillar("one_pillar", backup(helpfulResource={"displayText": "Read", "url": url})))
    resource = usable(raw).questions["backup"].helpful_resource
    assert resource is not None
    assert resource.url is None


def test_additional_resources_are_read_by_their_type() -> None:
    raw = small()
    item = {"displayText": "More", "url": "http://example.com/"}
    raw["pillars"][0]["questions"][0]["choices"][0]["additionalResources"] = [
        {"type": "HELPFUL_RESOURCE", "content": [item, item]},
        {"type": "IMPROVEMENT_PLAN", "content": [item]},
        {"type": "OTHER", "content": [item]},
        {"type": "IMPROVEMENT_PLAN", "content": "text"},
    ]
    reading = read(text(raw))
    assert reading.lens is not None
    first = reading.lens.questions["backup"].choices[0]
    assert (len(first.additional_helpful_resources), len(first.additional_improvement_plans)) == (2, 1)
    assert codes(reading.problems, "warning") == {"bad-type", "not-an-object"}


def test_more_additional_resources_than_aws_takes_are_read() -> None:
    raw = small()
    groups = [{"type": "HELPFUL_RESOURCE", "content": [{"displayText": "More"}] * 3}] * 2
    raw["pillars"][0]["questions"][0]["choices"][0]["additionalResources"] = groups
    reading = read(text(raw))
    assert [problem.path for problem in reading.problems] == ["pillars[0].questions[0].choices[0].additionalResources"]


def broken(change: str) -> dict[str, Any]:
    """The small lens with one thing spoilt."""
    raw = small()
    asked = raw["pillars"][0]["questions"][0]
    match change:
        case "version":
            raw["schemaVersion"] = "2030-01-01"
        case "name":
            raw["name"] = " "
        case "pillars":
            raw["pillars"] = {}
        case "pillars empty":
            raw["pillars"] = []
        case "pillar":
            raw["pillars"][1] = "x"
        case "questions":
            del raw["pillars"][0]["questions"]
        case "question twice":
            raw["pillars"][1]["questions"][0]["id"] = "backup"
        case "pillar twice":
            raw["pillars"][1]["id"] = "reliability"
        case "no id":
            del asked["id"]
        case "id is no text":
            asked["id"] = 7
        case "choices empty":
            asked.update(choices=[], riskRules=[])
        case "choice twice":
            asked["choices"].append(choice("tested"))
        case "rules":
            asked["riskRules"] = {"condition": "default"}
        case "rule":
            asked["riskRules"][0] = "default"
        case "risk":
            asked["riskRules"][0]["risk"] = "LOW_RISK"
        case "condition":
            asked["riskRules"][0]["condition"] = None
        case "grammar":
            asked["riskRules"][0]["condition"] = "tested and copied"
        case "unknown choice":
            asked["riskRules"][0]["condition"] = "tested && tetsed && !tetsed"
        case "default with others":
            asked["riskRules"][0]["condition"] = "tested && default"
    return raw


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ("version", "schemaVersion", "bad-schema-version"),
        ("name", "name", "no-text"),
        ("pillars", "pillars", "bad-list"),
        ("pillars empty", "pillars", "empty-list"),
        ("pillar", "pillars[1]", "not-an-object"),
        ("questions", "pillars[0].questions", "bad-list"),
        ("question twice", "pillars[1].questions[0].id", "repeated-id"),
        ("pillar twice", "pillars[1].id", "repeated-id"),
        ("no id", "pillars[0].questions[0].id", "no-id"),
        ("id is no text", "pillars[0].questions[0].id", "no-id"),
        ("choices empty", "pillars[0].questions[0].choices", "empty-list"),
        ("choice twice", "pillars[0].questions[0].choices[4].id", "repeated-id"),
        ("rules", "pillars[0].questions[0].riskRules", "bad-list"),
        ("rule", "pillars[0].questions[0].riskRules[0]", "not-an-object"),
        ("risk", "pillars[0].questions[0].riskRules[0].risk", "bad-risk"),
        ("condition", "pillars[0].questions[0].riskRules[0].condition", "bad-condition"),
        ("grammar", "pillars[0].questions[0].riskRules[0].condition", "bad-condition"),
        ("unknown choice", "pillars[0].questions[0].riskRules[0].condition", "unknown-choice"),
        ("default with others", "pillars[0].questions[0].riskRules[0].condition", "unknown-choice"),
    ],
)
def test_content_that_nobody_can_use_is_one_error_at_its_path(change: str, path: str, code: str) -> None:
    error = error_of(broken(change))
    assert (error.path, error.code) == (path, code)


def test_an_unknown_choice_is_named_with_its_place_and_the_choices_there_are() -> None:
    message = error_of(broken("unknown choice")).message
    assert "tetsed at character 11" in message
    assert "tested, copied, owned, backup_no" in message


def test_all_problems_are_told_together_errors_first() -> None:
    raw = broken("risk")
    raw["pillars"][0]["questions"][0]["riskRules"][1]["condition"] = "tested ||"
    raw["pillars"][1]["questions"][0]["choices"][0]["id"] = 3
    raw["pillars"][0]["name"] = "n" * 129
    reading = read(text(raw))
    assert reading.lens is None
    assert [problem.severity for problem in reading.problems] == ["error"] * 4 + ["warning"]


def test_thousands_of_problems_are_counted_not_listed() -> None:
    many = [question(f"q{number:05}", "a", []) for number in range(900)]
    problems = read(text(lens(pillar("one_pillar", *many)))).problems
    assert len(problems) == 501
    assert "more problems" in problems[-1].message


def test_load_refuses_content_that_is_no_lens_and_says_why() -> None:
    with pytest.raises(LensRefused, match="tetsed") as caught:
        load(broken("unknown choice"))
    assert codes(caught.value.problems, "error") == {"unknown-choice"}


@given(value=JSON_VALUES, place=st.integers(0, 200))
def test_no_content_makes_reading_fail(value: Any, place: int) -> None:
    """Whatever stands in any one place of a good lens, it is read or refused."""
    raw = copy.deepcopy(small())
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    walk(raw)
    node, key = places[place % len(places)]
    node[key] = value
    reading = read(text(raw))
    assert (reading.lens is None) == ("error" in {problem.severity for problem in reading.problems})
    assert read(export(raw)).raw == reading.raw
    export_problems(raw)
