"""What answers amount to: risks, progress, counts, the next unanswered question. Pure: no rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessments.lens import load
from assessments.results import Results, next_unanswered, results_of
from assessments.risk import Risk
from assessments.tests.lenses import backup, lens, pillar, question, small


@dataclass(frozen=True)
class Said:
    question_id: str
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_applicable: bool = True


def said(question_id: str, *chosen: str) -> Said:
    return Said(question_id, {each: {"status": "SELECTED"} for each in chosen})


def judged(*answers: Said) -> Results:
    return results_of(load(small()), answers)


def test_nothing_answered_is_all_unanswered() -> None:
    results = judged()
    assert (results.answered, results.total, results.percent) == (0, 2, 0)
    assert [each.risk for each in results.questions] == [Risk.UNANSWERED] * 2


def test_counts_and_progress_are_those_of_the_pillars_together() -> None:
    results = judged(said("backup", "tested"), Said("restore", is_applicable=False))
    assert [(each.pillar.id, each.answered, each.total, each.percent) for each in results.pillars] == [
        ("reliability", 1, 1, 100),
        ("operations", 1, 1, 100),
    ]
    assert results.counts[Risk.MEDIUM] == 1
    assert results.counts[Risk.NOT_APPLICABLE] == 1
    assert sum(results.counts.values()) == 2


def test_questions_are_numbered_through_the_whole_lens() -> None:
    raw = lens(pillar("aaa", backup()), pillar("bbb", *(question(f"q_{n}", "yes no", []) for n in range(3))))
    assert [each.number for each in results_of(load(raw), []).questions] == [1, 2, 3, 4]


def test_what_the_lens_does_not_have_is_passed_over() -> None:
    odd = Said("backup", {"tested": {"status": "SELECTED"}, "gone": {"status": "SELECTED"}})
    results = judged(odd, said("no_such_question", "a"))
    assert [each.risk for each in results.questions] == [Risk.MEDIUM, Risk.UNANSWERED]


def test_a_note_on_a_choice_alone_answers_nothing() -> None:
    noted = Said("backup", {"tested": {"status": "UNSELECTED", "notes": "Soon"}})
    assert judged(noted).questions[0].risk is Risk.UNANSWERED


def test_the_next_unanswered_question_goes_round_at_the_end() -> None:
    def after(results: Results, question_id: str = "") -> str | None:
        found = next_unanswered(results, question_id)
        return found.question.id if found else None

    assert after(judged()) == "backup"
    assert after(judged(), "backup") == "restore"
    assert after(judged(), "restore") == "backup"
    assert after(judged(said("backup", "tested"))) == "restore"
    assert after(judged(said("restore", "timed")), "backup") == "backup"
    assert after(judged(said("backup", "tested"), said("restore", "timed"))) is None
    assert after(judged(), "no_such_question") == "backup"
