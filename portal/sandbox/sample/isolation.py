"""The estate's FIS experiment template: pause the replication of both tables for one hour.

It isolates the primary Region's data, so that writes it acknowledged are really missing on the recovery side. A
template of FIS has no name; the tag Name stands for it.
https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#dynamodb-actions-reference

Not here: starting it. That is a runbook's work.
"""

from portal.sandbox.sample import names
from portal.sandbox.sample.connection import Connection

PAUSE = "aws:dynamodb:global-table-pause-replication"


def deploy_experiment_template(connection: Connection, role_arn: str) -> None:
    """Create the template unless one carries its name."""
    fis = connection.client("fis", names.PRIMARY_REGION)
    templates = fis.list_experiment_templates()["experimentTemplates"]
    if any(template.get("tags", {}).get("Name") == names.EXPERIMENT_TEMPLATE for template in templates):
        return
    dynamodb = connection.client("dynamodb", names.PRIMARY_REGION)
    tables = [dynamodb.describe_table(TableName=table)["Table"]["TableArn"] for table in names.TABLES]
    fis.create_experiment_template(
        description="Pause the replication of the tables of Mythical Mysfits",
        roleArn=role_arn,
        stopConditions=[{"source": "none"}],
        targets={
            "tables": {
                "resourceType": "aws:dynamodb:global-table",
                "resourceArns": tables,
                "selectionMode": "ALL",
            }
        },
        actions={
            "pause": {"actionId": PAUSE, "parameters": {"duration": "PT1H"}, "targets": {"Tables": "tables"}},
        },
        tags={"Name": names.EXPERIMENT_TEMPLATE},
    )
