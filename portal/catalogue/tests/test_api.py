"""The JSON door: the same operations, the same refusals, other teams' objects not found, misspelt fields refused."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.catalogue.models import AwsAccount, Dependency, Service
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db

LIST, ONE = "/api/services/", "/api/services/checkout/"


def door(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def sent(team: Team, people: dict[str, User], account: AwsAccount) -> dict[str, Any]:
    """A service as a program would send it."""
    return {
        "name": "Delivery",
        "team": "shop",
        "owner": "owner",
        "deputy": "responder",
        "tier": 2,
        "strategy": "warm-standby",
        "primary_region": "us-west-2",
        "recovery_regions": ["us-east-1"],
        "accounts": ["Shop test"],
        "objectives": [{"scope": "region", "rto": "PT15M", "rpo": "1 min", "mtd": "PT4H"}],
        "entry_urls": [{"url": "https://delivery.example.com/"}],
        "kpis": [
            {"name": "Parcels", "namespace": "Delivery", "metric_name": "Parcels", "dimensions": {"Stage": "prod"}}
        ],
    }


def test_nobody_is_answered_without_a_token() -> None:
    assert APIClient().get(LIST).status_code == 401


def test_a_service_is_created_and_read_back_the_same(people: dict[str, User], sent: dict[str, Any]) -> None:
    client = door(people["owner"])
    answer = client.post(LIST, sent, format="json")
    assert answer.status_code == 201, answer.json()
    read = client.get("/api/services/delivery/").json()
    assert read == answer.json()
    assert read["objectives"] == [{"scope": "region", "rto": "PT15M", "rpo": "PT1M", "mtd": "PT4H"}]
    assert read["kpis"][0]["statistic"] == "Sum"
    assert read["slug"] == "delivery"


def test_what_was_read_can_be_sent_back_unchanged(people: dict[str, User], service: Service, payments: Service) -> None:
    Dependency.objects.create(consumer=service, provider=payments)
    client = door(people["owner"])
    read = client.get(ONE).json()
    writable = {name: value for name, value in read.items() if name not in {"slug", "is_retired", "created_at"}}
    answer = client.put(ONE, writable, format="json")
    assert answer.status_code == 200, answer.json()
    assert answer.json() == read


def test_every_problem_is_told_with_its_path(people: dict[str, User], sent: dict[str, Any]) -> None:
    sent["objectives"] = [{"scope": "region", "rto": "PT5H", "rpo": "PT1M", "mtd": "PT4H"}]
    sent["recovery_regions"] = ["moon-1"]
    answer = door(people["owner"]).post(LIST, sent, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"objectives.region.rto", "recovery_regions"}
    assert len(answer.json()["problems"]) == 2
    assert not Service.objects.exists()


def test_what_cannot_be_read_is_told_in_the_same_shape(people: dict[str, User], sent: dict[str, Any]) -> None:
    sent |= {"team": "warehouse", "tier": 9, "nmae": "x", "objectives": [{"scope": "region", "rto": 15, "rpo": "soon"}]}
    answer = door(people["owner"]).post(LIST, sent, format="json")
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {"nmae"}
    del sent["nmae"]
    fields = door(people["owner"]).post(LIST, sent, format="json").json()["fields"]
    assert set(fields) == {"team", "tier", "objectives.0.rto", "objectives.0.rpo", "objectives.0.mtd"}


@pytest.mark.parametrize("body", [[], "text", 1, None, {"objectives": "x"}, {"accounts": [{"id": 1}]}, {"tier": []}])
def test_nonsense_is_refused_and_never_an_error_of_ours(people: dict[str, User], service: Service, body: Any) -> None:
    client = door(people["owner"])
    assert client.post(LIST, body, format="json").status_code == 400
    assert client.put(ONE, body, format="json").status_code == 400
    assert client.patch(ONE, body, format="json").status_code == 400


def test_a_partial_change_leaves_the_rest(people: dict[str, User], service: Service) -> None:
    client = door(people["owner"])
    base = client.get(ONE).json()["changed_at"]
    answer = client.patch(ONE, {"tier": 1, "changed_at": base}, format="json")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["tier"] == 1
    assert answer.json()["objectives"][0]["rto"] == "PT15M"
    assert answer.json()["accounts"] == ["Shop test"]


def test_half_a_dependency_is_refused_in_a_partial_change_too(people: dict[str, User], service: Service) -> None:
    base = door(people["owner"]).get(ONE).json()["changed_at"]
    body = {"changed_at": base, "dependencies": [{"note": "x"}]}
    answer = door(people["owner"]).patch(ONE, body, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"dependencies.0.provider"}


def test_a_change_needs_to_say_what_it_began_from(people: dict[str, User], service: Service) -> None:
    client = door(people["owner"])
    assert set(client.patch(ONE, {"tier": 1}, format="json").json()["fields"]) == {"changed_at"}
    base = client.get(ONE).json()["changed_at"]
    assert client.patch(ONE, {"tier": 1, "changed_at": base}, format="json").status_code == 200
    stale = client.patch(ONE, {"tier": 3, "changed_at": base}, format="json")
    assert stale.status_code == 400
    assert "changed while you were editing" in stale.json()["detail"]
    assert Service.objects.get().tier == 1


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor"])
def test_those_who_may_look_may_not_write(
    people: dict[str, User], service: Service, sent: dict[str, Any], role: str
) -> None:
    client = door(people[role])
    base = client.get(ONE).json()["changed_at"]
    assert client.post(LIST, sent, format="json").status_code == 403
    assert client.patch(ONE, {"tier": 1, "changed_at": base}, format="json").status_code == 403
    assert client.post(f"{ONE}retire/", {"reason": "x"}, format="json").status_code == 403


def test_services_of_other_teams_are_not_found(service: Service, stranger: User, people: dict[str, User]) -> None:
    for user in (stranger, people["outsider"]):
        client = door(user)
        assert client.get(LIST).json()["count"] == 0
        assert client.get(ONE).status_code == 404
        assert client.patch(ONE, {"tier": 1}, format="json").status_code == 404
        assert client.post(f"{ONE}retire/", {"reason": "x"}, format="json").status_code == 404


def test_a_provider_one_cannot_see_cannot_be_named(
    people: dict[str, User], service: Service, payments: Service, other_team: Team
) -> None:
    Service.objects.filter(pk=payments.pk).update(team=other_team)
    base = door(people["owner"]).get(ONE).json()["changed_at"]
    body = {"changed_at": base, "dependencies": [{"provider": "payments"}]}
    answer = door(people["owner"]).patch(ONE, body, format="json")
    assert set(answer.json()["fields"]) == {"dependencies.0.provider"}


def test_retired_services_are_listed_when_asked_for(people: dict[str, User], service: Service) -> None:
    client = door(people["owner"])
    assert client.post(f"{ONE}retire/", {"reason": "replaced"}, format="json").json()["is_retired"] is True
    assert client.get(LIST).json()["count"] == 0
    assert client.get(LIST, {"retired": "true"}).json()["count"] == 1
    assert client.delete(ONE).status_code == 405


def test_the_list_asks_a_fixed_number_of_questions(
    people: dict[str, User], service: Service, payments: Service, django_assert_max_num_queries: Any
) -> None:
    Dependency.objects.create(consumer=service, provider=payments)
    with django_assert_max_num_queries(9):
        assert door(people["viewer"]).get(LIST).json()["count"] == 2


def test_accounts_have_the_same_door(people: dict[str, User], account: AwsAccount, stranger: User) -> None:
    one = f"/api/accounts/{account.pk}/"
    assert door(stranger).get(one).status_code == 404
    assert door(people["viewer"]).get(one).json()["external_id"] == str(account.external_id)
    assert door(people["owner"]).patch(one, {"is_production": True}, format="json").status_code == 403
    assert door(people["admin"]).patch(one, {"external_id": "mine", "name": "X"}, format="json").json()["name"] == "X"
    account.refresh_from_db()
    assert str(account.external_id) != "mine"
    body = {"name": "Second", "team": "shop", "account_id": "12"}
    assert set(door(people["admin"]).post("/api/accounts/", body, format="json").json()["fields"]) == {"account_id"}
    body["account_id"] = "123456789013"
    assert door(people["admin"]).post("/api/accounts/", body, format="json").status_code == 201
