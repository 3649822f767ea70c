"""Pages of drills: the list, one drill live and afterwards, its samples, cancelling. Starting: `drill_start`."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from portal.people.models import User
from portal.people.permissions import Act, may
from runbooks.drill_boards import DrillBoard, board_of, drills_by_line, visible_drills
from runbooks.drill_strip import strip_of
from runbooks.forms.drills import CancelForm, DrillFilter, sample_choices
from runbooks.forms.refusals import show_refusal
from runbooks.models import Drill
from runbooks.operations.drills import cancel_drill
from runbooks.revisions import revisions_of_drills
from runbooks.views.drill_start import drill_parameters, drill_start
from runbooks.views.execution_start import startable_versions
from runbooks.views.executions import page_context as execution_context
from runbooks.views.signed_in import person

PAGE = 25
REFUSED = 422


@require_GET
def drill_list(request: HttpRequest) -> HttpResponse:
    """The history: what was practised, what was proved. Newest first."""
    user = person(request)
    filters = DrillFilter(request.GET, queryset=drills_by_line(user), request=request)
    page = Paginator(filters.qs, PAGE).get_page(request.GET.get("page"))
    may_start = may(user, Act.START)
    context = {
        "filters": filters,
        "page_obj": page,
        "drills": page.object_list,
        "is_narrowed": any(request.GET.get(name) for name in filters.filters),
        "may_start": may_start,
        "has_sample": may_start and bool(sample_choices(user, startable_versions(user))),
    }
    return render(request, "runbooks/drill_list.html", context)


@require_GET
def drill_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One drill: the clock, the picture, where it stands; when it is over, what was measured and how."""
    return render(request, "runbooks/drill_detail.html", page_context(person(request), _visible(request, pk)))


@require_GET
def drill_fragment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The live part; 204 while it would look as it did at `seen`. Once the drill is over it asks no more."""
    drill = _visible(request, pk)
    if request.GET.get("seen") == revisions_of_drills([pk])[pk].seen:
        return HttpResponse(status=204)
    return render(request, "runbooks/drill_live.html", page_context(person(request), drill))


@require_GET
def drill_samples(request: HttpRequest, pk: UUID) -> JsonResponse:
    """What the availability strip draws; `after` leaves out what is surely known. `portal/availability-strip.js` asks."""
    drill = _visible(request, pk)
    return JsonResponse(strip_of(drill, drill.probe, _moment(request.GET.get("after"))))


@require_POST
def drill_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel a drill with a reason; a refusal is shown where it was typed."""
    drill = _visible(request, pk)
    form = CancelForm(request.POST, auto_id="cancel-%s")
    if form.is_valid():
        try:
            cancel_drill(user=person(request), drill=drill, **form.cleaned_data)
        except ValidationError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("drill_detail", pk)
    drill.refresh_from_db()
    return render(
        request, "runbooks/drill_detail.html", page_context(person(request), drill, cancel_form=form), status=REFUSED
    )


def page_context(
    user: User, drill: Drill, board: DrillBoard | None = None, key: str | None = None, **forms: CancelForm
) -> dict[str, Any]:
    """What the page and its live part show; `forms` replaces one that was refused, `key` the key of an answer."""
    board = board or board_of(drill)
    running = board.running
    is_waiting = running is not None and running.open_step is not None and bool(running.open_step.waits_for)
    return {
        **(execution_context(user, running.execution, key=key) if is_waiting and running and running.execution else {}),
        "drill": drill,
        "board": board,
        "record": drill.record,
        "now": board.now,
        "is_waiting": is_waiting,
        "may_cancel": board.may_be_cancelled and may(user, Act.CONTROL, drill.team_id),
        "may_start": may(user, Act.START, drill.team_id),
        "cancel_form": CancelForm(auto_id="cancel-%s"),
        **forms,
    }


def _visible(request: HttpRequest, pk: UUID) -> Drill:
    return get_object_or_404(visible_drills(person(request)).select_related("probe"), pk=pk)


def _moment(text: str | None) -> datetime | None:
    """The moment that was sent; None for anything else."""
    try:
        moment = parse_datetime(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


urlpatterns = [
    path("drills/", drill_list, name="drill_list"),
    path("drills/start/", drill_start, name="drill_start"),
    path("drills/start/parameters/", drill_parameters, name="drill_parameters"),
    path("drills/<uuid:pk>/", drill_detail, name="drill_detail"),
    path("drills/<uuid:pk>/fragment/", drill_fragment, name="drill_fragment"),
    path("drills/<uuid:pk>/samples/", drill_samples, name="drill_samples"),
    path("drills/<uuid:pk>/cancel/", drill_cancel, name="drill_cancel"),
]
