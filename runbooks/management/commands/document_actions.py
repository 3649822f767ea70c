"""`manage.py document_actions [--check]`: writes docs/actions.md from the table of actions, so that the page cannot drift.

With `--check` nothing is written: it ends with 1 where the page is not what the table says.
"""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.templatetags.lengths import spoken_length
from runbooks.actions.context import Action, Effect
from runbooks.actions.registry import ACTIONS

PAGE: Path = settings.ROOT / "docs" / "actions.md"
OPENING = """\
# Actions

Every action that a step of a runbook may use here. Those whose names begin with `aws:` are Systems Manager's and behave as its
pages say; those that begin with `bcdr:` exist only here, so a document that uses them does not run in AWS itself.
A document that uses any other action can be kept as a draft and is refused, by name, when somebody publishes it.

This page is written by `python3 manage.py document_actions` from `runbooks/actions/registry.py`; a test compares both.
"""
_EFFECTS = {
    Effect.NONE: "It changes nothing outside the portal; after a crash it is simply done again.",
    Effect.OPERATION: (
        "It does what the AWS operation in its inputs does. After a crash a read, or an operation that may be repeated, is "
        "repeated; any other is not: a responder is asked."
    ),
    Effect.ONCE: "It must not happen twice. After a crash it is not repeated: a responder is asked.",
}


class Command(BaseCommand):
    """Write the page about actions."""

    help = "Write docs/actions.md from the table of actions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where the page is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = written(ACTIONS.values())
        if not options["check"]:
            PAGE.write_text(page, encoding="utf-8")
            self.stdout.write(f"{len(ACTIONS)} actions written to {PAGE.relative_to(settings.ROOT)}.")
        elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
            raise CommandError(
                "docs/actions.md is not what the table of actions says. Run: python3 manage.py document_actions"
            )


def written(actions: Iterable[Action]) -> str:
    """The page about these actions, by name."""
    ordered = sorted(actions, key=lambda action: action.name)
    parts = [OPENING, *(line for action in ordered for line in _lines(action))]
    return "\n".join(parts).rstrip() + "\n"


def _lines(action: Action) -> Iterator[str]:
    yield f"## {action.name}\n"
    yield f"{action.summary}\n"
    yield from _inputs(action)
    if action.outputs:
        yield "| Output | What it holds |\n|---|---|"
        yield from (f"| `{name}` | {_cell(meaning)} |" for name, meaning in action.outputs.items())
        yield ""
    yield f"{_EFFECTS[action.effect]} {_timeout(action)}\n"
    if not action.shape.may_cancel_into:
        yield "An `onCancel` may not lead to it.\n"
    if action.source:
        yield f"Source: <{action.source}>\n" if action.source.startswith("http") else f"Source: {action.source}\n"


def _inputs(action: Action) -> Iterator[str]:
    required, optional = sorted(action.shape.required), sorted(action.shape.optional or ())
    if required:
        yield f"- Required inputs: {_names(required)}"
    if optional:
        yield f"- Optional inputs: {_names(optional)}"
    if action.shape.optional is None:
        yield "- Any further input is handed on as it is."
    elif not required and not optional:
        yield "- No inputs."
    yield ""


def _timeout(action: Action) -> str:
    longest = action.shape.maximum_timeout
    limit = f" At most {_length(longest)} may be set." if longest else ""
    if action.shape.default_timeout is None:
        return f"Without `timeoutSeconds` an attempt has no limit of time.{limit}"
    return f"Without `timeoutSeconds` an attempt is given up after {_length(action.shape.default_timeout)}.{limit}"


def _length(length: timedelta) -> str:
    return (
        f"{length.total_seconds():,.0f} s ({spoken_length(length)})"
        if length >= timedelta(minutes=1)
        else spoken_length(length)
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
