"""A running sandbox: two sockets on loopback, the world behind them, and the sample estate when wanted.

Here: starting, stopping, resetting, status. Not here: the command line (command.py), the API's paths (api.py).
"""

import threading
import uuid
from types import TracebackType
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from portal.sandbox import extension
from portal.sandbox.api import Api
from portal.sandbox.gateway import GatewayServer
from portal.sandbox.pace import Pace
from portal.sandbox.sample import estate
from portal.sandbox.surviving import surviving
from portal.sandbox.world import World

DEPLOYMENT_PATIENCE = 60.0
"""Real seconds a reset waits for a deployment of the sample that it interrupts."""


class _QuietHandler(MotoRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Not a line per request: drills make thousands."""


class Sandbox:
    """The sandbox in this process, on threads with real sockets. One per process at a time. Use as a context manager.

    Delays are in seconds before scaling by `time_scale`; port 0 picks a free port. `sample` deploys the sample estate
    in the background after start and after every reset.
    """

    def __init__(
        self, *, time_scale: float = 0.1, replication_lag: float = 8.0, transition_delay: float = 10.0,
        port: int = 0, gateway_port: int = 0, sample: bool = False,
    ) -> None:  # fmt: skip
        self.world = World(Pace(time_scale, replication_lag, transition_delay))
        self._port, self._gateway_port, self._has_sample = port, gateway_port, sample
        self._server: BaseWSGIServer | None = None
        self._gateway: GatewayServer | None = None
        self._deploying: threading.Thread | None = None
        self._generation = ""
        self._is_estate_ready = False
        self._estate_error: str | None = None

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Answers on both ports when this returns; OSError when one is taken, and then nothing runs."""
        extension.activate(self.world)
        try:
            api = Api(self.world, self.status, self.reset)
            self._server = make_server("127.0.0.1", self._port, api, threaded=True, request_handler=_QuietHandler)
            self._gateway = GatewayServer(self._gateway_port, self.world.accelerators, self.world.balancers)
        except (OSError, SystemExit) as error:
            if self._server is not None:
                self._server.server_close()
            extension.deactivate(self.world)
            raise OSError(
                f"the sandbox cannot listen on ports {self._port} and {self._gateway_port}: {error}"
            ) from error
        self.world.api_url, self.world.gateway_url = self.api_url, self.gateway_url
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="api", daemon=True).start()
        self._gateway.start()
        self.world.start()
        self._begin_generation()

    def stop(self) -> None:
        """Closes all sockets and threads; returns within two seconds."""
        if self._server is None or self._gateway is None:
            return
        self._gateway.stop()
        self.world.stop()
        self._server.shutdown()
        self._server.server_close()
        self._server = self._gateway = None
        extension.deactivate(self.world)

    @property
    def api_url(self) -> str:
        """Where boto3 finds the emulated AWS."""
        return f"http://127.0.0.1:{self._server.server_port}" if self._server else ""

    @property
    def gateway_url(self) -> str:
        """The public entry: accelerators and load balancers by Host header."""
        return f"http://127.0.0.1:{self._gateway.server_address[1]}" if self._gateway else ""

    def reset(self) -> None:
        """An empty AWS of a new generation, without faults; the sample is deployed again when it was wanted."""
        self.world.forget()
        if self._deploying is not None and self._deploying.is_alive():
            # What the interrupted deployment still makes must not end up in the new generation.
            self._deploying.join(DEPLOYMENT_PATIENCE)
            self.world.forget()
        self._begin_generation()

    def inject(self, region: str, kind: str) -> str:
        """Starts a fault and returns its id. FaultRefused (a ValueError) when it makes no sense."""
        return self.world.faults.inject(region, kind).id

    def end_fault(self, fault_id: str | None = None) -> None:
        """Ends one fault, or all."""
        if fault_id is None:
            self.world.faults.clear()
        else:
            self.world.faults.end(fault_id)

    def status(self) -> dict[str, Any]:
        """What GET /_sandbox/status answers."""
        world = self.world
        return {
            "generation": self._generation,
            "time_scale": world.pace.time_scale,
            "is_estate_ready": self._is_estate_ready,
            "estate_error": self._estate_error,
            "faults": [fault.described() for fault in world.faults.active()],
            "unreplicated": world.replication.unreplicated(),
            "tasks": world.scheduler.described(),
            "targets": world.health.described(),
        }

    def _begin_generation(self) -> None:
        self._generation = str(uuid.uuid4())
        self._is_estate_ready, self._estate_error = False, None
        if self._has_sample:
            self._deploying = threading.Thread(
                target=self._deploy, args=(self._generation,), name="estate", daemon=True
            )
            self._deploying.start()

    def _deploy(self, generation: str) -> None:
        with surviving("the deployment of the sample estate") as outcome:
            estate.deploy(self.api_url, self.world.pace.time_scale)
        if generation == self._generation:
            self._is_estate_ready = outcome.error is None
            self._estate_error = None if outcome.error is None else f"{type(outcome.error).__name__}: {outcome.error}"
