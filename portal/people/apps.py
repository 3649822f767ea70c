"""The application `people`."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Accounts, teams, roles."""

    name = "portal.people"
    label = "people"
