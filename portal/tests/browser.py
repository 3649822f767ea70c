"""A pytest plugin: `browser`, the one Chromium of a worker process. Each test opens contexts of its own in it.

Not here: signing in and looking for errors of scripts, which each file of browser tests does in its own way.
"""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]

PATIENCE = 60_000  # ms until an expectation is given up; all of it is waited only where something is broken


def find_chromium() -> str | None:
    """The path of Chromium: the environment variable CHROMIUM, else what is installed."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import (
        expect,
        sync_playwright,
    )  # taken here: loading it takes a while, and few workers need it

    path = find_chromium()
    assert path, "These tests need Chromium. Install it, or name its path in the environment variable CHROMIUM."
    with pytest.MonkeyPatch.context() as patched, sync_playwright() as playwright:
        # Playwright's own loop runs in this thread from now on, and Django would refuse its database beside it.
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()
