"""Pages of executions: the list, one execution with its live part, and what people send to it. Starting: `execution_start`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from portal.people.models import User
from portal.people.permissions import Act, may
from runbooks.attempts import document_of
from runbooks.boards import (
    Board,
    asked_of,
    board_of,
    page_after,
    shown_parameters,
    visible_executions,
    who_may_answer,
)
from runbooks.forms.executions import ChangeForm, ExecutionFilter, SignalForm
from runbooks.forms.refusals import show_refusal
from runbooks.models import Execution, SignalKind, StepExecution
from runbooks.operations.signals import ANSWER_ORDER, Offer, allowed_signals, send_signal
from runbooks.pictures import picture
from runbooks.revisions import revisions_of_executions
from runbooks.views.execution_start import execution_choose, execution_start
from runbooks.views.signed_in import person

PAGE = 25
REFUSED = 422


@require_GET
def execution_list(request: HttpRequest) -> HttpResponse:
    """Newest first, narrowed by status, purpose, runbook, service and time."""
    user = person(request)
    filters = ExecutionFilter(request.GET, queryset=visible_executions(user), request=request)
    executions, last = page_after(filters.qs, _uuid(request.GET.get("after")), PAGE)
    context = {
        "filters": filters,
        "executions": executions,
        "last": last,
        "is_narrowed": any(request.GET.get(name) for name in filters.filters),
        "may_start": may(user, Act.START),
    }
    return render(request, "runbooks/execution_list.html", context)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


@require_GET
def execution_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One execution: how it stands, what it waits for, what was done."""
    execution = get_object_or_404(visible_executions(person(request)), pk=pk)
    return render(request, "runbooks/execution_detail.html", page_context(person(request), execution))


@require_GET
def execution_fragment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The live part; 204 while it would look as it did at `seen`. Once the execution is over it asks no more."""
    execution = get_object_or_404(visible_executions(person(request)), pk=pk)
    if request.GET.get("seen") == revisions_of_executions([pk])[pk].seen:
        return HttpResponse(status=204)
    return render(request, "runbooks/execution_fragment.html", page_context(person(request), execution))


@require_POST
def execution_signal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send an approval, a cancel or any other signal; a refusal is shown where it was typed."""
    user = person(request)
    execution = get_object_or_404(visible_executions(user), pk=pk)
    step = execution.steps.filter(pk=_number(request.POST.get("step_execution"))).first()
    name, form = _sent(request, execution, step)
    if form.is_valid():
        try:
            if name == "answer_form" and step is None:
                raise ValidationError("This execution has no such step. Look at it as it stands now.")
            send_signal(user=user, execution=execution, step_execution=step, **form.said())
        except ValidationError as refusal:
            show_refusal(form, refusal)
    if not form.errors and not _is_htmx(request):
        return redirect("execution_detail", pk)
    execution.refresh_from_db()
    context = page_context(user, execution, forms={name: form} if form.errors else {})
    template = "runbooks/execution_fragment.html" if _is_htmx(request) else "runbooks/execution_detail.html"
    return render(request, template, context, status=REFUSED if form.errors else 200)


def _sent(
    request: HttpRequest, execution: Execution, step: StepExecution | None
) -> tuple[str, SignalForm | ChangeForm]:
    """Which of the page's forms was sent, by its name in the context, and what stands in it."""
    if request.POST.get("kind") == SignalKind.CHANGE:
        return "change_form", _change_form(execution, request.POST)
    name = "answer_form" if request.POST.get("step_execution") else "control_form"
    return name, SignalForm(request.POST, asked=asked_of(step), auto_id=_ids(name))


def _change_form(execution: Execution, sent: Mapping[str, Any] | None = None, **said: Any) -> ChangeForm:
    document = document_of(execution)
    return ChangeForm(sent, document=document, present=shown_parameters(execution), auto_id=_ids("change_form"), **said)


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _number(text: str | None) -> int:
    """The number that was sent; 0, which no row has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _ids(name: str) -> str:
    return f"{name.removesuffix('_form')}-%s"


def page_context(
    user: User,
    execution: Execution,
    board: Board | None = None,
    forms: Mapping[str, SignalForm | ChangeForm] | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """What the page and its live part show; `forms` replaces those that were refused, `key` the key of what is sent."""
    board, refused, initial = board or board_of(execution), forms or {}, {"key": key} if key else {}
    offers = allowed_signals(user, execution)
    may_change = (
        not execution.is_final and bool(board.document.parameters) and may(user, Act.CONTROL, execution.team_id)
    )
    return {
        "execution": execution,
        "board": board,
        "now": board.now,
        "answers": sorted((offer for offer in offers if offer.step_execution_id is not None), key=_place),
        "controls": [offer for offer in offers if offer.step_execution_id is None],
        "control_form": SignalForm(initial=initial, auto_id=_ids("control_form")),
        "change_form": _change_form(execution, initial=initial) if may_change else None,
        "missed": _missed(refused, board.asked_about, may_change),
        "parameters": shown_parameters(execution),
        "changed": {deviation.parameter for deviation in board.deviations},
        "picture": picture(board.document, board.statuses) if len(board.lines) > 1 else None,
        "may_start": may(user, Act.START, execution.team_id),
        **_waiting(board, initial),
        **refused,
    }


def _place(offer: Offer) -> int:
    """Answers about what happened stand in one order; others keep the order in which they are offered."""
    return ANSWER_ORDER.index(offer.kind) if offer.kind in ANSWER_ORDER else 0


def _waiting(board: Board, initial: Mapping[str, Any]) -> dict[str, Any]:
    """What a person is asked, who can answer, who did, and the form to answer with."""
    attempt = board.asked_about
    is_question = attempt is not None and attempt == board.question
    form = SignalForm(
        asked=asked_of(attempt),
        initial={**initial, "step_execution": attempt.pk if attempt else None},
        auto_id=_ids("answer_form"),
    )
    if attempt is not None and (is_question or attempt.is_outcome_unknown):
        form.fields["comment"].label = "Reason"
    return {
        "attempt": attempt,
        "is_question": is_question,
        "answerers": who_may_answer(board.execution, attempt),
        "decisions": [signal for signal in board.signals if attempt and signal.step_execution_id == attempt.pk],
        "answer_form": form,
    }


def _missed(
    refused: Mapping[str, SignalForm | ChangeForm], attempt: StepExecution | None, may_change: bool
) -> SignalForm | ChangeForm | None:
    """What was refused and has no form on the page any more that could show it: its step or the whole run is over."""
    answer, change = refused.get("answer_form"), refused.get("change_form")
    if change is not None and not may_change:
        return change
    is_shown = answer is None or (attempt is not None and str(attempt.pk) == answer["step_execution"].value())
    return None if is_shown else answer


urlpatterns = [
    path("executions/", execution_list, name="execution_list"),
    path("executions/start/", execution_choose, name="execution_choose"),
    path("executions/start/<int:pk>/", execution_start, name="execution_start"),
    path("executions/<uuid:pk>/", execution_detail, name="execution_detail"),
    path("executions/<uuid:pk>/fragment/", execution_fragment, name="execution_fragment"),
    path("executions/<uuid:pk>/signal/", execution_signal, name="execution_signal"),
]
