"""One run in a process of its own, on the database that the environment names: `command PLAN REPORT [FOLDER PORT]`.

PLAN is JSON, REPORT the file it leaves; FOLDER and PORT are of a PostgreSQL that the run may crash. Not here: making that
database (`stage`).
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from django.core.management import call_command

from runbooks.tests.chaos import campaign
from runbooks.tests.chaos.servers import OwnPostgres


def main(arguments: list[str]) -> None:
    """Prepare the database, run, and leave the report."""
    plan, report, *server = arguments
    call_command("migrate", verbosity=0, interactive=False)
    own = OwnPostgres(Path(server[0]), int(server[1])) if server else None
    found = campaign.run(campaign.Plan(**json.loads(plan)), os.environ["DATABASE_URL"], own)
    said = {
        "table": found.table(),
        "violations": found.violations,
        "broken": found.broken,
        "took": found.took,
        "plan": asdict(found.plan),
    }
    Path(report).write_text(json.dumps(said))
