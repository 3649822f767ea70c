"""What a chaos run works on: a team of two people, and documents that mix every class of call, made from a seed.

A table's name carries the execution and the step, so that the log of effects can be joined with the rows. Step names begin with
the class of their call (`ONCE_03`); the numbers are the document's order.
"""

import json
import random
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from portal.people.models import Membership, Role, Team, User
from runbooks.actions import registry
from runbooks.automation import document
from runbooks.models import Execution, Purpose, Runbook, RunbookVersion, VersionStatus
from runbooks.operations.executions import start_execution

REGION = "us-west-2"
TABLE = "{{{{ automation:EXECUTION_ID }}}}.{name}"
LAST = "Undo"
"""The step an execution is cancelled into; last in the document's order."""
CALLS = ("READ", "TOKEN", "DECLARATIVE", "CONVERGING", "ONCE", "ONCE")
WAITS = ("SLEEP", "PAUSE", "APPROVE")


@dataclass(frozen=True)
class People:
    """Who acts: one starts and answers, another approves."""

    team: Team
    responder: User
    approver: User


def people() -> People:
    """The team and its two people, made where they are missing."""
    team, _ = Team.objects.get_or_create(slug="chaos", defaults={"name": "Chaos"})
    found = []
    for role in (Role.RESPONDER, Role.APPROVER):
        user, _ = User.objects.get_or_create(username=f"chaos-{role.value}", email=f"{role.value}@chaos.test")
        Membership.objects.get_or_create(user=user, team=team, role=role)
        found.append(user)
    return People(team, *found)


def order_of(step: str) -> int:
    """The place of a step in its document."""
    return 1_000 if step == LAST else int(step.rpartition("_")[2])


def class_of(step: str) -> str:
    """The class its call has in AWS, whatever the portal believes."""
    return "DECLARATIVE" if step == LAST else step.rpartition("_")[0]


def a_document(die: random.Random) -> dict[str, Any]:
    """Eight to fourteen steps in a random order of classes, with waits between."""
    steps = []
    length = die.randint(8, 14)
    for number in range(1, length + 1):
        kind = die.choice(WAITS) if die.random() < 0.12 else die.choice(CALLS)
        steps.append(_step(f"{kind}_{number:02}", kind, die))
    steps[-1]["isEnd"] = True
    steps.append(_step(LAST, "DECLARATIVE", die) | {"onFailure": "Abort"})
    return {"schemaVersion": "0.3", "description": "A document of a chaos run.", "mainSteps": steps}


def _step(name: str, kind: str, die: random.Random) -> dict[str, Any]:
    step: dict[str, Any] = {"name": name, "action": "aws:executeAwsApi", "inputs": inputs_of(kind, name)}
    if kind == "SLEEP":
        return {"name": name, "action": "aws:sleep", "inputs": {"Duration": f"PT{die.randint(1, 20)}S"}}
    if kind == "PAUSE":
        step = {"name": name, "action": "aws:pause", "inputs": {}}
    if kind == "APPROVE":
        step = {"name": name, "action": "aws:approve", "inputs": {"Approvers": ["role:approver"], "Message": "Go on?"}}
    if name != LAST:
        step["onFailure"] = die.choice(["Abort", "Continue", "Continue", f"step:{LAST}"])
        step["onCancel"] = die.choice(["Abort", f"step:{LAST}"])
        if kind in CALLS:
            step["maxAttempts"] = die.choice([1, 3, 5])
    return step


def inputs_of(kind: str, name: str) -> dict[str, Any]:
    """The inputs of a step whose call is of one class; empty for what calls nothing."""
    table = TABLE.format(name=name)
    put = {"Put": {"TableName": table, "Item": {"Key": {"S": name}}}}
    backup = "arn:aws:dynamodb:us-west-2:123456789012:table/shop/backup/01234567890123-abcdefgh"
    calls: dict[str, dict[str, Any]] = {
        "READ": {"Api": "DescribeTable", "TableName": table},
        "TOKEN": {"Api": "TransactWriteItems", "TransactItems": [put]},
        "DECLARATIVE": {"Api": "UpdateTable", "TableName": table, "BillingMode": "PAY_PER_REQUEST"},
        "CONVERGING": {"Api": "DeleteTable", "TableName": table},
        "ONCE": {"Api": "RestoreTableFromBackup", "TargetTableName": table, "BackupArn": backup},
    }
    return {"Service": "dynamodb", **calls[kind]} if kind in calls else {}


def publish(content: dict[str, Any], who: People) -> RunbookVersion:
    """A published version of a runbook of its own, read and checked like any other."""
    text = json.dumps(content)
    reading = document.read(text, registry.shapes())
    if reading.document is None:
        raise ValueError([f"{problem.path}: {problem.message}" for problem in reading.problems])
    name = f"chaos {uuid.uuid4()}"
    runbook = Runbook.objects.create(name=name, slug=name.replace(" ", "-"), team=who.team)
    return RunbookVersion.objects.create(
        runbook=runbook,
        number=1,
        status=VersionStatus.PUBLISHED,
        text=text,
        sha256=uuid.uuid4().hex * 2,
        content=reading.raw,
        author=who.approver,
        publisher=who.approver,
        published_at=timezone.now(),
    )


def start(version: RunbookVersion, who: People, key: str) -> Execution:
    """Start it like a person would; may be sent again with the same key."""
    return start_execution(
        user=who.responder,
        version=version,
        parameters={},
        purpose=Purpose.ALONE,
        reason="a chaos run",
        region=REGION,
        start_key=key,
    )
