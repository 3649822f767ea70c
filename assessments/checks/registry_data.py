"""The table's rows about data: backups, replicas, protection. `registry` joins the rows."""

from assessments.checks import backups, protection, replication
from assessments.checks.examination import Check, TriedOn
from assessments.checks.half_lives import PROOF, SETTING, STATE

DATA_CHECKS = (
    Check(
        name="backups_exist",
        title="Every data store has a backup",
        reads="Tables, RDS instances and clusters of the primary Region: continuous backups, own backups and "
        "snapshots, then recovery points of AWS Backup.",
        look=backups.backups_exist,
        apis=(*backups.STORES, *backups.COPIES),
        remediation="Put the store into a selection of an AWS Backup plan (by the service's tag, so that the next store "
        "is in it too), or switch on point-in-time recovery. Then look for the first recovery point: `aws "
        "backup list-recovery-points-by-resource --resource-arn ARN`.",
        practices=("REL09-BP01", "REL09-BP03"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="backups_recent",
        title="The newest backup is young enough",
        reads="The newest moment each store of the primary Region can be restored to, compared with the RPO "
        "promised for the scope Application, or with one day where none is promised.",
        look=backups.backups_recent,
        apis=(*backups.STORES, *backups.COPIES),
        remediation="See in AWS Backup's failed and expired jobs why the last run made none, and mend that. Where the "
        "schedule is longer than the RPO, shorten it or use continuous backups, and put an alarm on "
        "NumberOfBackupJobsFailed and on the age.",
        practices=("REL09-BP03",),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="point_in_time_recovery_on",
        title="Every data store can be set back to any second",
        reads="DynamoDB's point-in-time recovery; for RDS and Aurora the retention of automated backups.",
        look=backups.point_in_time_recovery_on,
        apis=(*backups.STORES, "dynamodb:DescribeContinuousBackups"),
        remediation="DynamoDB: `aws dynamodb update-continuous-backups --table-name NAME "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`. RDS: set a backup retention "
        "period of at least 7 days (`modify-db-instance --backup-retention-period 7`, `modify-db-cluster` for "
        "clusters). Do it in the template too.",
        practices=("REL09-BP03",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="restore_tested",
        title="Every data store was restored lately",
        reads="Completed restore jobs of AWS Backup for each store, and whether their validation failed. Restores "
        "done by hand without AWS Backup are not seen.",
        look=backups.restore_tested,
        apis=(*backups.STORES, backups.RESTORES),
        remediation="Make a restore testing plan in AWS Backup with the store in a selection, monthly for tiers 1 and 2, "
        "and let a function check the content and report it with PutRestoreValidationResult. Compare its "
        "duration with the RTO.",
        practices=("REL09-BP04",),
        half_lives=PROOF,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="backup_vault_locked",
        title="Backup vaults cannot be emptied",
        reads="Whether Vault Lock is on for the service's vaults, in every Region.",
        look=backups.backup_vault_locked,
        apis=backups.VAULTS,
        remediation="Set a lock with a shortest retention: `aws backup put-backup-vault-lock-configuration "
        "--backup-vault-name NAME --min-retention-days 7`. With `--changeable-for-days` it becomes final "
        "after that grace; think before that.",
        practices=("REL09-BP02",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="replica_in_recovery_region",
        title="Every data store has an active replica in the recovery Region",
        reads="Replicas of global tables, read replicas of RDS instances in other Regions, members of Aurora global "
        "databases.",
        look=replication.replica_in_recovery_region,
        apis=replication.REPLICAS,
        remediation="DynamoDB: add a replica with UpdateTable (the stream must carry both images). RDS: create a read "
        "replica in the recovery Region. Aurora: make the cluster the first of a global database and add a "
        "Region. Then alarm on the lag (ReplicationLatency, ReplicaLag, AuroraGlobalDBReplicationLag).",
        practices=("REL10-BP01", "REL13-BP02"),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="secrets_replicated",
        title="Every secret is in the recovery Region, in step",
        reads="The replication status of each secret of the primary Region. Values are never read.",
        look=replication.secrets_replicated,
        apis=replication.SECRET_REPLICAS,
        remediation="`aws secretsmanager replicate-secret-to-regions --secret-id NAME --add-replica-regions "
        "Region=REGION`; name a KMS key of that Region where the default one is not used, and let the tasks' "
        "role there read it.",
        practices=("REL13-BP02", "REL13-BP04", "OPS05-BP03"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="versioning_on",
        title="Buckets keep overwritten and deleted objects",
        reads="Versioning of each bucket in a Region of the service.",
        look=replication.versioning_on,
        apis=replication.VERSIONS,
        remediation="`aws s3api put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled`, with a "
        "lifecycle rule that ends noncurrent versions after the time a mistake may stay unnoticed.",
        practices=("REL09-BP01", "REL09-BP02", "REL09-BP03"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="bucket_replication_on",
        title="Buckets are replicated to the recovery Region",
        reads="Enabled replication rules of each bucket of the primary Region, and where their destinations lie.",
        look=replication.bucket_replication_on,
        apis=replication.BUCKET_REPLICAS,
        remediation="Add a replication rule to a versioned bucket in the recovery Region, with Replication Time Control "
        "where the RPO is minutes; copy what is there already with S3 Batch Replication; alarm on "
        "OperationsFailedReplication.",
        practices=("REL10-BP01", "REL13-BP02"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="deletion_protection_on",
        title="Tables, databases and load balancers refuse to be deleted",
        reads="Deletion protection of tables, RDS instances and clusters, and load balancers, in every Region.",
        look=protection.deletion_protection_on,
        apis=protection.DELETION,
        remediation="`update-table --deletion-protection-enabled`, `modify-db-instance` or `modify-db-cluster "
        "--deletion-protection`, `modify-load-balancer-attributes` with deletion_protection.enabled=true; set "
        "it in the template, replicas included, and keep the right to switch it off from the roles of every "
        "day.",
        practices=("REL09-BP02",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="database_encrypted",
        title="Databases are encrypted at rest",
        reads="Storage encryption of RDS instances and clusters, in every Region.",
        look=protection.database_encrypted,
        apis=protection.ENCRYPTION,
        remediation="Encryption cannot be switched on in place: copy a snapshot with a KMS key, restore the copy, move "
        "the service to it, and practise the move first. Replicas and copies in another Region need a key "
        "there.",
        practices=("REL09-BP02",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="queue_has_dead_letter",
        title="Queues put aside what cannot be handled",
        reads="The redrive policy of each queue, in every Region.",
        look=protection.queue_has_dead_letter,
        apis=protection.DEAD_LETTERS,
        remediation="Create a queue for failed messages, name it in the RedrivePolicy with a maxReceiveCount of 3 to 10, "
        "keep its messages for 14 days, and alarm on ApproximateNumberOfMessagesVisible above 0.",
        practices=("REL05-BP04",),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
)
