"""moto, extended from outside: the only place that registers anything with moto or replaces what it does.

moto offers no plug-ins, so this touches unversioned internals; it is written for moto 5.2.5 exactly (requirements.in)
and tests/test_contract.py is the review of any other version. Here: which of moto's calls ask the world instead. Not
here: the answers. CloudFormation's repairs are registered here and written in stacks.py.
"""

import functools
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from moto import backend_index
from moto.cloudwatch.models import MetricDatumBase
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.common_models import BaseModel
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup
from moto.fis.models import Experiment, FISBackend
from moto.moto_api import state_manager
from moto.route53.responses import Route53

from portal.sandbox import experiments, stacks
from portal.sandbox.accelerator_requests import AcceleratorRefused
from portal.sandbox.accelerators import Accelerators
from portal.sandbox.backup_extension import install as install_backups
from portal.sandbox.database_extension import install as install_databases
from portal.sandbox.dynamodb_extension import install_items, install_requests, install_tables
from portal.sandbox.health_observations import observations
from portal.sandbox.placements import CannotPlace
from portal.sandbox.quotas_extension import install as install_quotas
from portal.sandbox.seam import current, leave, occupy, replaces
from portal.sandbox.targets import DRAINING
from portal.sandbox.well_architected_extension import install as install_well_architected
from portal.sandbox.world import World


def activate(world: World) -> None:
    """Makes `world` the one moto asks, and empties moto's books. RuntimeError when another one runs in this process."""
    occupy(world)
    _install()
    world.forget()
    # Tasks end when the scheduler says so, never because they were described often.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": sys.maxsize})
    stacks.activate(lambda: world.api_url, world.pace)


def deactivate(world: World) -> None:
    leave(world)


@functools.cache
def _install() -> None:
    _install_global_accelerator()
    install_well_architected()
    install_quotas()
    install_backups()
    install_databases()
    install_requests()
    install_tables()
    install_items()
    _install_load_balancing()
    _install_services()
    _install_tasks()
    _install_experiments()
    _install_health_checks()
    _install_metrics()
    _install_forgetting()
    stacks.install()


def _install_global_accelerator() -> None:
    """A whole service moto lacks. botocore's model reads the request and writes the answer."""

    class GlobalAcceleratorBackend(BaseBackend):
        url_bases = [r"https?://globalaccelerator\.(.+)\.amazonaws\.com"]

        @property
        def _url_module(self) -> Any:
            return types.SimpleNamespace(
                url_bases=self.url_bases, url_paths={"{0}/$": GlobalAcceleratorResponse.dispatch}
            )

    class GlobalAcceleratorResponse(BaseResponse):
        def __init__(self) -> None:
            super().__init__(service_name="globalaccelerator")
            self.automated_parameter_parsing = True

    def operation(name: str) -> Callable[[Any], ActionResult]:
        def call(self: Any) -> ActionResult:
            try:
                result = getattr(current().accelerators, name)(self.current_account, dict(self.params))
            except AcceleratorRefused as refusal:
                raise JsonRESTError(refusal.code, refusal.message) from refusal
            return EmptyResult() if result is None else ActionResult(result)

        return call

    model = botocore.session.get_session().get_service_model("globalaccelerator")
    for api_name in model.operation_names:
        name = camelcase_to_underscores(api_name)
        if hasattr(Accelerators, name):
            setattr(GlobalAcceleratorResponse, name, operation(name))
    module: Any = types.ModuleType("moto.globalaccelerator")
    module.globalaccelerator_backends = BackendDict(
        GlobalAcceleratorBackend, "globalaccelerator", use_boto3_regions=False, additional_regions=["aws"]
    )
    sys.modules["moto.globalaccelerator"] = module
    backend_index.backend_url_patterns.append(("globalaccelerator", re.compile(GlobalAcceleratorBackend.url_bases[0])))


def _install_load_balancing() -> None:
    @replaces(FakeTargetGroup, "health_for")
    def health_for(original: Any, self: Any, target: Mapping[str, Any], ec2_backend: Any) -> Any:
        known = current().health.of(self.arn, target["Id"])
        if known is None:
            if target["Id"] not in self.targets:
                return original(self, target, ec2_backend)
            why = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
            return FakeHealthStatus(target["Id"], target.get("Port", self.port), self.health_check_port, *why)
        found = (known.state, known.reason or None, known.description or None)
        if target["Id"] not in self.targets:
            found = ("draining", *DRAINING)
        return FakeHealthStatus(target["Id"], str(known.port), self.health_check_port, *found)

    @replaces(ELBv2Backend, "describe_target_health")
    def describe_target_health(original: Any, self: Any, target_group_arn: str, targets: Any) -> Any:
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        known = current().health.in_group(target_group_arn)
        draining = [target for target in known if target.address not in group.targets and target.state != "unused"]
        wanted = targets or [*group.targets.values(), *({"Id": t.address, "Port": t.port} for t in draining)]
        return [group.health_for(target, self.ec2_backend) for target in wanted]


def _install_services() -> None:
    backend = EC2ContainerServiceBackend

    @replaces(backend, "create_service")
    def create_service(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        settings = (kwargs.get("network_configuration") or {}).get("awsvpcConfiguration")
        if settings is not None:
            settings.setdefault("securityGroups", [])
        service = original(self, *args, **kwargs)
        current().scheduler.count(self.account_id, self.region_name, service)
        return service

    @replaces(backend, "update_service")
    def update_service(original: Any, self: Any, service_properties: dict[str, Any]) -> Any:
        service = original(self, service_properties)
        current().scheduler.count(self.account_id, self.region_name, service)
        return service

    @replaces(backend, "delete_service")
    def delete_service(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        service = original(self, *args, **kwargs)
        current().scheduler.retire(self.account_id, self.region_name, service)
        return service

    @replaces(backend, "list_services")
    def list_services(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        live = {service.arn for service in self.services.values() if service.status == "ACTIVE"}
        return [arn for arn in original(self, *args, **kwargs) if arn in live]


def _install_tasks() -> None:
    backend = EC2ContainerServiceBackend
    # moto gives an interface a name only in a VPC with DNS host names, and then a task reads it in any VPC.
    NetworkInterface.private_dns_name = None

    @replaces(backend, "run_task")
    def run_task(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = inspect.signature(original).bind(self, *args, **kwargs).arguments
        names = {
            "network": "networking_configuration",
            "group": "group",
            "started_by": "started_by",
            "overrides": "overrides",
        }
        request = {ours: asked.get(theirs) for ours, theirs in names.items()}
        cluster = self._get_cluster(asked["cluster_str"])
        definition = self.describe_task_definition(asked["task_definition_str"])
        try:
            return [current().scheduler.run(self, cluster, definition, request) for _ in range(asked["count"])]
        except CannotPlace as refusal:
            raise InvalidParameterException(str(refusal)) from refusal

    @replaces(backend, "stop_task")
    def stop_task(original: Any, self: Any, cluster: str, task: str, reason: str) -> Any:
        tasks = self.tasks.get(self._get_cluster(cluster).name, {})
        found = next((t for arn, t in tasks.items() if task in (arn, arn.rpartition("/")[2])), None)
        if found is None:
            raise InvalidParameterException("The referenced task was not found.")
        current().scheduler.stop(found.task_arn, reason or "Task stopped by request")
        return found

    @replaces(EC2ContainerServiceResponse, "describe_tasks")
    def describe_tasks(original: Any, self: Any) -> Any:
        # moto leaves tasks that do not exist out without a word; AWS lists them as failures.
        answer = original(self)
        found = {name for task in answer.result["tasks"] for name in (task.task_arn, task.id)}
        missing = [name for name in self._get_param("tasks", []) if name not in found]
        answer.result["failures"] = [{"arn": name, "reason": "MISSING"} for name in missing]
        return answer

    @replaces(backend, "list_tasks")
    def list_tasks(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = inspect.signature(original).bind(self, *args, **kwargs)
        asked.apply_defaults()
        wish = dict(asked.arguments)
        arn = self._get_cluster(wish["cluster_str"] or "default").arn
        group = f"service:{str(wish['service_name']).rpartition('/')[2]}" if wish["service_name"] else ""
        wish |= {"cluster_str": None, "service_name": None, "desiredStatus": wish["desiredStatus"] or "RUNNING"}
        return [t for t in original(**wish) if t.cluster_arn == arn and (not group or t.group == group)]


def _install_experiments() -> None:
    @replaces(FISBackend, "create_experiment_template")
    def create_experiment_template(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            experiments.check(kwargs.get("actions") or {})
        except experiments.ExperimentRefused as refusal:
            raise JsonRESTError("ValidationException", str(refusal)) from refusal
        return original(self, *args, **kwargs)

    @replaces(FISBackend, "start_experiment")
    def start_experiment(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        started = original(self, *args, **kwargs)
        experiment = self.experiments[started["id"]]
        current().experiments.start(experiment)
        return experiment.to_dict(tags=kwargs.get("tags") or {})

    @replaces(FISBackend, "stop_experiment")
    def stop_experiment(original: Any, self: Any, id: str) -> Any:
        if id in self.experiments:
            current().experiments.stop(id)
        return original(self, id)

    @replaces(Experiment, "_sync_state")
    def _sync_state(original: Any, self: Any) -> Any:
        # moto moves its own state by counting descriptions; ours is what the faults do.
        self._transitions = []
        self._status = current().experiments.status(self.id)
        return original(self)


def _install_health_checks() -> None:
    @replaces(Route53, "get_health_check_status")
    def get_health_check_status(original: Any, self: Any) -> Any:
        # moto calls every endpoint healthy.
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        world = current()
        return ActionResult({"HealthCheckObservations": observations(check, world.gateway_url, world.pace)})


def _install_metrics() -> None:
    @replaces(MetricDatumBase, "filter")
    def matching(original: Any, self: Any, namespace: Any, name: Any, dimensions: Any, listed: Any = None) -> Any:
        # CloudWatch's statistics are of one exact set of dimensions; only listing (which hands over a list) takes subsets.
        if listed is None and dimensions and len(dimensions) != len(self.dimensions):
            return False
        return original(self, namespace, name, dimensions, listed)


def _install_forgetting() -> None:
    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    # moto keeps every object ever made for its own web page; a sandbox that lives for days must not.
    BaseModel.__new__ = new
