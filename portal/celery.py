"""The Celery application: hints only. No results, no retries, no countdowns; the database decides what is done when.

Acknowledged early on purpose: a lost hint costs one look of a worker at the database, a hint delivered twice finds nothing to
claim. docs/operations.md names the failure of brokers that each setting answers. Not here: the look itself (`celery_worker.py`).
"""

import os
from pathlib import Path

from celery import Celery
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Celery would make a worker run Django's checks, which read the addresses of all pages: 35 MB for what it never serves.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

# kombu's own lets a worker read a message that is not written yet.
TRANSPORT_ALIASES["filesystem"] = "portal.file_broker:Transport"
app = Celery("portal")


def transport_options(url: str) -> dict[str, object]:
    """Options of the broker's transport. The file system broker needs folders; servers need short timeouts."""
    if url.startswith(("amqp", "pyamqp")):
        return {"connect_timeout": 2, "write_timeout": 2}
    if not url.startswith("filesystem"):
        return {"socket_timeout": 2, "socket_connect_timeout": 2, "retry_on_timeout": False}
    queue = Path(settings.VAR) / "broker"
    for folder in ("messages", "control"):
        (queue / folder).mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(queue / "messages"),
        "data_folder_out": str(queue / "messages"),
        "control_folder": str(queue / "control"),
        "polling_interval": 0.05,
    }


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=transport_options(settings.CELERY_BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=2,
    task_ignore_result=True,
    task_acks_late=False,
    task_publish_retry=False,
    task_default_queue="wake",
    task_annotations={"*": {"expires": 60}},
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    accept_content=["json"],
    task_serializer="json",
    timezone="UTC",
    # Tasks end with Django's own look at their connection; Celery would close it before and after each of them.
    CELERY_DB_REUSE_MAX=2**31,
    beat_schedule_filename=str(Path(settings.VAR) / "beat"),
    beat_schedule={
        "wake what is due": {
            "task": "runbooks.tasks.wake_due",
            "schedule": max(settings.WAKE_INTERVAL.total_seconds(), 1.0),  # workers look by themselves, and sooner
            "options": {"expires": 10},
        },
        "look at services": {
            "task": "assessments.tasks.wake_due",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
    },
)
app.autodiscover_tasks(["runbooks", "assessments"])
# By name: it needs Django's models, which are there only when the worker starts.
app.steps["worker"].add("portal.celery_worker:Carrying")
