"""The names the sample estate gives to what it creates; the runbooks' parameters repeat them as defaults.

What is here: names and Regions only. Not here: ARNs, ids and host names, which no start of a sandbox repeats; whoever
needs one looks it up by the name. The CloudFormation template states the same names literally, because a template
cannot read this module; a test compares them.
"""

from pathlib import Path

PRIMARY_REGION = "us-west-2"
RECOVERY_REGION = "us-east-1"
# Global Accelerator has one API for the world; its home is this Region.
# https://docs.aws.amazon.com/general/latest/gr/global_accelerator.html
ACCELERATOR_REGION = "us-west-2"

STACK = "mysfits"
CLUSTER = "mysfits"
CORE_SERVICE = "mysfits-core"
LIKE_SERVICE = "mysfits-like"
LOAD_BALANCER = "mysfits"
ENTRANCE_SECURITY_GROUP = "mysfits-entrance"
TASK_SECURITY_GROUP = "mysfits-tasks"
CREATURE_TABLE = "mysfits"
HEARTBEAT_TABLE = "mysfits-heartbeats"
TABLES = (CREATURE_TABLE, HEARTBEAT_TABLE)
ACCELERATOR = "mysfits"
EXPERIMENT_TEMPLATE = "mysfits-isolate-replication"
# The account's number is appended: bucket names are unique in the whole world.
TEMPLATE_BUCKET = "mysfits-templates"
TEMPLATE_KEY = "region.yaml"

NETWORK_PREFIX = {PRIMARY_REGION: "10.32", RECOVERY_REGION: "10.64"}
TASK_COUNT = 2
TASK_PORT = 8080
SERVING_WEIGHT = 128
STANDBY_WEIGHT = 0

TEMPLATE_FILE = Path(__file__).with_name("region.yaml")
CREATURES_FILE = Path(__file__).with_name("creatures.json")
