"""The content of a lens as the Tool takes it: one reading of the file format, as strict as AWS's import.

Here: the parsed lens, and every reason to refuse a text. Not here: versions and publishing (well_architected_lenses.py).
Source: https://docs.aws.amazon.com/wellarchitected/latest/userguide/lenses-format-specification.html
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from portal.sandbox.well_architected_conditions import RISK_NAMES, BadCondition, Program, compiled, names_in

_ID = re.compile(r"[A-Za-z0-9_]{3,128}")
_TITLE, _TEXT = 128, 2048
NONE_OF_THESE = "_no"


@dataclass(frozen=True)
class Choice:
    """`content` is the choice as the file has it."""

    id: str
    content: dict[str, Any] = field(repr=False)

    @property
    def is_none_of_these(self) -> bool:
        return self.id.endswith(NONE_OF_THESE)


@dataclass(frozen=True)
class Question:
    """`rules` are (condition, risk of the file) in the file's order."""

    id: str
    pillar_id: str
    content: dict[str, Any] = field(repr=False)
    choices: tuple[Choice, ...]
    rules: tuple[tuple[Program, str], ...]


@dataclass(frozen=True)
class LensContent:
    """A whole lens; `text` is what was imported, for ExportLens."""

    name: str
    description: str
    pillars: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    text: str = field(repr=False)

    @cached_property
    def by_id(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}


def read(text: str) -> tuple[LensContent | None, list[tuple[str, str]]]:
    """The lens in a text, or why AWS would not import it: (where, what)."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        return None, [("JSONString", f"is no JSON: {error}")]
    problems = list(_lens_problems(raw))
    return (None if problems else content_of(raw, text)), problems


def content_of(raw: dict[str, Any], text: str, pillar_ids: Sequence[str] = ()) -> LensContent:
    """The lens in JSON in which nothing is wrong; `pillar_ids` keeps only those pillars."""
    kept = [pillar for pillar in raw["pillars"] if not pillar_ids or pillar["id"] in pillar_ids]
    questions = tuple(_question(question, pillar["id"]) for pillar in kept for question in pillar["questions"])
    pillars = tuple((pillar["id"], pillar["name"]) for pillar in kept)
    return LensContent(raw["name"], raw["description"], pillars, questions, text)


def _question(raw: dict[str, Any], pillar_id: str) -> Question:
    choices = tuple(Choice(choice["id"], choice) for choice in raw["choices"])
    rules = tuple((compiled(rule["condition"]), rule["risk"]) for rule in raw["riskRules"])
    return Question(raw["id"], pillar_id, raw, choices, rules)


Problems = Iterator[tuple[str, str]]


def _lens_problems(raw: Any) -> Problems:
    if not isinstance(raw, dict):
        yield "JSONString", "is no JSON object"
        return
    if raw.get("schemaVersion") != "2021-11-01":
        yield "schemaVersion", "must be 2021-11-01"
    yield from _text_problems(raw, "name", _TITLE, "")
    yield from _text_problems(raw, "description", _TEXT, "")
    yield from _list_problems(raw, "pillars", 10, "")
    pillars = _objects(raw, "pillars")
    yield from _id_problems(pillars, "pillars")
    for number, pillar in enumerate(pillars):
        where = f"pillars[{number}]"
        yield from _text_problems(pillar, "name", _TITLE, where)
        yield from _list_problems(pillar, "questions", 20, where)
        for place, question in enumerate(_objects(pillar, "questions")):
            yield from _question_problems(question, f"{where}.questions[{place}]")
    yield from _id_problems([q for pillar in pillars for q in _objects(pillar, "questions")], "questions")


def _question_problems(raw: dict[str, Any], where: str) -> Problems:
    yield from _text_problems(raw, "title", _TITLE, where)
    yield from _text_problems(raw, "description", _TEXT, where, is_needed=False)
    yield from _list_problems(raw, "choices", 15, where)
    yield from _list_problems(raw, "riskRules", 3, where)
    choices = _objects(raw, "choices")
    yield from _id_problems(choices, f"{where}.choices")
    for number, choice in enumerate(choices):
        here = f"{where}.choices[{number}]"
        yield from _text_problems(choice, "title", _TITLE, here)
        plan = choice.get("improvementPlan")
        if not isinstance(plan, dict) and not str(choice.get("id", "")).endswith(NONE_OF_THESE):
            yield f"{here}.improvementPlan", "is required"
        for name in ("helpfulResource", "improvementPlan"):
            if isinstance(choice.get(name), dict):
                yield from _text_problems(choice[name], "displayText", _TEXT, f"{here}.{name}")
    yield from _rule_problems(raw, {str(choice.get("id")) for choice in choices}, where)


def _rule_problems(raw: dict[str, Any], choice_ids: set[str], where: str) -> Problems:
    programs: list[Program] = []
    for number, rule in enumerate(_objects(raw, "riskRules")):
        here = f"{where}.riskRules[{number}]"
        if rule.get("risk") not in RISK_NAMES:
            yield f"{here}.risk", f"must be one of {', '.join(RISK_NAMES)}"
        try:
            programs.append(compiled(str(rule.get("condition", ""))))
        except BadCondition as error:
            yield f"{here}.condition", str(error)
            continue
        unknown = sorted(names_in(programs[-1]) - choice_ids)
        if unknown:
            yield f"{here}.condition", f"names {', '.join(unknown)}, which is no choice of the question"
    if () not in programs:
        yield f"{where}.riskRules", "must have a rule with the condition default"


def _text_problems(raw: dict[str, Any], name: str, maximum: int, where: str, *, is_needed: bool = True) -> Problems:
    value = raw.get(name)
    place = f"{where}.{name}".lstrip(".")
    if value is None and not is_needed:
        return
    if not isinstance(value, str) or not value.strip():
        yield place, "is required"
    elif len(value) > maximum:
        yield place, f"has {len(value)} characters; at most {maximum} are allowed"


def _list_problems(raw: dict[str, Any], name: str, maximum: int, where: str) -> Problems:
    value = raw.get(name)
    place = f"{where}.{name}".lstrip(".")
    if not isinstance(value, list) or not value:
        yield place, "must be a list with at least one item"
    elif len(value) > maximum:
        yield place, f"has {len(value)} items; at most {maximum} are allowed"


def _id_problems(items: Sequence[dict[str, Any]], where: str) -> Problems:
    seen: set[str] = set()
    for item in items:
        identifier = str(item.get("id", ""))
        if not _ID.fullmatch(identifier):
            yield where, f"id {identifier!r} must be 3 to 128 letters, digits and underscores"
        elif identifier in seen:
            yield where, f"id {identifier} is there twice"
        seen.add(identifier)


def _objects(raw: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = raw.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
