"""Pages of people and tokens, and what the sign-in page shows in the sandbox and never outside it."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from portal.people.demo import PASSWORD
from portal.people.models import ApiToken, Membership, Role, Team, User

pytestmark = pytest.mark.django_db

PEOPLE, TOKENS = "/people/", "/people/tokens/"
Enter = Callable[[str], Client]


@pytest.fixture
def enter(people: dict[str, User]) -> Enter:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(people[role])
        return client

    return sign_in


def test_members_see_who_holds_which_role(enter: Enter) -> None:
    text = enter("viewer").get(PEOPLE).content.decode()
    assert "approver@example.test" in text
    assert "/people/shop/roles/" not in text


def test_others_see_nobody(enter: Enter) -> None:
    page = enter("outsider").get(PEOPLE)
    assert page.status_code == 200
    assert b"example.test" not in page.content
    assert b"You are in no team yet" in page.content


def test_an_admin_gives_and_takes_a_role(enter: Enter, people: dict[str, User]) -> None:
    client = enter("admin")
    for typed in ("outsider", "OUTSIDER@example.test"):
        answer = client.post("/people/shop/roles/", {"person": typed, "role": "viewer"}, follow=True)
        assert b"is now viewer of Shop" in answer.content
    membership = Membership.objects.get(user=people["outsider"])
    answer = client.post(f"/people/roles/{membership.pk}/revoke/", follow=True)
    assert b"no longer viewer" in answer.content
    assert not Membership.objects.filter(user=people["outsider"]).exists()


def test_an_unknown_name_is_refused_and_kept(enter: Enter) -> None:
    answer = enter("admin").post("/people/shop/roles/", {"person": "nobody<b>", "role": "viewer"})
    assert answer.status_code == 422
    assert b"No active account is called nobody&lt;b&gt;" in answer.content
    assert b'value="nobody&lt;b&gt;"' in answer.content


def test_others_are_refused_or_find_nothing(enter: Enter, people: dict[str, User]) -> None:
    sent = {"person": "viewer", "role": "admin"}
    assert enter("viewer").post("/people/shop/roles/", sent).status_code == 403
    assert enter("outsider").post("/people/shop/roles/", sent).status_code == 404
    pk = Membership.objects.get(user=people["owner"]).pk
    assert enter("viewer").post(f"/people/roles/{pk}/revoke/").status_code == 403
    assert enter("outsider").post(f"/people/roles/{pk}/revoke/").status_code == 404
    assert enter("admin").get(f"/people/roles/{pk}/revoke/").status_code == 405


def test_the_last_admin_stays_and_the_page_says_why(enter: Enter, people: dict[str, User]) -> None:
    pk = Membership.objects.get(user=people["admin"]).pk
    assert b"last admin" in enter("admin").post(f"/people/roles/{pk}/revoke/", follow=True).content


def test_a_token_is_shown_once_opens_the_api_and_stops_when_revoked(enter: Enter, people: dict[str, User]) -> None:
    client = enter("owner")
    secret = client.post(TOKENS, {"name": "report", "lifetime": "7"}).context["secret"]
    assert secret.encode() not in client.get(TOKENS).content
    program = APIClient(headers={"authorization": f"Token {secret}"})
    assert program.get("/api/services/").status_code == 200
    client.post("/people/tokens/revoke/", {"name": "report"})
    assert program.get("/api/services/").status_code == 401
    assert not ApiToken.objects.exists()


def test_a_refused_token_makes_none(enter: Enter) -> None:
    answer = enter("owner").post(TOKENS, {"name": "", "lifetime": "9999"})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_tokens_of_others_are_not_found(enter: Enter) -> None:
    enter("owner").post(TOKENS, {"name": "report", "lifetime": "7"})
    assert enter("viewer").post("/people/tokens/revoke/", {"name": "report"}).status_code == 404
    assert b"report" not in enter("viewer").get(TOKENS).content.split(b"<main")[1]


def test_demo_people_are_shown_for_signing_in_in_the_sandbox_only(client: Client, settings: Settings) -> None:
    call_command("seed_demo", verbosity=0)
    assert PASSWORD.encode() in client.get("/accounts/login/").content
    assert client.login(username="olga", password=PASSWORD)
    client.logout()
    settings.IS_SANDBOX = False
    page = client.get("/accounts/login/")
    assert PASSWORD.encode() not in page.content
    assert "demo_users" not in page.context


def test_a_demo_person_who_is_not_there_is_not_shown(client: Client, team: Team) -> None:
    User.objects.create_user("olga", "olga@example.test", "something else")
    Membership.objects.create(user=User.objects.get(), team=team, role=Role.OWNER)
    assert [each["name"] for each in client.get("/accounts/login/").context["demo_users"]] == ["olga"]
