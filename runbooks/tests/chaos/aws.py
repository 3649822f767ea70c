"""The AWS double of a chaos run: a process that speaks DynamoDB's JSON protocol and appends every arrival to a log of its own.

The log is the oracle: one JSON object a line, `outcome` "effect" for what really happened here. Answers are late, cut, lost or
wrong by a seeded die; a request whose signature is older than the window is refused, as AWS does after five minutes. Knows
nothing of the portal. `python -m runbooks.tests.chaos.aws FOLDER SEED` prints its address; a file
`calm` in the folder ends the faults.
"""

import json
import os
import random
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

READS = frozenset({"DescribeTable"})
WINDOW = 2.0
"""Seconds a signature is good for. The header counts whole seconds, so a request may look up to a second older than it is."""
NAME = re.compile(rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\w+)")
# What happens to a request, and how often in a hundred: before it is looked at, and after it took effect.
MOODS = {
    "answer": 78,
    "delayed on its way": 6,
    "lost on its way": 3,
    "failed before": 2,
    "throttled": 2,
    "answered late": 4,
    "answer cut": 3,
    "failed after": 2,
}


@dataclass
class Account:
    """What happened here. `tokens` are the idempotency tokens seen, with the step each was used for."""

    log: Any
    die: random.Random
    calm: Path
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mood(self) -> str:
        with self.lock:
            if self.calm.exists():
                return "answer"
            return self.die.choices(list(MOODS), weights=list(MOODS.values()))[0]

    def delay(self) -> float:
        with self.lock:
            return self.die.uniform(0.1, 2.2)

    def note(self, arrival: dict[str, Any], outcome: str) -> None:
        self.log.write(json.dumps({**arrival, "at": time.time(), "outcome": outcome}) + "\n")

    def apply(self, arrival: dict[str, Any]) -> None:
        """Let it take effect, unless its token says that it did before."""
        with self.lock:
            token = arrival["token"]
            if arrival["operation"] in READS:
                self.note(arrival, "read")
            elif token and token in self.tokens:
                self.note(arrival, "duplicate")
            else:
                self.tokens.add(token)
                self.note(arrival, "effect")


class Handler(BaseHTTPRequestHandler):
    """One request: read, perhaps delayed, checked, applied, perhaps answered."""

    protocol_version = "HTTP/1.1"
    account: Account

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        named = NAME.search(body)
        arrival = {
            "operation": self.headers.get("X-Amz-Target", "").rpartition(".")[2],
            "execution": named[1].decode() if named else "",
            "step": named[2].decode() if named else "",
            "token": json.loads(body or b"{}").get("ClientRequestToken", ""),
            "signed_at": self.headers.get("X-Amz-Date", ""),
        }
        mood = self.account.mood()
        if mood == "delayed on its way":
            time.sleep(self.account.delay())
        refusal = self._refusal(arrival, mood)
        if refusal:
            with self.account.lock:
                self.account.note(arrival, mood if refusal != "expired" else "expired")
            self._refuse(refusal)
            return
        self.account.apply(arrival)
        if mood == "answered late":
            time.sleep(self.account.delay())
        if mood == "answer cut":
            self._cut()
        elif mood == "failed after":
            self._answer(500, {"__type": "InternalServerError", "message": "it took effect all the same"})
        else:
            self._answer(200, {"Table": {"TableStatus": "ACTIVE"}})

    def _refusal(self, arrival: dict[str, Any], mood: str) -> str:
        if mood in {"lost on its way", "failed before", "throttled"}:
            return mood
        signed = datetime.strptime(arrival["signed_at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return "expired" if time.time() - signed.timestamp() > WINDOW + 1 else ""

    def _refuse(self, refusal: str) -> None:
        if refusal == "lost on its way":
            self._cut()
        elif refusal == "failed before":
            self._answer(503, {"__type": "ServiceUnavailable", "message": "nothing happened"})
        elif refusal == "throttled":
            self._answer(400, {"__type": "ThrottlingException", "message": "too many requests"})
        else:
            self._answer(403, {"__type": "InvalidSignatureException", "message": "Signature expired"})

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        text = json.dumps(said).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            self.close_connection = True  # whoever asked is gone

    def log_message(self, *_: object) -> None:
        return


class Server(ThreadingHTTPServer):
    """Killed clients are the point here, so what they leave behind is no error."""

    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], OSError | ValueError):
            super().handle_error(request, client_address)


def _end_with(parent: int) -> None:
    """Nobody asks any more when the run is gone, however it ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main(folder: Path, seed: int) -> None:
    """Serve until killed, or until the run is gone."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    with (folder / "effects.jsonl").open("a", buffering=1) as log:
        Handler.account = Account(log, random.Random(seed), folder / "calm")
        server = Server(("127.0.0.1", 0), Handler)
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
