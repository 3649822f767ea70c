"""Global tables: making replicas, and what arrives when."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import EAST, WEST, Account, eventually


def put(account: Account, item: str, text: str, region: str = WEST) -> None:
    account.client("dynamodb", region).put_item(TableName="notes", Item={"Id": {"S": item}, "Text": {"S": text}})


def read(account: Account, item: str, region: str) -> str | None:
    found = account.client("dynamodb", region).get_item(TableName="notes", Key={"Id": {"S": item}}).get("Item")
    return found["Text"]["S"] if found else None


def test_a_new_replica_holds_what_was_there(account: Account) -> None:
    dynamodb = account.table()
    put(account, "a", "old")
    dynamodb.update_table(TableName="notes", ReplicaUpdates=[{"Create": {"RegionName": EAST}}])
    described = dynamodb.describe_table(TableName="notes")["Table"]
    assert described["Replicas"][0] | {"RegionName": EAST, "ReplicaStatus": "ACTIVE"} == described["Replicas"][0]
    assert described["GlobalTableVersion"] == "2019.11.21"
    assert read(account, "a", EAST) == "old"


def test_a_write_arrives_after_the_lag_and_not_before(account: Account) -> None:
    account.table(replica=EAST)
    started = time.monotonic()
    put(account, "a", "new")
    eventually(lambda: read(account, "a", EAST))
    assert time.monotonic() - started >= 8 * 0.02


def test_writes_travel_both_ways(account: Account) -> None:
    account.table(replica=EAST)
    put(account, "a", "from the east", EAST)
    eventually(lambda: read(account, "a", WEST) == "from the east")


def test_a_delete_travels(account: Account) -> None:
    account.table(replica=EAST)
    put(account, "a", "new")
    eventually(lambda: read(account, "a", EAST))
    account.client("dynamodb", WEST).delete_item(TableName="notes", Key={"Id": {"S": "a"}})
    eventually(lambda: read(account, "a", EAST) is None)


def test_an_atomic_counter_arrives_with_its_value(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    for _ in range(3):
        dynamodb.update_item(
            TableName="notes", Key={"Id": {"S": "c"}}, UpdateExpression="ADD Likes :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )  # fmt: skip
    east = account.client("dynamodb", EAST)
    eventually(
        lambda: east.get_item(TableName="notes", Key={"Id": {"S": "c"}}).get("Item", {}).get("Likes") == {"N": "3"}
    )


def test_writers_at_once_lose_no_increment_and_all_arrive(account: Account) -> None:
    dynamodb = account.table(replica=EAST)

    def add(_: int) -> None:
        dynamodb.update_item(
            TableName="notes", Key={"Id": {"S": "c"}}, UpdateExpression="ADD Likes :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(80)))
    eventually(lambda: account.sandbox.status()["unreplicated"] == 0)
    for region in (WEST, EAST):
        found = account.client("dynamodb", region).get_item(TableName="notes", Key={"Id": {"S": "c"}})
        assert found["Item"]["Likes"] == {"N": "80"}


def test_the_last_writer_wins_in_both_regions(account: Account) -> None:
    account.table(replica=EAST)
    put(account, "a", "first", WEST)
    put(account, "a", "last", EAST)
    eventually(lambda: account.sandbox.status()["unreplicated"] == 0)
    assert [read(account, "a", region) for region in (WEST, EAST)] == ["last", "last"]


def test_a_late_old_write_does_not_overwrite_a_newer_one(account: Account) -> None:
    account.table(replica=EAST)
    account.sandbox.inject(WEST, "replication")
    put(account, "a", "old", WEST)
    put(account, "a", "new", EAST)
    account.sandbox.end_fault()
    eventually(lambda: account.sandbox.status()["unreplicated"] == 0)
    assert [read(account, "a", region) for region in (WEST, EAST)] == ["new", "new"]


def test_a_cancelled_transaction_sends_nothing(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    writes = [
        {"Put": {"TableName": "notes", "Item": {"Id": {"S": "a"}, "Text": {"S": "no"}}}},
        {
            "ConditionCheck": {
                "TableName": "notes",
                "Key": {"Id": {"S": "x"}},
                "ConditionExpression": "attribute_exists(Id)",
            }
        },
    ]
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(TransactItems=writes)
    assert account.sandbox.status()["unreplicated"] == 0


def test_a_transaction_arrives(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": "notes", "Item": {"Id": {"S": "a"}, "Text": {"S": "yes"}}}}]
    )
    eventually(lambda: read(account, "a", EAST) == "yes")


def test_writes_queue_while_replication_is_paused_and_follow_after(account: Account) -> None:
    account.table(replica=EAST)
    fault = account.sandbox.inject(WEST, "replication")
    for number in range(5):
        put(account, str(number), "queued")
    time.sleep(0.4)
    assert account.sandbox.status()["unreplicated"] == 5
    assert read(account, "4", EAST) is None
    account.sandbox.end_fault(fault)
    eventually(lambda: read(account, "4", EAST) == "queued")
    assert account.sandbox.status()["unreplicated"] == 0


def test_a_replica_without_a_stream_is_refused(account: Account) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName="plain", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
    )  # fmt: skip
    with pytest.raises(ClientError, match="NEW_AND_OLD_IMAGES"):
        dynamodb.update_table(TableName="plain", ReplicaUpdates=[{"Create": {"RegionName": EAST}}])


def test_a_second_replica_in_the_same_region_is_refused(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    with pytest.raises(ClientError, match="already exists"):
        dynamodb.update_table(TableName="notes", ReplicaUpdates=[{"Create": {"RegionName": EAST}}])


def test_a_deleted_replica_is_gone_and_gets_no_more_writes(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    dynamodb.update_table(TableName="notes", ReplicaUpdates=[{"Delete": {"RegionName": EAST}}])
    eventually(lambda: account.client("dynamodb", EAST).list_tables()["TableNames"] == [])
    put(account, "a", "alone")
    assert account.sandbox.status()["unreplicated"] == 0
    assert "Replicas" not in dynamodb.describe_table(TableName="notes")["Table"]


def test_the_stream_stays_on_while_there_are_replicas(account: Account) -> None:
    dynamodb = account.table(replica=EAST)
    with pytest.raises(ClientError, match="cannot be disabled"):
        dynamodb.update_table(TableName="notes", StreamSpecification={"StreamEnabled": False})
    eventually(lambda: dynamodb.describe_table(TableName="notes")["Table"]["TableStatus"] == "ACTIVE")
