"""Fixtures of the engine's tests: an AWS that answers on loopback, and a way to run a document to where it waits."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.catalogue.models import Service
from portal.people.models import Team, User
from runbooks import drill_phases, runner, sampler, watch
from runbooks.actions import registry
from runbooks.automation import document
from runbooks.models import Drill, Execution, Probe, Purpose, Runbook, RunbookVersion, Status, VersionStatus
from runbooks.operations.executions import start_execution
from runbooks.tests import aws_double
from runbooks.tests.drill_stage import BACK, OUTAGE, Stage
from runbooks.tests.probe_stage import Entry, Running, probe_of


@pytest.fixture(autouse=True)
def patient_sending(settings: Settings) -> None:
    """A call that a busy machine holds up is sent all the same; tests of the last moment set their own."""
    settings.SEND_WITHIN = timedelta(minutes=5)


@pytest.fixture(scope="session")
def one_aws() -> Iterator[aws_double.AwsDouble]:
    """One double for all tests, because making boto3's clients takes longer than most of them."""
    with aws_double.running() as double:
        yield double


@pytest.fixture
def aws(one_aws: aws_double.AwsDouble, monkeypatch: pytest.MonkeyPatch) -> aws_double.AwsDouble:
    """An AWS double that every client of the test speaks to; it remembers nothing of the test before."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", one_aws.url)
    one_aws.reset()
    return one_aws


@pytest.fixture
def publish(team: Team, people: dict[str, User]) -> Callable[[str], RunbookVersion]:
    """Publish a document's text as a runbook of the team."""

    def make(text: str, name: str = "Example") -> RunbookVersion:
        reading = document.read(text, registry.shapes())
        assert reading.document is not None, [f"{problem.path}: {problem.message}" for problem in reading.problems]
        runbook, _ = Runbook.objects.get_or_create(
            name=name, defaults={"slug": name.lower().replace(" ", "-"), "team": team}
        )
        return RunbookVersion.objects.create(
            runbook=runbook,
            number=runbook.versions.count() + 1,
            status=VersionStatus.PUBLISHED,
            text=text,
            sha256=hashlib.sha256(f"{team.pk}{time.monotonic()}{text}".encode()).hexdigest(),
            content=reading.raw,
            author=people["author"],
            publisher=people["approver"],
            published_at=timezone.now(),
        )

    return make


@pytest.fixture
def start(publish: Callable[..., RunbookVersion], people: dict[str, User]) -> Callable[..., Execution]:
    """Start a document as the responder; it is not yet carried forward."""

    def begin(text: str, parameters: dict[str, Any] | None = None, **said: Any) -> Execution:
        said = {"purpose": Purpose.ALONE, "reason": "a test", "region": "us-west-2", **said}
        version = said.pop("version", None) or publish(text, said.pop("name", "Example"))
        return start_execution(user=people["responder"], version=version, parameters=parameters or {}, **said)

    return begin


@pytest.fixture
def stage(
    service: Service,
    people: dict[str, User],
    publish: Callable[..., RunbookVersion],
    aws: aws_double.AwsDouble,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    """A service that drills may disrupt. Its samples stay news for longer, so that a busy machine is no silent sampler."""
    monkeypatch.setattr(drill_phases, "SILENCE", timedelta(seconds=30))
    return Stage(service, people, publish, aws)


@pytest.fixture
def closed(stage: Stage) -> Drill:
    """A drill that went through every phase and met both objectives."""
    drill = stage.injected()
    stage.after_injection(drill, OUTAGE + BACK)
    return stage.until_over(drill)


@pytest.fixture
def entry() -> Iterator[Entry]:
    made = Entry()
    yield made
    made.close()


@pytest.fixture
def probe(service: Service, people: dict[str, User], entry: Entry) -> Probe:
    return probe_of(entry, service, people)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Running]]:
    """Starts samplers, which look for probes and write what they saw more often than they would; all stopped at the end."""
    monkeypatch.setattr(sampler, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(watch, "WRITE_EVERY", 0.05)
    made: list[Running] = []

    def begin() -> Running:
        made.append(Running())
        return made[-1]

    yield begin
    for one in made:
        one.stop()


def carry(execution: Execution, *, slices: int = 200) -> Execution:
    """Carry an execution as workers would, until it is final or waits for a person. Bounded; never sleeps."""
    for _ in range(slices):
        runner.advance(execution.pk)
        execution.refresh_from_db()
        if execution.is_final or execution.status == Status.WAITING:
            return execution
        Execution.objects.filter(pk=execution.pk).update(wake_at=execution.created_at)
    raise AssertionError(f"{execution} still runs after {slices} slices: {execution.status} {execution.status_message}")
