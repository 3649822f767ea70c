"""The application `assessments`."""

from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    """Lenses, assessments, answers, milestones."""

    name = "assessments"
    label = "assessments"
