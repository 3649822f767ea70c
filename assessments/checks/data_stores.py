"""The service's data stores as AWS describes them: tables, databases, buckets, secrets, queues.

Not here: judging them (`backups`, `replication`, `protection`).
"""

from collections.abc import Iterable
from typing import Any

from assessments.checks.reading import Reading
from assessments.checks.resources import TAGS, described
from assessments.checks.results import Resource

Described = list[tuple[Resource, dict[str, Any]]]

TABLES = (TAGS, "dynamodb:DescribeTable")
INSTANCES = (TAGS, "rds:DescribeDBInstances")
CLUSTERS = (TAGS, "rds:DescribeDBClusters")
BUCKETS = (TAGS, "s3:GetBucketLocation")
SECRETS = (TAGS, "secretsmanager:DescribeSecret")
QUEUES = (TAGS, "sqs:GetQueueUrl", "sqs:GetQueueAttributes")

NO_TABLE = {"ResourceNotFoundException"}
# The query protocol's codes have no "Fault" on AWS; the service's model names the shapes with it.
NO_INSTANCE = {"DBInstanceNotFound", "DBInstanceNotFoundFault"}
NO_CLUSTER = {"DBClusterNotFound", "DBClusterNotFoundFault"}
NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html: an empty constraint, and a name from before Regions.
_LOCATIONS = {"": "us-east-1", "EU": "eu-west-1"}


def tables(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each table with its `Table`."""

    def describe(table: Resource) -> dict[str, Any] | None:
        answer = reading.call_if_there("dynamodb:DescribeTable", {"TableName": table.name}, table.region, NO_TABLE)
        return answer and answer["Table"]

    return described(reading, "table", describe, regions)


def instances(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each RDS instance that stands alone, with its `DBInstance`; members of a cluster are the cluster's."""

    def describe(instance: Resource) -> dict[str, Any] | None:
        wanted = {"DBInstanceIdentifier": instance.name}
        answer = reading.call_if_there("rds:DescribeDBInstances", wanted, instance.region, NO_INSTANCE)
        return answer and next(iter(answer["DBInstances"]), None)

    found = described(reading, "db_instance", describe, regions)
    return [(resource, row) for resource, row in found if not row.get("DBClusterIdentifier")]


def clusters(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each Aurora or Multi-AZ cluster with its `DBCluster`."""

    def describe(cluster: Resource) -> dict[str, Any] | None:
        wanted = {"DBClusterIdentifier": cluster.name}
        answer = reading.call_if_there("rds:DescribeDBClusters", wanted, cluster.region, NO_CLUSTER)
        return answer and next(iter(answer["DBClusters"]), None)

    return described(reading, "db_cluster", describe, regions)


def buckets(reading: Reading) -> list[Resource]:
    """Each bucket once, with the Region it really lies in; those outside the service's Regions are left out."""

    def describe(bucket: Resource) -> dict[str, Any] | None:
        return bucket_location(reading, bucket.name)

    by_name: dict[str, Resource] = {}
    for resource, location in described(reading, "bucket", describe):
        region = location["Region"]
        if region in reading.service.regions:
            by_name[resource.name] = Resource("bucket", resource.name, region, f"arn:aws:s3:::{resource.name}")
    return list(by_name.values())


def bucket_location(reading: Reading, name: str) -> dict[str, str] | None:
    """`Region`: where a bucket lies; None where there is none of the name."""
    answer = reading.call_if_there(
        "s3:GetBucketLocation", {"Bucket": name}, reading.service.primary_region, {"NoSuchBucket", "404"}
    )
    if answer is None:
        return None
    said = answer.get("LocationConstraint") or ""
    return {"Region": _LOCATIONS.get(said, said)}


def secrets(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each secret's description, never its value."""

    def describe(secret: Resource) -> dict[str, Any] | None:
        wanted = {"SecretId": secret.arn or secret.name}
        return reading.call_if_there("secretsmanager:DescribeSecret", wanted, secret.region, NO_TABLE)

    return described(reading, "secret", describe, regions)


def queues(reading: Reading, regions: Iterable[str] = ()) -> Described:
    """Each queue with its attributes."""

    def describe(queue: Resource) -> dict[str, Any] | None:
        url = reading.call_if_there("sqs:GetQueueUrl", {"QueueName": queue.name}, queue.region, NO_QUEUE)
        if url is None:
            return None
        wanted = {"QueueUrl": url["QueueUrl"], "AttributeNames": ["All"]}
        answer = reading.call_if_there("sqs:GetQueueAttributes", wanted, queue.region, NO_QUEUE)
        return answer and answer.get("Attributes", {})

    return described(reading, "queue", describe, regions)
