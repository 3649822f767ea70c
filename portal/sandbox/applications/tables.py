"""The stand-ins' way to DynamoDB: a client for the Region's tables and the translation of items.

Not here: what is read or written. Timeouts are short and nothing is retried: an application whose table does not
answer must say so at once, and a retry would hide from a measurement what the client went through.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

from portal.sandbox.tasks import TaskEnvironment

CONNECT_SECONDS = 1
READ_SECONDS = 3


def client(environment: TaskEnvironment) -> Any:
    """The DynamoDB client of the task's Region, in the sandbox's own account."""
    return _client(environment.api_url, environment.region)


# Tasks of one Region share a client: making one takes longer than hundreds of calls, and a client may be shared
# by threads. https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
@lru_cache(maxsize=64)
def _client(api_url: str, region: str) -> Any:
    session = boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox")
    config = Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": 0}, max_pool_connections=32
    )
    return session.client("dynamodb", region_name=region, endpoint_url=api_url, config=config)


def creature_table(environment: TaskEnvironment) -> str:
    """The name of the table of creatures, as the task definition says."""
    return environment.environment.get("MYSFITS_TABLE", "mysfits")


def heartbeat_table(environment: TaskEnvironment) -> str:
    """The name of the table of heartbeat records, as the task definition says."""
    return environment.environment.get("HEARTBEATS_TABLE", "mysfits-heartbeats")


def plain(item: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """{"Age": {"N": "7"}} as {"Age": 7}; only the types S and N, the only ones the tables hold."""
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}
