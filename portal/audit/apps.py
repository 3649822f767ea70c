"""The application `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The hash-chained log."""

    name = "portal.audit"
    label = "audit"
