"""Random histories on the real rows: workers that move, die, are overtaken and hinted twice, AWS that lies, people who click.

After every rule the invariants of the chaos run hold (`chaos.invariants`), and in the end everything comes to rest. A move is one
slice of length nothing; time passes by setting rows back. Calls land when they are made: what lands late is in
`test_faults_workers` and in the chaos run.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from portal import statements
from runbooks import attempts, runner, tasks
from runbooks.lease import FencedOut, Lease, claim
from runbooks.ledger import Ledger
from runbooks.models import FINAL_STATUSES, Execution, Signal, SignalKind, StepExecution
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.chaos import estate
from runbooks.tests.deaths import Died, die, let_the_lease_run_out
from runbooks.tests.effect_log import EffectLog

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

KINDS = ("READ", "TOKEN", "DECLARATIVE", "CONVERGING", "ONCE", "PAUSE")
# Where a worker may die: before it notes, between note and call, after the call, while it records at once or one by one.
PLACES: dict[str, tuple[Any, str, str]] = {
    "before the note": (Ledger, "note", "before"),
    "before the call": (attempts, "act", "before"),
    "after the call": (attempts, "act", "after"),
    "before recording at once": (statements, "make_all", "before"),
    "after recording at once": (statements, "make_all", "after"),
    "while recording one by one": (Ledger, "close", "after"),
}
WITHOUT_A_STEP = (SignalKind.PAUSE, SignalKind.RESUME, SignalKind.CANCEL)
MOST_ROUNDS = 80


@contextmanager
def perhaps(owner: Any, name: str, when: str, act: Callable[[], Any]) -> Iterator[None]:
    """Within the block, the first call of a function does something before or after, if there is a call at all."""
    original, seen = getattr(owner, name), []

    def wrapped(*arguments: Any, **named: Any) -> Any:
        seen.append(name)
        if len(seen) == 1 and when == "before":
            act()
        result = original(*arguments, **named)
        if len(seen) == 1 and when == "after":
            act()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrapped)
        yield


def machine_on(log: EffectLog, who: estate.People) -> type[RuleBasedStateMachine]:
    """The machine of one test, whose rows and AWS it shares over all examples; each example has executions of its own."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.executions: list[Execution] = []
            self.leases: list[Lease] = []
            log.aws.behaviour.clear()

        # -- rules -----------------------------------------------------------------------------------------------------

        @initialize(texts=st.lists(documents(), min_size=1, max_size=2))
        def begin(self, texts: list[dict[str, Any]]) -> None:
            for text in texts:
                self.executions.append(estate.start(estate.publish(text, who), who, str(uuid.uuid4())))

        def one(self, which: int) -> Execution:
            execution = self.executions[which % len(self.executions)]
            execution.refresh_from_db()
            return execution

        @rule(which=st.integers(0, 1), times=st.integers(1, 4))
        def move(self, which: int, times: int) -> None:
            for _ in range(times):
                runner.advance(self.one(which).pk)

        @rule(which=st.integers(0, 1))
        def hint_twice(self, which: int) -> None:
            for _ in range(2):
                tasks.advance(str(self.one(which).pk))

        @rule(which=st.integers(0, 1), place=st.sampled_from(sorted(PLACES)))
        def crash(self, which: int, place: str) -> None:
            execution = self.one(which)
            owner, name, when = PLACES[place]
            with perhaps(owner, name, when, die):
                try:
                    runner.advance(execution.pk)
                except Died:
                    return

        @rule(which=st.integers(0, 1), moves=st.integers(1, 4))
        def overtake(self, which: int, moves: int) -> None:
            """A worker has its answer and is held up; others go on; then it comes back with what it knows."""
            execution = self.one(which)

            def others() -> None:
                for _ in range(moves):
                    let_the_lease_run_out(execution)
                    runner.advance(execution.pk)

            with perhaps(attempts, "act", "after", others):
                runner.advance(execution.pk)

        @rule(which=st.integers(0, 1))
        def claim_and_stand_still(self, which: int) -> None:
            lease = claim(Execution, self.one(which).pk)
            if lease is not None:
                self.leases.append(lease)

        @precondition(lambda self: self.leases)
        @rule(data=st.data())
        def write_late(self, data: st.DataObject) -> None:
            """A worker that stood still writes: only the newest fence may."""
            lease = data.draw(st.sampled_from(self.leases))
            row = Execution.objects.get(pk=lease.pk)
            is_newest = (row.fence, row.lease_token) == (lease.fence, lease.token)
            assert lease.renew() is is_newest
            if is_newest:
                lease.write()
            else:
                with pytest.raises(FencedOut):
                    lease.write(status="Failed")

        @rule(which=st.integers(0, 1))
        def lease_runs_out(self, which: int) -> None:
            let_the_lease_run_out(self.one(which))

        @rule(which=st.integers(0, 1))
        def deadline_passes(self, which: int) -> None:
            unfinished = self.one(which).steps.exclude(status__in=FINAL_STATUSES)
            unfinished.filter(deadline_at__isnull=False).update(deadline_at=timezone.now() - timedelta(seconds=1))

        @rule(how=st.sampled_from(["cut", "500", "503", "400", "404"]))
        def aws_is_unwell(self, how: str) -> None:
            log.aws.behaviour.append(how)

        @rule(which=st.integers(0, 1), kind=st.sampled_from(WITHOUT_A_STEP), is_doubled=st.booleans())
        def click(self, which: int, kind: SignalKind, is_doubled: bool) -> None:
            key = str(uuid.uuid4())
            for _ in range(1 + is_doubled):
                self.send(self.one(which), kind, None, key)
            assert Signal.objects.filter(key=key).count() <= 1

        @rule(which=st.integers(0, 1), kind=st.sampled_from(sorted(SignalKind.values)))
        def answer(self, which: int, kind: str) -> None:
            """Any answer to the open attempt; about what happened at AWS nobody lies."""
            execution = self.one(which)
            attempt = execution.steps.exclude(status__in=FINAL_STATUSES).first()
            if attempt is not None and self.is_truthful(attempt, SignalKind(kind)):
                self.send(execution, SignalKind(kind), attempt, str(uuid.uuid4()))

        # -- what the rules use ----------------------------------------------------------------------------------------

        def is_truthful(self, attempt: StepExecution, kind: SignalKind) -> bool:
            effects = log.effects.get(str(attempt.execution_id), [])
            has_happened = any(effect.step == attempt.step_name for effect in effects)
            return kind not in {SignalKind.RETRY, SignalKind.MARK_DONE} or has_happened is (
                kind == SignalKind.MARK_DONE
            )

        def send(self, execution: Execution, kind: SignalKind, attempt: StepExecution | None, key: str) -> bool:
            try:
                send_signal(
                    user=who.responder,
                    execution=execution,
                    kind=kind,
                    step_execution=attempt,
                    comment="I looked",
                    key=key,
                )
            except ValidationError:
                return False
            return True

        # -- what always holds -----------------------------------------------------------------------------------------

        def violations(self, *, is_settled: bool = False) -> list[str]:
            return [said for one in self.executions for said in log.violations(one, is_settled=is_settled)]

        @invariant()
        def nothing_is_violated(self) -> None:
            assert self.violations() == []

        def teardown(self) -> None:
            """AWS is well again, workers are there, people answer: everything comes to rest."""
            log.aws.behaviour.clear()
            for _ in range(MOST_ROUNDS):
                unfinished = [row for row in map(self.one, range(len(self.executions))) if not row.is_final]
                if not unfinished:
                    break
                for execution in unfinished:
                    self.help(execution)
            assert self.violations(is_settled=True) == []
            assert all(self.one(which).is_final for which in range(len(self.executions)))

        def help(self, execution: Execution) -> None:
            let_the_lease_run_out(execution)
            runner.advance(execution.pk)
            execution.refresh_from_db()
            attempt = execution.steps.exclude(status__in=FINAL_STATUSES).first()
            if execution.is_paused:
                self.send(execution, SignalKind.RESUME, None, str(uuid.uuid4()))
            elif attempt is not None:
                wanted = [kind for kind in map(SignalKind, attempt.waits_for) if self.is_truthful(attempt, kind)]
                for kind in wanted[:1]:
                    self.send(execution, kind, attempt, str(uuid.uuid4()))

    return Machine


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Two to four steps of any class, with every way to go on, and one to be cancelled into."""
    steps: list[dict[str, Any]] = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4)), start=1):
        name = f"{kind}_{number:02}"
        step: dict[str, Any] = {"name": name, "action": "aws:executeAwsApi", "inputs": estate.inputs_of(kind, name)}
        if kind == "PAUSE":
            step["action"] = "aws:pause"
        else:
            step["maxAttempts"] = draw(st.sampled_from([1, 2]))
        step["onFailure"] = draw(st.sampled_from(["Abort", "Continue", f"step:{estate.LAST}"]))
        step["onCancel"] = draw(st.sampled_from(["Abort", f"step:{estate.LAST}"]))
        steps.append(step)
    steps[-1]["isEnd"] = True
    last = estate.inputs_of("DECLARATIVE", estate.LAST)
    steps.append({"name": estate.LAST, "action": "aws:executeAwsApi", "inputs": last})
    return {"schemaVersion": "0.3", "description": "A random document.", "mainSteps": steps}


def played(examples: int, *, is_new: bool) -> hypothesis.settings:
    """`is_new`: other histories each time; else always the same ones, so that what was green stays green."""
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=25 if is_new else 15,
        deadline=None,
        database=None,
        derandomize=not is_new,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=is_new,
    )


@pytest.fixture
def machine(
    db: None, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> type[RuleBasedStateMachine]:
    settings.SLICE = timedelta(0)
    return machine_on(EffectLog(aws, monkeypatch), estate.people())


def test_no_history_violates_an_invariant(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=played(examples=12, is_new=False))


@pytest.mark.long
def test_no_history_of_many_violates_an_invariant(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=played(examples=300, is_new=True))
