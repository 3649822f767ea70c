"""The one table of checks, with their facts. A lens names a check of this table in `_check`; another name is a mistake.

Practices are the Well-Architected Framework's identifiers (release of 2026-05-20). Not here: how a check looks.
"""

from assessments.checks.registry_data import DATA_CHECKS
from assessments.checks.registry_service import SERVICE_CHECKS

CHECKS = {check.name: check for check in (*DATA_CHECKS, *SERVICE_CHECKS)}
