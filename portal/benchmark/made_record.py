"""What a finished drill keeps, as large as in real drills; the numbers mean nothing. Fields: docs/drill-record.md."""

from collections.abc import Sequence
from typing import Any

from runbooks.models import Phase


def phases() -> list[dict[str, Any]]:
    """What a drill keeps of the phases it went through."""
    began = "2026-01-01T00:00:00+00:00"
    return [{"phase": str(phase), "began_at": began, "ended_at": began, "happened": "as planned"} for phase in Phase]


def record(parts: Sequence[str], steps: int) -> dict[str, Any]:
    """A drill's record of the size that drills leave, with so many steps in each part."""
    at = "2026-01-01T00:00:00+00:00"
    attempts = [
        {"name": f"Step{number}", "action": "aws:executeAwsApi", "status": "Success", "began_at": at, "ended_at": at}
        for number in range(1, steps + 1)
    ]
    return {
        "schema": "bcdr-drill-record/1",
        "verdict": {"word": "Met", "reason": "Both objectives were measured and met."},
        "objectives": {"rto_seconds": 900.0, "rpo_seconds": 900.0},
        "time_scale": 1.0,
        "measured": {
            "disrupted_at": at,
            "first_failed_sample_at": at,
            "recovered_at": at,
            "rto_seconds": 300.0,
            "rto_compared_seconds": 300.0,
            "is_rto_met": True,
            "rpo_seconds": 20.0,
            "rpo_compared_seconds": 20.0,
            "rpo_at_least_seconds": None,
            "is_rpo_met": True,
            "rpo_reason": "",
            "split": {"detect_seconds": 20.0, "decide_seconds": 60.0, "act_seconds": 180.0, "verify_seconds": 40.0},
            "outages": [{"began_at": at, "ended_at": at, "seconds": 300.0, "failed_samples": 300}],
            "regions": {"before": {"us-west-2": 600}, "during": {}, "after": {"us-east-1": 2100}},
        },
        "method": ["A client asked the entry twice a second.", "Heartbeat records were read back."],
        "resolution": {"sample_interval_seconds": 0.5, "heartbeat_interval_seconds": 1.0},
        "samples": {"url": "http://127.0.0.1:9/", "total": 3000, "good": 2700, "failed": 300, "unobserved": []},
        "heartbeats": {
            "table": "shop",
            "acknowledged": 900,
            "newest_survivor": {"sequence": 400, "written_at": at},
            "lost": [],
        },
        "runbooks": {part: {"steps": attempts} for part in parts},
    }
