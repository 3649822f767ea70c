"""Tests of one file share a worker process, whatever the versions of pytest and xdist; the longest begin first."""

import subprocess
import sys
from pathlib import Path

from portal.tests import order

SHARED = """
import os, pathlib, pytest

@pytest.fixture(scope="module")
def dear():
    with pathlib.Path("made.txt").open("a") as made:
        made.write(f"{os.path.basename(__file__)} {os.getpid()}\\n")

@pytest.mark.parametrize("number", range(8))
def test_it_is_there(dear, number):
    pass
"""


def test_what_a_file_sets_up_once_is_set_up_in_one_worker_only(tmp_path: Path) -> None:
    for name in ("test_first.py", "test_second.py"):
        (tmp_path / name).write_text(SHARED)
    plugins = ["-p", "no:django", "-p", "no:cacheprovider", "-p", "portal.tests.order"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    subprocess.run(
        [*command, *plugins, "--dist", "loadgroup", "-n", "2", str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(order.ROOT), "PATH": "/usr/bin:/bin"},
        check=True,
        timeout=300,
        capture_output=True,
    )
    made = (tmp_path / "made.txt").read_text().splitlines()
    assert sorted(line.split()[0] for line in made) == ["test_first.py", "test_second.py"]


def test_files_that_name_the_same_group_stay_together() -> None:
    scopes = {order.scope_of(f"runbooks/tests/{name}.py::test_one") for name in ("test_processes", "test_chaos")}
    assert scopes == {"processes"}
    assert order.scope_of("portal/tests/test_order.py::test_one[a::b]") == "portal/tests/test_order.py"


def test_the_files_named_as_longest_exist() -> None:
    assert [path for path in order.LONGEST_FIRST if not (order.ROOT / path).is_file()] == []
