"""A pytest plugin that sets the environment before Django reads it: a laptop in sandbox mode, fast clocks, own files.

Each run has a folder of its own for its database, so two runs at once do not meet; workers of one run share it.
"""

import atexit
import os
import shutil
import tempfile

if "VAR_DIR" not in os.environ:
    # In memory where the system offers it: the tests commit thousands of times, and each commit waits for the disk.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="portal-tests-", dir=memory)
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)

os.environ["IS_SANDBOX"] = "1"
os.environ["QUARANTINE_SECONDS"] = "0"  # tests of the quarantine set their own
os.environ["SANDBOX_TIME_SCALE"] = "0.02"
os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
# Nothing listens there: a test that needs AWS starts a sandbox or a double.
os.environ.setdefault("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
os.environ["CELERY_BROKER_URL"] = os.environ.get("TEST_BROKER_URL", "memory://")
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "sqlite:///var/unused.sqlite3")
os.environ["LOG_LEVEL"] = os.environ.get("LOG_LEVEL", "WARNING")
