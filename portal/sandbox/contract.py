"""What the sandbox promises, operation by operation: the one table behind the contract test and docs/sandbox.md.

Here: the promises and their rendering. Not here: keeping them; tests/test_contract.py calls every operation over boto3.
"""

from dataclasses import dataclass

REAL, LEDGER, REFUSED = "real", "ledger only", "501"
MEANING = {
    REAL: "it does what AWS does, with effects that other operations and real HTTP clients see",
    LEDGER: "it is stored and read back; nothing else happens",
    REFUSED: "answered 501 NotImplemented with the names of service and operation; nothing is stored",
}


@dataclass(frozen=True)
class Promise:
    """`service` is boto3's name, `operation` the API's; `words` say what happens, for people."""

    service: str
    operation: str
    kind: str
    words: str

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


def _of(service: str, *rows: tuple[str, str, str]) -> tuple[Promise, ...]:
    return tuple(Promise(service, *row) for row in rows)


CONTRACT = (
    *_of(
        "globalaccelerator",
        (
            "CreateAccelerator",
            REAL,
            "IN_PROGRESS, then DEPLOYED; its DnsName is served by the gateway; a token creates once",
        ),
        ("DescribeAccelerator", REAL, "status of this moment"),
        ("ListAccelerators", REAL, "of the account, in pages"),
        ("UpdateAccelerator", REAL, "a disabled one carries no traffic"),
        ("DeleteAccelerator", REAL, "refused while enabled or with listeners"),
        ("DescribeAcceleratorAttributes", LEDGER, "flow logs are not written"),
        ("UpdateAcceleratorAttributes", LEDGER, "flow logs are not written"),
        ("CreateListener", REAL, "any port range leads to the gateway's one door"),
        ("DescribeListener", REAL, "as created"),
        ("ListListeners", REAL, "of the accelerator, in pages"),
        ("UpdateListener", REAL, "client affinity is stored, not followed"),
        ("DeleteListener", REAL, "refused with endpoint groups"),
        ("CreateEndpointGroup", REAL, "routes new connections after the propagation delay"),
        (
            "DescribeEndpointGroup",
            REAL,
            "HealthState INITIAL, HEALTHY or UNHEALTHY from the load balancer's targets, with reason",
        ),
        ("ListEndpointGroups", REAL, "of the listener, in pages"),
        (
            "UpdateEndpointGroup",
            REAL,
            "dial and weights move new connections; a given endpoint list replaces the whole list",
        ),
        ("AddEndpoints", REAL, "keeps the others"),
        ("RemoveEndpoints", REAL, "keeps the others"),
        ("DeleteEndpointGroup", REAL, "at once"),
        ("TagResource", LEDGER, "accelerators only"),
        ("UntagResource", LEDGER, "accelerators only"),
        ("ListTagsForResource", LEDGER, "accelerators only"),
        ("CreateCustomRoutingAccelerator", REFUSED, "custom routing is not emulated"),
        ("ListByoipCidrs", REFUSED, "own address ranges are not emulated"),
    ),
    *_of(
        "dynamodb",
        ("CreateTable", REAL, "CREATING, then ACTIVE; items are refused until then"),
        ("DescribeTable", REAL, "TableStatus and Replicas of this moment"),
        ("UpdateTable", REAL, "ReplicaUpdates Create and Delete: back-fill, then replication both ways after the lag"),
        ("DeleteTable", REAL, "at once; takes the Region out of a global table"),
        ("PutItem", REAL, "replicated; the last writer wins"),
        ("UpdateItem", REAL, "replicated as a whole item"),
        ("DeleteItem", REAL, "replicated"),
        ("GetItem", REAL, "of this Region's copy"),
        ("TransactWriteItems", REAL, "all or nothing, here and in the replicas"),
        ("CreateBackup", REAL, "a snapshot of the items of this moment"),
        ("UpdateContinuousBackups", LEDGER, "the switch is stored; no history is kept"),
        ("RestoreTableToPointInTime", REFUSED, "no history is kept, so today's items are never passed off as old ones"),
        ("CreateGlobalTable", REFUSED, "version 2017 of global tables; use UpdateTable with ReplicaUpdates"),
    ),
    *_of(
        "ecs",
        ("CreateCluster", REAL, "counts of running and pending tasks are true"),
        ("RegisterTaskDefinition", REAL, "the image's repository name picks the stand-in application"),
        ("CreateService", REAL, "tasks with addresses and real sockets, registered with their target groups"),
        ("UpdateService", REAL, "desiredCount scales; another definition or network rolls over"),
        ("DescribeServices", REAL, "counts, deployments and events of this moment"),
        ("DeleteService", REAL, "kills its tasks"),
        ("ListServices", REAL, "active ones"),
        ("ListTasks", REAL, "by cluster, service, status; RUNNING when no status is given"),
        ("DescribeTasks", REAL, "PROVISIONING, RUNNING, DEACTIVATING, STOPPED with reason"),
        ("StopTask", REAL, "sockets closed; the service starts another"),
        ("RunTask", REAL, "network mode awsvpc only"),
        ("PutClusterCapacityProviders", LEDGER, "capacity is endless"),
        ("ExecuteCommand", REFUSED, "there is no shell in a stand-in"),
    ),
    *_of(
        "elbv2",
        ("CreateLoadBalancer", REAL, "its DNSName is served by the gateway; application load balancers only"),
        ("CreateTargetGroup", REAL, "interval, path, port, matcher and thresholds are followed, times the scale"),
        ("CreateListener", REAL, "forward, fixed-response and redirect"),
        ("CreateRule", REAL, "path, host, method, header and query conditions, weighted forwards"),
        ("DescribeTargetHealth", REAL, "from real HTTP checks through security groups and network ACLs, with reasons"),
        ("RegisterTargets", REAL, "IP targets; an address without a task times out"),
        ("DeregisterTargets", REAL, "draining for the deregistration delay"),
        ("ModifyTargetGroup", REAL, "the next check follows it"),
        ("SetSecurityGroups", REAL, "decides who gets in"),
        ("ModifyLoadBalancerAttributes", LEDGER, "stored"),
    ),
    *_of(
        "ec2",
        ("RevokeSecurityGroupIngress", REAL, "checks and requests time out when nothing else lets them in"),
        ("AuthorizeSecurityGroupIngress", REAL, "lets checks and requests in"),
        ("CreateNetworkAclEntry", REAL, "between load balancer and task subnets, and towards clients"),
        ("CreateRoute", LEDGER, "packets pass between any two subnets of a VPC"),
    ),
    *_of(
        "fis",
        ("CreateExperimentTemplate", REAL, "actions that the sandbox does not inject are refused"),
        ("StartExperiment", REAL, "injects the fault for its duration, times the scale; actions start side by side"),
        ("GetExperiment", REAL, "running, completed or stopped"),
        ("StopExperiment", REAL, "ends the fault at once"),
        ("ListActions", REFUSED, "see the user guide of AWS"),
    ),
    *_of(
        "cloudformation",
        (
            "CreateStack",
            REAL,
            "CREATE_IN_PROGRESS until services are stable; a failure rolls back; unknown types are refused",
        ),
        ("DescribeStacks", REAL, "status and resolved outputs"),
        ("DescribeStackEvents", REAL, "every resource, with the reason of a failure"),
        ("UpdateStack", REAL, "changed resources only; a failure ends in UPDATE_FAILED without rollback"),
        ("DeleteStack", REAL, "newest first; what cannot be deleted is said"),
        ("DetectStackDrift", REFUSED, "drift is not looked for"),
    ),
    *_of(
        "cloudwatch",
        ("GetMetricStatistics", REAL, "AWS/ApplicationELB counts of requests that passed the gateway"),
        ("PutDashboard", LEDGER, "the body is stored and validated"),
        ("PutMetricAlarm", LEDGER, "alarms are never evaluated"),
    ),
    *_of(
        "ssm",
        ("PutParameter", LEDGER, "with history"),
        ("StartAutomationExecution", REFUSED, "automations run in the portal"),
    ),
    *_of("sts", ("AssumeRole", REAL, "the role's account, with a state of its own; any role is accepted")),
    *_of(
        "route53",
        ("CreateHostedZone", LEDGER, "nothing answers DNS"),
        ("CreateHealthCheck", LEDGER, "endpoints are looked at when somebody asks, and records do not follow"),
        (
            "GetHealthCheckStatus",
            REAL,
            "a request to the endpoint at the public entry, told for eight checkers' Regions",
        ),
        ("TestDNSAnswer", REFUSED, "nothing answers DNS"),
    ),
    *_of(
        "rds",
        ("CreateGlobalCluster", LEDGER, "of a cluster of any Region, or without members"),
        ("DescribeGlobalClusters", LEDGER, "with members of all Regions; a filter is ignored"),
        ("RemoveFromGlobalCluster", LEDGER, "a member of any Region"),
        ("FailoverGlobalCluster", REFUSED, "databases are a ledger of moto's"),
    ),
    *_of(
        "backup",
        ("StartBackupJob", REAL, "CREATED, RUNNING, then COMPLETED; takes a table's items, of anything else nothing"),
        ("DescribeBackupJob", REAL, "state of this moment"),
        ("ListBackupJobs", REAL, "the newest first, in pages; by vault, resource, its type, state and times"),
        ("DescribeRecoveryPoint", REAL, "CREATING until its job is over, then COMPLETED"),
        ("ListRecoveryPointsByResource", REAL, "the newest first, in pages"),
        ("ListRecoveryPointsByBackupVault", REAL, "the newest first, in pages; by resource, its type and times"),
        ("DeleteRecoveryPoint", REAL, "at once; no lock of a vault keeps it"),
        ("StartRestoreJob", REAL, "a table comes back under targetTableName; of anything else only the job is booked"),
        (
            "DescribeRestoreJob",
            REAL,
            "PENDING, RUNNING, then COMPLETED, or FAILED where the new table's name was taken",
        ),
        ("ListRestoreJobs", REAL, "the newest first, in pages; by status, resource type and times"),
        ("ListRestoreJobsByProtectedResource", REAL, "by the resource that was backed up"),
        ("PutRestoreValidationResult", LEDGER, "of a completed restore job, whose descriptions tell it"),
        ("DescribeBackupVault", REAL, "with the number of its recovery points"),
        ("DeleteBackupVault", REAL, "refused while it holds recovery points"),
        ("PutBackupVaultLockConfiguration", LEDGER, "keeps no recovery point from being deleted"),
        ("CreateBackupPlan", LEDGER, "nothing runs by a plan"),
        ("StartCopyJob", REFUSED, "nothing is copied between vaults"),
        ("CreateRestoreTestingPlan", REFUSED, "nothing is restored by a plan"),
    ),
    *_of(
        "service-quotas",
        ("ListServiceQuotas", LEDGER, "a few quotas of nine services, AWS's defaults until more was approved"),
        ("GetServiceQuota", LEDGER, "the same"),
        ("ListAWSDefaultServiceQuotas", LEDGER, "without what was approved"),
        ("GetAWSDefaultServiceQuota", LEDGER, "without what was approved"),
        (
            "RequestServiceQuotaIncrease",
            LEDGER,
            "PENDING, CASE_OPENED, then APPROVED, and the Region's value is the new one; nothing is limited by it",
        ),
        ("GetRequestedServiceQuotaChange", LEDGER, "status of this moment"),
        ("ListRequestedServiceQuotaChangeHistory", LEDGER, "of the account and Region, in pages"),
        ("AssociateServiceQuotaTemplate", REFUSED, "there is no organisation"),
    ),
    *_of("drs", ("DescribeSourceServers", REFUSED, "the service is not emulated")),
    *_of("arc-region-switch", ("ListPlans", REFUSED, "the service is not emulated")),
    *_of(
        "wellarchitected",
        ("CreateWorkload", REAL, "name unique without regard to spaces and capitals; a token creates once"),
        ("GetWorkload", REAL, "with the risk counts of this moment"),
        ("ListWorkloads", REAL, "of the account and Region, by prefix, in pages"),
        ("UpdateWorkload", REAL, "what is not given stays"),
        ("DeleteWorkload", REAL, "with its answers and milestones"),
        ("ImportLens", REAL, "checked against the file format; IN_PROGRESS for a transition, then a draft"),
        ("CreateLensVersion", REAL, "publishes the draft; reviews follow minor versions by themselves"),
        ("GetLens", REAL, "the latest version; a lens that was never published answers as DRAFT"),
        ("ListLenses", REAL, "custom lenses, and the framework's with two questions"),
        ("ExportLens", REAL, "the text that was imported; not for lenses of AWS's"),
        ("DeleteLens", REAL, "reviews made with it stay"),
        ("AssociateLenses", REAL, "published lenses only"),
        ("DisassociateLenses", REAL, "takes its answers along; not for the framework's lens"),
        ("ListLensReviews", REAL, "now, or as a milestone froze them"),
        ("GetLensReview", REAL, "notes and risk counts by pillar"),
        ("UpdateLensReview", REAL, "notes of the lens and of pillars"),
        ("UpgradeLensReview", REAL, "records a milestone, then carries answers over by identifiers"),
        ("ListAnswers", REAL, "by pillar, in pages, now or of a milestone"),
        ("GetAnswer", REAL, "with notes and the answers of single choices"),
        (
            "UpdateAnswer",
            REAL,
            "the lens's rules give the risk; a choice that is not applicable counts as chosen, our assumption",
        ),
        ("ListLensReviewImprovements", REAL, "HIGH before MEDIUM, then by the priorities of pillars"),
        ("CreateMilestone", REAL, "freezes answers and notes; names are unique in a workload"),
        ("GetMilestone", REAL, "the workload as it was"),
        ("ListMilestones", REAL, "in pages"),
        ("GetLensVersionDifference", REFUSED, "versions are not compared"),
        ("CreateWorkloadShare", REFUSED, "nothing is shared between accounts"),
        ("GetLensReviewReport", REFUSED, "no reports are made"),
    ),
)


def rendered() -> str:
    """The table as Markdown, one section per service."""
    lines: list[str] = []
    for service in dict.fromkeys(promise.service for promise in CONTRACT):
        lines += [f"### {service}", "", "| operation | sandbox | what happens |", "|---|---|---|"]
        lines += [f"| {p.operation} | {p.kind} | {p.words} |" for p in CONTRACT if p.service == service]
        lines.append("")
    return "\n".join(lines)
