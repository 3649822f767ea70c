"""Faults 24 and 25 of docs/faults.md: a Region that answers nothing, and a machine that reaches nothing but itself."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import User
from runbooks.models import Execution, Status
from runbooks.tests.aws_double import AwsDouble
from runbooks.tests.test_processes import ROOT, is_over, wait_until
from runbooks.tests.test_worker_processes import Workers

pytestmark = pytest.mark.long

HOME_IS_GONE = """
schemaVersion: "0.3"
mainSteps:
  - name: AskTheDeadRegion
    action: aws:executeAwsApi
    onFailure: Continue
    inputs: {Service: dynamodb, Api: DescribeTable, TableName: shop}
  - name: AskTheOther
    action: aws:executeAwsApi
    inputs: {Service: dynamodb, Api: DescribeTable, TableName: shop, "bcdr:Region": us-east-1}
"""
GIVEN_UP_AFTER = 25
"""Seconds after which an attempt of a call is given up (docs/actions.md)."""
ALONE = "ip link set lo up && exec "
SIGN_IN = """
import http.cookiejar, re, socket, sys, urllib.parse, urllib.request
try:
    socket.getaddrinfo("example.com", 80)
except OSError:
    print("no names are found")
jar = http.cookiejar.CookieJar()
browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
page = browser.open(sys.argv[1] + "/accounts/login/").read().decode()
token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
sent = urllib.parse.urlencode({"login": "petra", "password": "mysfits-demo", "csrfmiddlewaretoken": token}).encode()
request = urllib.request.Request(sys.argv[1] + "/accounts/login/", sent, {"Referer": sys.argv[1]})
print(re.search("<h1[^>]*>(.*?)</h1>", browser.open(request).read().decode(), re.DOTALL)[1].strip())
"""


@pytest.fixture
def workers(tmp_path: Path, aws: AwsDouble) -> Iterator[Workers]:
    made = Workers(tmp_path, aws)
    yield made
    made.end()


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_f24_a_region_that_answers_nothing_costs_its_own_steps_their_time_and_no_page_anything(
    start: Callable[..., Execution], aws: AwsDouble, workers: Workers, people: dict[str, User]
) -> None:
    aws.silent.add("us-west-2")
    execution = start(HOME_IS_GONE)
    workers.work()
    wait_until(lambda: bool(aws.calls), workers)
    client = Client()
    client.force_login(people["responder"])
    for address in (reverse("home"), reverse("execution_list"), reverse("execution_detail", args=[execution.pk])):
        assert client.get(address).status_code == 200
    assert list(execution.steps.values_list("status", flat=True)) == [Status.IN_PROGRESS]  # still unanswered
    wait_until(is_over(execution), workers)
    first, second = execution.steps.order_by("sequence")
    assert (first.status, second.status) == (Status.FAILED, Status.SUCCESS)
    assert "dynamodb:DescribeTable in us-west-2 was sent, and no usable answer came" in first.failure_message
    assert (first.ended_at - first.started_at).total_seconds() < 1.5 * GIVEN_UP_AFTER


@pytest.fixture
def alone(tmp_path: Path) -> Callable[..., list[str]]:
    """Makes a command run where there is no network but the machine's own loopback; needs root."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("unshare and ip (Debian: util-linux, iproute2) are needed to take the network away.")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("Taking the network away needs root.")
    return lambda *command: ["unshare", "--net", "sh", "-c", ALONE + '"$0" "$@"', *command]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_", "DJANGO_"))}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        kept.pop(name, None)
    return {**kept, "IS_SANDBOX": "1", "VAR_DIR": str(folder), "TMPDIR": str(folder)}


def test_f25_a_drill_needs_no_network(alone: Callable[..., list[str]], tmp_path: Path) -> None:
    command = alone(sys.executable, "manage.py", "drill", "--json")
    done = subprocess.run(
        command, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"]["word"] == "Met"


def test_f25_people_sign_in_without_names_and_without_anybody_else(
    alone: Callable[..., list[str]], tmp_path: Path
) -> None:
    log = tmp_path / "up.log"
    with log.open("wb") as said:
        portal = subprocess.Popen(
            alone(sys.executable, "-m", "portal.up"), cwd=ROOT, env=environment(tmp_path), stdout=said, stderr=said
        )
    try:
        until = time.monotonic() + 300
        while "Ctrl-C stops all of it" not in log.read_text():
            assert portal.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        inside = ["nsenter", f"--net=/proc/{portal.pid}/ns/net", sys.executable, "-c", SIGN_IN, "http://127.0.0.1:8000"]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout.splitlines() == ["no names are found", "Home"], done.stderr
    finally:
        portal.terminate()
        portal.wait(60)
