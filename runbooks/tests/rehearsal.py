"""Plays a document on a sandbox with the real actions and the real decisions, without rows, workers and people.

Here: a loop over `flow.follow`, and stand-ins for what surrounds an action (approvals, the clock, DNS). Not here: the
runner, which has tests of its own. Every loop is bounded by the step's own timeout, scaled, with a floor of 20 seconds.
"""

import http.client
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.aws import sessions
from portal.aws.caller import AwsCaller, with_token
from portal.aws.errors import AwsError
from runbooks.actions.aws_api import parameters_of
from runbooks.actions.context import ActionFailed, Context, Effect, HttpAnswer, SignalFact
from runbooks.actions.registry import ACTIONS, shapes
from runbooks.automation import flow, parameters
from runbooks.automation.content import Document, Step
from runbooks.automation.document import read
from runbooks.automation.references import Scope, resolve_inputs
from runbooks.automation.results import Failed, Result, Succeeded, Waiting
from runbooks.automation.selectors import read_outputs

LIBRARY = Path(__file__).parents[1] / "library"
HOME = "us-west-2"
MOST_STEPS = 200


def document(name: str) -> Document:
    """A document of the library; asserts that it can be read."""
    reading = read((LIBRARY / name).read_text(encoding="utf-8"), shapes())
    assert reading.document is not None, reading.problems
    return reading.document


@dataclass
class Rehearsal:
    """`people` maps a step that waits for people to the signal they send: (kind, values).

    `asked` keeps what a person was told; `on_success` holds what happens outside when a step has succeeded.
    """

    document: Document
    gateway_url: str
    time_scale: float
    supplied: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    on_success: dict[str, Callable[[], object]] = field(default_factory=dict)
    shortest_patience: float = 20.0
    outputs: dict[str, Any] = field(default_factory=dict)
    execution_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def play(self) -> str:
        """The final status."""
        checked = parameters.check(self.document, self.supplied)
        assert not checked.errors, checked.errors
        name, attempt, worst = flow.first_step(self.document), 1, None
        for _ in range(MOST_STEPS):
            step = self.document.step(name)
            outcome = self._attempt(step, attempt, checked.values)
            self.statuses[name] = outcome.status
            match flow.follow(self.document, name, outcome, attempt, worst):
                case flow.End(status):
                    return status
                case flow.Retry(again, after):
                    attempt = again
                    time.sleep(after.total_seconds() * self.time_scale)
                case flow.Next(following, sticky):
                    name, attempt, worst = following, 1, sticky
        raise AssertionError(f"{MOST_STEPS} steps and no end")

    def _attempt(self, step: Step, attempt: int, values: Mapping[str, Any]) -> flow.Outcome:
        inputs = self._inputs(step, values)
        started = datetime.now(UTC)
        scaled = (step.timeout or timedelta(hours=1)).total_seconds() * self.time_scale
        deadline = time.monotonic() + max(scaled, self.shortest_patience)
        state: Mapping[str, Any] = {}
        polls = 0
        while time.monotonic() < deadline:
            result = self._act(step, inputs, attempt, started, state, polls)
            if not isinstance(result, Waiting):
                return self._close(step, result)
            self.messages[step.name] = result.message
            if ACTIONS[step.action].waits_for_people:
                self.asked[step.name] = result.message
            state, polls = result.state, polls + 1
            time.sleep((result.poll_after or timedelta(0)).total_seconds() * self.time_scale)
        return flow.Outcome("TimedOut")

    def _inputs(self, step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
        system = {
            "automation:EXECUTION_ID": self.execution_id,
            "global:REGION": HOME,
            "global:DATE_TIME": datetime.now(UTC).strftime("%Y-%m-%d_%H.%M.%S"),
        }
        inputs = resolve_inputs(step.action, step.inputs, Scope(values, self.outputs, {}, system))
        if ACTIONS[step.action].effect is not Effect.OPERATION:
            return inputs
        own = parameters_of(inputs)
        return {**inputs, **with_token(str(inputs["Service"]), str(inputs["Api"]), own, str(uuid.uuid4()))}

    def _act(
        self,
        step: Step,
        inputs: Mapping[str, Any],
        attempt: int,
        started: datetime,
        state: Mapping[str, Any],
        polls: int,
    ) -> Result:
        signals: tuple[SignalFact, ...] = ()
        if ACTIONS[step.action].waits_for_people and polls:
            assert step.name in self.people, f"{step.name} waits for people: {inputs}"
            kind, filled_in = self.people[step.name]
            signals = (SignalFact(kind, "rita", datetime.now(UTC), "", {"values": filled_in}),)
        context = Context(
            execution_id=self.execution_id,
            step_name=step.name,
            attempt=attempt,
            token=str(uuid.uuid4()),
            now=datetime.now(UTC),
            started_at=started,
            time_scale=self.time_scale,
            call_aws=_call_aws,
            fetch=self._fetch,
            environment=lambda: sessions.environment(None, HOME),
            state=state,
            polls=polls,
            signals=signals,
            are_scripts_allowed=True,
        )
        try:
            return ACTIONS[step.action].run(inputs, context)
        except ActionFailed as error:
            return Failed(str(error))

    def _close(self, step: Step, result: Result) -> flow.Outcome:
        if isinstance(result, Succeeded):
            self.outputs |= {f"{step.name}.{key}": value for key, value in read_outputs(step, result).items()}
            self.on_success.get(step.name, lambda: None)()
            return flow.Outcome("Success", result.next_step)
        self.messages[step.name] = result.message
        return flow.Outcome("Failed")

    def _fetch(self, url: str, *, method: str, timeout: timedelta) -> HttpAnswer:
        """Every name leads to the gateway, as the site's DNS would."""
        asked = urlsplit(url)
        connection = http.client.HTTPConnection(urlsplit(self.gateway_url).netloc, timeout=timeout.total_seconds())
        try:
            connection.request(method, asked.path or "/", headers={"Host": asked.netloc})
            answer = connection.getresponse()
            return HttpAnswer(answer.status, dict(answer.getheaders()), answer.read().decode(), timedelta(0))
        except OSError as error:
            return HttpAnswer(None, {}, "", timedelta(0), str(error))
        finally:
            connection.close()


def _call_aws(service: str, api: str, asked: Mapping[str, Any], *, region: str | None = None) -> dict[str, Any]:
    try:
        return AwsCaller(HOME).call(service, api, asked, region)
    except AwsError as error:
        raise ActionFailed(str(error), code=error.code) from error
