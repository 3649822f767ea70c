"""FIS experiments that really inject and really end."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.experiments import ExperimentRefused, seconds
from portal.sandbox.tests.account import EAST, WEST, Account, eventually

pytestmark = pytest.mark.long


def start(account: Account, action: dict[str, Any], targets: dict[str, Any] | None = None, region: str = WEST) -> str:
    fis = account.client("fis", region)
    template = fis.create_experiment_template(
        description="a drill", roleArn="arn:aws:iam::123456789012:role/fis", stopConditions=[{"source": "none"}],
        targets=targets or {}, actions={"hurt": action},
    )["experimentTemplate"]["id"]  # fmt: skip
    return str(fis.start_experiment(experimentTemplateId=template)["experiment"]["id"])


def status(account: Account, experiment: str) -> str:
    return str(account.client("fis").get_experiment(id=experiment)["experiment"]["state"]["status"])


def kinds(account: Account) -> list[tuple[str, str]]:
    return [(fault["region"], fault["kind"]) for fault in account.sandbox.status()["faults"]]


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("aws:dynamodb:global-table-pause-replication", "replication"),
        ("aws:network:disrupt-connectivity", "network"),
        ("aws:ecs:stop-task", "tasks"),
    ],
)
def test_an_action_injects_its_fault_for_its_duration(account: Account, action: str, kind: str) -> None:
    experiment = start(account, {"actionId": action, "parameters": {"duration": "PT20S"}})
    assert kinds(account) == [(WEST, kind)]
    assert status(account, experiment) == "running"
    eventually(lambda: status(account, experiment) == "completed")
    eventually(lambda: kinds(account) == [])


def test_stopping_an_experiment_ends_its_fault_at_once(account: Account) -> None:
    action = {"actionId": "aws:dynamodb:global-table-pause-replication", "parameters": {"duration": "PT1H"}}
    experiment = start(account, action)
    stopped = account.client("fis").stop_experiment(id=experiment)["experiment"]
    assert stopped["state"]["status"] in ("stopping", "stopped")
    assert kinds(account) == []
    assert status(account, experiment) == "stopped"


def test_an_unavailable_api_takes_the_experiments_own_api_along_until_it_ends(account: Account) -> None:
    action = {"actionId": "aws:fis:inject-api-unavailable-error", "parameters": {"duration": "PT2M"}}
    experiment = start(account, action)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        account.client("ecs").list_clusters()
    eventually(lambda: kinds(account) == [])
    assert status(account, experiment) == "completed"


def test_pausing_replication_of_one_table_leaves_the_others_alone(account: Account) -> None:
    for name in ("notes", "other"):
        account.table(name, replica=EAST)
    arn = account.client("dynamodb").describe_table(TableName="notes")["Table"]["TableArn"]
    target = {"resourceType": "aws:dynamodb:global-table", "selectionMode": "ALL", "resourceArns": [arn]}
    action = {
        "actionId": "aws:dynamodb:global-table-pause-replication",
        "parameters": {"duration": "PT1H"},
        "targets": {"Tables": "tables"},
    }
    start(account, action, {"tables": target})
    for name in ("notes", "other"):
        account.client("dynamodb").put_item(TableName=name, Item={"Id": {"S": "a"}})
    east = account.client("dynamodb", EAST)
    eventually(lambda: "Item" in east.get_item(TableName="other", Key={"Id": {"S": "a"}}))
    assert "Item" not in east.get_item(TableName="notes", Key={"Id": {"S": "a"}})


def test_stopping_tasks_without_a_duration_kills_them_once(account: Account) -> None:
    estate = account.serving(WEST, count=1)
    (before,) = account.client("ecs").list_tasks(cluster=estate.cluster)["taskArns"]
    target = {
        "resourceType": "aws:ecs:task", "selectionMode": "ALL",
        "parameters": {"cluster": estate.cluster, "service": estate.service},
    }  # fmt: skip
    start(account, {"actionId": "aws:ecs:stop-task", "targets": {"Tasks": "web"}}, {"web": target})
    eventually(lambda: account.client("ecs").list_tasks(cluster=estate.cluster)["taskArns"] not in ([], [before]))


def test_an_action_that_is_not_injected_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="aws:rds:failover-db-cluster"):
        start(account, {"actionId": "aws:rds:failover-db-cluster"})


def test_a_missing_duration_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="needs the parameter duration"):
        start(account, {"actionId": "aws:network:disrupt-connectivity"})


def test_the_same_token_starts_an_experiment_once(account: Account) -> None:
    fis = account.client("fis")
    action = {"actionId": "aws:network:disrupt-connectivity", "parameters": {"duration": "PT1H"}}
    template = fis.create_experiment_template(
        description="a drill", roleArn="arn:aws:iam::1:role/fis", stopConditions=[{"source": "none"}], targets={},
        actions={"hurt": action},
    )["experimentTemplate"]["id"]  # fmt: skip
    ids = {fis.start_experiment(experimentTemplateId=template, clientToken="t")["experiment"]["id"] for _ in range(2)}
    assert len(ids) == 1
    assert kinds(account) == [(WEST, "network")]


@pytest.mark.parametrize(("text", "length"), [("PT5M", 300), ("PT1H30M", 5400), ("P1D", 86400), ("PT90S", 90)])
def test_a_duration_is_read(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["5 minutes", "PT", "P", "", "PT5X"])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ExperimentRefused):
        seconds(text)
