"""The lenses we ship, held to the format, to the framework's identifiers and to their own promises.

Here: the limits of the lens format specification
(https://docs.aws.amazon.com/wellarchitected/latest/userguide/lenses-format-specification.html) and of the API where it is
stricter, the risk rules against the exposure of each practice, and the texts against each other. Read with `json` alone,
so that these checks do not lean on our own reader. Not here: the reader (test_lens.py) and the linter (test_linter.py).
"""

import json
import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

LENSES = Path(__file__).parent.parent / "lenses"
SIZES = {  # file: pillars, questions, practices
    "reliability": (1, 13, 65),
    "operational-excellence": (1, 11, 68),
    "bcdr-core": (5, 9, 32),
    "operational-readiness": (3, 16, 61),
}
OFFICIAL = {"reliability": "REL", "operational-excellence": "OPS"}
PRACTICES_PER_QUESTION = {
    "REL": (6, 5, 3, 4, 7, 7, 4, 5, 4, 3, 7, 5, 5),
    "OPS": (6, 6, 7, 5, 10, 4, 6, 5, 3, 7, 9),
}
CHECKS = set(
    "backups_exist backups_recent point_in_time_recovery_on replica_in_recovery_region alarms_present"
    " alarm_actions_present tracing_on dashboard_exists traffic_has_two_regions image_digest_parity"
    " recovery_region_quotas deletion_protection_on multi_az autoscaling_configured health_check_deep log_retention_set"
    " secrets_replicated versioning_on bucket_replication_on certificate_not_expiring drill_recent_success"
    " rto_met_in_drill rpo_met_in_drill runbook_published restore_tested".split()
)
IDENTIFIER = re.compile(r"[A-Za-z0-9_]{3,64}")
FRAMEWORK_PAGE = re.compile(r"https://docs\.aws\.amazon\.com/wellarchitected/latest/framework/([a-z0-9_-]+)\.html")
HOSTS = ("https://docs.aws.amazon.com/", "https://aws.amazon.com/builders-library/", "https://sre.google/")
AMERICAN = re.compile(
    r"\b(behaviors?|colors?|centers?|organizations?|favor|labor|catalogs?|canceled"
    r"|(?:real|organ|optim|prior|minim|maxim|author|custom|summar|util|recogn)ize[ds]?)\b",
    re.IGNORECASE,
)
PRODUCTS = re.compile(r"AWS Organizations|Service Catalog")  # names keep their own spelling

Json = dict[str, Any]
named = pytest.mark.parametrize("name", SIZES)


def lens(name: str) -> Json:
    return json.loads((LENSES / f"{name}.json").read_text(encoding="utf-8"))


def questions(name: str) -> list[Json]:
    return [question for pillar in lens(name)["pillars"] for question in pillar["questions"]]


def practices(question: Json) -> list[Json]:
    return [choice for choice in question["choices"] if not choice["id"].endswith("_no")]


def every_practice(name: str) -> list[Json]:
    return [choice for question in questions(name) for choice in practices(question)]


def texts(name: str) -> list[str]:
    """Every text of a lens that a person reads in full, in the order of the file."""
    found = [lens(name)["description"]]
    for question in questions(name):
        found += [question["description"], question["helpfulResource"]["displayText"]]
        for choice in question["choices"]:
            found.append(choice["helpfulResource"]["displayText"])
            if "improvementPlan" in choice:
                found.append(choice["improvementPlan"]["displayText"])
    return found


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?:])\s+(?=[A-Z0-9])", text)


def holds(condition: str, chosen: set[str]) -> bool:
    """An evaluator of its own: the condition as a Python expression over the chosen identifiers."""
    expression = condition.replace("&&", " and ").replace("||", " or ").replace("!", " not ")
    words = set(re.findall(r"[A-Za-z0-9_]{3,}", expression)) - {"and", "not"}
    return bool(eval(expression, {"__builtins__": {}}, {word: word in chosen for word in words}))


def risk(question: Json, chosen: set[str]) -> str:
    for rule in question["riskRules"]:
        if rule["condition"] == "default" or holds(rule["condition"], chosen):
            return str(rule["risk"])
    raise AssertionError(f"no rule of {question['id']} holds for {sorted(chosen)}")


def promised_risk(question: Json, chosen: set[str]) -> str:
    """What the description of our lenses promises: HIGH missing is high, else MEDIUM missing is medium, else none."""
    missing = {choice["_exposure"] for choice in practices(question) if choice["id"] not in chosen}
    if "HIGH" in missing or any(choice.endswith("_no") for choice in chosen) or not chosen:
        return "HIGH_RISK"
    return "MEDIUM_RISK" if "MEDIUM" in missing else "NO_RISK"


def test_every_lens_file_is_known_here() -> None:
    assert {path.stem for path in LENSES.glob("*.json")} == set(SIZES)


@named
def test_a_lens_has_the_size_it_claims(name: str) -> None:
    pillars = lens(name)["pillars"]
    assert (len(pillars), len(questions(name)), len(every_practice(name))) == SIZES[name]


@named
def test_a_lens_stays_within_the_limits_of_the_format(name: str) -> None:
    text = (LENSES / f"{name}.json").read_text(encoding="utf-8")
    content = json.loads(text)
    assert content["schemaVersion"] == "2021-11-01"
    assert len(text) <= 500_000
    assert len(content["name"]) <= 128
    assert len(content["description"]) <= 2048
    assert 1 <= len(content["pillars"]) <= 10
    for pillar in content["pillars"]:
        assert IDENTIFIER.fullmatch(pillar["id"])
        assert len(pillar["name"]) <= 128
        assert 1 <= len(pillar["questions"]) <= 20


@named
def test_questions_and_choices_stay_within_the_stricter_of_format_and_api(name: str) -> None:
    for question in questions(name):
        assert IDENTIFIER.fullmatch(question["id"])
        assert 1 <= len(question["title"]) <= 128, question["id"]
        assert 1 <= len(question["description"]) <= 1024, question["id"]
        assert 2 <= len(question["choices"]) <= 15, question["id"]
        for choice in question["choices"]:
            assert IDENTIFIER.fullmatch(choice["id"]), choice["id"]
            assert 1 <= len(choice["title"]) <= 128, choice["id"]
    assert [text for text in texts(name) if not 1 <= len(text) <= 1024] == []


@named
def test_identifiers_are_unique_in_a_lens(name: str) -> None:
    identifiers = [pillar["id"] for pillar in lens(name)["pillars"]]
    for question in questions(name):
        identifiers += [question["id"], *(choice["id"] for choice in question["choices"])]
    assert [one for one, times in Counter(identifiers).items() if times > 1] == []


@named
def test_every_question_ends_with_none_of_these_and_only_that_lacks_a_plan(name: str) -> None:
    for question in questions(name):
        *rest, none = question["choices"]
        assert (none["id"], none["title"]) == (f"{question['id']}_no", "None of these")
        assert "improvementPlan" not in none
        assert none["helpfulResource"]["displayText"]
        assert [choice["id"] for choice in rest if "improvementPlan" not in choice] == []


@named
def test_addresses_lead_to_pages_of_aws_or_its_builders_or_the_sre_book(name: str) -> None:
    found = [question["helpfulResource"].get("url") for question in questions(name)]
    for question in questions(name):
        for choice in question["choices"]:
            found.append(choice["helpfulResource"].get("url"))
            found.append(choice.get("improvementPlan", {}).get("url"))
    assert [url for url in found if url and (len(url) > 1024 or not url.startswith(HOSTS) or " " in url)] == []


@named
def test_every_practice_names_its_exposure_and_known_checks_only(name: str) -> None:
    for choice in every_practice(name):
        assert choice["_exposure"] in {"HIGH", "MEDIUM", "LOW"}, choice["id"]
        assert set(choice.get("_check", [])) <= CHECKS, choice["id"]
        assert choice.get("_check") != [], choice["id"]


@named
def test_the_rules_end_with_the_default_and_name_each_risk_once(name: str) -> None:
    for question in questions(name):
        rules = question["riskRules"]
        assert 2 <= len(rules) <= 3, question["id"]
        assert [rule["condition"] for rule in rules].index("default") == len(rules) - 1
        assert (rules[0]["risk"], rules[-1]["risk"]) == ("NO_RISK", "HIGH_RISK")
        assert len({rule["risk"] for rule in rules}) == len(rules)


@named
def test_the_risk_of_every_choice_set_is_what_the_exposures_promise(name: str) -> None:
    for question in questions(name):
        identifiers = [choice["id"] for choice in question["choices"]]
        for taken in product((False, True), repeat=len(identifiers)):
            chosen = {one for one, is_taken in zip(identifiers, taken, strict=True) if is_taken}
            if chosen:
                assert risk(question, chosen) == promised_risk(question, chosen), (question["id"], sorted(chosen))


@named
def test_no_title_and_no_sentence_is_used_twice(name: str) -> None:
    titles = [question["title"] for question in questions(name)] + [one["title"] for one in every_practice(name)]
    assert [title for title, times in Counter(titles).items() if times > 1] == []
    ours = [one for text in texts(name) for one in sentences(text)]
    assert [one for one, times in Counter(ours).items() if times > 1] == []


def test_no_title_and_no_sentence_of_one_lens_is_repeated_in_another() -> None:
    ours = [one for name in SIZES for text in texts(name) for one in set(sentences(text))]
    titles = [one["title"] for name in SIZES for one in every_practice(name)]
    assert [one for one, times in Counter(ours + titles).items() if times > 1] == []


def test_every_check_that_reads_aws_is_evidence_for_some_practice() -> None:
    assert {check for name in SIZES for one in every_practice(name) for check in one.get("_check", [])} == CHECKS


@named
def test_a_practice_says_why_in_a_few_sentences_and_how_in_several(name: str) -> None:
    for choice in every_practice(name):
        why, how = choice["helpfulResource"]["displayText"], choice["improvementPlan"]["displayText"]
        assert 2 <= len(sentences(why)) <= 5, (choice["id"], why)
        assert 3 <= len(sentences(how)) <= 8, (choice["id"], how)
        assert len(why) >= 120, choice["id"]
        assert len(how) >= 200, choice["id"]


@named
def test_spelling_is_british_and_texts_are_clean(name: str) -> None:
    titles = [question["title"] for question in questions(name)] + [one["title"] for one in every_practice(name)]
    for text in [*texts(name), *titles]:
        assert AMERICAN.search(PRODUCTS.sub("", text)) is None, text
        assert text == " ".join(text.split()), text
        assert "<" not in text, text


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_practices_are_all_there_in_order(name: str) -> None:
    prefix = OFFICIAL[name]
    counts = PRACTICES_PER_QUESTION[prefix]
    expected = [f"{prefix}{q:02d}-BP{n:02d}" for q, count in enumerate(counts, 1) for n in range(1, count + 1)]
    assert [choice["_bp"] for choice in every_practice(name)] == expected
    assert [question["_question"] for question in questions(name)] == [
        f"{prefix}{number:02d}" for number in range(1, len(counts) + 1)
    ]
    assert lens(name)["_framework_date"] == "2026-05-20"


@pytest.mark.parametrize("name", OFFICIAL)
def test_an_official_practice_is_named_by_its_page(name: str) -> None:
    for question in questions(name):
        page = FRAMEWORK_PAGE.fullmatch(question["helpfulResource"]["url"])
        assert page is not None
        assert page.group(1).replace("-", "") == question["_question"].lower()
        for choice in practices(question):
            page = FRAMEWORK_PAGE.fullmatch(choice["helpfulResource"]["url"])
            assert page is not None
            assert page.group(1) == choice["id"]
            assert choice["id"].startswith(question["id"] + "_")


@pytest.mark.parametrize("name", sorted(set(SIZES) - set(OFFICIAL)))
def test_our_own_lenses_point_at_official_practices_that_exist(name: str) -> None:
    pages = {one["_bp"]: one["id"] for official in OFFICIAL for one in every_practice(official)}
    for choice in every_practice(name):
        if "_bp" in choice:
            page = FRAMEWORK_PAGE.fullmatch(choice["helpfulResource"]["url"])
            assert page is not None
            assert page.group(1) == pages[choice["_bp"]], choice["id"]


def test_the_core_lens_takes_the_exposure_of_the_official_practice() -> None:
    official = {one["_bp"]: one["_exposure"] for name in OFFICIAL for one in every_practice(name)}
    assert {one["id"]: one["_exposure"] for one in every_practice("bcdr-core")} == {
        one["id"]: official[one["_bp"]] for one in every_practice("bcdr-core")
    }
