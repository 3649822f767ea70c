"""Accounts, teams and the roles people hold in them. What a role permits is in `permissions.py`."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from knox.models import AbstractAuthToken


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox has no types
    """A person who signs in. `get_full_name()` is shown to others, the user name is what documents name."""

    email = models.EmailField("e-mail address", unique=True)

    @property
    def shown_name(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """Those who share services and runbooks. Every object of the portal belongs to exactly one team."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """DESIGN: roles per team. A person may hold several; an author never approves what he wrote."""

    VIEWER = "viewer", "Viewer"
    OWNER = "owner", "Owner"
    AUTHOR = "author", "Author"
    APPROVER = "approver", "Approver"
    RESPONDER = "responder", "Responder"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "Admin"


class Membership(models.Model):
    """One role of one person in one team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team", "role"], name="one_membership_per_role")]

    def __str__(self) -> str:
        return f"{self.user.username}: {self.role} of {self.team}"


class ApiToken(AbstractAuthToken):
    """A token for the API: knox keeps its digest only; the name says what it is for."""

    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_token_per_name")]

    def __str__(self) -> str:
        return self.name
