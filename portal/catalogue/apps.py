"""The application `catalogue`."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Services and what they promise."""

    name = "portal.catalogue"
    label = "catalogue"
