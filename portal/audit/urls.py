"""Addresses of the audit log."""

from django.urls import path

from portal.audit import views

urlpatterns = [path("audit/", views.event_list, name="event_list")]
