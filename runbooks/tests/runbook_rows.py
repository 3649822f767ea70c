"""Small documents that the tests of runbook pages write about, and rows made of them through the operations."""

from portal.people.models import Team, User
from runbooks.models import RunbookVersion
from runbooks.operations import versions

GOOD = """\
schemaVersion: "0.3"
description: Brings the **shop** back.
parameters:
  Reason:
    type: String
    description: Why it is run.
mainSteps:
  - name: Confirm
    action: aws:pause
    description: Look first.
    inputs: {}
  - name: Rest
    action: aws:sleep
    inputs:
      Duration: PT5S
    isEnd: true
"""
CHANGED = GOOD.replace("PT5S", "PT9S")
UNKNOWN_ACTION = GOOD.replace("aws:sleep", "aws:teleport")
BROKEN = 'schemaVersion: "0.3"\nmainSteps: [\n'


def a_draft(people: dict[str, User], team: Team, text: str = GOOD, name: str = "Restore-Shop") -> RunbookVersion:
    """A runbook of the team with one draft, written by its author."""
    return versions.create_runbook(user=people["author"], team=team, name=name, text=text)


def a_published(people: dict[str, User], team: Team, text: str = GOOD, name: str = "Restore-Shop") -> RunbookVersion:
    """A runbook of the team with one published version."""
    version = a_draft(people, team, text, name)
    return versions.publish_version(user=people["approver"], version=version, sha256=version.sha256)


def the_next_draft(people: dict[str, User], version: RunbookVersion, text: str = CHANGED) -> RunbookVersion:
    """A draft begun from a version, by the same author."""
    return versions.save_draft(
        user=people["author"], runbook=version.runbook, text=text, base_sha256=version.sha256, note="Longer rest"
    )
