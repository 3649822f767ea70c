"""The contract's rows of the Well-Architected Tool, each called over boto3; test_contract.py runs them.

Here: one check for each operation, and the small lens and workload that tests of the Tool use. Not here: limits and refusals
(test_well_architected*.py).
"""

import itertools
import json
from collections.abc import Callable
from typing import Any

from portal.sandbox.tests.account import eventually

STEPPED = [("tested && copied", "NO_RISK"), ("tested || copied", "MEDIUM_RISK"), ("default", "HIGH_RISK")]


def question(identifier: str, names: str, rules: list[tuple[str, str]]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = []
    for name in names.split():
        choices.append({"id": name, "title": f"We have {name}"})
        if not name.endswith("_no"):
            choices[-1]["improvementPlan"] = {"displayText": f"See to {name}.", "url": "https://example.com/plan"}
    written = [{"condition": condition, "risk": risk} for condition, risk in rules]
    return {"id": identifier, "title": f"How is {identifier}?", "choices": choices, "riskRules": written}


def lens_of(name: str, *questions: dict[str, Any]) -> dict[str, Any]:
    """Each question in a pillar of its own, named after it."""
    pillars = [{"id": f"p_{q['id']}", "name": q["title"], "questions": [q]} for q in questions]
    return {"schemaVersion": "2021-11-01", "name": name, "description": f"About {name}.", "pillars": pillars}


def small(name: str) -> dict[str, Any]:
    restored = question("restore", "timed rehearsed", [("timed && rehearsed", "NO_RISK"), ("default", "MEDIUM_RISK")])
    return lens_of(name, question("backup", "tested copied backup_no", STEPPED), restored)


class Tool:
    """The Tool over boto3; every name is used once, so that tests of one sandbox do not meet."""

    _number = 0

    def __init__(self, client: Any) -> None:
        self.client = client

    def name(self) -> str:
        Tool._number += 1
        return f"Thing {Tool._number}"

    def imported(self, content: dict[str, Any] | None = None, **more: Any) -> str:
        made = self.client.import_lens(JSONString=json.dumps(content or small(self.name())), **more)
        return str(made["LensArn"])

    def publish(self, arn: str, version: str = "1.0", is_major: bool = True) -> None:
        self.client.create_lens_version(LensAlias=arn, LensVersion=version, IsMajorVersion=is_major)

    def lens(self, content: dict[str, Any] | None = None) -> str:
        arn = self.imported(content)
        self.publish(arn)
        return arn

    def workload(self, *lenses: str, **more: Any) -> str:
        wish = {
            "WorkloadName": self.name(), "Description": "A shop", "Environment": "PRODUCTION", "Lenses": list(lenses),
            "ReviewOwner": "owner@example.test", "AwsRegions": ["us-west-2"],
        } | more  # fmt: skip
        return str(self.client.create_workload(**wish)["WorkloadId"])

    def reviewed(self) -> dict[str, str]:
        """A fresh workload with a fresh lens: the names that every operation on answers takes."""
        arn = self.lens()
        return {"WorkloadId": self.workload(arn), "LensAlias": arn}

    def answer(self, where: dict[str, str], question_id: str, **what: Any) -> dict[str, Any]:
        return dict(self.client.update_answer(**where, QuestionId=question_id, **what)["Answer"])


def create_workload(t: Tool) -> None:
    identifier, name = t.workload("wellarchitected"), t.name()
    once = {"ClientRequestToken": "once", "WorkloadName": name}
    assert t.workload("wellarchitected", **once) == t.workload("wellarchitected", **once) != identifier


def get_workload(t: Tool) -> None:
    found = t.client.get_workload(WorkloadId=t.workload("wellarchitected"))["Workload"]
    assert (found["RiskCounts"], found["Lenses"]) == ({"UNANSWERED": 2}, ["wellarchitected"])


def list_workloads(t: Tool) -> None:
    prefix = t.name()
    made = [t.workload("wellarchitected", WorkloadName=f"{prefix} {n}") for n in "ab"]
    first = t.client.list_workloads(WorkloadNamePrefix=prefix, MaxResults=1)
    rest = t.client.list_workloads(WorkloadNamePrefix=prefix, NextToken=first["NextToken"])
    assert [w["WorkloadId"] for w in first["WorkloadSummaries"] + rest["WorkloadSummaries"]] == made


def update_workload(t: Tool) -> None:
    identifier = t.workload("wellarchitected")
    t.client.update_workload(WorkloadId=identifier, Notes="moved")
    found = t.client.get_workload(WorkloadId=identifier)["Workload"]
    assert (found["Notes"], found["Description"]) == ("moved", "A shop")


def delete_workload(t: Tool) -> None:
    identifier = t.workload("wellarchitected")
    t.client.delete_workload(WorkloadId=identifier)
    listed = t.client.list_workloads()["WorkloadSummaries"]
    assert identifier not in {w["WorkloadId"] for w in listed}


def import_lens(t: Tool) -> None:
    made = t.client.import_lens(JSONString=json.dumps(small(t.name())))
    assert made["Status"] in {"IN_PROGRESS", "COMPLETE"}
    eventually(lambda: t.client.list_lenses(LensStatus="DRAFT")["LensSummaries"])


def create_lens_version(t: Tool) -> None:
    arn = t.lens()
    assert t.client.get_lens(LensAlias=arn)["Lens"]["LensVersion"] == "1.0"


def get_lens(t: Tool) -> None:
    assert t.client.get_lens(LensAlias=t.imported())["Lens"]["LensVersion"] == "DRAFT"


def list_lenses(t: Tool) -> None:
    name = t.name()
    arn = t.lens(small(name))
    assert [one["LensArn"] for one in t.client.list_lenses(LensName=name)["LensSummaries"]] == [arn]
    official = t.client.list_lenses(LensType="AWS_OFFICIAL")["LensSummaries"]
    assert [one["LensAlias"] for one in official] == ["wellarchitected"]


def export_lens(t: Tool) -> None:
    content = small(t.name())
    assert json.loads(t.client.export_lens(LensAlias=t.lens(content))["LensJSON"]) == content


def delete_lens(t: Tool) -> None:
    where = t.reviewed()
    t.client.delete_lens(LensAlias=where["LensAlias"], LensStatus="ALL")
    assert t.client.get_lens_review(**where)["LensReview"]["LensStatus"] == "DELETED"


def associate_lenses(t: Tool) -> None:
    identifier, arn = t.workload("wellarchitected"), t.lens()
    t.client.associate_lenses(WorkloadId=identifier, LensAliases=[arn])
    assert t.client.get_workload(WorkloadId=identifier)["Workload"]["Lenses"] == ["wellarchitected", arn]


def disassociate_lenses(t: Tool) -> None:
    where = t.reviewed()
    t.client.disassociate_lenses(WorkloadId=where["WorkloadId"], LensAliases=[where["LensAlias"]])
    assert t.client.list_lens_reviews(WorkloadId=where["WorkloadId"])["LensReviewSummaries"] == []


def list_lens_reviews(t: Tool) -> None:
    where = t.reviewed()
    (found,) = t.client.list_lens_reviews(WorkloadId=where["WorkloadId"])["LensReviewSummaries"]
    assert (found["LensArn"], found["LensStatus"]) == (where["LensAlias"], "CURRENT")


def get_lens_review(t: Tool) -> None:
    where = t.reviewed()
    t.answer(where, "backup", SelectedChoices=["tested"])
    found = t.client.get_lens_review(**where)["LensReview"]
    assert found["RiskCounts"] == {"MEDIUM": 1, "UNANSWERED": 1}
    assert found["PillarReviewSummaries"][0]["RiskCounts"] == {"MEDIUM": 1}


def update_lens_review(t: Tool) -> None:
    where = t.reviewed()
    t.client.update_lens_review(**where, LensNotes="all", PillarNotes={"p_backup": "one"})
    found = t.client.get_lens_review(**where)["LensReview"]
    assert (found["Notes"], found["PillarReviewSummaries"][0]["Notes"]) == ("all", "one")


def upgrade_lens_review(t: Tool) -> None:
    where = t.reviewed()
    t.answer(where, "backup", SelectedChoices=["tested"])
    t.imported(small(t.name()), LensAlias=where["LensAlias"])
    t.publish(where["LensAlias"], "2.0")
    t.client.upgrade_lens_review(**where, MilestoneName="before 2.0")
    assert t.client.get_lens_review(**where)["LensReview"]["LensVersion"] == "2.0"
    assert t.client.get_answer(**where, QuestionId="backup")["Answer"]["SelectedChoices"] == ["tested"]
    assert t.client.get_lens_review(**where, MilestoneNumber=1)["LensReview"]["LensVersion"] == "1.0"


def list_answers(t: Tool) -> None:
    where = t.reviewed()
    assert [a["QuestionId"] for a in t.client.list_answers(**where)["AnswerSummaries"]] == ["backup", "restore"]
    (only,) = t.client.list_answers(**where, PillarId="p_restore")["AnswerSummaries"]
    assert (only["QuestionId"], only["Risk"]) == ("restore", "UNANSWERED")


def get_answer(t: Tool) -> None:
    where = t.reviewed()
    t.answer(where, "backup", ChoiceUpdates={"tested": {"Status": "SELECTED", "Notes": "in May"}}, Notes="well")
    found = t.client.get_answer(**where, QuestionId="backup")["Answer"]
    assert (found["Notes"], found["ChoiceAnswers"][0]["Notes"]) == ("well", "in May")


def update_answer(t: Tool) -> None:
    where = t.reviewed()
    assert t.answer(where, "backup", SelectedChoices=["backup_no"])["Risk"] == "HIGH"
    assert t.answer(where, "backup", SelectedChoices=["tested", "copied"])["Risk"] == "NONE"
    assert t.answer(where, "backup", IsApplicable=False, Reason="OUT_OF_SCOPE")["Risk"] == "NOT_APPLICABLE"


def list_lens_review_improvements(t: Tool) -> None:
    where = t.reviewed()
    t.answer(where, "restore", SelectedChoices=["timed"])
    t.answer(where, "backup", SelectedChoices=["backup_no"])
    found = t.client.list_lens_review_improvements(**where)["ImprovementSummaries"]
    assert [(one["QuestionId"], one["Risk"]) for one in found] == [("backup", "HIGH"), ("restore", "MEDIUM")]
    assert [plan["ChoiceId"] for plan in found[1]["ImprovementPlans"]] == ["rehearsed"]


def create_milestone(t: Tool) -> None:
    where = t.reviewed()
    t.answer(where, "backup", SelectedChoices=["tested"])
    number = t.client.create_milestone(WorkloadId=where["WorkloadId"], MilestoneName="first")["MilestoneNumber"]
    t.answer(where, "backup", SelectedChoices=["copied"])
    frozen = t.client.get_answer(**where, QuestionId="backup", MilestoneNumber=number)["Answer"]
    assert frozen["SelectedChoices"] == ["tested"]


def get_milestone(t: Tool) -> None:
    where = t.reviewed()
    number = t.client.create_milestone(WorkloadId=where["WorkloadId"], MilestoneName="first")["MilestoneNumber"]
    t.client.update_workload(WorkloadId=where["WorkloadId"], Description="Another shop")
    found = t.client.get_milestone(WorkloadId=where["WorkloadId"], MilestoneNumber=number)["Milestone"]
    assert (found["MilestoneName"], found["Workload"]["Description"]) == ("first", "A shop")


def list_milestones(t: Tool) -> None:
    identifier = t.workload("wellarchitected")
    for name in ("first", "second"):
        t.client.create_milestone(WorkloadId=identifier, MilestoneName=name)
    found = t.client.list_milestones(WorkloadId=identifier)["MilestoneSummaries"]
    assert [(one["MilestoneNumber"], one["MilestoneName"]) for one in found] == [(1, "first"), (2, "second")]


_ALL: tuple[Callable[[Tool], None], ...] = (
    create_workload, get_workload, list_workloads, update_workload, delete_workload, import_lens, create_lens_version,
    get_lens, list_lenses, export_lens, delete_lens, associate_lenses, disassociate_lenses, list_lens_reviews,
    get_lens_review, update_lens_review, upgrade_lens_review, list_answers, get_answer, update_answer,
    list_lens_review_improvements, create_milestone, get_milestone, list_milestones,
)  # fmt: skip


def checks(client: Callable[[Any, str], Any]) -> dict[str, Callable[[Any], None]]:
    """By the name of the contract's row; `client` makes a boto3 client from what test_contract.py hands to a check.

    The checks share Regions by turns: an account has room for few lenses in each.
    """

    def of(check: Callable[[Tool], None], region: str) -> Callable[[Any], None]:
        return lambda stage: check(Tool(client(stage, region)))

    regions = itertools.cycle(("eu-central-1", "eu-west-1", "eu-west-2", "ap-south-1", "ca-central-1"))
    named = zip(_ALL, regions, strict=False)
    return {f"wellarchitected:{one.__name__.title().replace('_', '')}": of(one, region) for one, region in named}
