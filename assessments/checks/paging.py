"""How the listing operations that checks use hand out their pages. A test compares this table with botocore's own.

Not here: asking for the pages (`reading`). botocore's paginators are not used because a check reaches AWS through its `Context`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paging:
    """Where an answer holds its items, where its token for the next page, and which input takes that token."""

    items: str
    answer_token: str
    input_token: str


PAGES: dict[str, Paging] = {
    "application-autoscaling:DescribeScalableTargets": Paging("ScalableTargets", "NextToken", "NextToken"),
    "application-autoscaling:DescribeScalingPolicies": Paging("ScalingPolicies", "NextToken", "NextToken"),
    "autoscaling:DescribeAutoScalingGroups": Paging("AutoScalingGroups", "NextToken", "NextToken"),
    "autoscaling:DescribePolicies": Paging("ScalingPolicies", "NextToken", "NextToken"),
    "backup:ListRecoveryPointsByResource": Paging("RecoveryPoints", "NextToken", "NextToken"),
    "backup:ListRestoreJobsByProtectedResource": Paging("RestoreJobs", "NextToken", "NextToken"),
    "cloudwatch:ListDashboards": Paging("DashboardEntries", "NextToken", "NextToken"),
    "dynamodb:ListBackups": Paging("BackupSummaries", "LastEvaluatedBackupArn", "ExclusiveStartBackupArn"),
    "elbv2:DescribeListeners": Paging("Listeners", "NextMarker", "Marker"),
    "elbv2:DescribeLoadBalancers": Paging("LoadBalancers", "NextMarker", "Marker"),
    "elbv2:DescribeTargetGroups": Paging("TargetGroups", "NextMarker", "Marker"),
    "globalaccelerator:ListAccelerators": Paging("Accelerators", "NextToken", "NextToken"),
    "globalaccelerator:ListEndpointGroups": Paging("EndpointGroups", "NextToken", "NextToken"),
    "globalaccelerator:ListListeners": Paging("Listeners", "NextToken", "NextToken"),
    "logs:DescribeLogGroups": Paging("logGroups", "nextToken", "nextToken"),
    "rds:DescribeDBClusterSnapshots": Paging("DBClusterSnapshots", "Marker", "Marker"),
    "rds:DescribeDBSnapshots": Paging("DBSnapshots", "Marker", "Marker"),
    "rds:DescribeGlobalClusters": Paging("GlobalClusters", "Marker", "Marker"),
    "resourcegroupstaggingapi:GetResources": Paging("ResourceTagMappingList", "PaginationToken", "PaginationToken"),
    "service-quotas:ListServiceQuotas": Paging("Quotas", "NextToken", "NextToken"),
    "sns:ListSubscriptionsByTopic": Paging("Subscriptions", "NextToken", "NextToken"),
}
