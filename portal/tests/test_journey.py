"""The journey: `make run` as processes, two people in two browsers, the sample drill from its start to the history.

Everything is real: web server, worker, scheduler, sampler, sandbox, Chromium. Bounded to a few minutes.
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "mysfits-demo"
PATIENCE = 480_000  # ms; all of it is waited only where something is broken


@dataclass
class Portal:
    """A portal started as `make run` starts it: its address, and how long it took to answer (s)."""

    url: str
    seconds: float
    folder: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """Below those that the system gives to outgoing connections: nobody takes it until the portal listens there."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("var")
    ports = {name: free_port() for name in ("PORT", "SANDBOX_PORT", "SANDBOX_GATEWAY_PORT")}
    unset = {"DATABASE_URL", "CELERY_BROKER_URL", "AWS_ENDPOINT_URL", "SANDBOX_TIME_SCALE", "LOG_LEVEL"}
    unset.add("DJANGO_ALLOW_ASYNC_UNSAFE")  # the tests' own, set beside a browser
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {name: str(port) for name, port in ports.items()} | {"VAR_DIR": str(folder)}
    began = time.monotonic()
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.up"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{ports['PORT']}"
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{url}/accounts/login/", timeout=2):
                    break
            except OSError as error:
                if process.poll() is not None or time.monotonic() - began > PATIENCE / 1000:
                    raise AssertionError((folder / "up.log").read_text()) from error
                time.sleep(0.1)
        yield Portal(url, time.monotonic() - began, folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@pytest.fixture
def sign_in(browser: Browser, portal: Portal) -> Iterator[Callable[[str], Page]]:
    """Opens the home page as somebody, each in a context of his own; closed afterwards, since live pages go on asking."""
    contexts = []

    def enter(name: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(portal.url)
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible(timeout=PATIENCE)
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.mark.long
def test_the_portal_answers_soon_after_it_is_started(portal: Portal) -> None:
    assert portal.seconds < 60  # 15 on a machine with nothing else to do


def test_a_responder_drills_an_approver_approves_and_the_history_keeps_it(
    portal: Portal, sign_in: Callable[[str], Page]
) -> None:
    responder, approver = sign_in("rob"), sign_in("petra")
    responder.goto(f"{portal.url}/drills/start/?sample=1")
    responder.get_by_role("button", name="Start the drill").click()
    responder.wait_for_url(re.compile(r"/drills/[0-9a-f-]{36}/$"))
    address = responder.url

    expect(responder.get_by_text(re.compile("Waits for a decision"))).to_be_visible(timeout=PATIENCE)
    expect(responder.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    expect(responder.get_by_text("it needs one of the roles approver").first).to_be_visible()

    approver.goto(address)
    approver.get_by_role("button", name="Approve", exact=True).click()

    expect(responder.get_by_role("heading", name="What was measured")).to_be_visible(timeout=PATIENCE)
    measured = responder.locator("main").inner_text()
    assert "us-east-1" in measured
    assert re.search(r"\b(Met|Not met)\b", measured), measured

    responder.goto(f"{portal.url}/drills/")
    expect(responder.get_by_role("link", name="Lose the primary Region").first).to_be_visible(timeout=PATIENCE)


def test_a_viewer_is_offered_nothing_that_starts_or_stops(portal: Portal, sign_in: Callable[[str], Page]) -> None:
    viewer = sign_in("vera")
    viewer.goto(f"{portal.url}/drills/")
    expect(viewer.get_by_role("link", name="Start a drill")).to_have_count(0)
    answer = viewer.goto(f"{portal.url}/drills/start/")
    assert answer is not None
    assert answer.status == 403


def test_everything_ends_with_ctrl_c(portal: Portal) -> None:
    """Runs last: stops the portal and looks for what it left behind."""
    assert len(processes_of(portal.folder)) > 1
    portal.process.send_signal(signal.SIGINT)
    until = time.monotonic() + 120
    while time.monotonic() < until and processes_of(portal.folder):
        time.sleep(0.2)
    assert processes_of(portal.folder) == []


def environ_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().replace(b"\0", b"\n").decode(errors="replace")
    except OSError:
        return ""


def processes_of(folder: Path) -> list[str]:
    """Processes that were started with this folder, zombies left out."""
    mine = []
    for path in Path("/proc").glob("[0-9]*"):
        if f"VAR_DIR={folder}" in environ_of(path.name):
            mine.append(path.name)
    return mine
