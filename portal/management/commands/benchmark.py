"""`manage.py benchmark`: how fast the portal is here, against its goals, on a database made for it and dropped afterwards."""

import json
import os
import platform
from argparse import ArgumentParser
from subprocess import CalledProcessError, TimeoutExpired
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from portal.benchmark.parts import PARTS
from portal.benchmark.scratch import own_server, scratch

LONGEST = 1800
"""Seconds after which a part is given up."""


class Command(BaseCommand):
    """Bounded. Exit status 0: measured; whether goals are met is said by the figures, not by the status."""

    help = "Measure the engine, the history and the live pages against their goals. Uses a scratch database, never the portal's."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
        parser.add_argument(
            "--database", default="", help="on this server, e.g. postgres://...; or sqlite (the portal's)"
        )
        parser.add_argument("--broker", default="", help="a broker nobody else uses, e.g. amqp://...; without it: none")
        parser.add_argument("--scale", type=float, default=1.0, help="shrink every size; the goals hold for 1 (1)")
        parser.add_argument("--repetitions", type=int, default=5, help="of what is noisy; medians are shown (5)")
        parser.add_argument("--json", action="store_true", help="JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        server = options["database"] or own_server()
        server = "sqlite://" if server.startswith("sqlite") else server
        names = list(PARTS) if options["part"] == "all" else [options["part"]]
        report: dict[str, Any] = {"machine": machine(), "database": server.partition(":")[0], "parts": {}}
        report |= {name: options[name] for name in ("scale", "repetitions", "broker")}
        for name in names:
            report["parts"][name] = self._measured(name, server, options)
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._show(report)

    def _measured(self, name: str, server: str, options: dict[str, Any]) -> list[dict[str, Any]]:
        """The figures of one part, measured in a process of its own on a database of its own."""
        said = {key: options[key] for key in ("scale", "repetitions", "broker")}
        try:
            with scratch(server, options["broker"]) as made:
                arguments = json.dumps({**said, "folder": str(made.folder)})
                printed = made.run("-m", "portal.benchmark", name, arguments, timeout=LONGEST)
        except (CalledProcessError, TimeoutExpired, DatabaseError, OSError) as error:
            raise CommandError(f"{name} could not be measured: {error}", returncode=2) from error
        return list(json.loads(printed.strip().rpartition("\n")[2]))

    def _show(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['machine']}; {report['database']}; scale {report['scale']:g}")
        for name, figures in report["parts"].items():
            self.stdout.write(f"\n{name}: {PARTS[name].summary}")
            for figure in figures:
                self.stdout.write(line(figure))


def line(figure: dict[str, Any]) -> str:
    """One figure for people: name, value, goal, whether it is met, how."""
    value = "not measured" if figure["value"] is None else f"{figure['value']:g} {figure['unit']}"
    goal = "" if figure["goal"] is None else f"{figure['direction']} {figure['goal']:g}"
    verdict = {True: "met", False: "MISSED", None: ""}[figure["is_met"]]
    return f"  {figure['name']:<44}{value:>22}  {goal:<16}{verdict:<8}{figure['how']}"


def machine() -> str:
    """What the figures were measured on, in one line, with the load at the start."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, load {load:.1f}"
