"""Addresses of this part: each noun's views name their own."""

from django.urls import URLPattern

from runbooks.views import drills, executions, incidents, live, runbooks, versions

urlpatterns: list[URLPattern] = [
    *drills.urlpatterns,
    *executions.urlpatterns,
    *incidents.urlpatterns,
    *live.urlpatterns,
    *runbooks.urlpatterns,
    *versions.urlpatterns,
]
