"""An AWS on loopback that answers one cheap call after a constant time: `python -m portal.benchmark.endpoint SECONDS`.

A process of its own, so that its work is not counted as the engine's. It prints its address and runs until it is ended. Not
here: behaving like AWS in any other way (the sandbox does).
"""

import asyncio
import json
import sys
import zlib

SERVICE_SECONDS = 0.004
"""How long an answer takes, so that a plain loop makes about 140 calls a second on two cores. The real AWS takes longer."""

BODY = json.dumps({"Table": {"TableName": "shop", "TableStatus": "ACTIVE", "ItemCount": 3}}).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\n"
    + f"x-amz-crc32: {zlib.crc32(BODY)}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    + BODY
)


async def serve(seconds: float) -> None:
    """Answer every request alike, each `seconds` after it was whole."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
                await asyncio.sleep(seconds)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
