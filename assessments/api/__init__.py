"""The JSON door of the assessments half: one module a noun, registered here."""

from rest_framework.routers import BaseRouter

from assessments.api.assessments import AssessmentViewSet
from assessments.api.lenses import LensViewSet
from assessments.api.results import (
    OF_ASSESSMENT,
    CheckRunViewSet,
    DifferenceViewSet,
    ImprovementViewSet,
    PortfolioViewSet,
    ReportViewSet,
)
from assessments.api.tool import ToolSyncViewSet


def register(router: BaseRouter) -> None:
    """Add this half's views to the site's router."""
    router.register("lenses", LensViewSet, basename="api_lens")
    router.register("assessments", AssessmentViewSet, basename="api_assessment")
    router.register("portfolio", PortfolioViewSet, basename="api_portfolio")
    router.register("check-runs", CheckRunViewSet, basename="api_check_run")
    router.register(rf"{OF_ASSESSMENT}/report", ReportViewSet, basename="api_report")
    router.register(rf"{OF_ASSESSMENT}/difference", DifferenceViewSet, basename="api_difference")
    router.register(rf"{OF_ASSESSMENT}/improvements", ImprovementViewSet, basename="api_improvement")
    router.register(rf"{OF_ASSESSMENT}/tool-syncs", ToolSyncViewSet, basename="api_tool_sync")
