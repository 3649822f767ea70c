"""What pages over a long history cost the server: lists, a service, one execution, its live part, home; over a million attempts.

Each address is asked in process through the whole site, with a new connection to the database for each request, as the web
process has one. Not here: how the history is made (`made_history.py`) and what a browser takes to show a page.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from portal.benchmark.figures import Figure, Options
from portal.benchmark.made_history import History, make_history
from runbooks.boards import visible_executions
from runbooks.drill_boards import visible_drills
from runbooks.models import Execution
from runbooks.revisions import revisions_of_executions

REQUESTS = 30
GOALS = {"postgresql": 50.0, "sqlite": 150.0}

Call = Callable[[], object]


@dataclass(frozen=True)
class _Site:
    """The portal, for somebody who signed in."""

    client: Client

    def open(self, name: str, *arguments: object, query: str = "", statuses: tuple[int, ...] = (200,)) -> Call:
        address = reverse(name, args=arguments) + query

        def ask() -> None:
            answer = self.client.get(address, headers={"host": "127.0.0.1"})
            if answer.status_code not in statuses:
                raise RuntimeError(f"{address} answered {answer.status_code}; nothing can be measured by it.")

        return ask


def measure(options: Options) -> list[Figure]:
    """The figures of every page, and what making the history took."""
    began = time.monotonic()
    history = make_history(options)
    made = time.monotonic() - began
    client = Client()
    client.force_login(history.user)
    size = f"{history.steps:,} attempts, {history.executions:,} executions, {history.drills:,} drills"
    figures = [Figure("making the history", made, "s", how=size)]
    goal = GOALS[connections["default"].vendor]
    for name, call in _calls(_Site(client), history).items():
        figures.append(_figure(name, call, goal, options))
    return figures


def _calls(site: _Site, history: History) -> dict[str, Call]:
    executions = visible_executions(history.user).order_by("-created_at", "-pk")
    drills = visible_drills(history.user)
    middle, last = _place(executions, 0.5), _place(executions, 0.999)
    slug = history.services[0].slug
    ended, running = executions.filter(ended_at__isnull=False)[0], executions.filter(ended_at__isnull=True)[0]
    drill = drills[0]
    seen = revisions_of_executions([running.pk])[running.pk].seen
    lists = {
        "first page": "",
        "middle page": f"?after={middle}",
        "last page": f"?after={last}",
        "of a service": f"?service={slug}",
        "failed": "?status=Failed",
        "failed of a service": f"?service={slug}&status=Failed",
        "running": "?status=active",
        "of a status nobody has": f"?service={slug}&status=TimedOut",
        "of an old month": f"?since={_day(executions, 0.9)}&until={_day(executions, 0.88)}",
    }
    pages = max(2, drills.count() // 25)
    drill_lists = {
        "first page": "",
        "middle page": f"?page={pages // 2}",
        "last page": f"?page={pages}",
        "of a service": f"?service={slug}",
        "not met": "?verdict=Not%20met",
    }
    return {
        "home": site.open("home"),
        **{f"executions, {name}": site.open("execution_list", query=query) for name, query in lists.items()},
        "executions, middle page, API": site.open("execution-list", query=f"?after={middle}"),
        **{f"drills, {name}": site.open("drill_list", query=query) for name, query in drill_lists.items()},
        "drills, middle page, API": site.open("drill-list", query=f"?page={max(1, history.drills // 100)}"),
        "service, with its trend": site.open("service_detail", slug),
        "execution, over": site.open("execution_detail", ended.pk),
        "execution, over, API": site.open("execution-detail", ended.pk),
        "execution, running": site.open("execution_detail", running.pk),
        "live part of an execution": site.open("execution_fragment", running.pk, query="?seen=old"),
        "live part, nothing new": site.open("execution_fragment", running.pk, query=f"?seen={seen}", statuses=(204,)),
        "drill": site.open("drill_detail", drill.pk),
        "drill, API": site.open("drill-detail", drill.pk),
        "samples of a drill": site.open("drill_samples", drill.pk),
    }


def _place(executions: QuerySet[Execution], share: float) -> object:
    """The key of the execution that far down a list."""
    return executions.values_list("pk", flat=True)[int(executions.count() * share)]


def _day(executions: QuerySet[Execution], share: float) -> str:
    return f"{executions[int(executions.count() * share)].created_at:%Y-%m-%d}"


def _figure(name: str, call: Call, goal: float, options: Options) -> Figure:
    """The median of many requests after one that is not counted."""
    _milliseconds(call)
    taken = [_milliseconds(call) for _ in range(options.sized(REQUESTS, 3))]
    whole, computed = (sorted(column) for column in zip(*taken, strict=True))
    p95 = whole[int(len(whole) * 0.95)]
    how = (
        f"best {whole[0]:.0f} ms, p95 {p95:.0f} ms; {statistics.median(computed):.0f} ms of CPU here, the rest waiting"
    )
    return Figure(name, statistics.median(whole), "ms", goal, how=how)


def _milliseconds(call: Call) -> tuple[float, float]:
    """(how long a request took, what this process computed in that time)."""
    connections.close_all()
    began, computed = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - began) * 1000, (time.process_time() - computed) * 1000
