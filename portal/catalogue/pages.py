"""What the page of a service shows, gathered from its rows: objectives of all scopes and the picture of dependencies."""

from typing import Any

from django.urls import reverse

from portal.catalogue.models import Dependency, Objective, Scope, Service


def objective_rows(service: Service) -> list[tuple[Scope, Objective | None]]:
    """Every scope with its objective, in the order of growing disruption; None where nothing is promised."""
    promised = {row.scope: row for row in service.objectives.all()}
    return [(scope, promised.get(scope.value)) for scope in Scope]


def dependency_picture(service: Service, seen: set[int]) -> dict[str, Any]:
    """Nodes and edges for `{% steps_graph %}`: what the service needs, two steps far, and who needs it.

    `seen` are the keys of services the reader may open; others are shown by name only and lead nowhere.
    """
    rows = Dependency.objects.filter(consumer__is_retired=False).select_related("consumer", "provider")
    near = list(rows.filter(consumer=service)) + list(rows.filter(provider=service))
    further = list(rows.filter(consumer__in=[row.provider_id for row in near if row.consumer_id == service.pk]))
    edges = {row.pk: row for row in [*near, *further]}.values()
    nodes = {each.pk: each for row in edges for each in (row.consumer, row.provider)} | {service.pk: service}
    return {
        "nodes": [_node(each, service, seen) for each in nodes.values()],
        "edges": [
            {
                "from": row.consumer.slug,
                "to": row.provider.slug,
                "kind": "next" if row.is_hard else "soft",
                "label": "hard" if row.is_hard else "soft",
            }
            for row in edges
        ],
    }


def _node(each: Service, service: Service, seen: set[int]) -> dict[str, Any]:
    mark = "this service" if each.pk == service.pk else "another team's" if each.pk not in seen else ""
    return {
        "name": each.slug,
        "label": each.name,
        "detail": f"tier {each.tier}" + (f" · {mark}" if mark else ""),
        "status": "Retired" if each.is_retired else "",
        "href": reverse("service_detail", args=[each.slug]) if each.pk in seen else "#needs",
    }
