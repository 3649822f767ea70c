"""What tests of rows and pages begin with: an assessment of `service` by a small lens, and two owners."""

import pytest

from assessments.models import Assessment
from assessments.tests.lenses import small
from assessments.tests.rows import started
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import Membership, Role, Team, User


@pytest.fixture
def owner(people: dict[str, User]) -> User:
    return people["owner"]


@pytest.fixture
def colleague(team: Team, db: None) -> User:
    """A second owner of the team."""
    user = User.objects.create_user("colleague", "c@example.test", "password for tests", first_name="Cleo")
    Membership.objects.create(user=user, team=team, role=Role.OWNER)
    return user


@pytest.fixture
def stranger(db: None) -> User:
    """An admin, but of another team."""
    user = User.objects.create_user("stranger", "stranger@example.test", "password for tests")
    other = Team.objects.create(slug="warehouse", name="Warehouse")
    Membership.objects.create(user=user, team=other, role=Role.ADMIN)
    return user


@pytest.fixture
def assessment(owner: User, service: Service) -> Assessment:
    """`service` judged by `lenses.small()`: backup (tested, copied, owned, backup_no) and restore (timed, rehearsed)."""
    return started(owner, service, small())


@pytest.fixture
def account(account: AwsAccount) -> AwsAccount:
    """The project's account, with the role that checks act as."""
    account.read_only_role_arn = "arn:aws:iam::123456789012:role/bcdr-reader"
    account.save()
    return account
