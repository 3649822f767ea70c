"""What changed between two versions of a lens."""

import copy
from typing import Any

from assessments.lens import Change, ChoiceDifference, DifferenceStatus, LensDifference, QuestionDifference, difference
from assessments.tests.lenses import backup, choice, lens, pillar, question, small, usable

NEW, UPDATED, DELETED = DifferenceStatus.NEW, DifferenceStatus.UPDATED, DifferenceStatus.DELETED


def changed(old: dict[str, Any], new: dict[str, Any]) -> LensDifference:
    return difference(usable(old), usable(new))


def one_question(found: LensDifference) -> QuestionDifference:
    ((only,),) = [pillar.questions for pillar in found.pillars]
    return only


def with_backup(**fields: Any) -> dict[str, Any]:
    raw = small()
    raw["pillars"][0]["questions"][0].update(fields)
    return raw


def test_a_lens_does_not_differ_from_itself() -> None:
    assert changed(small(), copy.deepcopy(small())).is_empty


def test_what_changed_in_the_lens_itself_is_told_with_keys_that_nobody_reads() -> None:
    found = changed(small() | {"_version": "1"}, small() | {"name": "Other", "_version": "2"})
    assert set(found.changes) == {Change("name", "Recovery", "Other"), Change("_version", "1", "2")}
    assert found.pillars == ()


def test_a_question_that_changed_is_updated_with_what_changed() -> None:
    rules = [{"condition": "default", "risk": "HIGH_RISK"}]
    before = small()["pillars"][0]["questions"][0]["riskRules"]
    found = changed(small(), with_backup(title="Other?", riskRules=rules))
    assert [(item.id, item.status) for item in found.pillars] == [("reliability", UPDATED)]
    question = one_question(found)
    assert question.status is UPDATED
    assert {item.field for item in question.changes} == {"title", "riskRules"}
    assert Change("riskRules", before, rules) in question.changes


def test_choices_are_new_updated_or_deleted() -> None:
    choices = [choice("tested", title="Tested weekly"), choice("copied"), choice("moved"), choice("backup_no")]
    rules = [{"condition": "tested", "risk": "NO_RISK"}, {"condition": "default", "risk": "HIGH_RISK"}]
    question = one_question(changed(small(), with_backup(choices=choices, riskRules=rules)))
    assert question.choices == (
        ChoiceDifference("tested", "Tested weekly", UPDATED, (Change("title", "We do tested", "Tested weekly"),)),
        ChoiceDifference("moved", "We do moved", NEW),
        ChoiceDifference("owned", "We do owned", DELETED),
    )


def test_another_order_of_choices_is_a_change() -> None:
    choices = [choice(name) for name in ("copied", "tested", "owned", "backup_no")]
    question = one_question(changed(small(), with_backup(choices=choices)))
    names = ["tested", "copied", "owned", "backup_no"]
    assert question.changes == (Change("order of choices", names, ["copied", "tested", "owned", "backup_no"]),)
    assert question.choices == ()


def test_pillars_and_questions_come_and_go() -> None:
    more = question("failover", "rehearsed", [("default", "HIGH_RISK")])
    new = lens(pillar("security", more), pillar("reliability", backup(), more | {"id": "failback"}))
    found = changed(small(), new)
    assert [(item.id, item.status) for item in found.pillars] == [
        ("security", NEW),
        ("reliability", UPDATED),
        ("operations", DELETED),
    ]
    assert [[(asked.id, asked.status) for asked in item.questions] for item in found.pillars] == [
        [("failover", NEW)],
        [("failback", NEW)],
        [("restore", DELETED)],
    ]


def test_a_question_that_moved_to_another_pillar_is_updated_there_and_deleted_nowhere() -> None:
    raw = small()
    moved = raw["pillars"][1]["questions"].pop()
    raw["pillars"][0]["questions"].append(moved)
    found = changed(small(), raw)
    assert [(item.id, item.status, len(item.questions)) for item in found.pillars] == [("reliability", UPDATED, 1)]
    assert one_question(found).changes == (Change("pillar", "operations", "reliability"),)


def test_another_order_of_pillars_is_a_change_of_the_lens() -> None:
    found = changed(small(), lens(*reversed(small()["pillars"])))
    names = ["reliability", "operations"]
    assert found.changes == (Change("order of pillars", names, names[::-1]),)
    assert found.pillars == ()


def test_the_way_back_swaps_new_and_deleted() -> None:
    other = lens(pillar("security", backup()))
    there, back = changed(small(), other), changed(other, small())
    swapped = {NEW: DELETED, DELETED: NEW, UPDATED: UPDATED}
    assert {(item.id, swapped[item.status]) for item in there.pillars} == {
        (item.id, item.status) for item in back.pillars
    }
