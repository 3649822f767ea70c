"""docs/faults.md and the tests say the same: each fault has its row, each row its tests or a reason."""

import ast
import re
from pathlib import Path

import pytest

from runbooks.tests.chaos import campaign, invariants, witness
from runbooks.tests.chaos.mutants import MUTANTS

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "docs" / "faults.md"
ROW = re.compile(r"^\| F(\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
ROWS = {int(number): where for number, where in ROW.findall(PAGE.read_text())}
HAS_NUMBERS = re.compile(r"^test_f(\d\d)_")


def names_in(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


NUMBERED = {
    (int(found[1]), path.stem)
    for path in TESTS.glob("test_*.py")
    for name in names_in(path)
    if (found := HAS_NUMBERS.match(name))
}


def test_every_fault_of_the_matrix_has_its_row() -> None:
    assert sorted(ROWS) == list(range(1, 42))


@pytest.mark.parametrize(("number", "module"), sorted(NUMBERED))
def test_a_numbered_test_stands_in_its_row(number: int, module: str) -> None:
    assert module in ROWS[number], f"F{number} is tested in {module}, and its row does not say so"


@pytest.mark.parametrize("number", sorted(ROWS))
def test_a_row_names_tests_that_are_there_or_a_reason(number: int) -> None:
    named = re.findall(r"test_\w+", ROWS[number])
    for module in named:
        path = TESTS / f"{module}.py"
        assert path.exists() and names_in(path), f"F{number} names {module}, which has no tests"
        has_numbers = any(where == module for _, where in NUMBERED)
        assert not has_numbers or (number, module) in NUMBERED, f"no test in {module} begins with test_f{number:02}_"
    if "not caused" in ROWS[number]:
        assert re.search(rf"\bF{number}\b", PAGE.read_text().split("## Not caused")[1]), f"F{number} gives no reason"
    else:
        assert named or "chaos" in ROWS[number], f"F{number} names nothing"


def test_every_invariant_that_is_compared_is_explained() -> None:
    sources = "".join(Path(str(module.__file__)).read_text() for module in (invariants, witness, campaign))
    used = set(re.findall(r"\bf?[\"'](I\d+)\b", sources)) | set(re.findall(r"'(I\d+)'", sources))
    explained = set(re.findall(r"^\| (I\d+) \|", PAGE.read_text(), re.MULTILINE))
    assert used <= explained, f"not explained: {sorted(used - explained)}"


def test_every_mutant_has_its_row() -> None:
    rows = re.findall(r"^\| ([a-z-]+) \|", PAGE.read_text().split("## The mutants")[1], re.MULTILINE)
    assert sorted(set(rows) - {"mutant"}) == sorted(MUTANTS)
