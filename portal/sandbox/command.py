"""The command line of the sandbox: `python -m portal.sandbox`, and `manage.py sandbox` with the same options.

Here: options with their environment variables, running until told to stop. Not here: the sandbox itself (server.py).
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from portal.sandbox.server import Sandbox


def add_options(parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ) -> None:
    """The options. Defaults come from the environment as text: argparse checks them like what is typed."""
    parser.add_argument(
        "--port", type=int, default=environment.get("SANDBOX_PORT", "5566"),
        help="port of the AWS API; 0 picks a free one (SANDBOX_PORT, 5566)",
    )  # fmt: skip
    parser.add_argument(
        "--gateway-port", type=int, default=environment.get("SANDBOX_GATEWAY_PORT", "5580"),
        help="port of the public entry; 0 picks a free one (SANDBOX_GATEWAY_PORT, 5580)",
    )  # fmt: skip
    parser.add_argument(
        "--time-scale", type=float, default=environment.get("SANDBOX_TIME_SCALE", "0.1"),
        help="what every interval, lag, transition and timeout is multiplied by (SANDBOX_TIME_SCALE, 0.1)",
    )  # fmt: skip
    parser.add_argument("--replication-lag", type=float, default=8.0, help="seconds before scaling (8)")
    parser.add_argument("--transition-delay", type=float, default=10.0, help="seconds before scaling; 0: at once (10)")
    parser.add_argument(
        "--sample",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="deploy the sample estate after start (yes)",
    )


def run(options: Mapping[str, Any]) -> int:
    """Runs a sandbox until SIGTERM or Ctrl-C; 1 when it cannot start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        sandbox = Sandbox(
            time_scale=options["time_scale"], replication_lag=options["replication_lag"],
            transition_delay=options["transition_delay"], port=options["port"], gateway_port=options["gateway_port"],
            sample=options["sample"],
        )  # fmt: skip
        sandbox.start()
    except (OSError, ValueError) as error:
        logging.getLogger("portal.sandbox").error("%s", error)
        return 1
    print(f"sandbox ready api={sandbox.api_url} gateway={sandbox.gateway_url}", flush=True)  # noqa: T201 - the interface
    stopping.wait()
    sandbox.stop()
    sys.stdout.flush()
    # Tearing down the interpreter with all of moto in it takes seconds; whoever sent SIGTERM waits for two.
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.sandbox", description="An AWS that behaves, on loopback.")
    add_options(parser)
    return run(vars(parser.parse_args(arguments)))
