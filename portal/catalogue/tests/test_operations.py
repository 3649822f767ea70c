"""What people may do to the catalogue: who may, what is kept, what is refused, and what the log says of it."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from portal.audit.log import broken_link
from portal.audit.models import Event
from portal.catalogue.drafts import DependencyDraft, EntryUrlDraft, ObjectiveDraft, ServiceDraft, draft_of
from portal.catalogue.models import AwsAccount, Scope, Service, Tier
from portal.catalogue.operations import change_service, create_service, retire_service, save_account
from portal.catalogue.tests.conftest import HOUR, MINUTE
from portal.people.models import Membership, Role, Team, User

pytestmark = pytest.mark.django_db


def refused(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return error.value.message_dict


def test_a_service_is_kept_with_all_its_parts(people: dict[str, User], draft: ServiceDraft) -> None:
    made = create_service(user=people["owner"], draft=draft)
    assert made.slug == "delivery"
    kept = draft_of(Service.objects.get(pk=made.pk))
    assert set(kept.objectives) == set(draft.objectives)
    assert replace(kept, objectives=draft.objectives) == draft


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_admins_create_services(people: dict[str, User], draft: ServiceDraft, role: str) -> None:
    assert create_service(user=people[role], draft=draft).pk


@pytest.mark.parametrize("role", ["viewer", "author", "approver", "responder", "auditor", "outsider"])
def test_nobody_else_creates_services(people: dict[str, User], draft: ServiceDraft, role: str) -> None:
    with pytest.raises(PermissionDenied, match="owner"):
        create_service(user=people[role], draft=draft)
    assert not Service.objects.exists()


def test_an_owner_of_another_team_changes_nothing(service: Service, stranger: User) -> None:
    with pytest.raises(PermissionDenied):
        change_service(user=stranger, service=service, draft=draft_of(service), base=service.changed_at)


def test_a_service_moves_only_to_a_team_where_one_may_edit(
    service: Service, other_team: Team, people: dict[str, User]
) -> None:
    moved = replace(draft_of(service), team=other_team, accounts=())
    with pytest.raises(PermissionDenied):
        change_service(user=people["owner"], service=service, draft=moved, base=service.changed_at)
    Membership.objects.create(user=people["owner"], team=other_team, role=Role.OWNER)
    assert (
        change_service(user=people["owner"], service=service, draft=moved, base=service.changed_at).team == other_team
    )


def test_problems_of_columns_parts_and_rules_come_together(people: dict[str, User], draft: ServiceDraft) -> None:
    wrong = replace(
        draft,
        name="",
        entry_urls=(EntryUrlDraft("http://[::1]/", name="x" * 61),),
        objectives=(ObjectiveDraft(Scope.ZONE, 4 * HOUR, MINUTE, HOUR),),
    )
    with pytest.raises(ValidationError) as error:
        create_service(user=people["owner"], draft=wrong)
    assert set(refused(error)) == {"name", "entry_urls.0.name", "entry_urls.0.url", "objectives.zone.rto"}
    assert not Service.objects.exists()
    assert not Event.objects.exists()


def test_a_name_is_taken_once(people: dict[str, User], service: Service, draft: ServiceDraft) -> None:
    with pytest.raises(ValidationError) as error:
        create_service(user=people["owner"], draft=replace(draft, name="Checkout"))
    assert "already exists" in refused(error)["name"][0]


@pytest.mark.parametrize(
    ("name", "told"),
    [("check out!", None), ("CHECKOUT", "is taken by Checkout"), ("New", "No address"), ("支付", "No address")],
)
def test_a_slug_is_made_of_the_name_or_the_name_is_refused(
    people: dict[str, User], service: Service, draft: ServiceDraft, name: str, told: str | None
) -> None:
    if told is None:
        assert create_service(user=people["owner"], draft=replace(draft, name=name)).slug == "check-out"
        return
    with pytest.raises(ValidationError, match=told):
        create_service(user=people["owner"], draft=replace(draft, name=name))


def test_the_slug_stays_when_the_name_changes(people: dict[str, User], service: Service) -> None:
    renamed = replace(draft_of(service), name="Till")
    assert (
        change_service(user=people["owner"], service=service, draft=renamed, base=service.changed_at).slug == "checkout"
    )


def test_a_change_says_in_the_log_what_was_and_what_is(people: dict[str, User], service: Service) -> None:
    faster = replace(
        draft_of(service),
        tier=Tier.MISSION_CRITICAL,
        objectives=(ObjectiveDraft(Scope.REGION, 5 * MINUTE, MINUTE, HOUR),),
    )
    change_service(user=people["owner"], service=service, draft=faster, base=service.changed_at)
    event = Event.objects.get(chain="service:checkout")
    assert event.actor == people["owner"]
    assert event.team == service.team
    assert event.detail["changed"] == {
        "tier": {"from": "Critical", "to": "Mission critical"},
        "Region RTO": {"from": "PT15M", "to": "PT5M"},
        "Region MTD": {"from": "PT4H", "to": "PT1H"},
    }
    assert broken_link("service:checkout") is None


def test_saving_without_a_change_writes_nothing(people: dict[str, User], service: Service) -> None:
    before = service.changed_at
    change_service(user=people["owner"], service=service, draft=draft_of(service), base=before)
    service.refresh_from_db()
    assert service.changed_at == before
    assert not Event.objects.exists()


def test_a_stale_edit_is_refused_and_says_who_changed_what(people: dict[str, User], service: Service) -> None:
    base, mine = service.changed_at, replace(draft_of(service), description="mine")
    change_service(
        user=people["admin"], service=service, draft=replace(draft_of(service), description="theirs"), base=base
    )
    with pytest.raises(ValidationError) as error:
        change_service(user=people["owner"], service=service, draft=mine, base=base)
    assert error.value.code == "stale"
    assert "Admin Tester changed description" in error.value.messages[0]
    service.refresh_from_db()
    assert service.description == "theirs"


def test_a_stale_edit_names_only_what_happened_since_it_began(people: dict[str, User], service: Service) -> None:
    first = replace(draft_of(service), description="first")
    base = change_service(user=people["owner"], service=service, draft=first, base=service.changed_at).changed_at
    second = replace(first, heartbeat_url="http://127.0.0.1/h", heartbeat_table="beats")
    change_service(user=people["admin"], service=service, draft=second, base=base)
    with pytest.raises(ValidationError) as error:
        change_service(user=people["owner"], service=service, draft=first, base=base)
    assert "heartbeat URL" in error.value.messages[0]
    assert "description" not in error.value.messages[0]


def test_a_provider_weaker_than_its_consumer_is_refused_from_both_sides(
    people: dict[str, User], service: Service, payments: Service
) -> None:
    needing = replace(draft_of(service), dependencies=(DependencyDraft(payments),))
    service = change_service(user=people["owner"], service=service, draft=needing, base=service.changed_at)
    weaker = replace(draft_of(payments), objectives=(ObjectiveDraft(Scope.REGION, 2 * HOUR, MINUTE, 4 * HOUR),))
    with pytest.raises(ValidationError) as error:
        change_service(user=people["owner"], service=payments, draft=weaker, base=payments.changed_at)
    assert "RTO 2 h" in refused(error)["consumers"][0]
    assert "RTO 15 min of Checkout" in refused(error)["consumers"][0]
    stronger = replace(draft_of(service), objectives=(ObjectiveDraft(Scope.REGION, 5 * MINUTE, MINUTE, 4 * HOUR),))
    with pytest.raises(ValidationError) as error:
        change_service(user=people["owner"], service=service, draft=stronger, base=service.changed_at)
    assert "RTO 15 min of the hard dependency Payments" in refused(error)["dependencies.0"][0]


def test_a_cycle_is_refused_at_the_edge_that_would_close_it(
    people: dict[str, User], service: Service, payments: Service, draft: ServiceDraft
) -> None:
    owner = people["owner"]
    weak = replace(draft, objectives=(ObjectiveDraft(Scope.REGION, 15 * MINUTE, MINUTE, 4 * HOUR),))
    delivery = create_service(user=owner, draft=replace(weak, dependencies=(DependencyDraft(payments),)))
    first = replace(draft_of(service), dependencies=(DependencyDraft(delivery),))
    service = change_service(user=owner, service=service, draft=first, base=service.changed_at)
    closing = replace(draft_of(payments), dependencies=(DependencyDraft(service),))
    with pytest.raises(ValidationError) as error:
        change_service(user=owner, service=payments, draft=closing, base=payments.changed_at)
    assert "Payments → Checkout → Delivery → Payments" in refused(error)["dependencies.0"][0]
    soft = replace(closing, dependencies=(DependencyDraft(service, is_hard=False),))
    assert change_service(user=owner, service=payments, draft=soft, base=payments.changed_at).dependencies.count() == 1


def test_a_retired_service_is_kept_and_no_longer_changes(people: dict[str, User], service: Service) -> None:
    retired = retire_service(user=people["owner"], service=service, reason=" replaced by Till ")
    assert retired.is_retired
    assert Event.objects.get(verb="retired").detail == {"reason": "replaced by Till"}
    with pytest.raises(ValidationError, match="is retired"):
        change_service(user=people["owner"], service=retired, draft=draft_of(retired), base=retired.changed_at)
    with pytest.raises(ValidationError, match="is retired"):
        retire_service(user=people["owner"], service=retired, reason="again")


def test_a_service_others_cannot_do_without_is_not_retired(
    people: dict[str, User], service: Service, payments: Service
) -> None:
    service.dependencies.create(provider=payments, is_hard=True)
    with pytest.raises(ValidationError) as error:
        retire_service(user=people["owner"], service=payments, reason="")
    assert set(refused(error)) == {"reason", "__all__"}
    assert "Checkout" in refused(error)["__all__"][0]


@pytest.mark.parametrize("role", ["viewer", "responder", "outsider"])
def test_retiring_needs_an_owner(people: dict[str, User], service: Service, role: str) -> None:
    with pytest.raises(PermissionDenied):
        retire_service(user=people[role], service=service, reason="because")


def test_an_account_is_saved_by_admins_only(people: dict[str, User], team: Team) -> None:
    account = AwsAccount(name="Live", team=team, account_id="123456789012", is_production=True)
    with pytest.raises(PermissionDenied, match="admin"):
        save_account(user=people["owner"], account=account)
    saved = save_account(user=people["admin"], account=account)
    event = Event.objects.get(chain=f"account:{saved.pk}")
    assert event.verb == "created"
    assert event.detail["changed"]["is production"] == {"from": None, "to": True}


def test_all_problems_of_an_account_are_listed(people: dict[str, User], team: Team) -> None:
    account = AwsAccount(name="", team=team, account_id="12", role_arn="role/x")
    with pytest.raises(ValidationError) as error:
        save_account(user=people["admin"], account=account)
    assert set(refused(error)) == {"name", "account_id", "role_arn"}


def test_the_external_id_of_an_account_never_changes(people: dict[str, User], account: AwsAccount) -> None:
    chosen = AwsAccount.objects.get(pk=account.pk)
    chosen.external_id, chosen.name = "chosen by me", "Renamed"
    save_account(user=people["admin"], account=chosen)
    assert AwsAccount.objects.get(pk=account.pk).external_id == str(account.external_id)


def test_an_account_in_use_stays_with_its_team(
    people: dict[str, User], service: Service, account: AwsAccount, other_team: Team
) -> None:
    Membership.objects.create(user=people["admin"], team=other_team, role=Role.ADMIN)
    account.team = other_team
    with pytest.raises(ValidationError, match="Checkout"):
        save_account(user=people["admin"], account=account)


def test_reading_a_draft_of_a_service_is_a_few_queries(service: Service, django_assert_max_num_queries: object) -> None:
    fresh = Service.objects.select_related("team", "owner", "deputy").get(pk=service.pk)
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        assert draft_of(fresh).objectives[0].rto == timedelta(minutes=15)


@pytest.mark.django_db(transaction=True)
def test_two_edits_at_once_that_would_close_a_cycle_together_are_not_both_kept(
    people: dict[str, User], service: Service, payments: Service
) -> None:
    together = threading.Barrier(2, timeout=60)
    refusals: list[str] = []

    def need(consumer: Service, provider: Service) -> None:
        wanted = replace(draft_of(consumer), dependencies=(DependencyDraft(provider),))
        try:
            together.wait()
            change_service(user=people["owner"], service=consumer, draft=wanted, base=consumer.changed_at)
        except ValidationError as error:
            refusals.extend(error.messages)
        finally:
            connection.close()

    writers = [
        threading.Thread(target=need, args=(service, payments)),
        threading.Thread(target=need, args=(payments, service)),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert len(refusals) == 1
    assert "cycle" in refusals[0]
    assert service.dependencies.count() + payments.dependencies.count() == 1
