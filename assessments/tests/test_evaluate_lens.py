"""The command that judges answers from a file: risks, counts, and what it refuses."""

import json
import random
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assessments.management.commands.evaluate_lens import Command
from assessments.tests.lenses import expected_risk, lens, pillar, question, small


def run(folder: Path, raw: Any, answers: Any, is_json: bool = True) -> str:
    lens_file, answers_file, out = folder / "lens.json", folder / "answers.json", StringIO()
    lens_file.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    answers_file.write_text(answers if isinstance(answers, str) else json.dumps(answers))
    call_command(Command(), str(lens_file), answers=answers_file, is_json=is_json, stdout=out)
    return out.getvalue()


def result(folder: Path, raw: Any, answers: Any) -> dict[str, Any]:
    return json.loads(run(folder, raw, answers))


def test_each_question_has_its_risk_and_pillars_and_lens_their_counts(tmp_path: Path) -> None:
    found = result(tmp_path, small(), {"backup": ["tested", "copied"], "restore": "NOT_APPLICABLE"})
    assert found["risks"] == {"backup": "MEDIUM", "restore": "NOT_APPLICABLE"}
    assert found["counts"] == {"UNANSWERED": 0, "HIGH": 0, "MEDIUM": 1, "NONE": 0, "NOT_APPLICABLE": 1}
    assert [(item["id"], item["counts"]["MEDIUM"]) for item in found["pillars"]] == [
        ("reliability", 1),
        ("operations", 0),
    ]


def test_a_question_tells_the_rule_that_decided_and_the_smallest_improvements(tmp_path: Path) -> None:
    found = result(tmp_path, small(), {"backup": ["tested", "copied"]})
    asked = found["pillars"][0]["questions"][0]
    assert (asked["rule"], asked["selected"]) == (1, ["tested", "copied"])
    assert asked["improvements"] == [{"risk": "NONE", "additions": [["owned"]], "number": 1, "given_up": []}]


def test_what_is_not_answered_or_answered_by_nothing_is_unanswered(tmp_path: Path) -> None:
    assert result(tmp_path, small(), {"backup": []})["risks"] == {"backup": "UNANSWERED", "restore": "UNANSWERED"}


def test_the_report_for_people_has_risks_counts_and_contradictions(tmp_path: Path) -> None:
    report = run(tmp_path, small(), {"backup": ["tested", "backup_no"]}, is_json=False)
    assert "Recovery: 1 UNANSWERED, 1 MEDIUM" in report
    assert "Pillar reliability (reliability): 1 MEDIUM" in report
    assert "MEDIUM          backup  How do you backup?" in report
    assert "warning  backup: backup_no means none of the others, but tested is chosen too" in report


def test_thousands_of_random_choice_sets_have_the_risk_of_a_second_reading(tmp_path: Path) -> None:
    chance = random.Random(7)
    ids = [f"aa{number}" for number in range(10)]
    conditions = ["aa0 && !aa1 || (aa2 && aa3 && aa4)", "!(aa5 || aa6) && aa7 || aa8 && (aa9 || aa0)"]
    rules = [(conditions[0], "NO_RISK"), (conditions[1], "MEDIUM_RISK"), ("default", "HIGH_RISK")]
    asked = [question(f"q_{number:03}", " ".join(ids), rules) for number in range(800)]
    raw = lens(pillar("one_pillar", *asked))
    for _ in range(3):
        answers = {item["id"]: chance.sample(ids, chance.randint(1, 10)) for item in asked}
        expected = {item["id"]: expected_risk(item, set(answers[item["id"]])) for item in asked}
        assert result(tmp_path, raw, answers)["risks"] == expected
        assert set(expected.values()) == {"HIGH", "MEDIUM", "NONE"}


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not an object of answers"),
        ("null", "not an object of answers"),
        ({"failback": ["tested"]}, "failback: The lens has no question failback"),
        ({"backup": ["tsted"]}, "backup: tsted is no choice of backup. Its choices are tested, copied"),
        ({"backup": "tested"}, "backup: An answer is a list of choice ids"),
        ({"backup": [7]}, "backup: An answer is a list of choice ids"),
        ({"backup": None}, "backup: An answer is a list of choice ids"),
        ({"backup": {"tested": True}}, "backup: An answer is a list of choice ids"),
    ],
)
def test_answers_that_cannot_be_judged_are_refused_with_the_reason(tmp_path: Path, answers: Any, says: str) -> None:
    with pytest.raises(CommandError, match="nothing was judged") as caught:
        run(tmp_path, small(), answers)
    assert says in str(caught.value)
    assert caught.value.returncode == 1


def test_everything_wrong_with_answers_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        run(tmp_path, small(), {"backup": ["tsted", "copid"], "restore": 3, "failback": []}, is_json=False)
    assert str(caught.value).count("\n") == 4


def test_a_lens_that_cannot_be_used_is_refused_before_its_answers(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"The lens .*lens\.json cannot be used"):
        run(tmp_path, {"pillars": []}, "{")


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    lens_file = tmp_path / "lens.json"
    lens_file.write_text(json.dumps(small()))
    with pytest.raises(CommandError, match="No such file"):
        call_command(Command(), str(lens_file), answers=tmp_path / "missing.json", is_json=False, stdout=StringIO())
