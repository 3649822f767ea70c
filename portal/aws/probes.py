"""Read-backs that tell whether a call which must not happen twice has happened: one entry for each operation that has one.

Used when the outcome of an attempt was not recorded. A positive answer is proof; a negative one may be early, since AWS's
views lag, so it never permits a repeat by itself. Source: the describe operations of each service's API reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.aws.caller import AwsCaller
from portal.aws.errors import AwsError
from portal.aws.models import operation_named

Request = Mapping[str, Any]
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What a read-back showed. `has_happened` is None where it tells nothing; `said` is a sentence for a person."""

    has_happened: bool | None
    said: str


@dataclass(frozen=True)
class _Probe:
    """The reading operation, its parameters from the request, and what its answer means."""

    api: str
    ask: Callable[[Request], dict[str, Any] | None]
    read: Callable[[Request, Answer], bool | None]


def _writer_is_target(request: Request, answer: Answer) -> bool | None:
    target = request.get("TargetDBInstanceIdentifier")
    for cluster in answer.get("DBClusters", []):
        for member in cluster.get("DBClusterMembers", []):
            if member.get("DBInstanceIdentifier") == target:
                return bool(member.get("IsClusterWriter"))
    return None


def _global_writer_is_target(request: Request, answer: Answer) -> bool | None:
    target = request.get("TargetDbClusterIdentifier")
    for cluster in answer.get("GlobalClusters", []):
        if cluster.get("FailoverState", {}).get("ToDbClusterArn") == target:
            return True
        for member in cluster.get("GlobalClusterMembers", []):
            if member.get("DBClusterArn") == target:
                return bool(member.get("IsWriter"))
    return None


def _is_no_replica(request: Request, answer: Answer) -> bool | None:
    found = answer.get("DBInstances", [])
    return not found[0].get("ReadReplicaSourceDBInstanceIdentifier") if found else None


def _cluster_is_no_replica(request: Request, answer: Answer) -> bool | None:
    found = answer.get("DBClusters", [])
    return not found[0].get("ReplicationSourceIdentifier") if found else None


def _was_restored_from_it(request: Request, answer: Answer) -> bool | None:
    source = answer.get("Table", {}).get("RestoreSummary", {}).get("SourceBackupArn")
    return source == request.get("BackupArn") if source else None


def _cluster(request: Request) -> dict[str, Any] | None:
    return (
        {"DBClusterIdentifier": request["DBClusterIdentifier"]} if request.get("TargetDBInstanceIdentifier") else None
    )


def _global_cluster(request: Request) -> dict[str, Any] | None:
    return {"GlobalClusterIdentifier": request["GlobalClusterIdentifier"]}


_FAIL_OVER = _Probe("DescribeDBClusters", _cluster, _writer_is_target)
_GLOBAL = _Probe("DescribeGlobalClusters", _global_cluster, _global_writer_is_target)
_PROBES: dict[tuple[str, str], _Probe] = {
    ("rds", "FailoverDBCluster"): _FAIL_OVER,
    ("docdb", "FailoverDBCluster"): _FAIL_OVER,
    ("neptune", "FailoverDBCluster"): _FAIL_OVER,
    ("rds", "FailoverGlobalCluster"): _GLOBAL,
    ("rds", "SwitchoverGlobalCluster"): _GLOBAL,
    ("neptune", "FailoverGlobalCluster"): _GLOBAL,
    ("rds", "PromoteReadReplica"): _Probe(
        "DescribeDBInstances",
        lambda request: {"DBInstanceIdentifier": request["DBInstanceIdentifier"]},
        _is_no_replica,
    ),
    ("rds", "PromoteReadReplicaDBCluster"): _Probe(
        "DescribeDBClusters",
        lambda request: {"DBClusterIdentifier": request["DBClusterIdentifier"]},
        _cluster_is_no_replica,
    ),
    ("dynamodb", "RestoreTableFromBackup"): _Probe(
        "DescribeTable", lambda request: {"TableName": request["TargetTableName"]}, _was_restored_from_it
    ),
}


def look(caller: AwsCaller, service: str, api: str, request: Request, region: str | None) -> Finding:
    """Read back whether a call has happened. Never raises for what AWS answers."""
    probe = _PROBES.get((service.lower(), operation_named(service, api) or ""))
    asked = probe.ask(request) if probe is not None else None
    if probe is None or asked is None:
        return Finding(None, f"There is no read-back for {service}:{api}; look at the resource itself.")
    try:
        answer = caller.call(service, probe.api, asked, region)
    except AwsError as error:
        return Finding(None, f"The read-back {service}:{probe.api} gave no answer: {error}")
    has_happened = probe.read(request, answer)
    words = {True: "shows that it has happened", False: "does not show it (yet)", None: "tells nothing about it"}
    return Finding(has_happened, f"The read-back {service}:{probe.api} {words[has_happened]}.")
