"""What an action may reach, and the two ways it may fail. The runner makes a `Context` for each attempt and each poll."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from runbooks.automation.document import ActionShape
from runbooks.automation.results import Result


class ActionFailed(Exception):
    """The step did not do what it should, and that is known. `payload` is the answer that proves it, if there is one."""

    def __init__(self, message: str, *, code: str = "", payload: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.payload = payload


class OutcomeUnknown(Exception):
    """A call was sent and nobody knows whether it took effect."""


@dataclass(frozen=True)
class SignalFact:
    """A signal for this attempt: who, when, what. `payload` holds the values of a completed task."""

    kind: str
    sent_by: str
    sent_at: datetime
    comment: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpAnswer:
    """What an outside address answered. `status` is None when nothing came back; then `error` says why."""

    status: int | None
    headers: Mapping[str, str]
    body: str
    latency: timedelta
    error: str = ""


class CallAws(Protocol):
    """One call of an AWS API: the answer without its metadata, as JSON values. Raises `ActionFailed` or `OutcomeUnknown`."""

    def __call__(
        self, service: str, api: str, parameters: Mapping[str, Any], *, region: str | None = None
    ) -> dict[str, Any]: ...


class Fetch(Protocol):
    """One HTTP request on its own connection, without following redirects. Raises `ActionFailed` for a forbidden address."""

    def __call__(self, url: str, *, method: str, timeout: timedelta) -> HttpAnswer: ...


@dataclass(frozen=True)
class Context:
    """Facts and doors of one attempt.

    `state` is what the previous poll left; `polls` how many there were. `now` and `started_at` are the database's clock.
    `environment` is what a script process may know (credentials of the execution's role, Region, endpoint), nothing else.
    """

    execution_id: str
    step_name: str
    attempt: int
    token: str
    now: datetime
    started_at: datetime
    time_scale: float
    call_aws: CallAws
    fetch: Fetch
    environment: Callable[[], Mapping[str, str]]
    state: Mapping[str, Any] = field(default_factory=dict)
    polls: int = 0
    signals: tuple[SignalFact, ...] = ()
    are_scripts_allowed: bool = False


class Effect(StrEnum):
    """What an action does outside: nothing, what its AWS operation does, or something that must not happen twice."""

    NONE = "none"
    OPERATION = "operation"
    ONCE = "once"


@dataclass(frozen=True)
class Action:
    """One action: how it is checked, what it does, and the facts the editor, the runner and the docs need.

    `outputs` are the built-in ones (name: what it holds). `waits_for_people` keeps its timeout unscaled in the sandbox.
    """

    name: str
    summary: str
    run: Callable[[Mapping[str, Any], Context], Result]
    shape: ActionShape
    effect: Effect
    outputs: Mapping[str, str] = field(default_factory=dict)
    waits_for_people: bool = False
    source: str = ""
