"""Pages of services and accounts: what they show to whom, and that nothing typed is lost when a change is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import Event
from portal.catalogue.models import AwsAccount, Dependency, Objective, Scope, Service, Strategy, Tier
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]


@pytest.fixture
def enter(people: dict[str, User], stranger: User) -> Enter:
    """A client signed in as somebody, by role; "stranger" is an admin of another team."""

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(stranger if name == "stranger" else people[name])
        return client

    return sign_in


def told(sheet: Any) -> list[Any]:
    """Everything a sheet complains about, to be shown when a test expected no complaint."""
    parts = [sheet.form, *sheet.objectives.values(), sheet.entry_urls, sheet.kpis, sheet.dependencies]
    return [sheet.problems, *(part.errors for part in parts if part.errors)]


def typed(client: Client, address: str) -> dict[str, Any]:
    """What the page's forms would send unchanged."""
    sheet = client.get(address).context["sheet"]
    parts = [sheet.form, *sheet.objectives.values()]
    for rows in (sheet.entry_urls, sheet.kpis, sheet.dependencies):
        parts += [rows.management_form, *rows.forms]
    sent = {field.html_name: field.value() for part in parts for field in part}
    sent = {name: value for name, value in sent.items() if value is not None}
    for objective in sheet.objectives.values():
        sent |= {field.html_name: field.field.prepare_value(field.value()) or "" for field in objective}
    return {**sent, "base": client.get(address).context["base"]}


EDIT, DETAIL, LIST = "/services/checkout/edit/", "/services/checkout/", "/services/"


@pytest.mark.parametrize(
    "address", [LIST, DETAIL, EDIT, "/services/new/", "/services/accounts/", "/people/", "/audit/", "/"]
)
def test_every_page_asks_to_sign_in(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("address", [DETAIL, EDIT, "/services/checkout/retire/"])
def test_services_of_other_teams_are_not_found(service: Service, enter: Enter, address: str) -> None:
    assert enter("stranger").get(address).status_code == 404
    assert enter("outsider").get(address).status_code == 404


def test_the_list_shows_only_services_of_ones_teams(service: Service, enter: Enter) -> None:
    assert b"Checkout" in enter("viewer").get(LIST).content
    assert b"Checkout" not in enter("stranger").get(LIST).content


def test_the_empty_list_leads_to_the_first_service(enter: Enter) -> None:
    assert b"Add the first service" in enter("owner").get(LIST).content
    assert b"Add the first service" not in enter("viewer").get(LIST).content


@pytest.mark.parametrize("sort", ["name", "tier", "strategy", "region", "rto", "rpo", "owner", "team"])
def test_the_list_sorts_by_every_column_both_ways(
    service: Service, payments: Service, enter: Enter, people: dict[str, User], other_team: Team, sort: str
) -> None:
    Service.objects.filter(pk=payments.pk).update(
        tier=Tier.SUPPORTING, strategy=Strategy.ACTIVE_ACTIVE, primary_region="eu-west-1", owner=people["viewer"]
    )
    people["admin"].memberships.create(team=other_team, role="viewer")
    Service.objects.filter(pk=payments.pk).update(team=other_team)
    Objective.objects.filter(service=payments).update(rto=timedelta(hours=2), rpo=timedelta(hours=1))
    client = enter("admin")
    up = [row.slug for row in client.get(LIST, {"sort": sort}).context["page_obj"]]
    down = [row.slug for row in client.get(LIST, {"sort": f"-{sort}"}).context["page_obj"]]
    assert sorted(up) == ["checkout", "payments"]
    assert up == down[::-1]


def test_services_without_objectives_come_last_in_both_directions(
    service: Service, payments: Service, enter: Enter
) -> None:
    payments.objectives.all().delete()
    for sort in ("rto", "-rto"):
        rows = enter("viewer").get(LIST, {"sort": sort}).context["page_obj"]
        assert [row.slug for row in rows] == ["checkout", "payments"]


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({"q": "check"}, ["checkout"]),
        ({"q": "owner tester"}, ["checkout", "payments"]),
        ({"tier": "4"}, ["payments"]),
        ({"strategy": "pilot-light"}, ["payments"]),
        ({"team": "shop"}, ["checkout", "payments"]),
        ({"region": "us-west-2"}, ["checkout"]),
        ({"region": "us-east-1"}, ["checkout", "payments"]),
        ({"region": "eu-west-1"}, ["payments"]),
        ({"state": "retired"}, []),
        ({"tier": "nonsense", "sort": "nonsense"}, ["checkout", "payments"]),
    ],
)
def test_the_list_is_narrowed(
    service: Service, payments: Service, enter: Enter, narrowed: dict[str, str], left: list[str]
) -> None:
    changes = {"tier": Tier.SUPPORTING, "strategy": Strategy.PILOT_LIGHT, "primary_region": "eu-west-1"}
    Service.objects.filter(pk=payments.pk).update(**changes)
    rows = enter("viewer").get(LIST, narrowed).context["page_obj"]
    assert sorted(row.slug for row in rows) == left


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    team: Team, people: dict[str, User], enter: Enter, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        made = Service.objects.create(
            slug=f"s{number}", name=f"S {number}", team=team, owner=people["owner"], primary_region="us-east-1"
        )
        Objective.objects.create(
            service=made, scope=Scope.ZONE, rto=timedelta(hours=1), rpo=timedelta(0), mtd=timedelta(hours=2)
        )
    client = enter("viewer")
    with django_assert_max_num_queries(12):
        assert len(client.get(LIST).context["page_obj"]) == 20


def test_the_page_of_a_service_shows_what_it_promises_and_needs(
    service: Service, payments: Service, enter: Enter
) -> None:
    Dependency.objects.create(consumer=service, provider=payments, note="takes the money")
    page = enter("viewer").get(DETAIL)
    assert page.status_code == 200
    text = page.content.decode()
    for told in (
        "15 min",
        "4 h",
        "Nothing is promised for this scope",
        "takes the money",
        "US West (Oregon)",
        "Shop test",
    ):
        assert told in text
    picture = page.context["picture"]
    assert picture["edges"] == [{"from": "checkout", "to": "payments", "kind": "next", "label": "hard"}]


def test_a_provider_of_another_team_is_named_but_not_linked(
    service: Service, payments: Service, enter: Enter, other_team: Team
) -> None:
    Service.objects.filter(pk=payments.pk).update(team=other_team)
    Dependency.objects.create(consumer=service, provider=payments)
    page = enter("viewer").get(DETAIL)
    assert b"Payments" in page.content
    assert b'href="/services/payments/"' not in page.content


def test_markup_in_what_people_type_is_shown_as_text(service: Service, enter: Enter) -> None:
    evil = "<script>alert(1)</script>"
    Service.objects.filter(pk=service.pk).update(name=evil, description=f"{evil} [x](javascript:alert(1))")
    page = enter("viewer").get(DETAIL).content.decode()
    assert evil not in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("responder", False), ("owner", True), ("admin", True)])
def test_only_those_who_may_edit_are_offered_to(service: Service, enter: Enter, role: str, sees: bool) -> None:
    client = enter(role)
    assert (EDIT.encode() in client.get(DETAIL).content) == sees
    assert client.get(EDIT).status_code == (200 if sees else 403)
    assert client.post(EDIT, {}).status_code == (422 if sees else 403)


def test_a_service_is_edited_and_its_history_tells_it(service: Service, enter: Enter) -> None:
    client = enter("owner")
    sent = typed(client, EDIT) | {"tier": "1", "objective-region-rto": "10 min", "objective-zone-rto": "PT5M"}
    sent |= {"objective-zone-rpo": "0", "objective-zone-mtd": "1 h 30 min"}
    answer = client.post(EDIT, sent)
    assert answer.status_code == 302, told(answer.context["sheet"])
    zone = service.objectives.get(scope=Scope.ZONE)
    assert (zone.rto, zone.rpo, zone.mtd) == (timedelta(minutes=5), timedelta(0), timedelta(minutes=90))
    text = client.get(DETAIL).content.decode()
    assert "<del>Critical</del>" in text
    assert "<ins>Mission critical</ins>" in text


def test_a_refused_edit_shows_every_problem_where_it_is_and_keeps_what_was_typed(
    service: Service, enter: Enter
) -> None:
    client = enter("owner")
    sent = typed(client, EDIT) | {
        "name": "Checkout of tomorrow",
        "objective-region-rto": "5 h",
        "objective-zone-rto": "soon",
        "entry_urls-0-url": "http://169.254.169.254/",
        "recovery_regions": [],
    }
    answer = client.post(EDIT, sent)
    assert answer.status_code == 422
    assert "“soon” is not a length of time" in answer.content.decode()
    answer = client.post(EDIT, sent | {"objective-zone-rto": ""})
    sheet, text = answer.context["sheet"], answer.content.decode()
    assert "RTO 5 h is above MTD 4 h" in sheet.objectives[Scope.REGION].errors["rto"][0]
    assert "link-local" in sheet.entry_urls.forms[0].errors["url"][0]
    assert "needs a recovery Region" in sheet.form.errors["recovery_regions"][0]
    for kept in ("Checkout of tomorrow", 'value="5 h"', "169.254.169.254"):
        assert kept in text
    service.refresh_from_db()
    assert service.name == "Checkout"


def test_an_objective_is_filled_in_whole_or_not_at_all(service: Service, enter: Enter) -> None:
    client = enter("owner")
    answer = client.post(EDIT, typed(client, EDIT) | {"objective-zone-rto": "5 min"})
    assert set(answer.context["sheet"].objectives[Scope.ZONE].errors) == {"rpo", "mtd"}


def test_a_stale_edit_keeps_what_was_typed_and_can_be_saved_knowingly(service: Service, enter: Enter) -> None:
    mine, theirs = enter("owner"), enter("admin")
    sent = typed(mine, EDIT) | {"description": "my long text"}
    assert theirs.post(EDIT, typed(theirs, EDIT) | {"description": "their text"}).status_code == 302
    answer = mine.post(EDIT, sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Admin Tester changed description" in text
    assert "my long text" in text
    assert mine.post(EDIT, sent | {"base": answer.context["base"]}).status_code == 302
    service.refresh_from_db()
    assert service.description == "my long text"


def test_a_forged_base_is_stale(service: Service, enter: Enter) -> None:
    client = enter("owner")
    answer = client.post(EDIT, typed(client, EDIT) | {"description": "x", "base": "yesterday"})
    assert answer.status_code == 422
    service.refresh_from_db()
    assert service.description == ""


def test_rows_are_added_removed_and_their_problems_stay_with_them(
    service: Service, payments: Service, enter: Enter
) -> None:
    client = enter("owner")
    sent = typed(client, EDIT) | {
        "entry_urls-TOTAL_FORMS": "2",
        "entry_urls-0-DELETE": "on",
        "entry_urls-1-name": "New",
        "entry_urls-1-url": "https://new.example.com/",
        "dependencies-0-provider": str(payments.pk),
        "dependencies-0-is_hard": "hard",
        "kpis-0-name": "Orders",
        "kpis-0-namespace": "Shop",
        "kpis-0-metric_name": "Orders",
        "kpis-0-statistic": "Most",
        "kpis-0-dimensions": "Stage=prod\nno equals",
    }
    answer = client.post(EDIT, sent)
    assert "has no =" in answer.context["sheet"].kpis.forms[0].errors["dimensions"][0]
    sent["kpis-0-dimensions"] = "Stage=prod"
    answer = client.post(EDIT, sent)
    assert "no statistic" in answer.context["sheet"].kpis.forms[0].errors["statistic"][0]
    sent["kpis-0-statistic"] = "p99"
    assert client.post(EDIT, sent).status_code == 302
    assert [entry.name for entry in service.entry_urls.all()] == ["New"]
    assert service.dependencies.get().provider == payments
    assert service.kpis.get().dimensions == {"Stage": "prod"}


def test_a_problem_of_a_later_row_is_shown_at_that_row_when_an_earlier_one_is_removed(
    service: Service, enter: Enter
) -> None:
    client = enter("owner")
    sent = typed(client, EDIT) | {
        "entry_urls-TOTAL_FORMS": "2",
        "entry_urls-0-DELETE": "on",
        "entry_urls-1-url": "http://169.254.169.254/",
        "entry_urls-1-name": "Second",
        "entry_urls-1-expected_status": "200",
    }
    answer = client.post(EDIT, sent)
    forms = answer.context["sheet"].entry_urls.forms
    assert "url" in forms[1].errors
    assert not forms[0].errors


def test_a_service_is_added(enter: Enter, people: dict[str, User], team: Team) -> None:
    client, address = enter("owner"), "/services/new/"
    sent = typed(client, address)
    sent |= {"name": "Returns", "team": team.pk, "owner": people["owner"].pk}
    answer = client.post(address, sent)
    assert answer.status_code == 302, told(answer.context["sheet"])
    assert answer["Location"] == "/services/returns/"
    assert Event.objects.get(chain="service:returns").verb == "created"
    assert enter("viewer").get(address).status_code == 403


def test_a_service_is_retired_with_a_reason(service: Service, enter: Enter) -> None:
    client, address = enter("owner"), "/services/checkout/retire/"
    answer = client.post(address, {"reason": ""})
    assert answer.status_code == 422
    assert b"Say why it is retired" in answer.content
    assert client.post(address, {"reason": "replaced"}).status_code == 302
    assert b"Retired" in client.get(DETAIL).content
    assert client.post(EDIT, typed(client, EDIT)).status_code == 422


def test_accounts_are_listed_for_the_team_and_edited_by_admins(account: AwsAccount, enter: Enter) -> None:
    listed = "/services/accounts/"
    assert str(account.external_id).encode() in enter("viewer").get(listed).content
    assert account.account_id.encode() not in enter("stranger").get(listed).content
    address = f"/services/accounts/{account.pk}/"
    assert enter("owner").get(address).status_code == 403
    assert enter("stranger").get(address).status_code == 404
    client = enter("admin")
    sent = {"name": "Live", "team": account.team_id, "account_id": "12", "role_arn": "x", "is_production": "on"}
    answer = client.post(address, sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"account_id", "role_arn"}
    assert client.post(address, sent | {"account_id": "123456789012", "role_arn": ""}).status_code == 302
    account.refresh_from_db()
    assert account.is_production


def test_an_account_is_added_by_an_admin(enter: Enter, team: Team) -> None:
    address = "/services/accounts/new/"
    assert enter("owner").get(address).status_code == 403
    sent = {"name": "Second", "team": team.pk, "account_id": "123456789013", "role_arn": ""}
    assert enter("admin").post(address, sent).status_code == 302
    assert AwsAccount.objects.get(name="Second").external_id
