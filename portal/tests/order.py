"""A pytest plugin: which tests share a worker process, and which begin first.

The tests of one file stay in one worker, so that what a file sets up once (a sandbox, a portal) is set up once and not in every
worker. Files whose `pytestmark` names the same xdist_group stay together too. xdist's own `--dist loadgroup` cannot do this: it
writes the group into the test's id, which pytest has made read-only.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
GROUP = re.compile(r"""^pytestmark = (?:\[[^]]*)?pytest\.mark\.xdist_group\(["']([\w-]+)["']\)""", re.MULTILINE)
# These take longest, most of it waiting. Begun at the end, one of them would keep everybody waiting.
LONGEST_FIRST = (
    "portal/tests/test_journey.py",
    "runbooks/tests/test_drill_command.py",
    "portal/tests/test_look_in_a_browser.py",
    "assessments/tests/test_questionnaire_in_a_browser.py",
    "runbooks/tests/test_execution_in_a_browser.py",
    "runbooks/tests/test_processes.py",
    "runbooks/tests/test_worker_processes.py",
    "runbooks/tests/test_broker.py",
    "runbooks/tests/test_sampler.py",
    "portal/sandbox/tests/test_sample_estate.py",
    "runbooks/tests/test_faults_aws.py",
    "runbooks/tests/test_faults_workers.py",
)


class ByFile(LoadScopeScheduling):
    """Hands out whole files, or groups of files, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Only where tests are grouped at all; `--dist load` and the others mean what they say."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {path: place for place, path in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(file_of(item.nodeid), len(rank)))


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def scope_of(nodeid: str) -> str:
    """The group that the file of this test names, else the file."""
    path = file_of(nodeid)
    return _group_of(path) or path


@cache
def _group_of(path: str) -> str | None:
    source = ROOT / path
    found = GROUP.search(source.read_text(encoding="utf-8")) if source.is_file() else None
    return found[1] if found else None
