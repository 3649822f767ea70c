"""The quotas that the sandbox's Service Quotas starts with: AWS's defaults of what applications here are made of.

Here: codes, names and values as AWS publishes them. Not here: what was approved since (quotas.py). Source:
https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
"""

from dataclasses import dataclass

from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS


@dataclass(frozen=True)
class Quota:
    """One quota of every account and Region before anybody asked for more."""

    service: str
    service_name: str
    code: str
    name: str
    value: float
    is_adjustable: bool = True


_SERVICES: dict[tuple[str, str], tuple[tuple[str, str, float], ...]] = {
    ("autoscaling", "Amazon EC2 Auto Scaling"): (
        ("L-CDE20ADC", "Auto Scaling groups per region", 500),
        ("L-6B80B8FA", "Launch configurations per region", 200),
    ),
    ("dynamodb", "Amazon DynamoDB"): (("L-F98FE922", "Maximum number of tables", 2500),),
    ("ec2", "Amazon Elastic Compute Cloud (Amazon EC2)"): (
        ("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
        ("L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    ),
    ("ecs", "Amazon Elastic Container Service (Amazon ECS)"): (
        ("L-21C621EB", "Clusters per account", 10000),
        ("L-9EF96962", "Services per cluster", 5000),
    ),
    ("elasticloadbalancing", "Elastic Load Balancing (ELB)"): (
        ("L-53DA6B97", "Application Load Balancers per Region", 50),
        ("L-69A177A2", "Network Load Balancers per Region", 50),
        ("L-B22855CB", "Target Groups per Region", 3000),
    ),
    ("fargate", "AWS Fargate"): (
        ("L-3032A538", "Fargate On-Demand vCPU resource count", 6),
        ("L-36FBB829", "Fargate Spot vCPU resource count", 6),
    ),
    ("lambda", "AWS Lambda"): (("L-B99A9384", "Concurrent executions", 1000),),
    ("rds", "Amazon Relational Database Service (Amazon RDS)"): (
        ("L-7B6409FD", "DB instances", 40),
        ("L-952B80B8", "DB clusters", 40),
    ),
}

QUOTAS: tuple[Quota, ...] = (
    *(Quota(code, title, *row) for (code, title), rows in _SERVICES.items() for row in rows),
    *(
        Quota("vpc", str(r["ServiceName"]), str(r["QuotaCode"]), str(r["QuotaName"]), r["Value"], bool(r["Adjustable"]))
        for r in VPC_DEFAULT_QUOTAS
    ),
)
