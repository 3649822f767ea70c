"""Which part of a service a metric is about: CloudWatch's dimensions of alarms and of dashboards' widgets.

Not here: reading alarms and dashboards (`alarms`, `observability`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assessments.checks.results import Resource

# The dimension that holds the name of each kind of part; a name alone is not enough, a table and a queue may share one.
NAMING = {
    "table": "TableName",
    "db_instance": "DBInstanceIdentifier",
    "db_cluster": "DBClusterIdentifier",
    "function": "FunctionName",
    "queue": "QueueName",
    "ecs_service": "ServiceName",
    "load_balancer": "LoadBalancer",
}


def is_about(part: Resource, dimensions: Mapping[str, str]) -> bool:
    """Whether a metric with these dimensions is about the part. The Region is for the caller to compare."""
    value = dimensions.get(NAMING.get(part.kind, ""))
    if value is None:
        return False
    if part.kind == "load_balancer":  # app/mysfits/50dc6c495c0c9188
        return part.name in value.split("/")[1:2]
    cluster, _, name = part.name.rpartition("/")
    if part.kind == "ecs_service":
        return value == name and dimensions.get("ClusterName", cluster) == cluster
    return value == part.name


def of_alarm(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The dimensions of each metric of an alarm; one of metric math has several, a composite alarm none."""
    metrics = [query.get("MetricStat", {}).get("Metric", {}) for query in row.get("Metrics") or []]
    found = [{each["Name"]: each["Value"] for each in metric.get("Dimensions") or []} for metric in (row, *metrics)]
    return [dimensions for dimensions in found if dimensions]


def of_widget(widget: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The dimensions of each metric of a dashboard's widget.

    A metric is a list of namespace, name, then names and values of dimensions; `.` repeats the value above, `...` all of them:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    above: list[str] = []
    for row in (widget.get("properties") or {}).get("metrics") or []:
        texts = [cell for cell in row if isinstance(cell, str)]
        if texts[:1] == ["..."]:
            kept = len(above) - (len(texts) - 1)
            texts = [*above[: max(kept, 0)], *texts[1:]]
        above = [above[at] if cell == "." and at < len(above) else cell for at, cell in enumerate(texts)]
        pairs = dict(zip(above[2::2], above[3::2], strict=False))
        if pairs:
            yield pairs
