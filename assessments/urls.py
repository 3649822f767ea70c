"""Addresses of this half: each noun's views name their own."""

from django.urls import URLPattern

from assessments.views import (
    assessments,
    checks,
    evidence,
    improvements,
    lenses,
    portfolio,
    questions,
    reports,
    results,
    tool,
)

urlpatterns: list[URLPattern] = [
    *assessments.urlpatterns,
    *questions.urlpatterns,
    *evidence.urlpatterns,
    *lenses.urlpatterns,
    *tool.urlpatterns,
    *results.urlpatterns,
    *improvements.urlpatterns,
    *portfolio.urlpatterns,
    *reports.urlpatterns,
    *checks.urlpatterns,
]
