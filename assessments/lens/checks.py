"""What must be so in a lens, a pillar and a question.

Here: the walk over the content down to the questions. Not here: choices, rules, resources (checks_choices.py), the text
itself (source.py). What nobody could use is an error; what published lenses get wrong is read and warned of. The limits
are those of AWS's "Lens format specification"; where the Well-Architected Tool's API is stricter, exporting says so.
"""

import json
from collections.abc import Iterator
from typing import Any

from assessments.lens.checks_choices import check_choices, check_resource, check_rules
from assessments.lens.content import SCHEMA_VERSION, key_of, value_of
from assessments.lens.fields import Keys, check_id, check_text, check_unknown_keys
from assessments.lens.problems import Grade, Notes, Path

EXPORTED_CHARACTERS = 500_000
MAXIMUM_PILLARS = 10
MAXIMUM_QUESTIONS = 20
READ_ITEMS = 1_000
_LENS_KEYS = Keys("lens", ("schemaVersion", "name", "description", "pillars"))
_PILLAR_KEYS = Keys("pillar", ("id", "name", "questions"))
_QUESTION_KEYS = Keys("question", ("id", "title", "description", "helpfulResource", "choices", "riskRules"))


def check(raw: Any, notes: Notes) -> None:
    """Note everything wrong with the content of a lens."""
    if not isinstance(raw, dict):
        message = "This is not a lens: a lens is a JSON object with schemaVersion, name, description and pillars."
        notes.note(Grade.UNUSABLE, "not-a-lens", (), message)
        return
    if not any(key_of(raw, key) in raw for key in ("pillars", "schemaVersion")):
        message = (
            "This is not a lens: it has neither schemaVersion nor pillars. Export the lens as JSON and import that."
        )
        notes.note(Grade.UNUSABLE, "not-a-lens", (), message)
        return
    _check_version(raw, notes)
    check_text(raw, "name", (), notes, is_needed=True)
    check_text(raw, "description", (), notes)
    check_unknown_keys(raw, _LENS_KEYS, (), notes)
    _check_pillars(raw, notes)
    if len(json.dumps(raw, ensure_ascii=False, separators=(",", ":"))) > EXPORTED_CHARACTERS:
        message = f"The lens has more than {EXPORTED_CHARACTERS:,} characters, which is all that AWS takes. Split it."
        notes.note(Grade.REFUSED, "too-large", (), message)


def _check_version(raw: dict[str, Any], notes: Notes) -> None:
    version = value_of(raw, "schemaVersion")
    path: Path = (key_of(raw, "schemaVersion"),)
    if version is None:
        message = f"schemaVersion is missing; the lens is read as {SCHEMA_VERSION}. Write it."
        notes.note(Grade.REFUSED, "bad-schema-version", path, message)
    elif version != SCHEMA_VERSION:
        message = f"This schemaVersion is not known; only {SCHEMA_VERSION} is. Convert the lens to it."
        notes.note(Grade.UNUSABLE, "bad-schema-version", path, message)


def _check_pillars(raw: dict[str, Any], notes: Notes) -> None:
    pillar_ids: dict[str, Path] = {}
    question_ids: dict[str, Path] = {}
    for pillar, path in objects_of(raw, "pillars", (), notes):
        check_id(pillar, path, notes, pillar_ids)
        check_text(pillar, "name", path, notes)
        check_unknown_keys(pillar, _PILLAR_KEYS, path, notes)
        for question, question_path in objects_of(pillar, "questions", path, notes, may_be_empty=True):
            _check_question(question, question_path, notes, question_ids)
        _check_number(pillar, "questions", MAXIMUM_QUESTIONS, path, notes)
    _check_number(raw, "pillars", MAXIMUM_PILLARS, (), notes)


def _check_question(question: dict[str, Any], path: Path, notes: Notes, question_ids: dict[str, Path]) -> None:
    check_id(question, path, notes, question_ids)
    check_text(question, "title", path, notes)
    check_text(question, "description", path, notes, is_optional=True)
    check_resource(question, "helpfulResource", path, notes)
    check_unknown_keys(question, _QUESTION_KEYS, path, notes)
    choice_ids = check_choices(list(objects_of(question, "choices", path, notes)), path, notes)
    check_rules(question, choice_ids, path, notes)


def objects_of(
    raw: dict[str, Any], key: str, path: Path, notes: Notes, may_be_empty: bool = False
) -> Iterator[tuple[dict[str, Any], Path]]:
    """The objects of a list that must exist, each with its path; what is none is noted."""
    written = key_of(raw, key)
    items = raw.get(written)
    here = (*path, written)
    if items is None or not isinstance(items, list):
        what = "is missing" if items is None else "is not a list"
        notes.note(Grade.UNUSABLE, "bad-list", here, f"{key} {what}. Write a list of objects.")
        return
    if len(items) > READ_ITEMS:
        message = f"There are {len(items):,} {key}; at most {READ_ITEMS:,} are read. Split the lens."
        notes.note(Grade.UNUSABLE, "too-many", here, message)
        return
    if not items:
        grade = Grade.REFUSED if may_be_empty else Grade.UNUSABLE
        notes.note(grade, "empty-list", here, f"{key} is empty. Write at least one.")
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield item, (*here, index)
        else:
            notes.note(Grade.UNUSABLE, "not-an-object", (*here, index), f"An item of {key} is not an object.")


def _check_number(raw: dict[str, Any], key: str, maximum: int, path: Path, notes: Notes) -> None:
    items = value_of(raw, key)
    if isinstance(items, list) and maximum < len(items) <= READ_ITEMS:
        message = f"There are {len(items)} {key}; AWS takes {maximum}. Split them."
        notes.note(Grade.REFUSED, "too-many", (*path, key_of(raw, key)), message)
