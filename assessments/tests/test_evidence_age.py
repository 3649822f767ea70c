"""What proofs add up to, and how they age."""

from datetime import UTC, datetime, timedelta

import pytest

from assessments.evidence_age import (
    DRILL_HALF_LIVES,
    AnswerStanding,
    Proof,
    Standing,
    answer_standing,
    choice_standing,
    counts_of,
    drill_half_life,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HALF_LIFE = timedelta(days=30)


def proof(name: str = "backups_exist", days: float = 1, *, is_met: bool = True) -> Proof:
    return Proof("check", name, name, "seen", NOW - timedelta(days=days), HALF_LIFE, is_met)


def one(*proofs: Proof, checks: tuple[str, ...] = ("backups_exist",)) -> Standing:
    return choice_standing("tested", checks, {each.name: each for each in proofs}, NOW).standing


@pytest.mark.parametrize(("days", "percent"), [(0, 100), (30, 50), (60, 25), (-5, 100)])
def test_a_proof_is_worth_half_after_each_half_life(days: float, percent: int) -> None:
    assert proof(days=days).percent(NOW) == percent


@pytest.mark.parametrize(
    ("days", "is_met", "standing"),
    [
        (1, True, Standing.PROVED),
        (30, True, Standing.PROVED),
        (31, True, Standing.STALE),
        (1, False, Standing.CONTRADICTED),
        (400, False, Standing.CONTRADICTED),
    ],
)
def test_a_proof_becomes_stale_but_a_contradiction_never_does(days: int, is_met: bool, standing: Standing) -> None:
    assert one(proof(days=days, is_met=is_met)) is standing


def test_a_choice_is_proved_only_when_every_bound_check_has_spoken() -> None:
    both = ("backups_exist", "backups_recent")
    assert one(proof(), checks=both) is Standing.CLAIMED
    assert one(proof(), proof("backups_recent"), checks=both) is Standing.PROVED
    assert one(proof(), proof("backups_recent", is_met=False), checks=both) is Standing.CONTRADICTED


def test_a_check_that_never_came_to_a_result_is_named() -> None:
    assert choice_standing("tested", ["backups_exist"], {}, NOW).missing == ("backups_exist",)


def answer(*standings: tuple[str, Standing], drills: tuple[Proof, ...] = ()) -> AnswerStanding:
    made = {
        Standing.PROVED: (proof(),),
        Standing.STALE: (proof(days=99),),
        Standing.CONTRADICTED: (proof(is_met=False),),
        Standing.CLAIMED: (),
    }
    choices = [
        choice_standing(id_, ["backups_exist"], {each.name: each for each in made[wanted]}, NOW)
        for id_, wanted in standings
    ]
    return answer_standing(choices, drills, NOW)


def test_an_answer_is_as_good_as_the_worst_of_what_can_be_proved() -> None:
    assert answer(("aaa", Standing.PROVED), ("bbb", Standing.STALE)).standing is Standing.STALE
    assert answer(("aaa", Standing.PROVED), ("bbb", Standing.CLAIMED)).standing is Standing.CLAIMED
    assert answer(("aaa", Standing.CLAIMED), ("bbb", Standing.CONTRADICTED)).standing is Standing.CONTRADICTED


def test_a_choice_that_no_check_can_prove_does_not_spoil_a_proved_answer() -> None:
    unbound = choice_standing("bbb", [], {}, NOW)
    bound = choice_standing("aaa", ["backups_exist"], {"backups_exist": proof()}, NOW)
    assert unbound.standing is Standing.CLAIMED
    assert answer_standing([unbound, bound], [], NOW).standing is Standing.PROVED


def test_a_drill_named_as_evidence_proves_or_contradicts_the_answer() -> None:
    unbound = [choice_standing("aaa", [], {}, NOW)]
    assert answer_standing(unbound, [], NOW).standing is Standing.CLAIMED
    assert answer_standing(unbound, [proof("drill")], NOW).standing is Standing.PROVED
    assert answer_standing(unbound, [proof("drill", is_met=False)], NOW).standing is Standing.CONTRADICTED


def test_higher_tiers_want_fresher_drills_and_an_unknown_tier_gets_the_longest() -> None:
    lengths = [drill_half_life(tier) for tier in sorted(DRILL_HALF_LIVES)]
    assert lengths == sorted(lengths)
    assert drill_half_life(9) == max(lengths)


def test_counts_have_every_standing_with_the_worst_first() -> None:
    assert list(counts_of([Standing.PROVED, Standing.PROVED]).items()) == [
        (Standing.CONTRADICTED, 0),
        (Standing.CLAIMED, 0),
        (Standing.STALE, 0),
        (Standing.PROVED, 2),
    ]
