"""The floors of the house: imports only ever point down, and each library lives where it belongs. Read from the source."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The first prefix that matches decides; the number is the floor, the name groups those that must stay apart.
FLOORS: list[tuple[str, int, str]] = [
    ("runbooks.automation", 1, "pure"),
    ("runbooks.masking", 1, "pure"),
    ("runbooks.measurement", 1, "pure"),
    ("runbooks.outages", 1, "pure"),
    ("runbooks.data_loss", 1, "pure"),
    ("assessments.lens", 1, "pure"),
    ("assessments.risk", 1, "pure"),
    ("assessments.results", 1, "pure"),
    ("assessments.linter", 1, "pure"),
    ("assessments.improvement", 1, "pure"),
    ("assessments.trends", 1, "pure"),
    ("assessments.evidence_age", 1, "pure"),
    ("runbooks.actions", 2, "actions"),
    ("assessments.checks", 2, "actions"),
    ("portal.aws", 3, "aws"),
    ("portal.settings", 3, "settings"),
    ("portal.errors", 4, "errors"),
    ("portal.statements", 4, "statements"),
    ("portal.people", 4, "people"),
    ("portal.audit", 4, "audit"),
    ("portal.catalogue", 4, "catalogue"),
    ("runbooks.models", 4, "models"),
    ("assessments.models", 4, "models"),
    ("runbooks.lease", 5, "runner"),
    ("assessments.proof_source", 5, "runner"),
    ("assessments.lease", 5, "runner"),
    ("assessments.claiming", 5, "runner"),
    ("assessments.check_runner", 5, "runner"),
    ("runbooks.tasks", 6, "tasks"),
    ("assessments.tasks", 6, "tasks"),
    ("runbooks.operations", 7, "operations"),
    ("assessments.operations", 7, "operations"),
    ("assessments.tool", 1, "pure"),
    ("assessments.tool_workload", 1, "pure"),
    ("assessments.tool_comparison", 1, "pure"),
    ("assessments.tool_review", 3, "aws"),
    ("assessments.tool_connect", 7, "operations"),
    ("assessments.tool_sync", 7, "operations"),
    ("assessments.tool_milestones", 7, "operations"),
    # Works for the person who asked: a pull saves answers by the operation that people use, so it stands on its floor.
    ("assessments.tool_errand", 7, "operations"),
    ("assessments.tool_runner", 7, "operations"),
]
# Doors of a part that otherwise stands on floor 4.
DOOR_NAMES = {
    "views",
    "api",
    "urls",
    "admin",
    "forms",
    "management",
    "templatetags",
    "adapter",
    "demo",
    "apps",
}
PURE_MAY_USE = {"yaml", "jsonpath", "regex"}
EXEMPT = {"tests", "migrations", "conftest"}


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("portal", "runbooks", "assessments"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if EXEMPT.isdisjoint(parts):
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def floor_of(module: str) -> int:
    parts = module.split(".")[1:]
    if "operations" in parts:
        return 7
    if any(part in DOOR_NAMES or part.endswith("_views") for part in parts):
        return 8
    for prefix, floor, _ in FLOORS:
        if module == prefix or module.startswith(prefix + "."):
            return floor
    return RUNNER_FLOOR.get(module, 8)


# Modules directly below runbooks/ serve the runner and stand on its floor, except those that prepare pages.
PAGE_MODULES = {"boards", "timelines", "pictures", "sources", "differences", "urls", "apps", "__init__"}
RUNNER_FLOOR = {
    f"runbooks.{path.stem}": 5 for path in (ROOT / "runbooks").glob("*.py") if path.stem not in PAGE_MODULES
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> list[tuple[int, str, bool]]:
    """(line, imported module, is it inside a function)"""
    return list(_imports_of(tree_of(path)))


def _imports_of(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name, id(node) in inside
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module, id(node) in inside
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}", id(node) in inside


ALL = list(modules())
NAMES = {module for module, _ in ALL}


@cache
def own(name: str) -> str | None:
    """The module of ours that an import reaches, or None."""
    while name and name not in NAMES:
        name = name.rpartition(".")[0]
    return name or None


def found(rule: str, rows: list[str]) -> None:
    assert not rows, f"{rule}:\n" + "\n".join(rows)


def test_imports_point_down_or_stay_on_their_floor() -> None:
    rows = []
    for module, path in ALL:
        if module.startswith("portal.sandbox"):
            continue
        for line, name, _ in imports_of(path):
            target = own(name)
            if target in {"portal", "runbooks", "assessments"}:
                continue  # the module taken from the package is judged by its own name
            if target and floor_of(target) > floor_of(module):
                rows.append(
                    f"{path.relative_to(ROOT)}:{line} floor {floor_of(module)} imports {target} on {floor_of(target)}"
                )
    found("imports that point up", sorted(set(rows)))


def test_the_two_halves_never_import_each_other() -> None:
    rows = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in ALL
        for line, name, _ in imports_of(path)
        if {module.split(".")[0], name.split(".")[0]} == {"runbooks", "assessments"}
    ]
    found("siblings that import each other", rows)


def test_the_product_never_imports_the_sandbox_nor_it_the_product() -> None:
    rows = []
    for module, path in ALL:
        for line, name, _ in imports_of(path):
            target = own(name) or ""
            is_in, is_to = module.startswith("portal.sandbox"), target.startswith("portal.sandbox")
            is_its_door = module == "portal.management.commands.sandbox"
            if is_to and not is_in and not is_its_door:
                rows.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
            if is_in and target and not is_to and target != "portal":
                rows.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    found("imports across the sandbox's wall", sorted(set(rows)))


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("boto3", ("portal.aws", "portal.sandbox", "portal.benchmark.plain_run")),  # which is what boto3 alone takes
        ("botocore", ("portal.aws", "portal.sandbox")),
        ("moto", ("portal.sandbox",)),
        ("celery", ("portal.celery", "runbooks.tasks", "assessments.tasks")),
    ],
)
def test_a_library_stays_at_home(library: str, homes: tuple[str, ...]) -> None:
    rows = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in ALL
        for line, name, _ in imports_of(path)
        if name.split(".")[0] == library and not module.startswith(homes)
    ]
    found(f"{library} outside {' and '.join(homes)}", rows)


def test_the_pure_floor_uses_the_standard_library_and_two_readers_only() -> None:
    rows = []
    for module, path in ALL:
        if floor_of(module) != 1:
            continue
        for line, name, _ in imports_of(path):
            top, target = name.split(".")[0], own(name)
            is_allowed = top in sys.stdlib_module_names or top in PURE_MAY_USE
            if not is_allowed and (target is None or floor_of(target) != 1):
                rows.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    found("more than the pure floor may use", rows)


def test_no_import_of_ours_hides_in_a_function() -> None:
    rows = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for _, path in ALL
        for line, name, is_inside in imports_of(path)
        if is_inside and own(name)
    ]
    found("hidden imports", rows)


def test_only_the_act_step_catches_everything() -> None:
    # Besides the act step: the author's script in its own process, and the sandbox's loops that must outlive one bad pass.
    allowed = {"runbooks/attempts.py", "runbooks/actions/script_host.py", "portal/sandbox/surviving.py"}
    rows = []
    for _, path in ALL:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                kind = getattr(node.type, "id", None) if node.type is not None else "everything"
                place = str(path.relative_to(ROOT))
                if kind in {"everything", "Exception", "BaseException"} and place not in allowed:
                    rows.append(f"{place}:{node.lineno} catches {kind}")
    found("broad excepts", rows)


def test_files_and_functions_keep_to_their_size() -> None:
    rows = []
    for module, path in ALL:
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(ROOT)
        if text.count("\n") > 350:
            rows.append(f"{place} has {text.count(chr(10))} lines, 350 is the bound")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                bound = 8 if module.endswith(".tasks") else 50
                if length > bound:
                    rows.append(f"{place}:{node.lineno} {node.name} has {length} lines, {bound} is the bound")
    found("too long", rows)


def test_every_module_says_what_it_is() -> None:
    rows = [str(path.relative_to(ROOT)) for _, path in ALL if not ast.get_docstring(tree_of(path))]
    found("modules without a docstring", rows)


def test_no_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "core", "base", "misc", "manager"}
    rows = [str(path.relative_to(ROOT)) for _, path in ALL if path.stem in empty or empty & set(path.parts[-3:-1])]
    found("names that say nothing", rows)
