"""A stage for tests of drills: a service with an entry, runbooks that do nothing much, and a script of what a client saw.

Samples are rows with times of the test's choosing, also in the near future, so that no test has to wait for an outage to
pass. The runner, the engine and the readings of the recovery side are the real ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from portal.audit.log import database_now
from portal.catalogue.models import EntryUrl, Service
from portal.people.models import User
from runbooks import drill_runner, parts, runner
from runbooks.lease import later
from runbooks.models import Drill, Execution, Heartbeat, Phase, RunbookVersion, Sample
from runbooks.operations.drills import start_drill
from runbooks.tests.aws_double import AwsDouble

INTERVAL = timedelta(milliseconds=50)
SEARCH = timedelta(minutes=2)
"""Longer than a drill looks for lost records after its restoration."""

OUTAGE = "." * 4 + "x" * 30
BACK = ":" * 80
"""Patterns of samples, as `Stage.sample` reads them: a disruption, and a recovery that holds."""

NOTHING = """
schemaVersion: "0.3"
description: Sleeps for no time at all.
mainSteps:
  - {name: rest, action: "aws:sleep", inputs: {Duration: PT0S}}
"""
FAILING = """
schemaVersion: "0.3"
description: Asks for a table that is not there.
mainSteps:
  - name: look
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DescribeTable, TableName: nowhere}
"""
PATIENT = """
schemaVersion: "0.3"
description: Waits for a person.
mainSteps:
  - {name: wait, action: "aws:pause", inputs: {}}
"""
CHANGING = """
schemaVersion: "0.3"
description: Asks, then changes something.
parameters:
  EntryUrl: {type: String}
  Count: {type: Integer, default: 1, maxValue: 5}
mainSteps:
  - name: shift
    action: aws:executeAwsApi
    inputs: {Service: ecs, Api: UpdateService, service: core, desiredCount: "{{ Count }}"}
"""


@dataclass
class Stage:
    """`publish` makes a version of a text; `double` is the AWS that answers."""

    service: Service
    people: dict[str, User]
    publish: Callable[..., RunbookVersion]
    double: AwsDouble
    versions: dict[str, RunbookVersion] = field(default_factory=dict)
    last_sequence: int = 0

    def version(self, text: str, name: str) -> RunbookVersion:
        if name not in self.versions:
            self.versions[name] = self.publish(text, name)
        return self.versions[name]

    def plan(self, **said: Any) -> dict[str, Any]:
        """What `start_drill` is asked for, unless `said` otherwise."""
        if not EntryUrl.objects.filter(service=self.service).exists():
            EntryUrl.objects.create(service=self.service, url="http://127.0.0.1:9/")
        Service.objects.filter(pk=self.service.pk).update(
            heartbeat_url="http://127.0.0.1:9/heartbeats", heartbeat_table="heartbeats"
        )
        self.service.refresh_from_db()
        return {
            "user": self.people["responder"],
            "service": self.service,
            "scope": "region",
            "title": "Lose the primary Region",
            "injection": said.pop("injection", None) or self.version(NOTHING, "break-it"),
            "recovery": self.version(CHANGING, "mend-it"),
            "restoration": self.version(NOTHING, "tidy-up"),
            "parameters": {},
            "rto": timedelta(minutes=15),
            "rpo": timedelta(hours=1),  # at the tests' time scale 72 s: room for a busy machine
            "participants": [self.people["responder"]],
            "detection_timeout": timedelta(minutes=10),
            "recovery_timeout": timedelta(minutes=10),
            **said,
        }

    def start(self, **said: Any) -> Drill:
        return start_drill(**self.plan(**said))

    def injected(self, **said: Any) -> Drill:
        """A drill whose injection has begun, with a good baseline."""
        drill = self.start(**said)
        self.good_before(drill)
        return self.until_phase(drill, Phase.INJECT)

    def sample(self, drill: Drill, pattern: str, first: datetime) -> None:
        """One sample an interval from `first` on: `.` primary, `:` recovery Region, `x` failed."""
        rows = []
        for place, mark in enumerate(pattern):
            self.last_sequence += 1
            rows.append(
                Sample(
                    probe=drill.probe,
                    sequence=self.last_sequence,
                    sent_at=first + INTERVAL * place,
                    latency=2.0,
                    status_code=503 if mark == "x" else 200,
                    region={".": "us-west-2", ":": "us-east-1"}.get(mark, ""),
                    error="HTTP 503, expected 200" if mark == "x" else "",
                    is_good=mark != "x",
                )
            )
        Sample.objects.bulk_create(rows)

    def good_before(self, drill: Drill, pattern: str = "." * 60) -> None:
        """Samples and ten acknowledged records up to now; the recovery side has the first seven."""
        now = database_now()
        self.sample(drill, pattern, now - INTERVAL * len(pattern))
        Heartbeat.objects.bulk_create(
            Heartbeat(
                probe=drill.probe, sequence=n, written_at=now - (10 - n) * timedelta(seconds=0.2), is_acknowledged=True
            )
            for n in range(1, 11)
        )
        self.survive(range(1, 8))

    def survive(self, sequences: Any) -> None:
        """What the recovery side's table holds from here on."""
        self.double.answers["Query"] = {"Items": [{"Sequence": {"N": str(n)}} for n in sequences]}

    def after_injection(self, drill: Drill, pattern: str) -> None:
        """What a client sees from the injection on, without a hole before it; the samples may lie in the future."""
        drill.refresh_from_db()
        began = next(datetime.fromisoformat(row["began_at"]) for row in drill.phases if row["phase"] == Phase.INJECT)
        newest = Sample.objects.filter(probe=drill.probe).order_by("-sent_at").values_list("sent_at", flat=True)[0]
        until_then = max(0, (began - newest) // INTERVAL)
        self.sample(drill, "." * until_then + pattern, newest + INTERVAL)

    def until(self, drill: Drill, is_there: Callable[[Drill], bool], *, looks: int = 300) -> Drill:
        """Look after the drill and its executions as workers would, without waiting, until it is there. Bounded."""
        for _ in range(looks):
            drill.refresh_from_db()
            if is_there(drill):
                return drill
            look(drill)
            end_the_search(drill)
            for execution in drill.executions.filter(ended_at__isnull=True, wake_at__isnull=False):
                Execution.objects.filter(pk=execution.pk).update(wake_at=execution.created_at)
                runner.advance(execution.pk)
        raise AssertionError(f"it stayed in {drill.phase}, {drill.status}: {drill.status_message}")

    def until_phase(self, drill: Drill, phase: Phase) -> Drill:
        return self.until(drill, lambda one: one.phase == phase)

    def until_over(self, drill: Drill) -> Drill:
        return self.until(drill, lambda one: one.is_final)


def look(drill: Drill) -> bool:
    """One look at the drill, whenever its next one is due."""
    Drill.objects.filter(pk=drill.pk, ended_at__isnull=True).update(wake_at=drill.created_at)
    return drill_runner.advance_drill(drill.pk)


def end_the_search(drill: Drill) -> None:
    """Move a restoration that has just ended so far into the past that lost records are looked for once and no more."""
    ended = drill.executions.filter(part=parts.RESTORATION, ended_at__gt=later(-SEARCH))
    ended.update(started_at=F("started_at") - SEARCH, ended_at=F("ended_at") - SEARCH)


def age(drill: Drill, length: timedelta) -> None:
    """Move everything that has happened in this drill, and what a client saw, so far into the past."""
    drill.refresh_from_db()
    for row in drill.phases:
        for name in ("began_at", "ended_at", "closed_at"):
            if row.get(name):
                row[name] = (datetime.fromisoformat(row[name]) - length).isoformat()
    Drill.objects.filter(pk=drill.pk).update(phase_started_at=F("phase_started_at") - length, phases=drill.phases)
    Sample.objects.filter(probe__drill=drill).update(sent_at=F("sent_at") - length)
    Heartbeat.objects.filter(probe__drill=drill).update(written_at=F("written_at") - length)
