"""Addresses of this part: each noun's views name their own."""

from django.urls import URLPattern

from runbooks.views import drills, executions, incidents, runbooks, versions

urlpatterns: list[URLPattern] = [
    *drills.urlpatterns,
    *executions.urlpatterns,
    *incidents.urlpatterns,
    *runbooks.urlpatterns,
    *versions.urlpatterns,
]
