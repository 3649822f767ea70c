"""Starting and cancelling drills: every refusal at once, from both sides of each permission, and exactly one start."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from portal.audit.models import Event
from portal.catalogue.models import AwsAccount, EntryUrl
from portal.people.models import Team
from runbooks.models import Drill, Phase, Probe, RunbookVersion, Status, VersionStatus
from runbooks.operations.drills import cancel_drill, start_drill
from runbooks.tests.drill_stage import CHANGING, NOTHING, Stage, look
from runbooks.tests.rows import a_version

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(stage: Stage, **said: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        stage.start(**said)
    assert not Drill.objects.filter(title=said.get("title", "Lose the primary Region")).exists()
    return refused.value.message_dict


def test_a_drill_keeps_its_plan_and_gets_a_probe_of_the_public_entry(stage: Stage) -> None:
    drill = stage.start()
    probe = Probe.objects.get(drill=drill)
    assert (drill.status, drill.phase, drill.rto) == (Status.PENDING, Phase.BASELINE, timedelta(minutes=15))
    assert (probe.url, probe.is_running) == ("http://127.0.0.1:9/", True)
    assert probe.interval <= timedelta(milliseconds=100)
    assert list(drill.participants.all()) == [stage.people["responder"]]
    assert Event.objects.get(chain=f"drill:{drill.pk}").verb == "started"


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "approver", "auditor", "outsider"])
def test_who_may_not_start_is_refused(stage: Stage, role: str) -> None:
    with pytest.raises(PermissionDenied):
        stage.start(user=stage.people[role])


@pytest.mark.parametrize("role", ["responder", "admin"])
def test_who_may_start_does(stage: Stage, role: str) -> None:
    assert stage.start(user=stage.people[role]).started_by == stage.people[role]


def test_the_same_start_key_is_the_same_drill(stage: Stage) -> None:
    plan = stage.plan(start_key="one-click")
    assert start_drill(**plan) == start_drill(**plan)
    assert Drill.objects.count() == 1


def test_a_second_drill_of_the_service_is_refused_with_the_address_of_the_first(stage: Stage) -> None:
    first = stage.start()
    problems = refusal(stage, title="Another")
    assert f"/drills/{first.pk}/" in problems["service"][0]


def test_every_problem_is_listed_at_once(stage: Stage) -> None:
    problems = refusal(
        stage,
        title=" ",
        scope="planet",
        rto=timedelta(0),
        detection_timeout=timedelta(days=2),
        parameters={"recovery": {"Count": "9", "Colour": "red"}},
    )
    assert set(problems) == {"title", "scope", "rto", "detection_timeout", "recovery.Count", "recovery.Colour"}


def test_a_service_without_an_entry_cannot_be_drilled(stage: Stage) -> None:
    plan = stage.plan()
    EntryUrl.objects.all().delete()
    with pytest.raises(ValidationError) as refused:
        start_drill(**plan)
    assert "no entry URL" in refused.value.message_dict["service"][0]


def test_a_draft_cannot_be_a_part(stage: Stage) -> None:
    draft = a_version(stage.people, stage.service.team, name="Half done")
    RunbookVersion.objects.filter(pk=draft.pk).update(status=VersionStatus.DRAFT)
    draft.refresh_from_db()
    assert "is a draft" in refusal(stage, restoration=draft)["restoration"][0]


def test_an_archived_runbook_cannot_be_a_part(stage: Stage) -> None:
    version = stage.version(CHANGING, "old")
    version.runbook.is_archived = True
    version.runbook.save()
    assert "archived" in refusal(stage, recovery=version)["recovery"][0]


def test_another_teams_runbook_does_not_exist(stage: Stage) -> None:
    other = a_version(stage.people, Team.objects.create(slug="other", name="Other"), name="Theirs")
    assert refusal(stage, recovery=other)["recovery"] == ["There is no such runbook version."]


def test_parameters_for_a_part_without_a_runbook_are_refused(stage: Stage) -> None:
    assert "no runbook is chosen" in refusal(stage, recovery=None, parameters={"recovery": {"A": 1}})["recovery"][0]


def test_somebody_elses_account_is_refused(stage: Stage) -> None:
    account = AwsAccount.objects.create(name="Foreign", team=stage.service.team, account_id="210987654321")
    assert "is not an account of" in refusal(stage, account=account)["account"][0]


@pytest.mark.parametrize("typed", ["", "checkout", "Chekout"])
def test_a_production_account_demands_the_services_name(stage: Stage, account: AwsAccount, typed: str) -> None:
    AwsAccount.objects.filter(pk=account.pk).update(is_production=True)
    assert "Type 'Checkout'" in refusal(stage, typed_name=typed)["typed_name"][0]


def test_a_production_account_accepts_the_services_name(stage: Stage, account: AwsAccount) -> None:
    AwsAccount.objects.filter(pk=account.pk).update(is_production=True)
    assert stage.start(typed_name="Checkout").account == account


def test_somebody_elses_start_key_opens_nothing(stage: Stage) -> None:
    stage.start(start_key="mine")
    with pytest.raises(ValidationError) as refused:
        stage.start(start_key="mine", user=stage.people["admin"])
    assert "start_key" in refused.value.message_dict


def test_a_secret_as_a_parameter_is_refused(stage: Stage) -> None:
    secret = {"EntryUrl": "AKIA" + "A" * 16}
    assert "looks like a secret" in refusal(stage, parameters={"recovery": secret})["recovery.EntryUrl"][0]


def test_a_role_that_is_not_the_accounts_is_refused(stage: Stage) -> None:
    text = NOTHING + 'assumeRole: "arn:aws:iam::123456789012:role/other"\n'
    assert "other" in refusal(stage, restoration=stage.version(text, "act-as-other"))["account"][0]


def test_another_teams_account_is_refused(stage: Stage) -> None:
    other = Team.objects.create(slug="other", name="Other")
    account = AwsAccount.objects.create(name="Theirs", team=other, account_id="210987654321")
    with pytest.raises(PermissionDenied):
        stage.start(account=account)


def test_participants_from_nowhere_are_refused(stage: Stage) -> None:
    assert "outsider" in refusal(stage, participants=[stage.people["outsider"]])["participants"][0]


def test_what_the_catalogue_knows_need_not_be_typed_but_may_be(stage: Stage) -> None:
    drill = stage.start(parameters={"recovery": {"EntryUrl": "http://127.0.0.1:8/"}})
    assert drill.parameters["recovery"]["EntryUrl"] == "http://127.0.0.1:8/"


# --- cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "approver", "auditor", "outsider"])
def test_who_may_not_cancel_is_refused(stage: Stage, role: str) -> None:
    drill = stage.start()
    with pytest.raises(PermissionDenied):
        cancel_drill(user=stage.people[role], drill=drill, comment="No")


def test_a_cancel_needs_a_reason(stage: Stage) -> None:
    with pytest.raises(ValidationError) as refused:
        cancel_drill(user=stage.people["responder"], drill=stage.start(), comment="  ")
    assert "comment" in refused.value.message_dict


def test_a_cancel_is_marked_told_and_happens_once(stage: Stage) -> None:
    drill = stage.start()
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Wrong day")
    assert (drill.is_cancelling, drill.status) == (True, Status.CANCELLING)
    assert Event.objects.filter(chain=f"drill:{drill.pk}", verb="cancelled").count() == 1
    with pytest.raises(ValidationError, match="already"):
        cancel_drill(user=stage.people["responder"], drill=drill, comment="Again")


def test_a_closed_drill_cannot_be_cancelled(stage: Stage) -> None:
    drill = stage.start()
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Wrong day")
    stage.until_over(drill)
    with pytest.raises(ValidationError, match="is over"):
        cancel_drill(user=stage.people["responder"], drill=drill, comment="Again")


def test_a_drill_that_cleans_up_cannot_be_cancelled_any_more(stage: Stage) -> None:
    drill = stage.start()
    Drill.objects.filter(pk=drill.pk).update(phase=Phase.RESTORE)
    with pytest.raises(ValidationError, match="clean-up"):
        cancel_drill(user=stage.people["responder"], drill=drill, comment="Stop")


def test_a_worker_does_not_paint_over_a_cancel(stage: Stage) -> None:
    drill = stage.start()
    look(drill)
    cancel_drill(user=stage.people["responder"], drill=drill, comment="Wrong day")
    look(drill)
    drill.refresh_from_db()
    assert drill.status == Status.CANCELLING
