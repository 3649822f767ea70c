"""What tests of rows and pages begin with: an assessment of `service` by a small lens, and two owners."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from assessments.models import Assessment
from assessments.tests.lenses import small
from assessments.tests.rows import started
from assessments.tests.tool_stage import Stage
from portal.aws import sessions
from portal.catalogue.models import AwsAccount, Service
from portal.people.models import Membership, Role, Team, User
from portal.sandbox.server import Sandbox
from portal.tests.browser import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


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


@pytest.fixture
def opened(browser: "Browser", live_server: LiveServer) -> Iterator[Callable[..., "Page"]]:
    """Opens an address as somebody; the test fails on any error of a script or breach of the policy.

    With `has_own_clock` the test moves the page's timers by `page.clock`.
    """
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_as(user: User, address: str, *, has_own_clock: bool = False) -> "Page":
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        if has_own_clock:
            page.clock.install()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that every call to AWS goes to; one for the tests of a file."""
    with pytest.MonkeyPatch.context() as patch, Sandbox(time_scale=0.02, transition_delay=0) as running:
        patch.setenv("AWS_ENDPOINT_URL", running.api_url)
        sessions.forget()
        yield running
    sessions.forget()


@pytest.fixture
def stage(sandbox: Sandbox, people: dict[str, User], service: Service, account: AwsAccount) -> Stage:
    """An assessment that is not connected yet, and an empty Well-Architected Tool."""
    sandbox.reset()
    return Stage(people["owner"], service, account)
