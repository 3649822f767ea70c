"""What a person looks at while an execution runs: its rows and its document joined into one value.

Read by the page, the API and the terminal, so that all three say the same. Reads only: what may be sent is decided by
`operations.executions`, what follows a step by the runner.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet, Subquery

from portal.audit.log import database_now
from portal.audit.models import Event
from portal.aws.classification import ActionClass
from portal.people.models import Membership, Team, User
from portal.people.permissions import PERMISSIONS, Act, visible_teams
from runbooks import masking, revisions
from runbooks.actions import registry
from runbooks.actions.people import APPROVE
from runbooks.answers import ANSWERS
from runbooks.attempts import class_of, document_of
from runbooks.automation.content import Document, Step, load
from runbooks.models import FINAL_STATUSES, Drill, Execution, RunbookVersion, Signal, SignalKind, Status, StepExecution
from runbooks.operations.signals import refusal_of

LARGE = ("parameters", "variables", "outputs", "deviations", "version__text", "version__content")
"""Columns that no list shows and that may be long."""
LONGER_THAN_A_BLINK = timedelta(seconds=2)


@dataclass(frozen=True)
class PlannedStep:
    """A step as it stands in the document, and what it will do to the world: `reads`, `changes` or `asks`."""

    number: int
    step: Step
    action_class: str
    effect: str
    summary: str


@dataclass(frozen=True)
class StepLine:
    """A step of the document and every attempt at it, oldest first."""

    plan: PlannedStep
    attempts: tuple[StepExecution, ...]

    @property
    def latest(self) -> StepExecution | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def earlier(self) -> tuple[StepExecution, ...]:
        return self.attempts[:-1]

    @property
    def status(self) -> str:
        return self.latest.status if self.latest else ""

    @property
    def action_class(self) -> str:
        """The class of the attempt that was made, else what the document lets one expect."""
        return self.latest.action_class if self.latest else self.plan.action_class


@dataclass(frozen=True)
class Deviation:
    """A parameter that was changed under way: what it was, what it is for the steps from `before_step` on, who, when, why."""

    parameter: str
    before: Any
    after: Any
    by: str
    at: datetime
    reason: str
    before_step: str


@dataclass(frozen=True)
class Board:
    """Everything the page of an execution shows. `now` is the database's clock."""

    execution: Execution
    document: Document
    attempts: tuple[StepExecution, ...]
    lines: tuple[StepLine, ...]
    signals: tuple[Signal, ...]
    events: tuple[Event, ...]
    now: datetime

    @property
    def open_attempt(self) -> StepExecution | None:
        """The attempt that is being made or waits; there is at most one."""
        return next((attempt for attempt in self.attempts if attempt.status not in FINAL_STATUSES), None)

    @property
    def question(self) -> StepExecution | None:
        """The failed attempt a person is asked about, while the execution waits for the answer."""
        asked = None if self.execution.is_final else self.execution.question_id
        return next((attempt for attempt in self.attempts if attempt.pk == asked), None)

    @property
    def asked_about(self) -> StepExecution | None:
        """The attempt that stands first on the page: the open one, else the failed one a person is asked about."""
        return self.open_attempt or self.question

    @property
    def retry_in(self) -> timedelta | None:
        """How long an unknown outcome's call may still take effect, so that Retry has to wait; None where it has not."""
        attempt = self.open_attempt
        return revisions.retry_in(attempt.started_at if attempt and attempt.is_outcome_unknown else None, self.now)

    @property
    def goes_on_in(self) -> timedelta | None:
        """How long until a worker takes it up by itself; None while one has it, where it is due, or a signal is awaited."""
        execution = self.execution
        if execution.is_final or execution.wake_at is None or execution.status == Status.WAITING:
            return None
        left = execution.wake_at - self.now
        return left if left > LONGER_THAN_A_BLINK and execution.lease_until is None else None

    @property
    def next_step(self) -> str:
        """The step that waits for Start step; nothing where none does."""
        execution = self.execution
        is_asked = execution.is_stepwise and not execution.is_final and self.asked_about is None
        return execution.current_step if is_asked else ""

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """The parameters changed under way, in the order of the changes."""
        return deviations_of(self.execution, self.signals)

    @property
    def failures(self) -> list[StepExecution]:
        """The attempts after which a step stayed failed and nobody is asked, in the order they happened."""
        bad = {Status.FAILED, Status.TIMED_OUT}
        last = [line.latest for line in self.lines if line.latest and line.latest.status in bad]
        return sorted((each for each in last if each != self.question), key=lambda attempt: attempt.sequence)

    @property
    def last_words(self) -> str:
        """The status message, where it says more than the failures do."""
        said = self.execution.status_message
        return (
            "" if any(failed.failure_message and failed.failure_message in said for failed in self.failures) else said
        )

    @property
    def late_by(self) -> timedelta | None:
        """How long a worker has been due without one taking it up; None while all is well."""
        return revisions.late_by(self.execution, self.now)

    @property
    def seen(self) -> str:
        """Changes whenever the page would look different."""
        late = max((result.pk for attempt in self.attempts for result in attempt.late_results.all()), default=0)
        last = (self.signals[-1].pk if self.signals else 0, self.events[-1].sequence if self.events else 0, late)
        is_late, is_early = self.late_by is not None, self.retry_in is not None
        return revisions.seen_of_execution(self.execution, last, is_late=is_late, is_early=is_early)

    @property
    def waits_for_approval(self) -> bool:
        """Whether it depends on who looks what may be answered: an approval names people, and nobody gives it twice."""
        return self.open_attempt is not None and self.open_attempt.action == APPROVE.name

    @property
    def statuses(self) -> dict[str, str]:
        """A word for each step, by name: its status, or whether it is still to come."""
        unreached = "Not run" if self.execution.is_final else str(Status.PENDING)
        return {line.plan.step.name: line.status or unreached for line in self.lines}

    @property
    def done(self) -> int:
        """How many steps succeeded."""
        return sum(line.status == Status.SUCCESS for line in self.lines)

    @property
    def unapplied(self) -> list[Signal]:
        """What people sent and no worker has applied yet."""
        return [signal for signal in self.signals if signal.applied_at is None]


def board_of(execution: Execution) -> Board:
    """Read an execution's board; six queries whatever its length. What it shows was masked when it was stored."""
    document = document_of(execution)
    attempts = list(execution.steps.order_by("sequence").prefetch_related("late_results"))
    by_name: dict[str, list[StepExecution]] = {}
    for attempt in attempts:
        by_name.setdefault(attempt.step_name, []).append(attempt)
    return Board(
        execution=execution,
        document=document,
        attempts=tuple(attempts),
        lines=tuple(StepLine(plan, tuple(by_name.get(plan.step.name, ()))) for plan in planned(document)),
        signals=tuple(execution.signals.select_related("sent_by", "step_execution").order_by("pk")),
        events=tuple(
            Event.objects.filter(chain=f"execution:{execution.pk}").select_related("actor").order_by("sequence")
        ),
        now=database_now(),
    )


def deviations_of(execution: Execution, signals: Iterable[Signal]) -> tuple[Deviation, ...]:
    """The parameters changed under way, by the names of those who sent `signals`."""
    names = {signal.sent_by.username: signal.sent_by.shown_name for signal in signals}
    return tuple(
        Deviation(
            parameter=kept["parameter"],
            before=masking.storable(kept["from"], kept["parameter"]),
            after=masking.storable(kept["to"], kept["parameter"]),
            by=names.get(kept["by"], kept["by"]),
            at=datetime.fromisoformat(kept["at"]),
            reason=kept["reason"],
            before_step=kept["before_step"],
        )
        for kept in execution.deviations
    )


def visible_executions(user: User) -> QuerySet[Execution]:
    """The executions somebody may see, with what lists and heads of pages show."""
    return Execution.objects.filter(team__in=visible_teams(user)).select_related(
        "version__runbook", "service", "account", "team", "started_by", "incident", "drill"
    )


def planned(document: Document) -> tuple[PlannedStep, ...]:
    """The steps in the document's order, with what each will do as far as can be said before it runs."""
    return tuple(planned_step(number, step) for number, step in enumerate(document.steps, 1))


def plan_of(version: RunbookVersion) -> tuple[PlannedStep, ...]:
    """The same for a version that is about to be started; nothing where it cannot be read."""
    return planned(load(version.content)) if version.content else ()


def planned_step(number: int, step: Step) -> PlannedStep:
    """One step and what it will do, as far as the document lets one say."""
    action = registry.ACTIONS.get(step.action)
    action_class = class_of(action, step.inputs)
    if action is not None and action.waits_for_people:
        effect = "asks"
    else:
        effect = "reads" if action_class == ActionClass.READ_ONLY else "changes"
    return PlannedStep(number, step, str(action_class), effect, action.summary if action else "")


def page_after(executions: QuerySet[Execution], last: UUID | None, size: int) -> tuple[list[Execution], UUID | None]:
    """The newest `size` executions, or those that come after the execution `last`; and the last one where more follow.

    The place of `last` is compared inside the database: SQLite compares times as texts, and ours would be written longer. It
    stands alone as an upper bound, so that the index is entered there: with the tie in an OR the databases walk to it.
    """
    if last is not None:
        place = Subquery(Execution.objects.filter(pk=last).order_by().values("created_at"))
        executions = executions.filter(Q(created_at__lt=place) | Q(pk__lt=last), created_at__lte=place)
    found = list(_light(executions).order_by("-created_at", "-pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def _light(executions: QuerySet[Execution]) -> QuerySet[Execution]:
    """For lists: what every line shows is joined, the rest asked for apart; planning nine joins takes longer than the list."""
    joined = executions.select_related(None).select_related("version__runbook", "service", "started_by")
    drills = Drill.objects.only("title")
    return joined.prefetch_related("account", "team", "incident", Prefetch("drill", drills)).defer(*LARGE)


def shown_parameters(execution: Execution) -> dict[str, Any]:
    """The parameters as they may be shown: what looks like a credential is masked."""
    return {name: masking.storable(value, name) for name, value in execution.parameters.items()}


def who_may_answer(execution: Execution, attempt: StepExecution | None) -> list[User]:
    """The people of the team whose answer to a waiting step would be taken now, as the operation itself decides."""
    is_question = attempt is not None and attempt.pk == execution.question_id
    if attempt is None or not (attempt.waits_for or is_question):
        return []
    kind = SignalKind.MARK_DONE if is_question else SignalKind(attempt.waits_for[0])
    people = people_who_may(Act.APPROVE if attempt.action == APPROVE.name else Act.CONTROL, execution.team)
    return [user for user in people if not refusal_of(user, execution, kind, attempt)]


def people_who_may(act: Act, team: Team) -> list[User]:
    """The active members of a team one of whose roles permits an act, by name."""
    roles = [role for role, acts in PERMISSIONS.items() if act in acts]
    members = Membership.objects.filter(team=team, role__in=roles, user__is_active=True).values("user")
    return list(User.objects.filter(pk__in=members).order_by("first_name", "username"))


def asked_of(attempt: StepExecution | None) -> Mapping[str, Mapping[str, Any]] | None:
    """The values a manual task asks for, by name: type, description, whether required. None for any other step."""
    if attempt is None or SignalKind.COMPLETE not in attempt.waits_for:
        return None
    values = attempt.inputs.get("Values")
    return {name: dict(asked) for name, asked in values.items()} if isinstance(values, dict) else {}


def target_of(execution: Execution, kind: str, step_execution: int | None = None) -> StepExecution | None:
    """The attempt a signal is meant for: the one named, else the one that waits for it or is asked about, else none.

    Raises `ValidationError` when the one named is not of this execution.
    """
    if step_execution is None:
        attempt = execution.steps.exclude(status__in=FINAL_STATUSES).first()
        if attempt is not None and kind in attempt.waits_for:
            return attempt
        return execution.question if kind in ANSWERS else None
    named = execution.steps.filter(pk=step_execution).first()
    if named is None:
        raise ValidationError("This execution has no such step. Look at it as it stands now.")
    return named
