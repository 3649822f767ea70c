"""The application `portal`: templates, static files, the site's own commands."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The roof over the two halves."""

    name = "portal"
    label = "portal"
