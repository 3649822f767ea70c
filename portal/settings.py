"""All settings, read from the environment once. Every variable is listed in `.env.example` with its meaning.

Not here: anything about one organisation (that is data in the catalogue) and credentials of AWS (the SDK's own chain).
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR_DIR", ROOT / "var"))

env = environ.Env()
if (ROOT / ".env").is_file():
    environ.Env.read_env(ROOT / ".env")

VERSION = "0.1.0"
DEBUG = env.bool("DEBUG", default=False)
IS_SANDBOX = env.bool("IS_SANDBOX", default=bool(env.str("AWS_ENDPOINT_URL", default="")))
VAR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """`SECRET_KEY`, or, on a laptop only, a key made once and kept in `var/` so that sessions outlive a restart."""
    given = env.str("SECRET_KEY", default="")
    if given:
        return given
    if not (DEBUG or IS_SANDBOX):
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it in the environment; 50 random characters or more.")
    kept = VAR / "secret_key"
    if not kept.is_file():
        from django.core.management.utils import get_random_secret_key

        kept.write_text(get_random_secret_key())
        kept.chmod(0o600)
    return kept.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "allauth",
    "allauth.account",
    "knox",
    "csp",
    "portal",
    "portal.people",
    "portal.catalogue",
    "portal.audit",
    "runbooks",
    "assessments",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.errors.RefusalMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "portal" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.views.environment",
                "portal.system_views.standing",
                "portal.people.demo.demo_users",
            ],
        },
    },
]

# --- the database: SQLite on a laptop, PostgreSQL for a company; `DATABASE_URL` is all that differs -------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'portal.sqlite3'}")
}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    # Writers queue instead of failing: a deferred transaction that turns into a write fails at once, whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone is noticed in seconds; a statement, a lock or a forgotten transaction cannot hold a worker up. 0
    # lets statements take their time: for migrations.
    _statement = round(env.float("DATABASE_STATEMENT_SECONDS", default=30) * 1000)
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,
        "options": f"-c statement_timeout={_statement} -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000",
        **DATABASES["default"].get("OPTIONS", {}),
    }
DATABASES["default"]["CONN_MAX_AGE"] = 0  # under ASGI a kept connection is never handed back
DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")} if IS_SQLITE else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits of sign-in must hold across processes, so the cache is a table everybody sees.
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://portal_cache")}

# --- wake-ups: the broker carries hints only, the database is the truth ----------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")

# --- people ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_HOST", ""), EMAIL_CONFIG.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
    EMAIL_CONFIG.get("EMAIL_HOST_USER", ""),
    EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD", ""),
)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="portal@localhost")

# --- doors -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.errors.api_exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "BC/DR portal",
    "DESCRIPTION": "Services, runbooks, executions, drills and incidents.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Fields of one name with different choices; without a name of ours the schema's would change with every new choice.
    "ENUM_NAME_OVERRIDES": {
        "ExecutionStatusEnum": "runbooks.models.execution.Status",
        "PurposeEnum": "runbooks.models.execution.Purpose",
        "SignalKindEnum": "runbooks.models.execution.SignalKind",
        "IncidentSeverityEnum": "runbooks.models.incident.Severity",
        "VersionStatusEnum": "assessments.models.lens.VersionStatus",
        "EvidenceKindEnum": "assessments.models.answer.EvidenceKind",
        "RunStatusEnum": "assessments.models.leased.RunStatus",
        "ToolSyncKindEnum": "assessments.models.tool_sync.SyncKind",
    },
}
KNOX_TOKEN_MODEL = "people.ApiToken"
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Token"}
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}
IS_HTTPS = env.bool("IS_HTTPS", default=not (DEBUG or IS_SANDBOX))
SECURE_SSL_REDIRECT = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
if env.bool("IS_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = 12 * 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

STATIC_URL = "static/"
STATIC_ROOT = VAR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"  # a post-mortem compares clocks of many places: everything is shown in UTC

# --- executions ------------------------------------------------------------------------------------------------------
AWS_REGION = env.str("AWS_REGION", default=env.str("AWS_DEFAULT_REGION", default="us-east-1"))
# In the sandbox every interval of the emulated AWS is multiplied by this; the runner scales sleeps and polls alike so that a
# measured time divided by the scale is the time it would have taken. 1.0 against the real AWS, always.
TIME_SCALE = env.float("SANDBOX_TIME_SCALE", default=0.1) if IS_SANDBOX else 1.0
LEASE = timedelta(seconds=env.float("LEASE_SECONDS", default=60 if IS_SQLITE else 30))
# How long after an attempt was sent its call may still take effect: sent at the latest 5 s after it was noted, answered or
# given up after 20 s, and until then signed for 5 minutes (SigV4) plus half a minute of clock difference. In the sandbox
# nothing is queued on the way.
SEND_WITHIN = timedelta(seconds=5)
QUARANTINE = timedelta(seconds=env.float("QUARANTINE_SECONDS", default=25 if IS_SANDBOX else 355))
SLICE = timedelta(seconds=env.float("SLICE_SECONDS", default=20))
# Without a broker a start waits half of this on average; a look costs about 2 ms of a worker's CPU.
WAKE_INTERVAL = timedelta(seconds=env.float("WAKE_INTERVAL_SECONDS", default=0.15))
# How many executions a worker's own look at the database carries at once, beside what hints of the broker bring it.
POLLER_SLOTS = env.int("POLLER_SLOTS", default=4)
# A promoted database may have lost its last seconds, so the portal stands still until a person looks. True says that none can be.
IS_REPLICATION_SYNCHRONOUS = env.bool("IS_REPLICATION_SYNCHRONOUS", default=False)
# Prometheus asks /metrics with this bearer token; without one the address does not exist.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Called by a worker while work gets done, so that somebody outside notices silence. Empty: nobody is called.
DEAD_MAN_URL = env.str("DEAD_MAN_URL", default="")
DEAD_MAN_INTERVAL = timedelta(seconds=env.float("DEAD_MAN_SECONDS", default=60))
# Who tells assessments what drills and runbooks proved; the two halves know nothing of each other.
PROOF_SOURCE = "portal.proof.SOURCE"
# What workers of both halves ask before a claim, and what else is held back when the portal stands still.
MAY_CLAIM = "runbooks.workers.may_claim"
HELD_BACK_TOO = ["assessments.claiming.hold_back"]
SCRIPTS_ALLOWED = env.bool("SCRIPTS_ALLOWED", default=IS_SANDBOX)
# Hosts that probes and endpoint waits may call besides the entry URLs of the catalogue, e.g. "status.example.org,*.example.org".
OUTGOING_HOSTS = env.list("OUTGOING_HOSTS", default=["127.0.0.1", "localhost"] if IS_SANDBOX else [])

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "botocore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
