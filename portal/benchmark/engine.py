"""The engine against its floor, in one run and against the same endpoint: W(N), W(P, N), start to first step, memory, CPU.

W(N) is one execution of N steps, W(P, N) are P executions of N steps at once. What is compared is measured in turn
(floor, engine, floor, engine ...), so that a noisy machine is noisy for both; medians are told.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from django.db import connection

from portal.aws import sessions
from portal.benchmark import stage as scene
from portal.benchmark.figures import Figure, Options
from portal.benchmark.plain_run import WARM_CALLS
from portal.benchmark.stage import Stage, cpu_seconds, endpoint, resident, workers
from runbooks.models import Execution, StepExecution

PLAIN_RUN = str(Path(__file__).with_name("plain_run.py"))
ONE_RUN, AT_ONCE, STEPS_EACH, MANY_STEPS = 200, 32, 50, 10_000
STARTS = 15
FIRST_STEP = "start to first step"


class Plain(NamedTuple):
    """What one plain run told, in seconds."""

    start: float
    calls: float
    cpu: float


def measure(options: Options) -> list[Figure]:
    """Every figure of the engine."""
    stage = Stage()
    with endpoint():
        with workers(1, options.folder) as pids:
            figures = [*one_run(stage, options, pids), first_step(stage, options, "by polling", 120)]
        figures += at_once(stage, options)
        if not options.broker:
            return [*figures, Figure(f"{FIRST_STEP}, with a broker", None, "ms", 30, how="needs --broker")]
        with workers(1, options.folder, options.broker):
            return [*figures, first_step(stage, options, "with a broker", 30)]


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


# -- one execution of N steps ---------------------------------------------------------------------------------------------


def one_run(stage: Stage, options: Options, pids: Sequence[int]) -> list[Figure]:
    """W(200) of steps that read and of steps that change something, on one worker process, over the plain loop."""
    steps = options.sized(ONE_RUN, 3)
    reading = stage.runbook("Reads", steps)
    changing = stage.runbook("Changes", steps, scene.CHANGE)
    plain: list[Plain] = []
    committing: list[float] = []
    times: dict[str, list[float]] = {"read": [], "change": []}
    cpu: list[float] = []
    stage.run([stage.runbook("WarmReads", 3)])
    stage.run([stage.runbook("WarmChanges", 3, scene.CHANGE)])
    for _ in range(options.repetitions):
        plain += plain_runs(1, steps)
        committing.append(committed_loop(steps))
        before = cpu_seconds(pids)
        times["read"].append(seconds_of(stage.run([reading])))
        cpu.append(cpu_seconds(pids) - before)
        times["change"].append(seconds_of(stage.run([changing])))
    floor = median(run.calls for run in plain) / steps
    goal = 1.8 if is_postgresql() else 1.3
    name = f"W({steps})"
    figures = [
        Figure("floor: plain loop", floor * 1000, "ms/step", how=f"{1 / floor:.0f} steps/s, one process, warm client"),
        Figure("floor + one durable commit per step", median(committing) / steps / floor, "x floor"),
    ]
    for kind, goal_of_kind in (("read", goal), ("change", goal)):
        each = median(times[kind]) / steps
        said = f"{1 / each:.0f} steps/s; {(each - floor) * 1000:.2f} ms a step above the floor"
        figures.append(Figure(f"{name}, steps that {kind}", each / floor, "x floor", goal_of_kind, how=said))
    return [
        *figures,
        Figure("CPU of the plain loop", median(run.cpu for run in plain) / steps * 1000, "ms/step"),
        Figure("CPU of the worker", median(cpu) / steps * 1000, "ms/step", how="its poller, idle looks included"),
    ]


def plain_runs(count: int, calls: int) -> list[Plain]:
    """Plain runs at once, each a process."""
    command = [sys.executable, PLAIN_RUN, str(calls)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]  # noqa: S603 (our own program)
    return [Plain(**json.loads(process.communicate(timeout=scene.LONGEST_WAIT)[0])) for process in running]


def committed_loop(calls: int) -> float:
    """Seconds of a plain loop that keeps each answer by one durable insert."""
    client = sessions.client("dynamodb", "us-west-2")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS benchmark_answer (step integer, answer text)")
        for _ in range(WARM_CALLS):
            client.describe_table(TableName="shop")
        began = time.monotonic()
        for step in range(calls):
            answer = client.describe_table(TableName="shop")
            cursor.execute("INSERT INTO benchmark_answer VALUES (%s, %s)", [step, json.dumps(answer["Table"])])
        return time.monotonic() - began


def seconds_of(executions: Sequence[Execution]) -> float:
    """From the first begin to the last end, by the database's clock."""
    began = min(execution.started_at for execution in executions if execution.started_at)
    ended = max(execution.ended_at for execution in executions if execution.ended_at)
    return (ended - began).total_seconds()


# -- many executions at once ----------------------------------------------------------------------------------------------


def at_once(stage: Stage, options: Options) -> list[Figure]:
    """W(32, 50) on two worker processes over as many plain runs, a process each; the workers' CPU and memory."""
    count, steps = options.sized(AT_ONCE, 2), options.sized(STEPS_EACH, 2)
    versions = [stage.runbook(f"AtOnce{number}", steps) for number in range(count)]
    plain: list[float] = []
    warm: list[float] = []
    engine: list[float] = []
    cpu: list[float] = []
    memory: list[float] = []
    with workers(2, options.folder, options.broker) as pids:
        stage.run(versions[:8])
        for _ in range(options.repetitions):
            began = time.monotonic()
            runs = plain_runs(count, steps)
            plain.append(count * steps / (time.monotonic() - began))
            warm.append(sum(steps / run.calls for run in runs))
            before, began = cpu_seconds(pids), time.monotonic()
            stage.run(versions)
            engine.append(count * steps / (time.monotonic() - began))
            cpu.append((cpu_seconds(pids) - before) / (count * steps))
            memory.append(resident(pids))
        grown = growth(stage, count, options, pids)
    ratio = median(engine) / median(plain)
    goal = 1.8 if is_postgresql() else None
    said = f"{median(engine):.0f} steps/s against {median(plain):.0f}, a process per run with its imports"
    return [
        Figure(f"W({count}, {steps}), two workers", ratio, "x floor's steps/s", goal, "at least", said),
        Figure("the same over warm plain loops", median(engine) / median(warm), "x", how=f"{median(warm):.0f} steps/s"),
        Figure("CPU of the workers, many at once", median(cpu) * 1000, "ms/step"),
        Figure(f"memory, two workers, {count} at once", max(memory), "MB", 250, how="resident, both together"),
        grown,
    ]


def growth(stage: Stage, count: int, options: Options, pids: Sequence[int]) -> Figure:
    """How much the two workers grow while they make many steps more of runbooks they know."""
    steps = options.sized(MANY_STEPS // count // 2, 1)
    versions = [stage.runbook(f"Long{number}", steps) for number in range(count)]
    stage.run(versions)
    before = resident(pids)
    for _ in range(2):
        stage.run(versions)
    said = f"over {2 * count * steps} steps more, both together"
    return Figure("growth of the workers", resident(pids) - before, "MB", 10, how=said)


# -- start to first step --------------------------------------------------------------------------------------------------


def first_step(stage: Stage, options: Options, how: str, goal: float) -> Figure:
    """From the start's row to the first attempt's, by the database's clock, with one idle worker; median and worst."""
    version = stage.runbook(f"FirstStep-{how.replace(' ', '-')}", 2)
    stage.run([version])
    found = []
    for number in range(options.sized(STARTS, 3)):
        time.sleep(0.3 + 0.037 * number)  # at moments that do not fit the worker's looks
        execution = stage.run([version])[0]
        first = StepExecution.objects.filter(execution=execution).earliest("sequence")
        found.append((first.started_at - execution.created_at).total_seconds() * 1000)
    said = f"{len(found)} starts, worst {max(found):.0f} ms"
    return Figure(f"{FIRST_STEP}, {how}", median(found), "ms", goal, how=said)
