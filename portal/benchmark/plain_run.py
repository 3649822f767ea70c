"""What somebody would write instead of a portal: a plain loop of boto3 calls. `python plain_run.py CALLS` prints its times.

The floor that the engine is compared with; it keeps nothing anywhere. Knows nothing of the portal and imports nothing of it.
"""

import json
import resource
import sys
import time

ENTERED = time.monotonic()

import boto3  # noqa: E402 (importing it is part of what is measured)

WARM_CALLS = 5


def main(calls: int) -> None:
    """Make one client, warm it up, call; tell the seconds of importing, of the calls, and the CPU seconds of the calls."""
    client = boto3.client("dynamodb", region_name="us-west-2")
    for _ in range(WARM_CALLS):
        client.describe_table(TableName="shop")
    ready, cpu = time.monotonic(), _cpu()
    for _ in range(calls):
        client.describe_table(TableName="shop")
    done = {"start": ready - ENTERED, "calls": time.monotonic() - ready, "cpu": _cpu() - cpu}
    sys.stdout.write(json.dumps(done) + "\n")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]))
