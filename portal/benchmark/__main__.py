"""One part of the benchmark in this process, on the database of the environment: `python -m portal.benchmark PART OPTIONS`.

Started by `manage.py benchmark` with a scratch database; its last line on stdout is the figures as JSON.
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from portal import celery  # noqa: E402, F401 (hints go where the settings say)
from portal.benchmark.figures import Options  # noqa: E402 (Django must be set up first)
from portal.benchmark.parts import PARTS  # noqa: E402


def main(name: str, options: str) -> None:
    """Measure one part; `options` is the JSON of `Options`."""
    said = json.loads(options)
    figures = PARTS[name].measure(Options(**{**said, "folder": Path(said["folder"])}))
    sys.stdout.write("\n" + json.dumps([figure.as_json() for figure in figures]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
