"""The counted risks say what the answers say, after every change that may move them, and are mended where they do not."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assessments.models import Assessment, RiskTally
from assessments.operations.answers import AnswerDraft, save_answer
from assessments.operations.assessments import upgrade_assessment
from assessments.operations.shelf import results_for
from assessments.operations.tally import is_true
from assessments.tests.lenses import backup, lens, pillar, small
from assessments.tests.rows import answered, next_version
from portal.people.models import User

pytestmark = pytest.mark.django_db


def tally(assessment: Assessment) -> dict[str, Any]:
    row = RiskTally.objects.get(assessment=assessment)
    assert is_true(row, results_for(assessment))
    return {name: getattr(row, name) for name in ("high", "medium", "none", "unanswered", "not_applicable")}


def test_a_begun_assessment_is_counted_as_unanswered(assessment: Assessment) -> None:
    assert tally(assessment) == {"high": 0, "medium": 0, "none": 0, "unanswered": 2, "not_applicable": 0}


def test_each_answer_moves_the_counts_in_its_own_transaction(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    assert tally(assessment) == {"high": 0, "medium": 1, "none": 0, "unanswered": 1, "not_applicable": 0}
    answered(owner, assessment, "backup", "tested", "copied", "owned", base=1)
    excused = AnswerDraft(is_applicable=False, reason="OUT_OF_SCOPE")
    save_answer(user=owner, assessment=assessment, question_id="restore", draft=excused, base_revision=0)
    assert tally(assessment) == {"high": 0, "medium": 0, "none": 1, "unanswered": 0, "not_applicable": 1}


def test_an_upgrade_counts_by_the_new_version(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    newer = next_version(owner, assessment.lens_version, lens(pillar("reliability", backup())))
    upgrade_assessment(user=owner, assessment=assessment, version=newer, milestone_name="Before")
    assessment.refresh_from_db()
    assert tally(assessment) == {"high": 0, "medium": 1, "none": 0, "unanswered": 0, "not_applicable": 0}
    assert list(RiskTally.objects.get(assessment=assessment).pillars) == ["reliability"]


def test_a_wrong_or_missing_tally_is_found_and_mended(assessment: Assessment) -> None:
    RiskTally.objects.filter(assessment=assessment).update(high=7)
    for _ in range(2):
        with pytest.raises(CommandError) as ended:
            call_command("count_risks", stdout=StringIO())
        assert ended.value.returncode == 1
        assert tally(assessment)["high"] == 0
        RiskTally.objects.filter(assessment=assessment).delete()


def test_right_tallies_are_left_alone(assessment: Assessment) -> None:
    said = StringIO()
    call_command("count_risks", stdout=said)
    assert said.getvalue() == "1 assessments, 0 corrected.\n"
    assert small()["pillars"][0]["id"] in RiskTally.objects.get(assessment=assessment).pillars
