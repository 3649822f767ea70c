"""Pages that watch, without browsers: streams over real connections, and when each picture arrived.

A process of its own, so that its work is not counted as the web server's: `python -m portal.benchmark.listeners PORT PATH`. The
first line of its stdin is a JSON list of session keys, one for each stream; at the second it prints what arrived and keeps its
connections until stdin ends. Not here: what is made of it (`watchers.py`).
"""

import asyncio
import json
import random
import sys
import time

LONGEST_WAIT = 60.0
AGAIN = 3.0
Heard = list[tuple[int, float]]
"""(revision, moment on this machine's monotonic clock) of each picture of one stream."""


async def main(port: int, path: str) -> None:
    """Listen until stdin ends; says "listening" when every stream has told something."""
    sessions: list[str] = json.loads(sys.stdin.readline())
    heard: list[Heard] = [[] for _ in sessions]
    begun = [asyncio.Event() for _ in sessions]
    streams = zip(sessions, heard, begun, strict=True)
    tasks = [asyncio.create_task(keep_listening(port, path, *stream)) for stream in streams]
    async with asyncio.timeout(LONGEST_WAIT):
        await asyncio.gather(*(first.wait() for first in begun))
    tell("listening")
    await asyncio.to_thread(sys.stdin.readline)
    tell(json.dumps(heard))
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()


async def keep_listening(port: int, path: str, session: str, heard: Heard, begun: asyncio.Event) -> None:
    """As a page does: not all in the same instant, and again where a stream ended before it told anything."""
    while not begun.is_set():
        await asyncio.sleep(random.uniform(0, AGAIN))
        await listen(port, path, session, heard, begun)


async def listen(port: int, path: str, session: str, heard: Heard, begun: asyncio.Event) -> None:
    """One stream, until the server ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={session}\r\n\r\n".encode())
    revision = 0
    while line := await reader.readline():
        name, _, value = line.partition(b": ")
        if name == b"id":
            revision = int(value.split(b".")[0])
        elif name == b"data":
            begun.set()
            if value.startswith(b'"'):  # a picture, and all of it is here
                heard.append((revision, time.monotonic()))
    writer.close()


def tell(line: str) -> None:
    """One line to whoever started this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
