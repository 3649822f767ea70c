"""The table's rows about the running service: watching it, way in, capacity, code, drills. `registry` joins the rows."""

from assessments.checks import alarms, capacity, drills, images, observability, traffic
from assessments.checks.examination import Check, TriedOn
from assessments.checks.half_lives import PROOF, SETTING, STATE

SERVICE_CHECKS = (
    Check(
        name="alarms_present",
        title="Every part on the path of a request has an alarm",
        reads="Load balancers, ECS services, functions, tables, databases and queues of every Region, and the "
        "metric alarms whose dimensions name them.",
        look=alarms.alarms_present,
        apis=alarms.ALARMS,
        remediation="Create a metric alarm on what users feel at that part (5xx ratio and latency of the load balancer, "
        "running tasks of the service, throttles of the table, age of the oldest message), in the recovery "
        "Region as well.",
        practices=("REL06-BP01", "REL11-BP01", "REL11-BP06", "OPS08-BP04", "OPS04-BP02", "REL06-BP03"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="alarm_actions_present",
        title="Every alarm of the service reaches somebody",
        reads="Actions of the service's alarms, and whether the topics they tell have a confirmed subscription.",
        look=alarms.alarm_actions_present,
        apis=alarms.ACTIONS,
        remediation="Name a topic in the alarm's AlarmActions, switch ActionsEnabled on, subscribe the rota's paging tool "
        "to the topic and confirm the subscription; then fire the alarm once with `aws cloudwatch "
        "set-alarm-state`.",
        practices=("REL06-BP03", "REL06-BP04", "OPS08-BP04", "OPS10-BP07", "OPS10-BP02", "REL11-BP06"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="tracing_on",
        title="Requests are traced through functions and tasks",
        reads="Tracing mode of functions; collectors and their addresses in the task definitions of ECS services.",
        look=observability.tracing_on,
        apis=observability.TRACES,
        remediation="Functions: `update-function-configuration --tracing-config Mode=Active`. ECS: add the AWS Distro for "
        "OpenTelemetry collector as a container of the task, point OTEL_EXPORTER_OTLP_ENDPOINT at it, let the "
        "task's role write to X-Ray.",
        practices=("REL06-BP07", "OPS04-BP05", "OPS08-BP03", "OPS04-BP02"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="dashboard_exists",
        title="A dashboard shows every Region of the service",
        reads="CloudWatch dashboards that a hint names or that name a part of the service, and the Regions of their "
        "widgets.",
        look=observability.dashboard_exists,
        apis=observability.DASHBOARDS,
        remediation="Create a dashboard with widgets of both Regions side by side: requests, errors, latency, healthy "
        "targets, lag of replication. Keep it in the template, and link it from the runbook.",
        practices=("OPS08-BP05", "OPS09-BP02", "OPS10-BP06"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="log_retention_set",
        title="Log groups say how long they keep events",
        reads="Retention of the service's log groups, in every Region.",
        look=observability.log_retention_set,
        apis=observability.LOGS,
        remediation="`aws logs put-retention-policy --log-group-name NAME --retention-in-days 30`, and RetentionInDays in "
        "the template; what must be kept for years belongs in S3.",
        practices=("REL06-BP05", "OPS08-BP02", "OPS04-BP02"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="traffic_has_two_regions",
        title="Traffic can go to healthy endpoints in two Regions",
        reads="Endpoint groups of the service's accelerators, and record sets of Route 53 with their health checks.",
        look=traffic.traffic_has_two_regions,
        apis=traffic.SWITCHES,
        remediation="Add an endpoint group for the recovery Region (weight 0 keeps clients away until a runbook admits "
        "them), or a failover record with a health check for each Region. An endpoint that is not healthy: "
        "see its target groups' reasons.",
        practices=("REL10-BP01", "REL11-BP02"),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="health_check_deep",
        title="Health checks look at more than an open port",
        reads="Protocol and path of the health checks of target groups behind the service's load balancers.",
        look=traffic.health_check_deep,
        apis=traffic.HEALTH_CHECKS,
        remediation="Give the application a path, such as /health, that reads what a request needs (the table, the queue) "
        "within a second and answers 503 when it cannot; set it as HealthCheckPath. Try that a broken "
        "dependency turns targets unhealthy.",
        practices=("REL11-BP01", "REL10-BP01"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="certificate_not_expiring",
        title="Certificates last at least four more weeks",
        reads="Certificates of ACM at the listeners of the service's load balancers, and those tagged or named.",
        look=traffic.certificate_not_expiring,
        apis=traffic.CERTIFICATES,
        remediation="ACM renews by itself while the validation record is in DNS and the certificate is in use: put the "
        "CNAME of `aws acm describe-certificate` back. Import a renewed one under the same ARN where it was "
        "imported.",
        practices=("REL06-BP01",),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="multi_az",
        title="Every part spans two Availability Zones",
        reads="Zones of load balancers, of ECS services' subnets and of Auto Scaling groups; Multi-AZ of databases.",
        look=capacity.multi_az,
        apis=capacity.ZONES,
        remediation="Add subnets of a second zone to the load balancer, the service's network configuration or the group; "
        "`modify-db-instance --multi-az`, or a reader in another zone for Aurora. Then keep enough running to "
        "lose one zone.",
        practices=("REL10-BP01", "REL11-BP02", "REL11-BP05", "REL07-BP02", "REL11-BP03"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="autoscaling_configured",
        title="Capacity grows by policy",
        reads="Scalable targets and policies of ECS services and provisioned tables, limits and policies of Auto "
        "Scaling groups; on-demand tables pass.",
        look=capacity.autoscaling_configured,
        apis=capacity.SCALING,
        remediation="Register a scalable target whose maximum carries the peak of both Regions, and put a target-tracking "
        "policy on it; for tables choose on-demand billing or a target of 70 % of the throughput.",
        practices=("REL07-BP01", "REL07-BP02", "REL07-BP03", "REL11-BP03", "REL11-BP05", "REL07-BP04"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="recovery_region_quotas",
        title="No quota is lower in the recovery Region",
        reads="Applied quotas of the AWS services in use, compared between the primary and each recovery Region. "
        "How much of them is used is not looked at.",
        look=capacity.recovery_region_quotas,
        apis=capacity.QUOTAS,
        remediation="Request the primary Region's value in the recovery Region: `aws service-quotas "
        "request-service-quota-increase`. A quota request template of the organisation does it for new "
        "accounts.",
        practices=("REL01-BP02", "REL01-BP06", "REL13-BP04"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="recovery_capacity_running",
        title="The standby runs in the recovery Region",
        reads="Running and desired tasks in the recovery Region of each ECS service of the primary, where the "
        "strategy is warm standby or active/active.",
        look=capacity.recovery_capacity_running,
        apis=capacity.RUNNING,
        remediation="Set the desired count of the service in the recovery Region to what the strategy says, and read in "
        "the service's events why tasks do not start (image, secret, capacity, health check).",
        practices=("REL11-BP05", "REL13-BP02"),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="image_digest_parity",
        title="Both Regions run the same code",
        reads="Digests of the images of ECS services' containers in ECR, and CodeSha256 of functions, in the "
        "primary and each recovery Region.",
        look=images.image_digest_parity,
        apis=images.DIGESTS,
        remediation="Let the pipeline deploy one digest to both Regions in one release, replicate the repository with "
        "ECR's replication rules, and name images by digest in task definitions. Until then redeploy the "
        "older side.",
        practices=("REL13-BP04", "REL08-BP04", "REL08-BP05", "OPS05-BP04"),
        half_lives=STATE,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="images_in_own_region",
        title="Each Region pulls images from its own registry",
        reads="The Region in the names of ECS services' images that lie in ECR.",
        look=images.images_in_own_region,
        apis=images.REGISTRIES,
        remediation="Switch on ECR replication to the recovery Region and let its task definitions name the registry "
        "there, for example with `${AWS::Region}` in the template.",
        practices=("REL11-BP05", "REL13-BP04"),
        half_lives=SETTING,
        tried_on=TriedOn.SANDBOX,
    ),
    Check(
        name="drill_recent_success",
        title="A recent drill met the objectives",
        reads="The newest drill of each scope with objectives: its verdict and its age, as the portal recorded them.",
        look=drills.drill_recent_success,
        apis=(),
        remediation="Hold a drill of the scope with a real fault and the people of the rota. Where it did not meet the "
        "objectives, mend what its record shows and drill again.",
        practices=("REL13-BP03", "REL12-BP05", "OPS07-BP02"),
        half_lives=PROOF,
        tried_on=TriedOn.OWN_FACTS,
    ),
    Check(
        name="rto_met_in_drill",
        title="The measured RTO is within the objective",
        reads="The RTO that a probe measured in the newest drill of each scope, compared with today's objective.",
        look=drills.rto_met_in_drill,
        apis=(),
        remediation="See in the drill's record which part took the time (detect, decide, act, verify) and shorten the "
        "longest: alarms that fire sooner, approval by fewer, steps side by side, capacity that already runs.",
        practices=("REL13-BP03", "OPS09-BP01"),
        half_lives=PROOF,
        tried_on=TriedOn.OWN_FACTS,
    ),
    Check(
        name="rpo_met_in_drill",
        title="The measured RPO is within the objective",
        reads="The RPO measured by heartbeat records in the newest drill of each scope, compared with today's "
        "objective.",
        look=drills.rpo_met_in_drill,
        apis=(),
        remediation="See in the drill's record which heartbeat records were lost, and compare with the lag of replication "
        "at that time. Replicate continuously, alarm on the lag well below the RPO, or agree on an objective "
        "that can be kept.",
        practices=("REL13-BP03",),
        half_lives=PROOF,
        tried_on=TriedOn.OWN_FACTS,
    ),
    Check(
        name="runbook_published",
        title="A runbook of the service is published",
        reads="The service's runbooks that have a published version in the portal.",
        look=drills.runbook_published,
        apis=(),
        remediation="Write the runbook for the disruption scope that worries most, have somebody else approve its "
        "version, publish it, and drill with it.",
        practices=("REL13-BP05", "REL08-BP01", "REL12-BP01", "OPS07-BP03", "OPS10-BP02", "OPS02-BP02"),
        half_lives=SETTING,
        tried_on=TriedOn.OWN_FACTS,
    ),
)
