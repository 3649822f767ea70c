"""The application `runbooks`."""

from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    """Runbooks, executions, drills, incidents."""

    name = "runbooks"
    label = "runbooks"
