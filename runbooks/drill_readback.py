"""Reads heartbeat records back on the recovery side and notes which survived, and later which reappeared.

Here: the query of the table and the two notes on the rows. Not here: writing the records (`watch.py`), what is concluded
from them (`data_loss.py`).
"""

from django.db.models import Q

from portal.aws.caller import AwsCaller
from portal.aws.errors import AwsError
from portal.aws.sessions import Role
from runbooks.models import Drill, Heartbeat, Probe

MOST_PAGES = 200
ROWS_AT_ONCE = 500


class ReadBackFailed(Exception):
    """The recovery side could not be read; the message says why, and what was asked."""


def recovery_region(drill: Drill) -> str:
    """Where surviving records are looked for; empty where the service has no recovery Region."""
    regions = drill.service.recovery_regions
    return str(regions[0]) if regions else ""


def sequences_kept(drill: Drill, probe: Probe) -> set[int]:
    """The sequence numbers of this probe's records in the recovery Region's table. Raises `ReadBackFailed`."""
    region = recovery_region(drill)
    if not region or not probe.heartbeat_table:
        raise ReadBackFailed(
            f"{drill.service.name} has no recovery Region or no heartbeat table in the catalogue, so nothing can be read back."
        )
    asked = {
        "TableName": probe.heartbeat_table,
        "KeyConditionExpression": "ProbeId = :probe",
        "ExpressionAttributeValues": {":probe": {"S": str(probe.pk)}},
        "ProjectionExpression": "#sequence",
        "ExpressionAttributeNames": {"#sequence": "Sequence"},
    }
    found: set[int] = set()
    caller = AwsCaller(region, role_of(drill))
    for _ in range(MOST_PAGES):
        try:
            page = caller.call("dynamodb", "Query", asked)
        except AwsError as error:
            raise ReadBackFailed(f"The table {probe.heartbeat_table} could not be read in {region}: {error}") from error
        found |= {int(item["Sequence"]["N"]) for item in page.get("Items", [])}
        if not page.get("LastEvaluatedKey"):
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    raise ReadBackFailed(f"The table {probe.heartbeat_table} in {region} has more than {MOST_PAGES} pages of records.")


def role_of(drill: Drill) -> Role:
    """The role the drill reads as; its session name carries the drill's id into CloudTrail."""
    account = drill.account
    if account is None or not account.role_arn:
        return Role()
    return Role(account.role_arn, str(account.external_id), f"bcdr-{drill.pk}")


def note_survivors(drill: Drill, probe: Probe) -> None:
    """Note for each record whether the recovery side has it. Raises `ReadBackFailed` and notes nothing then."""
    kept = sequences_kept(drill, probe)
    rows = list(Heartbeat.objects.filter(probe=probe).only("pk", "sequence"))
    for row in rows:
        row.has_survived = row.sequence in kept
    Heartbeat.objects.bulk_update(rows, ["has_survived"], batch_size=ROWS_AT_ONCE)


def note_reappeared(drill: Drill, probe: Probe) -> bool:
    """Note which of the missing records are there by now. True when none is missing any more. Raises `ReadBackFailed`."""
    missing = Heartbeat.objects.filter(probe=probe, is_acknowledged=True, has_survived=False)
    rows = list(missing.exclude(has_reappeared=True).only("pk", "sequence"))
    if not rows:
        return True
    kept = sequences_kept(drill, probe)
    for row in rows:
        row.has_reappeared = row.sequence in kept
    Heartbeat.objects.bulk_update(rows, ["has_reappeared"], batch_size=ROWS_AT_ONCE)
    return not missing.filter(Q(has_reappeared=False) | Q(has_reappeared__isnull=True)).exists()
