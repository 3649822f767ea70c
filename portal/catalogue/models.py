"""The catalogue's rows: services, objectives, dependencies, entry URLs, indicators, AWS accounts.

Rules that compare rows with each other (RTO above MTD, weak hard dependencies, cycles) are in `rules.py`; what people
may do is in `operations.py`. Nothing here knows runbooks or assessments.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models


class Tier(models.IntegerChoices):
    """How much the organisation depends on a service; 1 is the highest."""

    MISSION_CRITICAL = 1, "Mission critical"
    CRITICAL = 2, "Critical"
    IMPORTANT = 3, "Important"
    SUPPORTING = 4, "Supporting"


class Strategy(models.TextChoices):
    """Recovery strategies of the AWS whitepaper on disaster recovery, cheapest and slowest first."""

    BACKUP_RESTORE = "backup-restore", "Backup and restore"
    PILOT_LIGHT = "pilot-light", "Pilot light"
    WARM_STANDBY = "warm-standby", "Warm standby"
    ACTIVE_ACTIVE = "active-active", "Active/active"


class Scope(models.TextChoices):
    """What is disrupted: the disruption types of AWS Resilience Hub, by their console names."""

    APPLICATION = "application", "Application"
    INFRASTRUCTURE = "infrastructure", "Infrastructure"
    ZONE = "zone", "Availability Zone"
    REGION = "region", "Region"


_is_role_arn = RegexValidator(
    r"^arn:aws(-cn|-us-gov)?:iam::\d{12}:role/[\w+=,.@/-]+$",
    "Give the ARN of a role, like arn:aws:iam::123456789012:role/bcdr-execution.",
)


class AwsAccount(models.Model):
    """An account the portal may act in, through a role. No key is ever stored."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="accounts")
    account_id = models.CharField(
        "account id", max_length=12, validators=[RegexValidator(r"^\d{12}$", "An account id has exactly 12 digits.")]
    )
    role_arn = models.CharField(
        "role ARN",
        max_length=200,
        blank=True,
        validators=[_is_role_arn],
        help_text="The role executions assume. Empty: the portal's own credentials (sandbox and single-account use).",
    )
    read_only_role_arn = models.CharField(
        "read-only role ARN",
        max_length=200,
        blank=True,
        default="",
        validators=[_is_role_arn],
        help_text="The role that automated checks assume; it needs to read only. Empty: no checks run in this account.",
    )
    external_id = models.CharField(
        max_length=64,
        default=uuid.uuid4,
        editable=False,
        help_text="Put it into the role's trust policy as sts:ExternalId. Made by the portal, never chosen.",
    )
    is_production = models.BooleanField(
        default=False, help_text="Starting here asks for the service's name to be typed."
    )

    class Meta:
        ordering = ["name"]
        verbose_name = "AWS account"

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"


class Service(models.Model):
    """Something that must survive."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    description = models.TextField(blank=True)
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="services")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_services")
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="deputised_services"
    )
    tier = models.PositiveSmallIntegerField(choices=Tier, default=Tier.IMPORTANT)
    strategy = models.CharField("recovery strategy", max_length=20, choices=Strategy, default=Strategy.BACKUP_RESTORE)
    primary_region = models.CharField("primary Region", max_length=30)
    recovery_regions = models.JSONField("recovery Regions", default=list, blank=True)
    accounts = models.ManyToManyField(AwsAccount, blank=True, related_name="services", verbose_name="AWS accounts")
    # Where heartbeat records are written (HTTP PUT through the service's own entry) and the table they land in.
    heartbeat_url = models.URLField(
        "heartbeat URL",
        blank=True,
        help_text="The portal sends PUT <heartbeat URL>/<probe>/<sequence> during a drill to measure RPO.",
    )
    heartbeat_table = models.CharField(
        max_length=255, blank=True, help_text="The DynamoDB table read back in the recovery Region."
    )
    is_retired = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["tier", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def regions(self) -> list[str]:
        return [self.primary_region, *self.recovery_regions]


class Objective(models.Model):
    """What a service promises for one disruption scope."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="objectives")
    scope = models.CharField("disruption scope", max_length=20, choices=Scope)
    rto = models.DurationField("RTO", help_text="Longest time to recover.")
    rpo = models.DurationField("RPO", help_text="Longest stretch of data that may be lost.")
    mtd = models.DurationField("MTD", help_text="Longest tolerable disruption; never shorter than the RTO.")

    class Meta:
        ordering = ["service", "scope"]
        constraints = [models.UniqueConstraint(fields=["service", "scope"], name="one_objective_per_scope")]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_scope_display()} RTO {self.rto}, RPO {self.rpo}"


class Dependency(models.Model):
    """`consumer` needs `provider`. Hard: without it the consumer is down; soft: it is degraded."""

    consumer = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependencies")
    provider = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="consumers")
    is_hard = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consumer", "provider"], name="one_dependency_per_pair")]
        verbose_name_plural = "dependencies"

    def __str__(self) -> str:
        return f"{self.consumer} needs {self.provider}"


class EntryUrl(models.Model):
    """A public address of a service that a client would use; drills sample it from outside."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="entry_urls")
    name = models.CharField(max_length=60, default="Public entry")
    url = models.URLField("URL", max_length=500)
    expected_status = models.PositiveSmallIntegerField(default=200)
    region_header = models.CharField(
        max_length=60,
        blank=True,
        default="X-Region",
        help_text="The response header that names the Region that answered.",
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name}: {self.url}"


class Kpi(models.Model):
    """A business indicator of a service and the CloudWatch metric it is read from."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="kpis")
    name = models.CharField(max_length=100)
    unit = models.CharField(max_length=30, blank=True)
    namespace = models.CharField(max_length=255)
    metric_name = models.CharField(max_length=255)
    dimensions = models.JSONField(default=dict, blank=True)
    statistic = models.CharField(max_length=20, default="Sum")

    class Meta:
        ordering = ["id"]
        verbose_name = "business KPI"

    def __str__(self) -> str:
        return self.name


# Durations people choose from in forms start here; tiers suggest, they never decide.
SUGGESTED_RTO: dict[int, timedelta] = {
    Tier.MISSION_CRITICAL: timedelta(minutes=15),
    Tier.CRITICAL: timedelta(hours=1),
    Tier.IMPORTANT: timedelta(hours=8),
    Tier.SUPPORTING: timedelta(hours=48),
}
