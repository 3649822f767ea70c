"""Connecting with the Well-Architected Tool of a sandbox: the lens, the workload, and going on after a death half-way."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments.models import Assessment, ToolLens, ToolLink
from assessments.operations.assessments import start_assessment, upgrade_assessment
from assessments.operations.lenses import publish_version, save_draft
from assessments.tests.lenses import backup, lens, pillar, small
from assessments.tests.tool_stage import REGION, Stage
from assessments.tool_connect import connect, disconnect, link_of
from portal.aws.caller import AwsCaller
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import User

pytestmark = pytest.mark.django_db


def lenses(stage: Stage) -> list[dict[str, Any]]:
    return list(stage.aws("ListLenses", LensType="CUSTOM_SELF", LensStatus="ALL")["LensSummaries"])


def published_again(stage: Stage, content: dict[str, Any], is_major: bool = True) -> None:
    """A new version of the stage's lens, and the assessment upgraded to it."""
    row = stage.assessment.lens
    draft = save_draft(
        user=stage.user, lens=row, text=json.dumps(content), base_sha256=stage.assessment.lens_version.sha256
    )
    version = publish_version(user=stage.user, version=draft, sha256=draft.sha256, is_major=is_major)
    done = upgrade_assessment(user=stage.user, assessment=stage.assessment, version=version, milestone_name="Before")
    stage.assessment = done.assessment


class TestConnect:
    def test_account_and_region_are_the_services(self, stage: Stage) -> None:
        other = AwsAccount.objects.create(name="Other", team=stage.service.team, account_id="210987654321")
        with pytest.raises(ValidationError) as caught:
            connect(user=stage.user, assessment=stage.assessment, account=other, region="mars-1", workload_id="x")
        assert set(caught.value.message_dict) == {"account", "region", "workload_id"}
        assert not ToolLink.objects.exists()

    def test_a_viewer_connects_nothing(self, stage: Stage, people: dict[str, User]) -> None:
        with pytest.raises(PermissionDenied):
            connect(user=people["viewer"], assessment=stage.assessment, account=stage.account, region=REGION)

    def test_an_assessment_is_connected_once(self, stage: Stage) -> None:
        stage.connect()
        with pytest.raises(ValidationError, match="already"):
            stage.connect()

    def test_disconnecting_leaves_the_workload_and_a_new_connection_takes_it_up(self, stage: Stage) -> None:
        stage.connect()
        stage.answer("backup", "tested")
        stage.push()
        workload = stage.names["WorkloadId"]
        disconnect(user=stage.user, assessment=stage.assessment)
        assert link_of(stage.assessment) is None
        stage.connect(workload_id=workload)
        assert stage.preview().is_same


class TestLens:
    def test_the_lens_is_imported_once_for_all_assessments(self, stage: Stage, people: dict[str, User]) -> None:
        stage.connect()
        stage.push()
        other = Service.objects.create(
            slug="shop", name="Shop", team=stage.service.team, owner=stage.user, primary_region=REGION
        )
        other.accounts.add(stage.account)
        second = start_assessment(user=stage.user, service=other, lens=stage.assessment.lens)
        connect(user=stage.user, assessment=second, account=stage.account, region=REGION)
        stage.assessment = second
        stage.push()
        assert len(lenses(stage)) == 1
        assert len(stage.aws("ListWorkloads")["WorkloadSummaries"]) == 2

    def test_a_lens_that_was_imported_before_the_portal_died_is_taken_up(self, stage: Stage) -> None:
        stage.connect()
        stage.push()
        ToolLens.objects.update(arn="", version=None, imported_sha256="")
        ToolLink.objects.update(workload_id="")
        stage.push()
        assert len(lenses(stage)) == 1
        assert len(stage.aws("ListWorkloads")["WorkloadSummaries"]) == 1

    def test_the_same_lens_from_elsewhere_is_adopted(self, stage: Stage) -> None:
        made = stage.aws("ImportLens", JSONString=json.dumps(small()), ClientRequestToken="by hand")
        stage.aws(
            "CreateLensVersion", LensAlias=made["LensArn"], LensVersion="7", IsMajorVersion=True, ClientRequestToken="x"
        )
        stage.connect()
        stage.push()
        assert stage.names["LensAlias"] == made["LensArn"]

    def test_another_lens_of_the_same_name_is_not_touched(self, stage: Stage) -> None:
        other = lens(pillar("other", backup()))
        made = stage.aws("ImportLens", JSONString=json.dumps(other), ClientRequestToken="by hand")
        stage.aws(
            "CreateLensVersion", LensAlias=made["LensArn"], LensVersion="7", IsMajorVersion=True, ClientRequestToken="x"
        )
        stage.connect()
        with pytest.raises(ValidationError, match="another lens named Recovery"):
            stage.push()
        assert json.loads(stage.aws("ExportLens", LensAlias=made["LensArn"])["LensJSON"]) == other

    def test_a_lens_that_aws_would_refuse_is_told_before_anything_is_sent(self, stage: Stage) -> None:
        content = small()
        del content["pillars"][0]["questions"][0]["choices"][0]["improvementPlan"]
        stage.assessment = start_assessment(
            user=stage.user, service=stage.service, lens=stage.published(content | {"name": "Odd"})
        )
        stage.connect()
        with pytest.raises(ValidationError, match="would not import"):
            stage.push()
        assert lenses(stage) == []

    def test_a_major_version_is_published_and_the_review_upgraded(self, stage: Stage) -> None:
        stage.connect()
        stage.answer("backup", "tested")
        stage.push()
        published_again(stage, lens(pillar("reliability", backup(title="How do you back up now?"))))
        stage.answer("backup", "tested", "copied")
        assert stage.push().done == ["How do you back up now?"]
        review = stage.aws("GetLensReview", **stage.names)["LensReview"]
        assert (review["LensVersion"], review["LensStatus"]) == ("2.0", "CURRENT")
        (kept,) = stage.aws("ListMilestones", WorkloadId=stage.names["WorkloadId"])["MilestoneSummaries"]
        assert "before 2.0" in kept["MilestoneName"]

    def test_a_minor_version_reaches_the_review_without_an_upgrade(self, stage: Stage) -> None:
        stage.connect()
        stage.push()
        published_again(stage, lens(pillar("reliability", backup(title="How do you back up now?"))), is_major=False)
        stage.push()
        assert stage.aws("GetLensReview", **stage.names)["LensReview"]["LensVersion"] == "1.1"
        assert stage.aws("ListMilestones", WorkloadId=stage.names["WorkloadId"])["MilestoneSummaries"] == []


class TestWorkload:
    def test_a_second_lens_joins_the_services_workload(self, stage: Stage) -> None:
        stage.connect()
        stage.push()
        first = stage.names
        more = stage.published(lens(pillar("more", backup()), name="More"))
        stage.assessment = start_assessment(user=stage.user, service=stage.service, lens=more)
        stage.connect()
        stage.push()
        assert stage.names["WorkloadId"] == first["WorkloadId"]
        found = stage.aws("GetWorkload", WorkloadId=first["WorkloadId"])["Workload"]["Lenses"]
        assert set(found) == {first["LensAlias"], stage.names["LensAlias"]}

    def test_a_workload_of_the_same_name_is_not_taken_unasked(self, stage: Stage) -> None:
        made = stage.aws(
            "CreateWorkload", WorkloadName="Checkout", Description="By hand", Environment="PRODUCTION",
            Lenses=["wellarchitected"], ReviewOwner="somebody", AwsRegions=[REGION],
        )  # fmt: skip
        stage.connect()
        with pytest.raises(ValidationError, match=made["WorkloadId"]):
            stage.push()
        disconnect(user=stage.user, assessment=stage.assessment)
        stage.connect(workload_id=made["WorkloadId"])
        stage.answer("backup", "tested")
        stage.push()
        assert stage.in_tool("backup")["SelectedChoices"] == ["tested"]

    def test_facts_of_the_service_that_moved_are_pushed(self, stage: Stage) -> None:
        stage.connect()
        stage.push()
        Service.objects.filter(pk=stage.service.pk).update(recovery_regions=["eu-west-1"], description="Sells things")
        stage.assessment = Assessment.objects.get(pk=stage.assessment.pk)
        assert [(each.key, each.ours) for each in stage.preview().workload] == [
            ("Description", "Sells things"),
            ("AwsRegions", "eu-west-1, us-west-2"),
        ]
        stage.push()
        found = stage.aws("GetWorkload", WorkloadId=stage.names["WorkloadId"])["Workload"]
        assert (found["Description"], found["AwsRegions"]) == ("Sells things", ["eu-west-1", "us-west-2"])
        assert stage.preview().workload == ()

    def test_facts_that_somebody_changed_in_aws_stay(self, stage: Stage) -> None:
        stage.connect()
        stage.push()
        stage.aws("UpdateWorkload", WorkloadId=stage.names["WorkloadId"], Description="Changed in AWS")
        Service.objects.filter(pk=stage.service.pk).update(description="Changed here")
        stage.assessment = Assessment.objects.get(pk=stage.assessment.pk)
        stage.push()
        found = stage.aws("GetWorkload", WorkloadId=stage.names["WorkloadId"])["Workload"]
        assert found["Description"] == "Changed in AWS"

    def test_facts_of_a_workload_that_was_not_made_here_stay(self, stage: Stage) -> None:
        made = stage.aws(
            "CreateWorkload", WorkloadName="By hand", Description="By hand", Environment="PRODUCTION",
            Lenses=["wellarchitected"], ReviewOwner="somebody", AwsRegions=["eu-west-1"],
        )  # fmt: skip
        stage.connect(workload_id=made["WorkloadId"])
        stage.push()
        found = stage.aws("GetWorkload", WorkloadId=made["WorkloadId"])["Workload"]
        assert (found["WorkloadName"], found["AwsRegions"]) == ("By hand", ["eu-west-1"])

    def test_calls_are_made_as_the_accounts_role(self, stage: Stage) -> None:
        AwsAccount.objects.filter(pk=stage.account.pk).update(role_arn="arn:aws:iam::111122223333:role/tool")
        stage.connect()
        stage.push()
        assert AwsCaller(REGION).call("wellarchitected", "ListWorkloads", {})["WorkloadSummaries"] == []
        assert link_of(stage.assessment) is not None
        assert stage.preview().review is not None
