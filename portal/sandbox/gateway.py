"""The front door: real HTTP from a client to an accelerator or a load balancer, by the state of the emulated AWS.

Here: which accelerator or load balancer a Host means, connections (Global Accelerator chooses per connection), answers.
Not here: the choice of an endpoint (routing.py), the load balancer's rules and targets (balancer.py).
A connection keeps its endpoint, as behind Global Accelerator, until it closes; the gateway closes it itself after an
answer that a load balancer, not a target, has made, so that a client with a pool is not held by a dead one.
"""

import logging
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from portal.sandbox import ledger
from portal.sandbox.accelerators import Accelerators
from portal.sandbox.balancer import Answer, Balancers, Request, refusal
from portal.sandbox.edge import Accelerator
from portal.sandbox.routing import choose

log = logging.getLogger("portal.sandbox")

HOME = "us-west-2"
"""Where a client is that does not say so by the request header X-Client-Region."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
LARGEST_BODY = 10 * 1024 * 1024
PATIENCE = 75.0
"""Real seconds an idle client connection is kept."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = PATIENCE
    server: "GatewayServer"
    chosen: str | None = None
    """The load balancer this connection was routed to, and the accelerator's name that did it."""
    chosen_by: str = ""

    def answer(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(refusal(413, f"the gateway takes bodies with a Content-Length of at most {LARGEST_BODY} bytes"))
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        request = Request(self.command, self.path, headers, body, host, 80)
        answer = self._route(name.lower(), request)
        if answer.made_by != "target":
            self.close_connection = True
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server names them

    def _route(self, name: str, request: Request) -> Answer:
        accelerators = self.server.accelerators.all()
        if name in LOOPBACK:
            if not accelerators:
                return refusal(
                    503, "there is no accelerator yet; create one, or name a load balancer in the Host header"
                )
            if len(accelerators) > 1:
                names = ", ".join(f"{a.name} ({a.dns_name})" for a in accelerators)
                return refusal(421, f"there are several accelerators; name one in the Host header: {names}")
            return self._accelerate(accelerators[0], request)
        for accelerator in accelerators:
            if accelerator.dns_name.lower() == name:
                return self._accelerate(accelerator, request)
        for _account, _region, balancer in ledger.load_balancers():
            if balancer.dns_name.lower() == name:
                return self.server.balancers.send(balancer, request)
        return refusal(421, f"no accelerator and no load balancer is named {name}")

    def _accelerate(self, accelerator: Accelerator, request: Request) -> Answer:
        if not accelerator.is_enabled:
            return refusal(503, f"accelerator {accelerator.name} is disabled")
        groups = self.server.accelerators.at_edge(accelerator)
        current = {endpoint.id for group in groups for endpoint in group.endpoints}
        if self.chosen_by != accelerator.arn or self.chosen not in current:
            near = request.headers.get("x-client-region", HOME)
            self.chosen = choose(groups, near, self.server.accelerators.is_healthy, random.random)
            self.chosen_by = accelerator.arn
        if self.chosen is None:
            return refusal(
                502, f"accelerator {accelerator.name} has no endpoint to send to: every dial is 0 or no group has one"
            )
        balancer = ledger.load_balancer(self.chosen)
        if balancer is None:
            return refusal(
                502, f"accelerator {accelerator.name} chose {self.chosen}, which the sandbox does not carry traffic to"
            )
        return self.server.balancers.send(balancer, request)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in ("server", "date"):
                self.send_header(name, value)
        self.send_header("X-Region", answer.region or "-")
        self.send_header("X-Target", answer.target or "-")
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("gateway: " + format, *args)


class GatewayServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, accelerators: Accelerators, balancers: Balancers) -> None:
        self.accelerators, self.balancers = accelerators, balancers
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="gateway", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        log.debug("gateway: connection of %s broke", client_address, exc_info=True)
