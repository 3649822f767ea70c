"""Each mutant of the protocol in a story of its own, where what it takes away is the only thing that helps.

With the protocol as it is no invariant is violated; with the mutant one is. Nothing here is left to chance; the mutants among
everything else are in the chaos run (`test_chaos`).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from portal.aws import sessions
from portal.aws.caller import AwsCaller
from portal.people.models import User
from runbooks import attempts, runner
from runbooks.models import Execution, SignalKind
from runbooks.operations.signals import send_signal
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.chaos.estate import inputs_of
from runbooks.tests.chaos.mutants import MUTANTS
from runbooks.tests.conftest import carry
from runbooks.tests.deaths import OPERATIONS, dies, interrupted, let_the_lease_run_out
from runbooks.tests.effect_log import EffectLog

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


@dataclass
class Stage:
    """What a story plays with."""

    begin: Callable[[str], Execution]
    aws: AwsDouble
    responder: User
    patch: pytest.MonkeyPatch

    def start(self, kind: str) -> Execution:
        """An execution of one call of a class, and after it one that sets a value."""
        names = (f"{kind}_01", "DECLARATIVE_02")
        calls = [inputs_of(name.partition("_")[0], name) for name in names]
        steps = [{"name": n, "action": "aws:executeAwsApi", "inputs": i} for n, i in zip(names, calls, strict=True)]
        return self.begin(json.dumps({"schemaVersion": "0.3", "description": "Two calls.", "mainSteps": steps}))


def the_answer_comes_when_another_has_asked(stage: Stage) -> Execution:
    """A worker stands still between its answer and its record, for longer than its lease; another claims meanwhile."""
    execution = stage.start("ONCE")

    def others() -> None:
        let_the_lease_run_out(execution)
        runner.advance(execution.pk)

    with interrupted(attempts, "act", after=others):
        runner.advance(execution.pk)
    return execution


def killed_when_it_took_effect(stage: Stage, kind: str) -> Execution:
    execution = stage.start(kind)
    dies(execution, AwsCaller, "call", is_after=True)
    return execution


def killed_in_a_call_that_must_not_happen_twice(stage: Stage) -> Execution:
    return carry(killed_when_it_took_effect(stage, "ONCE"))


def killed_in_a_call_by_token(stage: Stage) -> Execution:
    return carry(killed_when_it_took_effect(stage, "TOKEN"))


def killed_and_not_yet_replaced(stage: Stage) -> Execution:
    return killed_when_it_took_effect(stage, "ONCE")


def the_answer_is_cut(stage: Stage) -> Execution:
    stage.aws.behaviour.append("cut")
    return carry(stage.start("ONCE"))


def held_up_before_the_call_until_a_person_has_decided(stage: Stage) -> Execution:
    """Another worker asks, a person looks, sees nothing and says: again. Then the first worker goes on."""
    execution = stage.start("ONCE")

    def others() -> None:
        let_the_lease_run_out(execution)
        carry(execution)
        said = {"step_execution": execution.steps.get(), "comment": "It has not happened"}
        send_signal(user=stage.responder, execution=execution, kind=SignalKind.RETRY, **said)
        carry(execution)
        later = time.monotonic() + 1800
        stage.patch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: later))

    with interrupted(attempts, "act", before=others):
        runner.advance(execution.pk)
    return execution


def killed_while_its_call_is_on_its_way(stage: Stage) -> Execution:
    """The call lands when another worker has done what it does now."""
    execution = stage.start("DECLARATIVE")
    dies(execution, attempts, "act")
    # No time passes here; what waits for its quarantine is left alone.
    runner.advance(execution.pk)
    inputs = attempts.inputs_again(execution, execution.steps.get(sequence=1), {})
    AwsCaller("us-west-2").call("dynamodb", OPERATIONS["DECLARATIVE"], {"TableName": inputs["TableName"]})
    return execution


STORIES: dict[str, tuple[Callable[[Stage], Execution], str]] = {
    "no-fence": (the_answer_comes_when_another_has_asked, "I7"),
    "no-write-ahead": (killed_and_not_yet_replaced, "I3"),
    "blind-rerun": (killed_in_a_call_that_must_not_happen_twice, "I1"),
    "token-per-attempt": (killed_in_a_call_by_token, "I2"),
    "sdk-retries": (the_answer_is_cut, "I1"),
    "no-send-by": (held_up_before_the_call_until_a_person_has_decided, "I1"),
    "no-quarantine": (killed_while_its_call_is_on_its_way, "I5"),
}
LONG_QUARANTINE = frozenset({"no-quarantine"})


def test_every_mutant_has_its_story() -> None:
    assert sorted(STORIES) == sorted(MUTANTS)


@pytest.mark.parametrize("mutant", sorted(STORIES))
def test_a_mutant_violates_what_the_protocol_keeps(
    start: Callable[..., Execution],
    aws: AwsDouble,
    people: dict[str, User],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    mutant: str,
) -> None:
    tell, invariant = STORIES[mutant]
    log = EffectLog(aws, monkeypatch)

    def play(name: str) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            settings.QUARANTINE = timedelta(minutes=5 if mutant in LONG_QUARANTINE else 0)
            if name:
                MUTANTS[name].install(patch.setattr)
            sessions.forget()
            stage = Stage(lambda text: start(text, name=name or "As it is"), aws, people["responder"], patch)
            execution = tell(stage)
        sessions.forget()
        return log.violations(execution)

    assert play("") == []
    assert any(violation.startswith(invariant) for violation in play(mutant))


def test_a_mutant_of_what_is_no_longer_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(attempts, "token_for")
    with pytest.raises(AttributeError, match="token_for"):
        MUTANTS["token-per-attempt"].install(monkeypatch.setattr)
