"""The cluster, its hosts and its capacity provider, as a program registers them."""

import base64
import json
from collections import Counter
from typing import Any

import pulumi
import pytest

from components.ecs import hosts
from components.ecs.cluster import Cluster, ClusterArgs
from components.ecs.user_data import user_data
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, capture
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
LONG = contract.Stack(name="s" * 30, account="111122223333", region="ap-southeast-2")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/k"
SETTINGS = models.Hosts(
    instance_types=("m7g.large", "m6g.large"), minimum=3, maximum=9, volume_gib=50
)
IMAGES = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023"
ARM64, X86_64 = models.Architecture.ARM64, models.Architecture.X86_64

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"


def create(
    stack: contract.Stack = STACK,
    settings: models.Hosts = SETTINGS,
    architecture: models.Architecture = ARM64,
    *,
    known: bool = False,
) -> Capture:
    """Capture a cluster, and what the component gives to others; `known` as in an update."""

    def program() -> None:
        cluster = Cluster(
            "cluster",
            ClusterArgs(
                stack=stack,
                settings=settings,
                architecture=architecture,
                key_arn=KEY,
                subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
                security_group_id="sg-host",
                tags={"team": "shop", "Name": "not this"},
            ),
        )
        pulumi.export("arn", cluster.arn)
        pulumi.export("name", cluster.name)
        pulumi.export("capacityProvider", cluster.capacity_provider)
        pulumi.export("groupName", cluster.group_name)
        pulumi.export("execLogGroup", cluster.exec_log_group)
        pulumi.export("fields", cluster.fields)

    return capture(
        program, project="perpetual", stack=stack.name, config={}, invokes={}, known=known
    )


@pytest.fixture(scope="module")
def cluster() -> Capture:
    """Return the cluster of a production stack."""
    return create()


def only(found: Capture, token: str) -> dict[str, Any]:
    """Return the inputs of the one resource of this type."""
    (resource,) = found.of_type(token)
    return resource.inputs


def test_the_cluster_is_made_of_these_resources_and_no_others(cluster: Capture) -> None:
    """An undeclared resource fails here."""
    assert Counter(resource.type for resource in cluster.registrations) == {
        "perpetual:ecs:Cluster": 1,
        "aws:cloudwatch/logGroup:LogGroup": 1,
        "aws:ecs/cluster:Cluster": 1,
        "aws:iam/role:Role": 1,
        "aws:iam/rolePolicy:RolePolicy": 1,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
        "aws:iam/instanceProfile:InstanceProfile": 1,
        TEMPLATE: 1,
        GROUP: 1,
        "aws:ecs/capacityProvider:CapacityProvider": 1,
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": 1,
    }


def test_every_resource_is_a_child_of_the_component(cluster: Capture) -> None:
    """And the component registers its outputs."""
    component, *children = cluster.registrations
    assert {child.parent for child in children} == {component.urn}
    assert component.urn in cluster.registered_outputs


def test_others_get_names_that_are_known_at_preview(cluster: Capture) -> None:
    """Only the cluster's own ARN is not."""
    assert cluster.outputs == {
        "arn": UNKNOWN,
        "name": "perpetual-prod",
        "capacityProvider": "perpetual-prod-hosts",
        "groupName": "perpetual-prod-hosts",
        "execLogGroup": "/perpetual/prod/exec",
        "fields": {
            "cluster": "perpetual-prod",
            "capacityProvider": "perpetual-prod-hosts",
            "hostGroup": "perpetual-prod-hosts",
            "execLogGroup": "/perpetual/prod/exec",
        },
    }


def test_consoles_are_encrypted_and_logged(cluster: Capture) -> None:
    """ECS Exec writes to an encrypted log group of its own."""
    assert only(cluster, "aws:ecs/cluster:Cluster") == {
        "name": "perpetual-prod",
        "settings": [{"name": "containerInsights", "value": "enhanced"}],
        "configuration": {
            "executeCommandConfiguration": {
                "kmsKeyId": KEY,
                "logging": "OVERRIDE",
                "logConfiguration": {
                    "cloudWatchEncryptionEnabled": True,
                    "cloudWatchLogGroupName": "/perpetual/prod/exec",
                },
            }
        },
    }
    assert only(cluster, "aws:cloudwatch/logGroup:LogGroup") == {
        "name": "/perpetual/prod/exec",
        "kmsKeyId": KEY,
        "retentionInDays": 90,
    }


def test_the_host_role_may_report_its_group_and_read_no_parameter(cluster: Capture) -> None:
    """Both documents are readable at preview."""
    role = only(cluster, "aws:iam/role:Role")
    assert role["name"] == "perpetual-prod-host"
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}
    report, deny = json.loads(only(cluster, "aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]
    assert (report["Effect"], report["Action"]) == ("Allow", "autoscaling:SetInstanceHealth")
    assert report["Resource"] == (
        "arn:aws:autoscaling:eu-central-1:111122223333:"
        "autoScalingGroup:*:autoScalingGroupName/perpetual-prod-hosts"
    )
    assert deny["Effect"] == "Deny"
    assert deny["Resource"] == "arn:aws:ssm:eu-central-1:111122223333:parameter/perpetual/*"
    assert all(action.startswith("ssm:GetParameter") for action in deny["Action"])


def test_the_managed_policies_are_these_two_in_any_partition() -> None:
    """The partition is part of their ARNs."""
    china = contract.Stack(name="cn", account="1" * 12, region="cn-north-1", partition="aws-cn")
    assert hosts.policy_arns(china) == [
        "arn:aws-cn:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
        "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore",
    ]


def test_the_launch_template_is_this(cluster: Capture) -> None:
    """Every input: IMDSv2 only, encrypted disk, no public address, tags on all it launches."""
    tags = {
        "team": "shop",
        "Name": "perpetual-prod-host",
        contract.STACK_TAG: "prod",
        contract.ROLE_TAG: "host",
    }
    text = user_data("perpetual-prod", 85)
    assert only(cluster, TEMPLATE) == {
        "description": "Hosts of perpetual-prod",
        "imageId": f"{IMAGES}/arm64/recommended/image_id",
        "userData": base64.b64encode(text.encode()).decode(),
        "updateDefaultVersion": True,
        "iamInstanceProfile": {"arn": UNKNOWN},
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "encrypted": "true",
                    "volumeType": "gp3",
                    "volumeSize": 50,
                    "deleteOnTermination": "true",
                },
            }
        ],
        "networkInterfaces": [
            {
                "associatePublicIpAddress": "false",
                "deleteOnTermination": "true",
                "deviceIndex": 0,
                "securityGroups": ["sg-host"],
            }
        ],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "disabled",
        },
        "monitoring": {"enabled": True},
        "tagSpecifications": [
            {"resourceType": kind, "tags": tags}
            for kind in ("instance", "volume", "network-interface")
        ],
    }


@pytest.mark.parametrize(
    ("architecture", "image", "expected"),
    [
        (ARM64, None, f"{IMAGES}/arm64/recommended/image_id"),
        (X86_64, None, f"{IMAGES}/recommended/image_id"),
        (ARM64, "ami-0123456789abcdef0", "ami-0123456789abcdef0"),
    ],
)
def test_the_image_follows_architecture_and_pin(
    architecture: models.Architecture, image: str | None, expected: str
) -> None:
    """The two public parameters differ in form; a pinned AMI is taken as it is."""
    found = create(settings=models.Hosts(image=image), architecture=architecture)
    assert only(found, TEMPLATE)["imageId"] == expected


@pytest.mark.parametrize(("image", "rollback"), [(None, False), ("ami-0123456789abcdef0", True)])
def test_a_refresh_rolls_back_only_to_a_pinned_image(image: str | None, rollback: bool) -> None:  # noqa: FBT001 - a table's column
    """EC2 refuses auto-rollback to an image that is resolved at launch."""
    found = create(settings=models.Hosts(image=image))
    refresh = only(found, GROUP)["instanceRefresh"]
    assert refresh["preferences"]["autoRollback"] is rollback


def test_the_group_is_this(cluster: Capture) -> None:
    """Every input: all private subnets, launched before terminated, protected while in use."""
    inputs = dict(only(cluster, GROUP))
    tags = {item["key"]: (item["value"], item["propagateAtLaunch"]) for item in inputs.pop("tags")}
    assert tags == {
        "team": ("shop", False),
        "Name": ("perpetual-prod-host", False),
        contract.STACK_TAG: ("prod", False),
        contract.ROLE_TAG: ("host", False),
        "AmazonECSManaged": ("true", True),
    }
    assert inputs == {
        "name": "perpetual-prod-hosts",
        "minSize": 3,
        "maxSize": 9,
        "vpcZoneIdentifiers": ["subnet-a", "subnet-b", "subnet-c"],
        "mixedInstancesPolicy": {
            "instancesDistribution": {
                "onDemandAllocationStrategy": "prioritized",
                "onDemandPercentageAboveBaseCapacity": 100,
            },
            "launchTemplate": {
                "launchTemplateSpecification": {"launchTemplateId": UNKNOWN, "version": UNKNOWN},
                "overrides": [{"instanceType": "m7g.large"}, {"instanceType": "m6g.large"}],
            },
        },
        "protectFromScaleIn": True,
        "healthCheckType": "EC2",
        "healthCheckGracePeriod": 120,
        "defaultInstanceWarmup": 60,
        "capacityRebalance": True,
        "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
        "instanceRefresh": {
            "strategy": "Rolling",
            "preferences": {
                "minHealthyPercentage": 100,
                "maxHealthyPercentage": 200,
                "instanceWarmup": "60",
                "scaleInProtectedInstances": "Refresh",
                "autoRollback": False,
            },
        },
        "enabledMetrics": ["GroupDesiredCapacity", "GroupInServiceInstances"],
    }


def test_the_number_of_hosts_belongs_to_the_capacity_provider(cluster: Capture) -> None:
    """An update neither sets nor resets it."""
    (group,) = cluster.of_type(GROUP)
    assert list(group.request.ignoreChanges) == ["desiredCapacity"]


def test_hosts_come_after_cluster_and_grants_and_go_before_them(cluster: Capture) -> None:
    """They know both by name only, so the order is declared."""
    (group,) = cluster.of_type(GROUP)
    needed = {urn.rsplit("::", 1)[-1] for urn in group.request.dependencies}
    assert needed >= {
        "cluster-cluster",
        "cluster-host-policy",
        "cluster-host-AmazonEC2ContainerServiceforEC2Role",
        "cluster-host-AmazonSSMManagedInstanceCore",
        "cluster-template",
    }


def test_the_capacity_provider_scales_drains_and_protects(cluster: Capture) -> None:
    """And it is the cluster's default strategy."""
    assert only(cluster, "aws:ecs/capacityProvider:CapacityProvider") == {
        "name": "perpetual-prod-hosts",
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": UNKNOWN,
            "managedScaling": {
                "status": "ENABLED",
                "targetCapacity": 100,
                "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 9,
                "instanceWarmupPeriod": 60,
            },
            "managedTerminationProtection": "ENABLED",
            "managedDraining": "ENABLED",
        },
    }
    assert only(cluster, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders") == {
        "clusterName": "perpetual-prod",
        "capacityProviders": ["perpetual-prod-hosts"],
        "defaultCapacityProviderStrategies": [
            {"capacityProvider": "perpetual-prod-hosts", "base": 0, "weight": 1}
        ],
    }


def test_names_fit_for_the_longest_stack_name() -> None:
    """Thirty characters, and every document still parses."""
    found = create(stack=LONG)
    role = only(found, "aws:iam/role:Role")["name"]
    assert len(role) <= contract.Limit.ROLE
    assert only(found, "aws:iam/instanceProfile:InstanceProfile")["name"] == role
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
    assert len(only(found, GROUP)["name"]) <= 255
    name = only(found, "aws:ecs/capacityProvider:CapacityProvider")["name"]
    assert len(name) <= contract.Limit.ECS_NAME
    assert not name.startswith(("aws", "ecs", "fargate"))
    assert json.loads(only(found, "aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]


def test_the_group_follows_the_template_by_number() -> None:
    """A version is text to the group, and changes with the template."""
    found = create(known=True)
    (template,) = found.of_type(TEMPLATE)
    policy = only(found, GROUP)["mixedInstancesPolicy"]["launchTemplate"]
    assert policy["launchTemplateSpecification"] == {
        "launchTemplateId": template.id,
        "version": str(template.state["latestVersion"]),
    }
