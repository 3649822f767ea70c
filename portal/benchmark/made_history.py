# ruff: noqa: S608 (statements are put together from this module's own words)
"""A history as a company has it after years, made inside the scratch database: a million attempts at steps in a few minutes.

Rows are made by the database itself (`INSERT ... SELECT` over a table of numbers), because a million rows made here and sent one
by one would take an hour. What follows from what is counted out, not drawn by lot: two runs make the same history. Not here: what
is measured on it (`history.py`).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from portal.audit.models import Event
from portal.benchmark.figures import Options
from portal.benchmark.made_record import phases, record
from portal.benchmark.made_rows import Sql, fill
from portal.catalogue.models import AwsAccount, EntryUrl, Objective, Scope, Service, Tier
from portal.people.models import Membership, Role, Team, User
from runbooks.models import (
    Drill,
    Execution,
    Phase,
    Probe,
    Purpose,
    Runbook,
    RunbookVersion,
    Sample,
    Status,
    StepExecution,
    Verdict,
    VersionStatus,
)

STEP_ROWS = 1_000_000
STEPS = 20
DRILLS = 2_000
SAMPLED_DRILLS = 20
SAMPLES = 3_000
TEAMS, SERVICES, RUNBOOKS = 4, 24, 40
EVENTS = 8
"""Events of each execution; the newest ones have as many as the runner writes."""
PARTS = ("injection", "recovery", "restoration")
LOOK = {"Service": "dynamodb", "Api": "DescribeTable", "TableName": "shop"}
FOUND = {"Table": {"TableName": "shop", "TableStatus": "ACTIVE", "ItemCount": 1204, "TableSizeBytes": 88123}}


@dataclass(frozen=True)
class History:
    """Who looks, and how much there is. The person is in every team but the last."""

    user: User
    services: list[Service]
    executions: int
    steps: int
    drills: int


def make_history(options: Options) -> History:
    """Make it, and let the database know how it is spread (`ANALYZE`), as it would have learned over the years."""
    sql = Sql(connection.vendor == "postgresql")
    step_rows, drills = options.sized(STEP_ROWS, 2_000), options.sized(DRILLS, 8)
    executions = step_rows // STEPS
    _hurry(sql)
    user, services, versions = _catalogue()
    _numbers(max(executions, drills, SAMPLES))
    _places(services, versions)
    _drills(sql, drills)
    _executions(sql, executions, drills)
    _steps(sql)
    _events(sql, executions)
    _samples(sql, options.sized(SAMPLED_DRILLS, 1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if sql.is_postgres else "ANALYZE")
    return History(user, services, executions, StepExecution.objects.count(), drills)


def _hurry(sql: Sql) -> None:
    """Statements take their time here, and nobody needs a scratch database after a power cut."""
    settings = ["statement_timeout = 0", "synchronous_commit = off"] if sql.is_postgres else ["synchronous = OFF"]
    with connection.cursor() as cursor:
        for setting in settings:
            cursor.execute(f"SET {setting}" if sql.is_postgres else f"PRAGMA {setting}")
        if not sql.is_postgres:
            cursor.execute("PRAGMA cache_size = -500000")


def _catalogue() -> tuple[User, list[Service], list[RunbookVersion]]:
    """People, services and runbooks; few, so through the models."""
    user = User.objects.create_user("historian", "historian@example.test", None)
    teams = [Team.objects.create(slug=f"team-{number}", name=f"Team {number}") for number in range(TEAMS)]
    for team in teams[:-1]:
        Membership.objects.create(user=user, team=team, role=Role.RESPONDER)
        AwsAccount.objects.create(name=f"Account of {team}", team=team, account_id=f"{team.pk:012}")
    services = [_service(number, teams[number % TEAMS], user) for number in range(SERVICES)]
    content = {
        "schemaVersion": "0.3",
        "mainSteps": [
            {"name": f"Step{number}", "action": "aws:executeAwsApi", "inputs": LOOK} for number in range(1, STEPS + 1)
        ],
    }
    versions = []
    for number in range(RUNBOOKS):
        name = f"Runbook {number}"
        runbook = Runbook.objects.create(name=name, slug=f"runbook-{number}", team=teams[number % TEAMS])
        versions.append(
            RunbookVersion.objects.create(
                runbook=runbook,
                number=1,
                status=VersionStatus.PUBLISHED,
                text=json.dumps(content),
                sha256=hashlib.sha256(name.encode()).hexdigest(),
                content=content,
                author=user,
                publisher=user,
                published_at=timezone.now(),
            )
        )
    return user, services, versions


def _service(number: int, team: Team, owner: User) -> Service:
    service = Service.objects.create(
        slug=f"service-{number}",
        name=f"Service {number}",
        team=team,
        owner=owner,
        tier=list(Tier)[number % len(Tier)],
        primary_region="us-west-2",
        recovery_regions=["us-east-1"],
    )
    for scope in (Scope.ZONE, Scope.REGION):
        Objective.objects.create(
            service=service, scope=scope, rto=timedelta(minutes=15), rpo=timedelta(minutes=5), mtd=timedelta(hours=4)
        )
    EntryUrl.objects.create(service=service, url="http://127.0.0.1:9/")
    return service


def _numbers(count: int) -> None:
    """The numbers from 1, each once: the source of everything that is made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE benchmark_number AS WITH RECURSIVE counted(number) AS"
            f" (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < {count}) SELECT number FROM counted"
        )


def _places(services: list[Service], versions: list[RunbookVersion]) -> None:
    """What belongs together: a runbook, a service of the same team. Executions and drills take them in turn."""
    rows = [
        (number, service.pk, version.pk, service.team_id, version.sha256)
        for number, (service, version) in enumerate(
            (service, version) for version in versions for service in services if service.team == version.runbook.team
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE benchmark_place (number int, service_id bigint, version_id bigint, team_id bigint, sha256 text)"
        )
        cursor.executemany("INSERT INTO benchmark_place VALUES (%s, %s, %s, %s, %s)", rows)


def _placed(count: int, every: int) -> str:
    """The first numbers, each with its place. `every` keeps drills and executions of a service from going in step."""
    return (
        f"FROM benchmark_number JOIN benchmark_place ON benchmark_place.number = (benchmark_number.number * {every}) %"
        f" (SELECT count(*) FROM benchmark_place) WHERE benchmark_number.number <= {count}"
    )


def _made_at(sql: Sql, count: int, number: str = "benchmark_number.number") -> str:
    """Times spread over three years: the greatest number is the newest, a day old."""
    seconds = 3 * 365 * 86_400 // count
    newest = sql.moment((timezone.now() - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S+00:00").removesuffix("+00:00"))
    return sql.after(newest, f"({number} - {count}) * {seconds}")


def _drills(sql: Sql, count: int) -> None:
    made_at, number = _made_at(sql, count), "benchmark_number.number"
    verdict = f"CASE {number} % 5 WHEN 0 THEN '{Verdict.NOT_MET}' WHEN 1 THEN '{Verdict.NOT_RECOVERED}' ELSE '{Verdict.MET}' END"
    columns = {
        "id": sql.uuid(),
        "title": f"'Lose the primary Region, exercise ' || {number}",
        "service_id": "service_id",
        "team_id": "team_id",
        "scope": f"CASE {number} % 2 WHEN 0 THEN '{Scope.ZONE}' ELSE '{Scope.REGION}' END",
        **{f"{part}_id": "version_id" for part in PARTS},
        **{
            name: sql.duration(timedelta(minutes=15))
            for name in ("rto", "rpo", "detection_timeout", "recovery_timeout")
        },
        "started_by_id": str(User.objects.get().pk),
        "start_key": f"'drill ' || {number}",
        "created_at": made_at,
        "started_at": made_at,
        "ended_at": sql.after(made_at, "1200"),
        "status": f"'{Status.SUCCESS}'",
        "phase": f"'{Phase.CLOSE}'",
        "phases": sql.json(phases()),
        "verdict": verdict,
        "record": sql.json(record(PARTS, STEPS)),
        "revision": "60",
        "wake_at": "NULL",
    }
    fill(Drill, _placed(count, 7), columns, sql)
    probe = {
        "id": sql.uuid(),
        "drill_id": "id",
        "url": "'http://127.0.0.1:9/'",
        **{name: sql.duration(timedelta(seconds=0.5)) for name in ("interval", "timeout", "heartbeat_interval")},
        "is_running": sql.truth("1 = 0"),
        "started_at": "started_at",
    }
    fill(Probe, "FROM runbooks_drill", probe, sql)


def _executions(sql: Sql, count: int, drills: int) -> None:
    """The first three for each drill are its parts; of the newest few some still run, one waits."""
    made_at, number = _made_at(sql, count), "benchmark_number.number"
    of_drill = f"(SELECT id FROM runbooks_drill WHERE start_key = 'drill ' || ({number} / 3) AND {number} >= 3)"
    is_running = f"{number} > {count - 8}"
    ended = f"CASE WHEN {number} % 25 = 7 THEN '{Status.FAILED}' WHEN {number} % 90 = 8 THEN '{Status.CANCELLED}'"
    columns = {
        "id": sql.uuid(),
        "version_id": "version_id",
        "document_sha256": "sha256",
        "purpose": f"CASE WHEN {number} BETWEEN 3 AND {drills * 3 + 2} THEN '{Purpose.DRILL}' ELSE '{Purpose.ALONE}' END",
        "reason": "'Planned maintenance'",
        "drill_id": of_drill,
        "part": f"CASE WHEN {number} > {drills * 3 + 2} THEN '' "
        + " ".join(f"WHEN {number} % 3 = {place} THEN '{part}'" for place, part in enumerate(PARTS))
        + " END",
        "service_id": "service_id",
        "team_id": "team_id",
        "region": "'us-west-2'",
        "parameters": sql.json({"Cluster": "shop", "DesiredCount": 4, "Target": "us-east-1"}),
        "started_by_id": str(User.objects.get().pk),
        "start_key": f"'execution ' || {number}",
        "exclusive_key": f"'execution ' || {number}",
        "created_at": made_at,
        "started_at": made_at,
        "ended_at": f"CASE WHEN {is_running} THEN NULL ELSE {sql.after(made_at, '600')} END",
        "status": f"CASE WHEN {is_running} THEN '{Status.IN_PROGRESS}' ELSE {ended} ELSE '{Status.SUCCESS}' END END",
        "current_step": f"'Step{STEPS}'",
        "revision": f"{STEPS * 2}",
        "wake_at": sql.after(made_at, "86400 * 365"),
        "fence": "3",
    }
    fill(Execution, _placed(count, 1), columns, sql)


def _steps(sql: Sql) -> None:
    """Every execution's attempts; the last one of a run that failed has failed, of one under way it is open."""
    execution = "runbooks_execution"
    began_at = sql.after(f"{execution}.created_at", "benchmark_number.number * 25")
    is_last = f"benchmark_number.number = {STEPS}"
    has_failed = f"{execution}.status = '{Status.FAILED}'"
    status = f"CASE WHEN {is_last} THEN {execution}.status ELSE '{Status.SUCCESS}' END"
    ended_at = sql.after(f"{execution}.created_at", "benchmark_number.number * 25 + 20")
    columns = {
        "execution_id": f"{execution}.id",
        "sequence": "benchmark_number.number",
        "step_name": "'Step' || benchmark_number.number",
        "action": "'aws:executeAwsApi'",
        "status": status,
        "action_class": "'read-only'",
        "token": f"{execution}.id",
        "fence": "3",
        "inputs": sql.json(LOOK),
        "outputs": sql.json(FOUND),
        "failure_message": f"CASE WHEN {is_last} AND {has_failed} THEN 'The table is gone.' ELSE '' END",
        "started_at": began_at,
        "ended_at": f"CASE WHEN {is_last} AND {execution}.ended_at IS NULL THEN NULL ELSE {ended_at} END",
    }
    pairs = f"FROM {execution} JOIN benchmark_number ON benchmark_number.number <= {STEPS}"
    fill(StepExecution, pairs, columns, sql)


def _events(sql: Sql, executions: int) -> None:
    """Some events for every execution, all of them for the newest hundred."""
    number, execution = "benchmark_number.number", "runbooks_execution"
    columns = {
        "chain": f"'execution:' || {sql.dashed(execution + '.id')}",
        "sequence": number,
        "at": sql.after(f"{execution}.created_at", f"{number} * 10"),
        "actor_id": f"{execution}.started_by_id",
        "team_id": f"{execution}.team_id",
        "verb": f"'Step' || {number} || ' succeeded'",
        "subject": "'Runbook'",
        "detail": sql.json({"status": "Success"}),
        "hash": "'made for a benchmark'",
    }
    newest = (
        f"SELECT 'execution ' || number FROM benchmark_number WHERE number BETWEEN {executions - 100} AND {executions}"
    )
    for most, which in ((EVENTS, "NOT IN"), (STEPS * 2, "IN")):
        source = f"FROM {execution} JOIN benchmark_number ON {number} <= {most} WHERE {execution}.start_key {which} ({newest})"
        fill(Event, source, columns, sql)


def _samples(sql: Sql, drills: int) -> None:
    """What a client saw in the newest drills: good, then failed for a while, then good from the other Region."""
    number = "benchmark_number.number"
    is_bad = f"{number} BETWEEN 600 AND 900"
    newest = f"SELECT id FROM runbooks_drill ORDER BY created_at DESC LIMIT {drills}"
    columns = {
        "probe_id": "runbooks_probe.id",
        "sequence": number,
        "sent_at": sql.after("runbooks_probe.started_at", f"{number} * 0.4"),
        "latency": "11.5",
        "status_code": f"CASE WHEN {is_bad} THEN NULL ELSE 200 END",
        "region": f"CASE WHEN {number} < 600 THEN 'us-west-2' ELSE 'us-east-1' END",
        "is_good": sql.truth(f"NOT ({is_bad})"),
    }
    source = f"FROM runbooks_probe JOIN benchmark_number ON {number} <= {SAMPLES} WHERE runbooks_probe.drill_id IN ({newest})"
    fill(Sample, source, columns, sql)
