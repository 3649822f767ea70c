"""Checks of alarms: that every part on the path of a request has one, and that each reaches somebody.

Not here: whether a threshold is a good one, and who is on the rota.
"""

from collections.abc import Iterator
from typing import Any

from assessments.checks.context import CheckUnavailable
from assessments.checks.dimensions import is_about, of_alarm
from assessments.checks.entrances import PARTS, is_hinted, parts
from assessments.checks.reading import MOST_PAGES, Reading
from assessments.checks.resources import KINDS, TAGS, note_unmatched, tagged
from assessments.checks.results import Finding, Resource

ALARMS = (*PARTS, TAGS, "cloudwatch:DescribeAlarms")
ACTIONS = (*ALARMS, "sns:ListSubscriptionsByTopic")


def alarms_present(reading: Reading) -> Iterator[Finding]:
    """A part is watched when a metric alarm of its Region has it in its dimensions."""
    alarms = {region: _all_alarms(reading, region) for region in reading.service.regions}
    for part in parts(reading):
        names = [row["AlarmName"] for row in alarms[part.region] if _is_about(row, part)]
        says = f"watched by {', '.join(names)}" if names else "no alarm watches it"
        yield Finding(part, bool(names), says, {"alarms": names})


def alarm_actions_present(reading: Reading) -> Iterator[Finding]:
    """Each alarm of the service, by tag, hint or part, acts when it fires, and a topic it tells has a confirmed subscriber."""
    watched, names = parts(reading), []
    for region in reading.service.regions:
        arns = {resource.arn for resource in tagged(reading, KINDS["alarm"], region)}
        for row in _all_alarms(reading, region):
            names.append(row["AlarmName"])
            is_ours = row["AlarmArn"] in arns or is_hinted(reading, "alarm", row["AlarmName"])
            if is_ours or any(part.region == region and _is_about(row, part) for part in watched):
                yield _acting(reading, Resource("alarm", row["AlarmName"], region, row["AlarmArn"]), row)
    note_unmatched(reading, "alarm", names)


def _acting(reading: Reading, alarm: Resource, row: dict[str, Any]) -> Finding:
    actions = list(row.get("AlarmActions") or [])
    topics = {arn: _confirmed(reading, arn) for arn in actions if ":sns:" in arn}
    facts = {
        "ActionsEnabled": bool(row.get("ActionsEnabled")),
        "AlarmActions": actions,
        "confirmed_subscriptions": topics,
    }
    if not actions:
        return Finding(alarm, False, "does nothing when it fires", facts)
    if not row.get("ActionsEnabled"):
        return Finding(alarm, False, "its actions are switched off", facts)
    if not any(topics.values()) and len(topics) == len(actions):
        return Finding(alarm, False, "tells only topics to which nobody has a confirmed subscription", facts)
    return Finding(alarm, True, f"{len(actions)} action{'s' if len(actions) != 1 else ''} when it fires", facts)


def _confirmed(reading: Reading, topic: str) -> int:
    """How many confirmed subscriptions a topic has; none where there is no such topic."""
    region = topic.split(":")[3]
    rows = reading.items("sns:ListSubscriptionsByTopic", {"TopicArn": topic}, region, {"NotFound"})
    return sum(row.get("SubscriptionArn", "").startswith("arn:") for row in rows)


def _is_about(row: dict[str, Any], part: Resource) -> bool:
    return any(is_about(part, dimensions) for dimensions in of_alarm(row))


def _all_alarms(reading: Reading, region: str) -> list[dict[str, Any]]:
    """Metric and composite alarms of the Region. The answer has two lists, which the table of pages cannot say."""
    wanted: dict[str, Any] = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    found: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        answer = reading.call("cloudwatch:DescribeAlarms", wanted, region)
        found += [*(answer.get("MetricAlarms") or []), *(answer.get("CompositeAlarms") or [])]
        if not answer.get("NextToken"):
            return found
        wanted = {**wanted, "NextToken": answer["NextToken"]}
    raise CheckUnavailable(f"{region} has more alarms than are looked through ({MOST_PAGES} pages).")
