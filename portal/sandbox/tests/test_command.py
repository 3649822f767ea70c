"""The command line: starting, saying so, stopping; and a taken port."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from portal.sandbox.command import add_options, main
from portal.sandbox.server import Sandbox
from portal.sandbox.tests.account import Account

ROOT = Path(__file__).parents[3]


def test_it_says_ready_and_ends_well_when_told_to() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "DJANGO_"))}
    command = [sys.executable, "-m", "portal.sandbox", "--port", "0", "--gateway-port", "0", "--no-sample"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:2] == ["sandbox", "ready"]
            assert [word.partition("=")[0] for word in words[2:]] == ["api", "gateway"]
            with urllib.request.urlopen(words[2].removeprefix("api=") + "/_sandbox/status", timeout=60) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_it_needs_nothing_of_django() -> None:
    code = "import sys, portal.sandbox.command; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=300).returncode == 0


def test_a_taken_port_is_said_and_leaves_nothing_behind() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            Sandbox(gateway_port=port).start()
        with pytest.raises(OSError, match=str(port)):
            Sandbox(port=port).start()
    with Sandbox(time_scale=0.02) as another:
        assert Account(another).control("GET", "status")[0] == 200


def test_a_senseless_variable_is_refused_like_a_senseless_option(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, {"SANDBOX_PORT": "many"})
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "many" in capsys.readouterr().err


def test_a_senseless_option_ends_with_a_message_and_an_error_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--gateway-port", "0", "--no-sample", "--time-scale", "0"]) == 1
