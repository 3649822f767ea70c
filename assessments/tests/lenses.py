"""Lenses for tests, written by hand and at random, and a second judge of conditions that shares no code with ours."""

import functools
import itertools
import json
import re
from collections.abc import Iterator
from types import CodeType
from typing import Any

from hypothesis import strategies as st

from assessments.lens import Lens, Problem, Question, load, read

Rule = tuple[str, str]


def choice(id_: str, **more: Any) -> dict[str, Any]:
    plan = {} if id_.endswith("_no") else {"improvementPlan": {"displayText": f"Do {id_}."}}
    return {"id": id_, "title": f"We do {id_}", **plan, **more}


def question(id_: str, choices: str, rules: list[Rule], **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "title": f"How do you {id_}?",
        "choices": [choice(name) for name in choices.split()],
        "riskRules": [{"condition": condition, "risk": risk} for condition, risk in rules],
        **more,
    }


def pillar(id_: str, *questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": f"Pillar {id_}", "questions": list(questions), **more}


def lens(*pillars: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schemaVersion": "2021-11-01",
        "name": "Recovery",
        "description": "How recovery is prepared.",
        "pillars": list(pillars),
        **more,
    }


STEPPED: list[Rule] = [
    ("tested && copied && owned", "NO_RISK"),
    ("tested || copied", "MEDIUM_RISK"),
    ("default", "HIGH_RISK"),
]


def backup(**more: Any) -> dict[str, Any]:
    return question("backup", "tested copied owned backup_no", STEPPED, **more)


def small() -> dict[str, Any]:
    """Nothing is wrong with it and AWS would take it."""
    restore = question("restore", "timed rehearsed", [("timed && rehearsed", "NO_RISK"), ("default", "MEDIUM_RISK")])
    return lens(pillar("reliability", backup()), pillar("operations", restore))


def as_published() -> dict[str, Any]:
    """What published lenses have got wrong, each oddity once or twice."""
    odd = question("odd_rules", "choice1 choice2", [("choice1", "NO_RISK"), ("choice2", "HIGH_RISK")])
    repeated = question("yes_no", "choice1 choice2", [*[("choice2", "HIGH_RISK")] * 2, ("Default", "NO_RISK")])
    unread = question("only_default", "choice1 choice2", [("default", "HIGH_RISK")], category="x", riskLevel="HIGH")
    unread["choices"][0]["helpfulResource"] = {"displayText": "Read.", "Url": "https://example.com/a"}
    unread["choices"][0]["description"] = "More about it."
    unread["choices"][1]["helpfulResource"] = {"displayText": "-", "url": ""}
    odd["helpfulResource"] = {"displayText": "-", "url": "see the wiki"}
    unread["choices"][1]["improvementPlan"] = {"displayText": " "}
    unread["choices"][1]["title"] = "long " * 40
    del odd["choices"][1]["improvementPlan"]
    meta = {"_version": "1.0", "_teams": {"_authors": [{"name": "Somebody"}]}, "_release_note": "first"}
    return lens(pillar("OPS", odd, repeated, unread), pillar("a", question("q1", "x1y", [("x1y", "NO_RISK")])), **meta)


def only_question(raw: dict[str, Any]) -> Question:
    """The question of a raw question alone in a lens."""
    return next(iter(load_one(raw).questions.values()))


def load_one(raw: dict[str, Any]) -> Lens:
    return load(lens(pillar("only", raw)))


@functools.cache
def python_of(condition: str) -> CodeType:
    """The condition in Python, over a set named chosen."""
    words = re.sub(r"[A-Za-z_]\w*", lambda match: f"({match[0]!r} in chosen)", condition)
    source = words.replace("!", " not ").replace("&&", " and ").replace("||", " or ").strip()
    return compile(source, condition, "eval")


def is_true(condition: str, chosen: set[str]) -> bool:
    return condition == "default" or bool(eval(python_of(condition), {"chosen": chosen}))


def expected_risk(raw: dict[str, Any], chosen: set[str]) -> str:
    """The risk of a raw question by a second reading of the rules."""
    names = {"HIGH_RISK": "HIGH", "MEDIUM_RISK": "MEDIUM", "NO_RISK": "NONE"}
    if not chosen:
        return "UNANSWERED"
    return next((names[rule["risk"]] for rule in raw["riskRules"] if is_true(rule["condition"], chosen)), "HIGH")


def all_sets(raw: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Every set of choices of a raw question, the smallest first."""
    ids = [item["id"] for item in raw["choices"]]
    return itertools.chain.from_iterable(itertools.combinations(ids, size) for size in range(len(ids) + 1))


def conditions(ids: list[str]) -> st.SearchStrategy[str]:
    """Conditions over these choices, in all forms that the grammar has, with more or fewer blanks and brackets."""
    blank = st.sampled_from(["", " ", "  "])
    leaves = st.sampled_from(ids)

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        bracketed = inner.map(lambda text: f"({text})")
        unary = st.one_of(leaves, bracketed, st.builds("!{}{}".format, blank, bracketed), leaves.map("!{}".format))
        operator = st.sampled_from(["&&", "||"])
        return st.one_of(unary, st.builds("{0}{1}{2}{1}{3}".format, unary, blank, operator, st.one_of(unary, inner)))

    return st.recursive(leaves, grow, max_leaves=10)


@st.composite
def questions(draw: st.DrawFn, maximum: int = 6) -> dict[str, Any]:
    """Raw questions whose rules have any conditions and risks, default anywhere or nowhere."""
    ids = [f"aa{number}" for number in range(draw(st.integers(1, maximum)))]
    if draw(st.booleans()):
        ids.append("qq_no")
    one = st.tuples(
        st.one_of(conditions(ids), conditions(ids), conditions(ids), st.just("default")),
        st.sampled_from(["HIGH_RISK", "MEDIUM_RISK", "NO_RISK"]),
    )
    return question("random", " ".join(ids), draw(st.lists(one, max_size=4)))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab_$"\\ é', max_size=4), inner, max_size=3),
    max_leaves=8,
)


def text(raw: Any) -> str:
    return json.dumps(raw)


def codes(problems: tuple[Problem, ...], severity: str) -> set[str]:
    return {problem.code for problem in problems if problem.severity == severity}


def usable(raw: Any) -> Lens:
    reading = read(text(raw))
    assert reading.lens is not None, reading.problems
    return reading.lens


def error_of(raw: Any) -> Problem:
    """The one error of a lens."""
    reading = read(raw if isinstance(raw, str | bytes) else text(raw))
    assert reading.lens is None
    (error,) = [problem for problem in reading.problems if problem.severity == "error"]
    return error
