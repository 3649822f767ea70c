"""Checks of what people look at when something is wrong: traces, dashboards, logs.

Not here: alarms (`alarms`).
"""

import json
from collections.abc import Iterator
from typing import Any

from assessments.checks.compute import (
    CONTAINERS,
    ECS,
    FUNCTIONS,
    containers,
    definition_of,
    ecs_services,
    functions,
)
from assessments.checks.dimensions import is_about, of_widget
from assessments.checks.entrances import PARTS, is_hinted, parts
from assessments.checks.reading import Reading
from assessments.checks.resources import KINDS, TAGS, note_unmatched, tagged
from assessments.checks.results import Finding, Resource

TRACES = (*ECS, CONTAINERS, *FUNCTIONS)
DASHBOARDS = (*PARTS, "cloudwatch:ListDashboards", "cloudwatch:GetDashboard")
LOGS = (TAGS, "logs:DescribeLogGroups")
# Images of the collectors that AWS documents for X-Ray and OpenTelemetry:
# https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon-ecs.html, https://aws-otel.github.io/docs/setup/ecs
_COLLECTORS = ("aws-xray-daemon", "aws-otel-collector", "opentelemetry-collector", "cloudwatch-agent")
_TRACE_VARIABLES = ("AWS_XRAY_DAEMON_ADDRESS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def tracing_on(reading: Reading) -> Iterator[Finding]:
    """Functions trace actively; tasks of ECS services carry a collector, or are told where one is."""
    for function, row in functions(reading):
        mode = (row.get("TracingConfig") or {}).get("Mode", "PassThrough")
        yield Finding(function, mode == "Active", f"its tracing mode is {mode}", {"Mode": mode})
    for service, row in ecs_services(reading):
        found = [sign for each in containers(reading, service, row) for sign in _signs_of_tracing(each)]
        says = f"its tasks trace through {', '.join(found)}" if found else "its tasks have no collector of traces"
        yield Finding(service, bool(found), says, {"signs": found, "taskDefinition": definition_of(row)})


def _signs_of_tracing(container: dict[str, Any]) -> list[str]:
    named = [name for name in _COLLECTORS if name in container.get("image", "")]
    variables = {each["name"] for each in container.get("environment") or []}
    return [*named, *(name for name in _TRACE_VARIABLES if name in variables)]


def dashboard_exists(reading: Reading) -> Iterator[Finding]:
    """Each Region of the service is shown by a dashboard: one that the hints name, or a widget with a part of the service.

    On AWS a dashboard belongs to the account, not to a Region, so it is looked for in every Region and taken once.
    """
    service, found = reading.service, parts(reading)
    bodies = _dashboards(reading)
    shown: dict[str, set[str]] = {region: set() for region in service.regions}
    for name, body in bodies.items():
        for region in _regions_shown(body, found, is_hinted(reading, "dashboard", name)):
            shown.setdefault(region, set()).add(name)
    note_unmatched(reading, "dashboard", bodies)
    if not found and not service.hints.names.get("dashboard"):
        return
    for region in service.regions:
        names = sorted(shown[region])
        seen = Resource("dashboard", ", ".join(names) or "no dashboard", region)
        says = "shows this Region" if names else "no dashboard of the service has a widget of this Region"
        yield Finding(seen, bool(names), says, {"dashboards": names})


def _dashboards(reading: Reading) -> dict[str, str]:
    """Name to body of all dashboards of the account."""
    bodies: dict[str, str] = {}
    for region in reading.service.regions:
        for row in reading.items("cloudwatch:ListDashboards", {}, region):
            name = row["DashboardName"]
            if name not in bodies:
                bodies[name] = str(
                    reading.call("cloudwatch:GetDashboard", {"DashboardName": name}, region)["DashboardBody"]
                )
    return bodies


def _regions_shown(body: str, found: list[Resource], is_whole: bool) -> set[str]:
    """The Regions of a dashboard's widgets: of all where it is the service's as a whole, else of those that show a part."""
    try:
        widgets = json.loads(body).get("widgets") or []
    except ValueError:
        return set()
    ours = [
        widget
        for widget in widgets
        if is_whole or any(is_about(part, dimensions) for dimensions in of_widget(widget) for part in found)
    ]
    return {region for widget in ours if (region := (widget.get("properties") or {}).get("region"))}


def log_retention_set(reading: Reading) -> Iterator[Finding]:
    """Each log group says how long it keeps its events; one that does not keeps them, and costs, for ever."""
    patterns, seen = reading.service.hints.names.get("log_group", ()), []
    for region in reading.service.regions:
        names = {resource.name for resource in tagged(reading, KINDS["log_group"], region)}
        for row in _log_groups(reading, region, {*names, *patterns}):
            name = row["logGroupName"]
            if name in names or is_hinted(reading, "log_group", name):
                seen.append(name)
                days = row.get("retentionInDays")
                says = f"keeps events for {days} days" if days else "has no retention"
                yield Finding(Resource("log_group", name, region), bool(days), says, {"retentionInDays": days})
    note_unmatched(reading, "log_group", seen)


def _log_groups(reading: Reading, region: str, names: set[str]) -> list[dict[str, Any]]:
    """Log groups whose names begin as wanted, each once."""
    prefixes = {name.rstrip("*").rpartition(":log-group:")[2] for name in names}
    found: dict[str, dict[str, Any]] = {}
    for prefix in sorted(prefixes):
        for row in reading.items("logs:DescribeLogGroups", {"logGroupNamePrefix": prefix}, region):
            found[row["logGroupName"]] = row
    return list(found.values())
