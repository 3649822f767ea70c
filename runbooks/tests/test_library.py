"""What the runbooks of the library say. What they do to the sample is in test_library_rehearsed.py."""

import json
from pathlib import Path

import pytest

from portal.sandbox.sample import names
from runbooks.actions.registry import shapes
from runbooks.automation.document import read
from runbooks.tests.rehearsal import LIBRARY, document

FILES = sorted(LIBRARY.glob("*.yaml"))
ALLOWED_ACTIONS = {
    "aws:executeAwsApi",
    "aws:assertAwsResourceProperty",
    "aws:waitForAwsResourceProperty",
    "aws:branch",
    "aws:sleep",
    "aws:pause",
    "aws:approve",
    "aws:executeScript",
    "bcdr:manualTask",
    "bcdr:waitForEndpoint",
}
DEFAULTS = {
    "AutomationAssumeRole": "",
    "PrimaryRegion": names.PRIMARY_REGION,
    "RecoveryRegion": names.RECOVERY_REGION,
    "Region": names.RECOVERY_REGION,
    "AcceleratorRegion": names.ACCELERATOR_REGION,
    "AcceleratorName": names.ACCELERATOR,
    "StackName": names.STACK,
    "ClusterName": names.CLUSTER,
    "CoreServiceName": names.CORE_SERVICE,
    "LikeServiceName": names.LIKE_SERVICE,
    "LoadBalancerName": names.LOAD_BALANCER,
    "TaskSecurityGroupName": names.TASK_SECURITY_GROUP,
    "EntranceSecurityGroupName": names.ENTRANCE_SECURITY_GROUP,
    "CreatureTableName": names.CREATURE_TABLE,
    "HeartbeatTableName": names.HEARTBEAT_TABLE,
    "ExperimentTemplateName": names.EXPERIMENT_TEMPLATE,
    "TemplateBucketPrefix": names.TEMPLATE_BUCKET,
    "TemplateBucketRegion": names.RECOVERY_REGION,
    "TemplateKey": names.TEMPLATE_KEY,
    "NetworkPrefix": names.NETWORK_PREFIX[names.RECOVERY_REGION],
    "TaskCount": names.TASK_COUNT,
    "TaskPort": names.TASK_PORT,
    "CreatureId": json.loads(names.CREATURES_FILE.read_text(encoding="utf-8"))[0]["MysfitId"],
    "EntryUrl": "http://127.0.0.1:5580/",
    "PauseReplication": "true",
    "LossWindowSeconds": 5,
}


def test_the_library_holds_the_five_runbooks_of_the_sample() -> None:
    assert {path.name for path in FILES} == {
        "deploy-region.yaml",
        "fail-back.yaml",
        "fail-over.yaml",
        "inject-break-security-group.yaml",
        "inject-stop-tasks.yaml",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_document_is_read_without_any_problem(path: Path) -> None:
    assert read(path.read_text(encoding="utf-8"), shapes()).problems == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_default_is_a_name_of_the_estate(path: Path) -> None:
    found = {name: parameter.default for name, parameter in document(path.name).parameters.items()}
    assert found == {name: DEFAULTS[name] for name in found}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_document_and_all_its_steps_and_parameters_are_described(path: Path) -> None:
    content = document(path.name)
    assert content.description.startswith("# ")
    assert [step.name for step in content.steps if not step.description] == []
    assert [name for name, parameter in content.parameters.items() if not parameter.description] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_step_that_calls_out_names_its_region_and_ends_in_time(path: Path) -> None:
    steps = document(path.name).steps
    assert {step.action for step in steps} <= ALLOWED_ACTIONS
    assert [step.name for step in steps if "Api" in step.inputs and "bcdr:Region" not in step.inputs] == []
    in_time = {"aws:branch", "aws:sleep"}
    assert [step.name for step in steps if step.timeout is None and step.action not in in_time] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_document_fits_into_systems_managers_limit(path: Path) -> None:
    assert path.stat().st_size <= 64 * 1024


def test_no_step_that_needs_the_primarys_control_plane_can_stop_the_failover() -> None:
    touching = [
        step for step in document("fail-over.yaml").steps if step.inputs.get("bcdr:Region") == "{{ PrimaryRegion }}"
    ]
    assert {step.name for step in touching} == {"fence_core", "fence_like", "read_back_fence"}
    assert [step.name for step in touching if step.on_failure == "Abort" or step.is_critical] == []
