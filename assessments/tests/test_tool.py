"""What a sync would do: three answers in, a verdict out; obstacles, matching of questions, decisions."""

import itertools
from dataclasses import replace

import pytest

from assessments.lens import Lens
from assessments.tests.lenses import backup, lens, pillar, question, small, usable
from assessments.tool import (
    ChoiceSaid,
    Picture,
    Plan,
    PlannedQuestion,
    Side,
    ToolAnswer,
    Verdict,
    match,
    merged,
    picture_of,
    plan,
)

EMPTY = Picture()
TESTED = Picture({"tested": ChoiceSaid("SELECTED")})
COPIED = Picture({"copied": ChoiceSaid("SELECTED")})
IDS = ("tested", "copied", "owned", "backup_no")


@pytest.fixture(scope="module")
def content() -> Lens:
    return usable(small())


def planned(content: Lens, ours: Picture, theirs: Picture, agreed: Picture | None = None) -> PlannedQuestion:
    return whole(content, ours, theirs, agreed).questions[0]


def whole(content: Lens, ours: Picture, theirs: Picture, agreed: Picture | None = None) -> Plan:
    there = [ToolAnswer("backup", "How?", IDS, theirs), ToolAnswer("restore", "How?", ("timed", "rehearsed"), EMPTY)]
    return plan(content, {"backup": ours}, there, {} if agreed is None else {"backup": agreed})


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed", "verdict"),
    [
        (TESTED, TESTED, None, Verdict.SAME),
        (TESTED, TESTED, COPIED, Verdict.SAME),
        (TESTED, EMPTY, None, Verdict.PUSH),
        (EMPTY, TESTED, None, Verdict.PULL),
        (COPIED, TESTED, None, Verdict.CONFLICT),
        (COPIED, TESTED, TESTED, Verdict.PUSH),
        (TESTED, COPIED, TESTED, Verdict.PULL),
        (TESTED, COPIED, EMPTY, Verdict.CONFLICT),
        (EMPTY, TESTED, TESTED, Verdict.PUSH),
        (TESTED, EMPTY, TESTED, Verdict.PULL),
    ],
)
def test_the_side_that_left_the_last_agreement_has_changed(
    content: Lens, ours: Picture, theirs: Picture, agreed: Picture | None, verdict: Verdict
) -> None:
    assert planned(content, ours, theirs, agreed).verdict is verdict


def test_no_verdict_overwrites_what_changed_since_the_agreement(content: Lens) -> None:
    pictures = [EMPTY, TESTED, COPIED, Picture(notes="x"), Picture(is_applicable=False, reason="OTHER")]
    for ours, theirs, agreed in itertools.product(pictures, repeat=3):
        each = planned(content, ours, theirs, agreed)
        if each.goes(Verdict.PUSH):
            assert theirs == agreed
        if each.goes(Verdict.PULL):
            assert ours == agreed


def test_fields_that_differ_are_told_in_words(content: Lens) -> None:
    ours = Picture({"tested": ChoiceSaid("SELECTED", "", "in May")}, notes="Well")
    theirs = Picture({"tested": ChoiceSaid("NOT_APPLICABLE", "OUT_OF_SCOPE")}, False, "BUSINESS_PRIORITIES", "Well")
    told = [(each.key, each.ours, each.theirs) for each in planned(content, ours, theirs).differences]
    assert told == [
        ("applies", "applies", "does not apply: business priorities"),
        ("choice:tested", "chosen; in May", "not applicable: out of scope"),
    ]


def test_blanks_and_meaningless_parts_make_no_difference() -> None:
    said = {
        "a": {"status": "UNSELECTED", "reason": "NONE", "notes": " "},
        "b": {"status": "SELECTED", "reason": "OTHER"},
    }
    assert picture_of(said, True, "NONE", "one\r\ntwo ") == Picture({"b": ChoiceSaid("SELECTED")}, notes="one\ntwo")


def test_what_is_not_applicable_without_a_reason_has_another_reason() -> None:
    said = picture_of({"a": {"status": "NOT_APPLICABLE", "reason": "NONE"}}, False, "")
    assert (said.choices["a"].reason, said.reason) == ("OTHER", "OTHER")


def test_a_picture_survives_json() -> None:
    picture = Picture(
        {"b": ChoiceSaid("NOT_APPLICABLE", "OTHER", "x"), "a": ChoiceSaid("SELECTED")}, False, "OTHER", "n"
    )
    assert picture_of(**picture.to_json()) == picture


class TestObstacles:
    def test_a_choice_that_the_tool_lacks_is_not_pushed(self, content: Lens) -> None:
        there = [ToolAnswer("backup", "How?", ("tested",), EMPTY)]
        (each,) = plan(content, {"backup": Picture({**TESTED.choices, **COPIED.choices})}, there, {}).questions
        assert each.verdict is Verdict.PUSH
        assert not each.goes(Verdict.PUSH)
        assert "We do copied" in each.obstacles[0]

    def test_notes_beyond_the_tools_bounds_are_not_pushed(self, content: Lens) -> None:
        long = Picture({"tested": ChoiceSaid("SELECTED", "", "x" * 251)}, notes="y" * 2085)
        assert [
            part in text for part, text in zip(("2,085", "251"), planned(content, long, EMPTY).obstacles, strict=True)
        ]

    def test_a_choice_that_the_lens_lacks_is_not_pulled(self, content: Lens) -> None:
        there = [
            ToolAnswer("backup", "How?", (*IDS, "newer"), Picture({"newer": ChoiceSaid("SELECTED"), **TESTED.choices}))
        ]
        (each,) = plan(content, {}, there, {}).questions
        assert each.verdict is Verdict.PULL
        assert not each.goes(Verdict.PULL)
        assert "newer" in each.obstacles[0]

    def test_an_answer_that_contradicts_itself_is_not_pulled(self, content: Lens) -> None:
        both = Picture({"backup_no": ChoiceSaid("SELECTED"), **TESTED.choices})
        assert not planned(content, EMPTY, both).goes(Verdict.PULL)


class TestDecisions:
    def test_a_conflict_goes_only_the_way_that_was_decided(self, content: Lens) -> None:
        each = planned(content, TESTED, COPIED)
        goes = {side: (each.goes(Verdict.PUSH, side), each.goes(Verdict.PULL, side)) for side in (None, *Side)}
        assert goes == {None: (False, False), Side.OURS: (True, False), Side.THEIRS: (False, True)}

    def test_a_decision_does_not_turn_a_pull_into_a_push(self, content: Lens) -> None:
        assert not planned(content, EMPTY, TESTED).goes(Verdict.PUSH, Side.OURS)

    def test_the_fingerprint_moves_with_either_side(self, content: Lens) -> None:
        seen = planned(content, TESTED, COPIED).fingerprint
        assert seen == planned(content, TESTED, COPIED, EMPTY).fingerprint
        assert seen not in {
            planned(content, TESTED, replace(COPIED, notes="more")).fingerprint,
            planned(content, replace(TESTED, notes="more"), COPIED).fingerprint,
        }


class TestMatching:
    def test_questions_of_other_names_meet_by_their_choices(self, content: Lens) -> None:
        there = [ToolAnswer("restoring-data", "", ("timed",), EMPTY), ToolAnswer("backing-up", "", IDS, EMPTY)]
        assert {mine: theirs.question_id for mine, theirs in match(content, there).items()} == {
            "backup": "backing-up",
            "restore": "restoring-data",
        }

    def test_the_same_name_goes_before_shared_choices(self) -> None:
        ours = usable(lens(pillar("one", backup(), question("other", "tested copied", [("default", "HIGH_RISK")]))))
        there = [ToolAnswer("other", "", IDS, EMPTY)]
        assert list(match(ours, there)) == ["other"]

    def test_what_only_one_side_has_is_named(self, content: Lens) -> None:
        there = [ToolAnswer("backup", "", IDS, EMPTY), ToolAnswer("sleep", "How do you sleep?", ("bed",), EMPTY)]
        found = plan(content, {}, there, {})
        assert (found.only_ours, found.only_theirs) == (("How do you restore?",), ("How do you sleep?",))


def test_merging_keeps_what_the_other_side_cannot_say() -> None:
    kept = Picture({"own": ChoiceSaid("SELECTED"), "tested": ChoiceSaid("SELECTED")}, notes="old")
    assert merged(kept, Picture(COPIED.choices, notes="new"), {"tested", "copied"}) == Picture(
        {"own": ChoiceSaid("SELECTED"), "copied": ChoiceSaid("SELECTED")}, notes="new"
    )


def test_conflicts_come_first_among_the_changes(content: Lens) -> None:
    there = [
        ToolAnswer("backup", "", IDS, EMPTY),
        ToolAnswer("restore", "", ("timed", "rehearsed"), Picture({"timed": ChoiceSaid("SELECTED")})),
    ]
    ours = {"backup": TESTED, "restore": Picture({"rehearsed": ChoiceSaid("SELECTED")})}
    found = plan(content, ours, there, {})
    assert [each.verdict for each in found.changes] == [Verdict.CONFLICT, Verdict.PUSH]
    assert found.counts == {Verdict.SAME: 0, Verdict.PUSH: 1, Verdict.PULL: 0, Verdict.CONFLICT: 1}
