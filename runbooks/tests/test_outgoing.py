"""Outgoing requests: which addresses are refused before anything connects, and what an answer looks like."""

import http.server
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from runbooks import outgoing


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("X-Region", "us-west-2")
            self.end_headers()
            self.wfile.write(b"x" * 200_000)

        def log_message(self, *_: object) -> None:
            return

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


SECOND = timedelta(seconds=1)


def test_an_answer_has_its_status_headers_and_a_bounded_body(server: str) -> None:
    answer = outgoing.fetch(outgoing.check(server + "/", ["127.0.0.1"]), timeout=SECOND)
    assert (answer.status, answer.headers["X-Region"], len(answer.body)) == (200, "us-west-2", outgoing.BODY_BYTES)


def test_a_redirect_is_an_answer_and_is_not_followed(server: str) -> None:
    assert outgoing.fetch(outgoing.check(server + "/moved", ["127.0.0.1"]), timeout=SECOND).status == 302


def test_a_closed_port_is_said_and_not_raised() -> None:
    answer = outgoing.fetch(outgoing.check("http://127.0.0.1:9/", ["127.0.0.1"]), timeout=SECOND)
    assert answer.status is None
    assert "refused" in answer.error.lower()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "http://user@127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "http://elsewhere.example/",
        "gopher://x/",
    ],
)
def test_what_is_not_a_plain_address_of_an_allowed_host_is_refused(url: str) -> None:
    with pytest.raises(outgoing.Refused):
        outgoing.check(url, ["127.0.0.1"])


@pytest.mark.parametrize(
    "ip", ["169.254.169.254", "169.254.170.2", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1", "0.0.0.0"]
)
def test_addresses_of_instance_metadata_are_never_called_whatever_name_leads_there(
    monkeypatch: pytest.MonkeyPatch, ip: str
) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(outgoing.Refused, match="must never be called"):
        outgoing.check("http://innocent.example/", ["*.example"])


def test_loopback_is_refused_outside_the_sandbox(settings: Any) -> None:
    settings.IS_SANDBOX = False
    with pytest.raises(outgoing.Refused, match="sandbox mode only"):
        outgoing.check("http://127.0.0.1/", ["127.0.0.1"])
