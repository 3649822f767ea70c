"""Watches the rows while a run goes on, for what only shows over time: fences that fall, ends that change."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max

from runbooks.models import FINAL_STATUSES, Execution, StepExecution

COLUMNS = ("pk", "status", "ended_at", "outputs", "status_message", "fence", "revision", "lease_token", "wake_at")


@dataclass
class Witness:
    """The newest sample of each execution, and every contradiction between two samples."""

    seen: dict[Any, dict[str, Any]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Take one sample of every execution and compare it with the one before."""
        self._compare_attempts()
        for row in Execution.objects.annotate(attempts=Max("steps__sequence", default=0)).values(*COLUMNS, "attempts"):
            before = self.seen.get(row["pk"])
            if before is not None:
                self._compare(before, row)
            self.seen[row["pk"]] = row

    def _compare(self, before: dict[str, Any], row: dict[str, Any]) -> None:
        for column in ("fence", "revision"):
            if row[column] < before[column]:
                self._tell(f"I7 {row['pk']}: {column} fell from {before[column]} to {row[column]}")
        if before["status"] in FINAL_STATUSES:
            changed = [
                name for name in ("status", "ended_at", "outputs", "status_message") if row[name] != before[name]
            ]
            if changed:
                self._tell(f"I8 {row['pk']} was over as {before['status']}, then changed {', '.join(changed)}")

    def _compare_attempts(self) -> None:
        """An attempt that is new since the last sample was noted under the fence seen then, or a newer one."""
        running = StepExecution.objects.exclude(execution__status__in=FINAL_STATUSES)
        for pk, step, sequence, fence in running.values_list("execution_id", "step_name", "sequence", "fence"):
            before = self.seen.get(pk)
            if before is not None and sequence > before["attempts"] and fence < before["fence"]:
                self._tell(f"I7 {pk} {step}: noted under fence {fence} after {before['fence']} was granted")

    def _tell(self, violation: str) -> None:
        if violation not in self.violations:
            self.violations.append(violation)
