"""CloudFormation: ordinary templates deploy with right outputs, failures roll back, deletion leaves nothing."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.sandbox.tests.account import EAST, WEST, Account, eventually

pytestmark = pytest.mark.long

TEMPLATE = """
Parameters:
  Count: {Type: Number, Default: 2}
  WithExport: {Type: String, Default: "false"}
Conditions:
  Exports: !Equals [!Ref WithExport, "true"]
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true, EnableDnsSupport: true}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
  SubnetA:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: !Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]
      AvailabilityZone: !Select [0, !GetAZs {Ref: "AWS::Region"}]
  SubnetB:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]
      AvailabilityZone: !Select [1, !GetAZs ""]
  Routes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Internet:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: {RouteTableId: !Ref Routes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
  RoutesA:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {RouteTableId: !Ref Routes, SubnetId: !Ref SubnetA}
  BalancerGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: front
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}]
  TaskGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: tasks, VpcId: !Ref Vpc}
  TasksFromBalancer:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref TaskGroup, IpProtocol: "-1", SourceSecurityGroupId: !Ref BalancerGroup}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Subnets: [!Ref SubnetA, !Ref SubnetB]
      SecurityGroups: [!Ref BalancerGroup]
      LoadBalancerAttributes: [{Key: idle_timeout.timeout_seconds, Value: "30"}]
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: 8080
      Protocol: HTTP
      TargetType: ip
      VpcId: !Ref Vpc
      HealthCheckPath: /health
      HealthCheckIntervalSeconds: 5
      HealthyThresholdCount: 2
      Matcher: {HttpCode: 200-299}
      TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: "5"}]
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 1
      Conditions: [{Field: path-pattern, Values: ["/*"]}]
      Actions: [{Type: forward, TargetGroupArn: !Ref Targets}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: ecs-tasks.amazonaws.com}}]
      Policies:
        - PolicyName: read
          PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "dynamodb:*", Resource: "*"}]}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Cluster: {Type: AWS::ECS::Cluster}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      Cpu: 256
      Memory: 512
      TaskRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - Name: app
          Image: plain:1
          PortMappings: [{ContainerPort: 8080}]
          LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Logs}}
  Service:
    Type: AWS::ECS::Service
    DependsOn: Rule
    Properties:
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Definition
      DesiredCount: !Ref Count
      LaunchType: FARGATE
      NetworkConfiguration:
        AwsvpcConfiguration: {Subnets: [!Ref SubnetA, !Ref SubnetB], SecurityGroups: [!Ref TaskGroup]}
      LoadBalancers: [{ContainerName: app, ContainerPort: 8080, TargetGroupArn: !Ref Targets}]
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: Id, AttributeType: S}]
      KeySchema: [{AttributeName: Id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: !Sub '{"widgets": [{"type": "metric", "properties": {"metrics":
        [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", "${Balancer.LoadBalancerFullName}"]],
        "region": "${AWS::Region}"}}]}'
  Accelerator: {Type: AWS::GlobalAccelerator::Accelerator, Properties: {Name: entry, Enabled: true}}
  Door:
    Type: AWS::GlobalAccelerator::Listener
    Properties: {AcceleratorArn: !Ref Accelerator, Protocol: TCP, PortRanges: [{FromPort: 80, ToPort: 80}]}
  Group:
    Type: AWS::GlobalAccelerator::EndpointGroup
    Properties:
      ListenerArn: !Ref Door
      EndpointGroupRegion: !Ref AWS::Region
      EndpointConfigurations: [{EndpointId: !Ref Balancer, Weight: 200}]
Outputs:
  Url: {Value: !Sub "http://${Balancer.DNSName}/"}
  FullName: {Value: !GetAtt Balancer.LoadBalancerFullName}
  TargetsName: {Value: !GetAtt Targets.TargetGroupFullName}
  TargetsArn: {Value: !Ref Targets}
  ServiceName: {Value: !GetAtt Service.Name}
  ClusterName: {Value: !Ref Cluster}
  TableArn: {Value: !GetAtt Table.Arn}
  StreamArn: {Value: !GetAtt Table.StreamArn}
  DnsName: {Value: !GetAtt Accelerator.DnsName}
  SubnetZone: {Value: !GetAtt SubnetA.AvailabilityZone}
  Shared: {Condition: Exports, Value: !Ref Vpc, Export: {Name: shared-vpc}}
"""


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def status(account: Account, name: str, region: str = WEST) -> str:
    return str(account.client("cloudformation", region).describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def create(account: Account, name: str, body: str, **parameters: str) -> str:
    wishes = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    account.client("cloudformation").create_stack(
        StackName=name, TemplateBody=body, Parameters=wishes, Capabilities=["CAPABILITY_IAM"]
    )
    eventually(lambda: not status(account, name).endswith("IN_PROGRESS"))
    return status(account, name)


@pytest.fixture
def outputs(account: Account) -> dict[str, str]:
    assert create(account, "shop", TEMPLATE) == "CREATE_COMPLETE", reasons(account, "shop")
    found = account.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def reasons(account: Account, name: str) -> list[str]:
    events = account.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return [f"{e['LogicalResourceId']} {e['ResourceStatusReason']}" for e in events if e.get("ResourceStatusReason")]


def test_an_ordinary_template_deploys_and_serves(account: Account, outputs: dict[str, str]) -> None:
    host = outputs["Url"].removeprefix("http://").rstrip("/")
    eventually(lambda: account.ask("/x", host=host).status == 200)
    eventually(lambda: account.ask("/x", host=outputs["DnsName"]).region == WEST)


def test_outputs_are_resolved(account: Account, outputs: dict[str, str]) -> None:
    assert outputs["FullName"].startswith("app/shop-Balan")
    assert outputs["TargetsName"].startswith("targetgroup/shop-Targe")
    assert outputs["SubnetZone"] == "us-west-2a"
    assert outputs["TableArn"] in outputs["StreamArn"]
    assert "Shared" not in outputs


def test_properties_reach_the_resources(account: Account, outputs: dict[str, str]) -> None:
    elbv2 = account.client("elbv2")
    (group,) = elbv2.describe_target_groups(TargetGroupArns=[outputs["TargetsArn"]])["TargetGroups"]
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"], group["TargetType"]) == ("/health", 5, "ip")
    attributes = elbv2.describe_target_group_attributes(TargetGroupArn=outputs["TargetsArn"])["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "5"} in attributes
    ecs = account.client("ecs")
    (service,) = ecs.describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])["services"]
    assert service["loadBalancers"][0]["containerPort"] == 8080
    assert len(service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]) == 2


def test_a_change_of_a_parameter_scales_the_service(account: Account, outputs: dict[str, str]) -> None:
    account.client("cloudformation").update_stack(
        StackName="shop", TemplateBody=TEMPLATE, Parameters=[{"ParameterKey": "Count", "ParameterValue": "0"}],
        Capabilities=["CAPABILITY_IAM"],
    )  # fmt: skip
    assert status(account, "shop") == "UPDATE_COMPLETE", reasons(account, "shop")
    ecs = account.client("ecs")
    found = ecs.describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])["services"][0]
    assert found["desiredCount"] == 0


def test_an_update_without_a_change_is_refused(account: Account) -> None:
    body = template(Logs={"Type": "AWS::Logs::LogGroup"})
    create(account, "logs", body)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        account.client("cloudformation").update_stack(StackName="logs", TemplateBody=body)


def test_deleting_a_stack_leaves_nothing(account: Account, outputs: dict[str, str]) -> None:
    cloudformation = account.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName="shop")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="shop")
    assert status(account, stack_id) == "DELETE_COMPLETE", reasons(account, stack_id)
    assert account.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("globalaccelerator").list_accelerators()["Accelerators"] == []
    vpcs = account.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/16"]}])["Vpcs"]
    assert vpcs == []
    assert account.sandbox.status()["tasks"] == []


def test_a_failing_creation_rolls_back_and_says_why(account: Account) -> None:
    body = template(
        Logs={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "kept-not"}},
        Group={
            "Type": "AWS::GlobalAccelerator::EndpointGroup",
            "DependsOn": "Logs",
            "Properties": {"ListenerArn": "arn:aws:globalaccelerator::1:listener/none", "EndpointGroupRegion": WEST},
        },
    )
    assert create(account, "broken", body) == "ROLLBACK_COMPLETE"
    assert any("Group" in reason and "does not exist" in reason for reason in reasons(account, "broken"))
    assert account.client("logs").describe_log_groups(logGroupNamePrefix="kept-not")["logGroups"] == []


def test_a_failed_stack_does_not_poison_the_others(account: Account) -> None:
    bad = {"Type": "AWS::Logs::LogGroup", "Properties": {"Colour": "red"}}
    assert create(account, "broken", template(Bad=bad)) == "ROLLBACK_COMPLETE"
    assert create(account, "fine", template(Logs={"Type": "AWS::Logs::LogGroup"})) == "CREATE_COMPLETE"
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackName"]: stack["StackStatus"] for stack in stacks} == {
        "broken": "ROLLBACK_COMPLETE", "fine": "CREATE_COMPLETE",
    }  # fmt: skip
    account.client("cloudformation").delete_stack(StackName="broken")
    assert len(account.client("cloudformation").describe_stacks()["Stacks"]) == 1


def test_a_failed_creation_may_be_kept_for_a_look(account: Account) -> None:
    bad = {"Type": "AWS::Logs::LogGroup", "Properties": {"Colour": "red"}, "DependsOn": "Good"}
    good = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "kept"}}
    account.client("cloudformation").create_stack(
        StackName="broken", TemplateBody=template(Good=good, Bad=bad), OnFailure="DO_NOTHING"
    )
    assert status(account, "broken") == "CREATE_FAILED"
    assert len(account.client("logs").describe_log_groups(logGroupNamePrefix="kept")["logGroups"]) == 1


def test_a_type_nobody_knows_is_refused_and_leaves_no_stack(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    with pytest.raises(ClientError, match="Unrecognized resource types: \\[AWS::Cloud9::EnvironmentEC2\\]"):
        cloudformation.create_stack(StackName="x", TemplateBody=template(E={"Type": "AWS::Cloud9::EnvironmentEC2"}))
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_an_export_is_there_for_another_stack_only_when_its_condition_holds(account: Account) -> None:
    assert create(account, "shop", TEMPLATE, WithExport="true", Count="0") == "CREATE_COMPLETE"
    importer = template(
        Routes={"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Fn::ImportValue": "shared-vpc"}}}
    )
    assert create(account, "importer", importer) == "CREATE_COMPLETE"


def test_a_global_table_comes_with_its_replicas_and_goes_with_them(account: Account) -> None:
    table = {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "TableName": "notes", "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
            "Replicas": [{"Region": WEST}, {"Region": EAST}],
        },
    }  # fmt: skip
    assert create(account, "data", template(Table=table)) == "CREATE_COMPLETE", reasons(account, "data")
    account.client("dynamodb", WEST).put_item(TableName="notes", Item={"Id": {"S": "a"}})
    east = account.client("dynamodb", EAST)
    eventually(lambda: "Item" in east.get_item(TableName="notes", Key={"Id": {"S": "a"}}))
    account.client("cloudformation").delete_stack(StackName="data")
    eventually(lambda: east.list_tables()["TableNames"] == [])
    assert account.client("dynamodb", WEST).list_tables()["TableNames"] == []
