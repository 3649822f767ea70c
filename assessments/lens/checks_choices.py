"""What must be so in the choices, resources and risk rules of a question.

Here: the part of the walk below a question. Not here: lens, pillar, question (checks.py), what rules do for every answer
(assessments.linter).
"""

from itertools import islice
from typing import Any

from assessments.lens.conditions import ConditionError, Default, choices_read, parse
from assessments.lens.content import NONE_OF_THESE, RuleRisk, condition_of, key_of, value_of
from assessments.lens.fields import Keys, check_id, check_spelling, check_text, check_unknown_keys, check_url
from assessments.lens.problems import Grade, Notes, Path, shorten

MAXIMUM_CHOICES = 15
MAXIMUM_RULES = 3
READ_RULES = 100
MAXIMUM_ADDITIONAL = 5
_TYPES = ("HELPFUL_RESOURCE", "IMPROVEMENT_PLAN")
_CHOICE_KEYS = Keys(
    "choice", ("id", "title", "helpfulResource", "improvementPlan", "additionalResources"), ("description",)
)
_RESOURCE_KEYS = Keys("resource", ("displayText", "url"))
_ADDITIONAL_KEYS = Keys("group of resources", ("type", "content"))
_RULE_KEYS = Keys("risk rule", ("condition", "risk"))


def check_choices(choices: list[tuple[dict[str, Any], Path]], path: Path, notes: Notes) -> dict[str, Path]:
    """Note everything wrong with the choices of a question and hand back their ids in order, each with its place."""
    seen: dict[str, Path] = {}
    for choice, here in choices:
        id_ = check_id(choice, here, notes, seen) or ""
        check_text(choice, "title", here, notes)
        check_text(choice, "description", here, notes, is_optional=True)
        check_resource(choice, "helpfulResource", here, notes)
        check_resource(choice, "improvementPlan", here, notes)
        if value_of(choice, "improvementPlan") is None and not id_.endswith(NONE_OF_THESE):
            message = f"improvementPlan is missing. AWS wants it unless the choice's id ends in {NONE_OF_THESE}."
            notes.note(Grade.REFUSED, "no-improvement-plan", here, message)
        _check_additional(choice, here, notes)
        check_unknown_keys(choice, _CHOICE_KEYS, here, notes)
    if len(choices) > MAXIMUM_CHOICES:
        message = f"There are {len(choices)} choices; AWS takes {MAXIMUM_CHOICES}. Split the question."
        notes.note(Grade.REFUSED, "too-many", (*path, "choices"), message)
    return seen


def check_resource(raw: dict[str, Any], key: str, path: Path, notes: Notes) -> None:
    """Check a helpful resource or an improvement plan where there is one."""
    written = key_of(raw, key)
    if raw.get(written) is not None:
        check_spelling(key, written, path, notes)
        _check_linked(raw[written], (*path, written), notes)


def _check_linked(value: Any, path: Path, notes: Notes) -> None:
    if not isinstance(value, dict):
        message = "This is not an object with displayText and url; it is not shown. Write one."
        notes.note(Grade.REFUSED, "not-an-object", path, message)
        return
    check_text(value, "displayText", path, notes)
    check_url(value, path, notes)
    check_unknown_keys(value, _RESOURCE_KEYS, path, notes)


def _check_additional(choice: dict[str, Any], path: Path, notes: Notes) -> None:
    written = key_of(choice, "additionalResources")
    groups = choice.get(written)
    if groups is None:
        return
    here = (*path, written)
    if not isinstance(groups, list):
        notes.note(Grade.REFUSED, "bad-list", here, "additionalResources is not a list; it is not shown. Write one.")
        return
    counts = dict.fromkeys(_TYPES, 0)
    for index, group in enumerate(groups):
        type_, number = _check_group(group, (*here, index), notes)
        if type_ in counts:
            counts[type_] += number
    for type_, number in counts.items():
        if number > MAXIMUM_ADDITIONAL:
            message = f"There are {number} of type {type_}; AWS takes {MAXIMUM_ADDITIONAL} for a choice. Remove some."
            notes.note(Grade.REFUSED, "too-many", here, message)


def _check_group(group: Any, path: Path, notes: Notes) -> tuple[str | None, int]:
    """The type of a group of additional resources, and how many it has."""
    content = value_of(group, "content") if isinstance(group, dict) else None
    if not isinstance(group, dict) or not isinstance(content, list):
        message = "This is not an object with type and a list content; it is not shown. Write one."
        notes.note(Grade.REFUSED, "not-an-object", path, message)
        return None, 0
    type_ = value_of(group, "type")
    if type_ not in _TYPES:
        message = f"The type is neither {' nor '.join(_TYPES)}; the group is not shown. Write one of them."
        notes.note(Grade.REFUSED, "bad-type", (*path, key_of(group, "type")), message)
        type_ = None
    for index, item in enumerate(content):
        _check_linked(item, (*path, key_of(group, "content"), index), notes)
    check_unknown_keys(group, _ADDITIONAL_KEYS, path, notes)
    return type_, len(content)


def check_rules(question: dict[str, Any], choice_ids: dict[str, Path], path: Path, notes: Notes) -> None:
    """Note everything wrong with the risk rules of a question that has these choices."""
    written = key_of(question, "riskRules")
    rules = question.get(written)
    here = (*path, written)
    if not isinstance(rules, list | None):
        notes.note(Grade.UNUSABLE, "bad-list", here, "riskRules is not a list. Write a list of objects.")
        return
    if not rules:
        message = "There are no risk rules; every answer is HIGH. Write them, the last with the condition default."
        notes.note(Grade.REFUSED, "no-rules", here, message)
        return
    if len(rules) > READ_RULES:
        message = f"There are {len(rules):,} risk rules; at most {READ_RULES} are read. Join them with ||."
        notes.note(Grade.UNUSABLE, "too-many", here, message)
        return
    risks: dict[str, int] = {}
    conditions = [_check_rule(rule, choice_ids, (*here, index), notes) for index, rule in enumerate(rules)]
    for index, rule in enumerate(rules):
        risk = value_of(rule, "risk") if isinstance(rule, dict) else None
        if isinstance(risk, str) and risks.setdefault(risk, index) != index:
            message = (
                f"riskRules[{risks[risk]}] gives {shorten(risk)} already; AWS takes one rule a risk. Join them with ||."
            )
            notes.note(Grade.ODD, "repeated-risk", (*here, index, "risk"), message)
    if len(rules) > MAXIMUM_RULES:
        message = f"There are {len(rules)} risk rules; AWS takes {MAXIMUM_RULES}, one a risk. Join them with ||."
        notes.note(Grade.REFUSED, "too-many", here, message)
    if "default" not in conditions:
        message = "No rule has the condition default; what no rule covers is HIGH. Add one at the end."
        notes.note(Grade.REFUSED, "no-default", here, message)


def _check_rule(rule: Any, choice_ids: dict[str, Path], path: Path, notes: Notes) -> str | None:
    """The condition that is meant, None where it cannot be read."""
    if not isinstance(rule, dict):
        notes.note(Grade.UNUSABLE, "not-an-object", path, "A risk rule is an object with condition and risk.")
        return None
    check_unknown_keys(rule, _RULE_KEYS, path, notes)
    risk = value_of(rule, "risk")
    if risk not in tuple(RuleRisk):
        message = f"The risk is none of {', '.join(RuleRisk)}. Write one of them."
        notes.note(Grade.UNUSABLE, "bad-risk", (*path, key_of(rule, "risk")), message)
    here = (*path, key_of(rule, "condition"))
    written = value_of(rule, "condition")
    if not isinstance(written, str):
        message = "The condition is missing or not a text. Write choices joined with &&, || and !, or default."
        notes.note(Grade.UNUSABLE, "bad-condition", here, message)
        return None
    condition = condition_of(written, choice_ids)
    if condition == "default" and written.strip() != "default":
        notes.note(Grade.REFUSED, "bad-condition", here, f"{shorten(written)} is read as default. Write default.")
    return condition if _is_readable(condition, choice_ids, here, notes) else None


def _is_readable(condition: str, choice_ids: dict[str, Path], path: Path, notes: Notes) -> bool:
    try:
        expression = parse(condition)
    except ConditionError as error:
        notes.note(Grade.UNUSABLE, "bad-condition", path, error.message)
        return False
    if isinstance(expression, Default):
        return True
    unknown: dict[str, int] = {}
    for choice in choices_read(expression):
        if choice.choice_id not in choice_ids:
            unknown.setdefault(choice.choice_id, choice.position)
    for choice_id, position in unknown.items():
        known = shorten(", ".join(islice(choice_ids, 8)))
        remedy = "default stands alone" if choice_id == "default" else f"name one of {known}"
        message = f"{shorten(choice_id)} at character {position} is no choice of this question: {remedy}."
        notes.note(Grade.UNUSABLE, "unknown-choice", path, message)
    return not unknown
