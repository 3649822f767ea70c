"""What may be started by whom with what: the refusals of `start_execution`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from portal.catalogue.models import AwsAccount, Service
from portal.people.models import Membership, Role, Team, User
from runbooks.models import Execution, Purpose, RunbookVersion
from runbooks.operations.executions import start_execution
from runbooks.tests.test_runner import APPROVED

pytestmark = pytest.mark.django_db

WITH_ROLE = """
schemaVersion: "0.3"
description: Acts as a role that a parameter names.
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  AutomationAssumeRole: {type: String, default: ""}
  MasterPassword: {type: String, default: ""}
mainSteps:
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: ListTables}
"""


@pytest.fixture
def other_team(db: None) -> Team:
    return Team.objects.create(slug="bank", name="Bank")


def start(user: User, version: RunbookVersion, **said: Any) -> Execution:
    said = {"parameters": {}, "purpose": Purpose.ALONE, "reason": "a test", "region": "us-west-2", **said}
    return start_execution(user=user, version=version, **said)


@pytest.mark.parametrize("role", ["viewer", "owner", "author", "approver", "auditor"])
def test_only_responders_and_admins_start(
    publish: Callable[..., RunbookVersion], people: dict[str, User], role: str
) -> None:
    with pytest.raises(PermissionDenied, match="responder, admin"):
        start(people[role], publish(APPROVED))


def test_nobody_starts_something_on_another_teams_service(
    publish: Callable[..., RunbookVersion], people: dict[str, User], service: Service, other_team: Team
) -> None:
    Service.objects.update(team=other_team)
    service.refresh_from_db()
    with pytest.raises(PermissionDenied):
        start(people["responder"], publish(APPROVED), service=service)
    Membership.objects.create(user=people["responder"], team=other_team, role=Role.RESPONDER)
    assert start(people["responder"], publish(APPROVED, "Again"), service=service).service == service


def test_nobody_acts_through_another_teams_account(
    publish: Callable[..., RunbookVersion], people: dict[str, User], account: AwsAccount, other_team: Team
) -> None:
    AwsAccount.objects.update(team=other_team)
    account.refresh_from_db()
    with pytest.raises(PermissionDenied):
        start(people["responder"], publish(APPROVED), account=account)


def test_somebody_elses_start_key_is_not_a_way_to_their_execution(
    publish: Callable[..., RunbookVersion], people: dict[str, User]
) -> None:
    version = publish(APPROVED)
    start(people["responder"], version, start_key="mine")
    with pytest.raises(ValidationError):
        start(people["admin"], version, start_key="mine")


def test_a_document_cannot_make_the_portal_act_as_a_role_it_was_not_given(
    publish: Callable[..., RunbookVersion], people: dict[str, User], account: AwsAccount
) -> None:
    version, mine = publish(WITH_ROLE), "arn:aws:iam::123456789012:role/bcdr"
    with pytest.raises(ValidationError, match="acts only through the role"):
        start(people["responder"], version, account=account, parameters={"AutomationAssumeRole": mine})
    AwsAccount.objects.update(role_arn=mine)
    account.refresh_from_db()
    assert start(people["responder"], version, account=account, parameters={"AutomationAssumeRole": mine})


def test_a_secret_is_refused_as_a_parameter_and_not_stored(
    publish: Callable[..., RunbookVersion], people: dict[str, User]
) -> None:
    with pytest.raises(ValidationError, match="looks like a secret"):
        start(people["responder"], publish(WITH_ROLE), parameters={"MasterPassword": "hunter2"})
    assert not Execution.objects.exists()
