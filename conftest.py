"""What more than one part needs: a team, a person for each role, an account, a service; how many examples property tests try.

TEST_EXAMPLES=few (`make test`): the same few in every run. TEST_EXAMPLES=many (`make test-long`): many, and others in each run.
"""

import gc
import os
from collections.abc import Iterator
from datetime import timedelta

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from pytest_django import Settings

from portal.catalogue.models import AwsAccount, EntryUrl, Objective, Scope, Service, Strategy, Tier
from portal.people.models import Membership, Role, Team, User
from portal.tests import schema

# No deadline and no complaint about slow examples: how busy the machine is must not decide about a test.
UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("few", max_examples=25, derandomize=True, **UNHURRIED)
hypothesis.settings.register_profile("many", max_examples=1000, print_blob=True, **UNHURRIED)
hypothesis.settings.load_profile(os.environ.get("TEST_EXAMPLES", "few"))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: looking through it for garbage again and again took an eighth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, django_db_modify_db_settings: None) -> bool:
    return django_db_keepdb or schema.take_copy()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    schema.offer_copy()


@pytest.fixture(scope="session", autouse=True)
def bare_flush() -> Iterator[None]:
    """Emptying the tables after a test that commits: rows are deleted, and Django's own permissions, unread, not made anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        patched.setattr(flush, "sql_flush", schema.deletion)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_on_demand() -> Iterator[None]:
    """Each test client loads the middleware; WhiteNoise would read the names of all static files each time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(django_settings, "WHITENOISE_AUTOREFRESH", True, raising=False)
        yield


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Settings) -> None:
    """Argon2 takes its time on purpose; a test that makes eight people must not."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(slug="shop", name="Shop")


@pytest.fixture
def people(team: Team) -> dict[str, User]:
    """One person for each role of the team, by the role's value; `outsider` belongs to no team."""
    found: dict[str, User] = {}
    for role in Role:
        found[role.value] = User.objects.create_user(
            role.value, f"{role.value}@example.test", "password for tests", first_name=role.label, last_name="Tester"
        )
        Membership.objects.create(user=found[role.value], team=team, role=role)
    found["outsider"] = User.objects.create_user("outsider", "outsider@example.test", "password for tests")
    return found


@pytest.fixture
def account(team: Team) -> AwsAccount:
    return AwsAccount.objects.create(name="Shop test", team=team, account_id="123456789012")


@pytest.fixture
def service(team: Team, people: dict[str, User], account: AwsAccount) -> Service:
    made = Service.objects.create(
        slug="checkout",
        name="Checkout",
        team=team,
        owner=people["owner"],
        tier=Tier.CRITICAL,
        strategy=Strategy.WARM_STANDBY,
        primary_region="us-west-2",
        recovery_regions=["us-east-1"],
    )
    made.accounts.add(account)
    Objective.objects.create(
        service=made, scope=Scope.REGION, rto=timedelta(minutes=15), rpo=timedelta(minutes=1), mtd=timedelta(hours=4)
    )
    EntryUrl.objects.create(service=made, url="http://127.0.0.1:9/")
    return made
