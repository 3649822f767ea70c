"""What a lens says: the types of parsed content, and how usable raw content becomes them.

Here: frozen dataclasses in Well-Architected's words, and `build`. Not here: whether the content is usable (checks.py).
The file's format: "Lens format specification" in the AWS Well-Architected Tool's user guide, schemaVersion 2021-11-01.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from assessments.lens.conditions import Default, Expression, parse

SCHEMA_VERSION = "2021-11-01"
NONE_OF_THESE = "_no"
_WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)


class RuleRisk(StrEnum):
    """The risks that a rule may give, as the file spells them."""

    HIGH_RISK = "HIGH_RISK"
    MEDIUM_RISK = "MEDIUM_RISK"
    NO_RISK = "NO_RISK"


@dataclass(frozen=True)
class HelpfulResource:
    """A text that explains, and perhaps a page; `url` begins with http:// or https:// or is None."""

    display_text: str
    url: str | None = None


@dataclass(frozen=True)
class ImprovementPlan:
    """A text that says how to do better, and perhaps a page; `url` begins with http:// or https:// or is None."""

    display_text: str
    url: str | None = None


_Linked = TypeVar("_Linked", HelpfulResource, ImprovementPlan)


@dataclass(frozen=True)
class Choice:
    """A best practice that may be chosen as part of an answer."""

    id: str
    title: str
    description: str
    helpful_resource: HelpfulResource | None
    improvement_plan: ImprovementPlan | None
    additional_helpful_resources: tuple[HelpfulResource, ...] = ()
    additional_improvement_plans: tuple[ImprovementPlan, ...] = ()

    @property
    def is_none_of_these(self) -> bool:
        """Whether it excludes all others: AWS says so of ids that end in _no."""
        return self.id.endswith(NONE_OF_THESE)


@dataclass(frozen=True)
class RiskRule:
    """When the condition is the first of its question to be true, the question has this risk."""

    condition: str
    risk: RuleRisk
    expression: Expression = field(compare=False)

    @property
    def is_default(self) -> bool:
        """Whether it holds for every answer."""
        return isinstance(self.expression, Default)


@dataclass(frozen=True)
class Question:
    """One question; its id is unique in the lens, the ids of its choices are unique in it."""

    id: str
    title: str
    description: str
    helpful_resource: HelpfulResource | None
    choices: tuple[Choice, ...]
    rules: tuple[RiskRule, ...]

    @cached_property
    def choice_ids(self) -> tuple[str, ...]:
        """The ids of all choices, in the lens's order."""
        return tuple(choice.id for choice in self.choices)

    @cached_property
    def none_of_these(self) -> frozenset[str]:
        """The ids of the choices that exclude all others."""
        return frozenset(choice.id for choice in self.choices if choice.is_none_of_these)


@dataclass(frozen=True)
class Pillar:
    """A named group of questions."""

    id: str
    name: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Lens:
    """A whole lens; `raw` is the content it was built from, with every key that we do not read."""

    schema_version: str
    name: str
    description: str
    pillars: tuple[Pillar, ...]
    raw: dict[str, Any] = field(repr=False, compare=False)

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Question id to question, in the lens's order."""
        return {question.id: question for pillar in self.pillars for question in pillar.questions}


def key_of(raw: dict[str, Any], key: str) -> str:
    """The key as `raw` spells it: published lenses write Url for url. The right spelling wins."""
    if key in raw:
        return key
    return next((written for written in raw if written.lower() == key.lower()), key)


def value_of(raw: dict[str, Any], key: str) -> Any:
    """The value of a key in any letter case, None where it is missing."""
    return raw.get(key_of(raw, key))


def is_web_url(url: str) -> bool:
    """Whether a browser may be sent there: http or https, no blanks."""
    return _WEB.fullmatch(url) is not None


def condition_of(written: str, choice_ids: Collection[str]) -> str:
    """The condition that is meant: Default in any letter case is default, unless a choice has that id."""
    stripped = written.strip()
    return "default" if stripped.lower() == "default" and stripped not in choice_ids else stripped


def build(raw: dict[str, Any]) -> Lens:
    """A lens from content in which checks.py found nothing unusable."""
    return Lens(
        schema_version=value_of(raw, "schemaVersion") or SCHEMA_VERSION,
        name=value_of(raw, "name"),
        description=_text(raw, "description"),
        pillars=tuple(_pillar(pillar) for pillar in value_of(raw, "pillars")),
        raw=raw,
    )


def _pillar(raw: dict[str, Any]) -> Pillar:
    questions = tuple(_question(question) for question in value_of(raw, "questions"))
    return Pillar(id=value_of(raw, "id"), name=_text(raw, "name") or value_of(raw, "id"), questions=questions)


def _question(raw: dict[str, Any]) -> Question:
    choices = tuple(_choice(choice) for choice in value_of(raw, "choices"))
    ids = frozenset(choice.id for choice in choices)
    return Question(
        id=value_of(raw, "id"),
        title=_text(raw, "title") or value_of(raw, "id"),
        description=_text(raw, "description"),
        helpful_resource=_resource(value_of(raw, "helpfulResource"), HelpfulResource),
        choices=choices,
        rules=tuple(_rule(rule, ids) for rule in value_of(raw, "riskRules") or ()),
    )


def _rule(raw: dict[str, Any], choice_ids: frozenset[str]) -> RiskRule:
    condition = condition_of(value_of(raw, "condition"), choice_ids)
    return RiskRule(condition, RuleRisk(value_of(raw, "risk")), parse(condition))


def _choice(raw: dict[str, Any]) -> Choice:
    return Choice(
        id=value_of(raw, "id"),
        title=_text(raw, "title") or value_of(raw, "id"),
        description=_text(raw, "description"),
        helpful_resource=_resource(value_of(raw, "helpfulResource"), HelpfulResource),
        improvement_plan=_resource(value_of(raw, "improvementPlan"), ImprovementPlan),
        additional_helpful_resources=_additional(raw, "HELPFUL_RESOURCE", HelpfulResource),
        additional_improvement_plans=_additional(raw, "IMPROVEMENT_PLAN", ImprovementPlan),
    )


def _text(raw: dict[str, Any], key: str) -> str:
    value = value_of(raw, key)
    return value if isinstance(value, str) else ""


def _resource(raw: Any, kind: type[_Linked]) -> _Linked | None:
    if not isinstance(raw, dict):
        return None
    display_text, url = _text(raw, "displayText"), _text(raw, "url").strip()
    usable = url if is_web_url(url) else None
    return kind(display_text or usable or "", usable) if display_text.strip() or usable else None


def _additional(raw: dict[str, Any], type_: str, kind: type[_Linked]) -> tuple[_Linked, ...]:
    groups = value_of(raw, "additionalResources")
    found: list[_Linked] = []
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict) and value_of(group, "type") == type_:
            content = value_of(group, "content")
            items = (_resource(item, kind) for item in (content if isinstance(content, list) else ()))
            found.extend(item for item in items if item is not None)
    return tuple(found)
