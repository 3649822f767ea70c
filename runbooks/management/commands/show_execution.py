"""`manage.py show_execution EXECUTION [--follow] [--json]`: how an execution stands, in a terminal."""

import json
import textwrap
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from portal.templatetags.lengths import spoken_length
from runbooks.api.executions import WholeExecutionSerializer
from runbooks.boards import Board, StepLine, board_of, who_may_answer
from runbooks.lookups import find_execution
from runbooks.management.commands.start_execution import LOOK_AGAIN, refused
from runbooks.models import StepExecution
from runbooks.operations.signals import ANSWER_ORDER
from runbooks.wording import answer_words

WIDTH = 100


class Command(BaseCommand):
    """Show an execution."""

    help = "Show how an execution stands; with --follow again whenever something changed, until it is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("execution", metavar="EXECUTION", help="The id, or its first letters.")
        parser.add_argument("--follow", action="store_true")
        parser.add_argument(
            "--timeout", type=float, default=86_400.0, metavar="SECONDS", help="Follow at most so long."
        )
        parser.add_argument("--json", action="store_true", dest="is_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            execution = find_execution(options["execution"])
        except ValidationError as refusal:
            raise refused("It cannot be shown", refusal) from refusal
        until, seen = time.monotonic() + options["timeout"], ""
        while True:
            board = board_of(execution)
            if board.seen != seen:
                self._show(board, options["is_json"])
                seen = board.seen
            if not options["follow"] or execution.is_final or time.monotonic() > until:
                return
            time.sleep(LOOK_AGAIN)
            execution.refresh_from_db()

    def _show(self, board: Board, is_json: bool) -> None:
        if is_json:
            told = WholeExecutionSerializer(board.execution).data
            self.stdout.write(json.dumps(told, indent=None, ensure_ascii=False, default=str))
            return
        for line in spoken(board):
            self.stdout.write(line)


def spoken(board: Board) -> Iterator[str]:
    """The board as lines of text."""
    execution = board.execution
    took = (execution.ended_at or board.now) - execution.created_at
    about = f", {execution.service.name}" if execution.service else ""
    yield f"{execution.version}{about}, {execution.region}: {execution.status} after {spoken_length(took)}"
    yield f"  {execution.pk}, {execution.get_purpose_display()}, started by {execution.started_by.shown_name}"
    for deviation in board.deviations:
        change = f"{deviation.parameter} is {deviation.after!r}, was {deviation.before!r}"
        yield from _wrapped(f"Changed before {deviation.before_step}: {change}. {deviation.by}: {deviation.reason}")
    if board.late_by:
        yield f"  No worker has taken this up for {spoken_length(board.late_by)}. Is one running?"
    for line in board.lines:
        yield from _step(line, board)
    attempt = board.asked_about
    is_asked = attempt is not None and (bool(attempt.waits_for) or attempt == board.question)
    if attempt is not None and is_asked:
        yield from _asked(attempt, board)
    if board.last_words and not is_asked:
        yield from _wrapped(board.last_words)


def _asked(attempt: StepExecution, board: Board) -> Iterator[str]:
    """What is asked, of whom, and, where an answer is wanted about what happened, what each answer does."""
    people = ", ".join(user.username for user in who_may_answer(board.execution, attempt)) or "nobody in the team"
    is_unknown = attempt.is_outcome_unknown
    if not is_unknown and attempt != board.question:
        yield f"  Waits for {' or '.join(attempt.waits_for)} at {attempt.step_name}; can answer: {people}"
        yield from _wrapped(attempt.waiting_message)
        return
    happened = "ended, nobody knows how" if is_unknown else "failed"
    yield f"  {attempt.step_name} {happened}: what now? Can answer: {people}"
    yield from _wrapped(attempt.waiting_message if is_unknown else "")
    for kind in ANSWER_ORDER:
        later = f" Possible in {spoken_length(board.retry_in)}." if kind == kind.RETRY and board.retry_in else ""
        yield f"      {kind:<9} {answer_words(kind, is_unknown=is_unknown)}{later}"


def _step(line: StepLine, board: Board) -> Iterator[str]:
    latest = line.latest
    state = latest.status if latest else ("not run" if board.execution.is_final else "-")
    took = spoken_length((latest.ended_at or board.now) - latest.started_at) if latest else ""
    again = f" (attempt {len(line.attempts)})" if line.earlier else ""
    yield f"  {line.plan.number:>3} {state:<11} {took:>11}  {line.plan.step.name}{again}  {line.plan.step.action}".rstrip()
    if latest and latest.failure_message:
        yield from _wrapped(latest.failure_message)
    for late in latest.late_results.all() if latest else ():
        yield from _wrapped(f"Seen too late to count: {late.outcome}. {late.message}")


def _wrapped(text: str) -> list[str]:
    return [f"      {line}" for part in text.splitlines() for line in textwrap.wrap(part, WIDTH)]
