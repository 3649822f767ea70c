"""Loads what the rules compare a service with: people of its team, providers, consumers, the graph of needs."""

from collections import defaultdict

from django.conf import settings

from portal.catalogue.drafts import ObjectiveDraft, ServiceDraft
from portal.catalogue.models import Dependency, Scope, Service, Tier
from portal.catalogue.rules import Standing, Surroundings
from portal.people.models import User


def around(draft: ServiceDraft, service: Service | None) -> Surroundings:
    """What stands around a draft; `service` is its row, None before there is one. A handful of queries."""
    consumers = (
        Service.objects.filter(dependencies__provider=service, dependencies__is_hard=True, is_retired=False)
        if service is not None
        else Service.objects.none()
    )
    needs: dict[int, list[int]] = defaultdict(list)
    names: dict[int, str] = {}
    hard = Dependency.objects.filter(is_hard=True, consumer__is_retired=False).order_by("pk")
    for consumer, provider, name in hard.values_list("consumer_id", "provider_id", "consumer__name"):
        needs[consumer].append(provider)
        names[consumer] = name
    wanted = [need.provider.pk for need in draft.dependencies]
    return Surroundings(
        key=service.pk if service is not None else None,
        names={**names, **{need.provider.pk: need.provider.name for need in draft.dependencies}},
        needs=dict(needs),
        providers={
            row.pk: _standing(row) for row in Service.objects.filter(pk__in=wanted).prefetch_related("objectives")
        },
        consumers=[_standing(row) for row in consumers.order_by("name").prefetch_related("objectives")],
        members=set(User.objects.filter(memberships__team=draft.team, is_active=True).values_list("pk", flat=True)),
        allowed_hosts=settings.OUTGOING_HOSTS,
    )


def _standing(service: Service) -> Standing:
    return Standing(
        name=service.name,
        tier=Tier(service.tier),
        objectives={
            Scope(row.scope): ObjectiveDraft(Scope(row.scope), row.rto, row.rpo, row.mtd)
            for row in service.objectives.all()
        },
    )
