"""The JSON door of the runbooks half: one module a noun, registered here."""

from rest_framework.routers import BaseRouter

from runbooks.api.drills import DrillViewSet
from runbooks.api.executions import ExecutionViewSet
from runbooks.api.incidents import IncidentViewSet
from runbooks.api.runbooks import RunbookViewSet


def register(router: BaseRouter) -> None:
    """Add this half's views to the site's router."""
    router.register("runbooks", RunbookViewSet, basename="runbook")
    router.register("drills", DrillViewSet, basename="drill")
    router.register("executions", ExecutionViewSet, basename="execution")
    router.register("incidents", IncidentViewSet, basename="incident")
