"""What the prod and dev stacks consist of, and rules that hold for each of their resources."""

import json
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import pytest

from perpetual.contract import STACK_TAG, Limit
from perpetual.offline.capture import UNKNOWN, Capture, Registration
from tests.support.stacks import captured

STACKS: Final = ("prod", "dev")
LONGEST: Final = "a-stack-name-of-30-characters0"

NETWORK: Final = {
    "aws:cloudwatch/logGroup:LogGroup": (1, 1),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": (1, 1),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": (1, 1),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": (1, 1),
    "aws:ec2/eip:Eip": (3, 1),
    "aws:ec2/flowLog:FlowLog": (1, 1),
    "aws:ec2/internetGateway:InternetGateway": (1, 1),
    "aws:ec2/natGateway:NatGateway": (3, 1),
    "aws:ec2/networkAcl:NetworkAcl": (3, 3),
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": (9, 6),
    "aws:ec2/route:Route": (4, 3),
    "aws:ec2/routeTable:RouteTable": (5, 4),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (9, 6),
    "aws:ec2/securityGroup:SecurityGroup": (4, 4),
    "aws:ec2/subnet:Subnet": (9, 6),
    "aws:ec2/vpc:Vpc": (1, 1),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (1, 1),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": (3, 2),
    "aws:iam/role:Role": (1, 1),
    "aws:iam/rolePolicy:RolePolicy": (1, 1),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (5, 5),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (5, 5),
    "perpetual:network:AccessLists": (1, 1),
    "perpetual:network:FlowLogs": (1, 1),
    "perpetual:network:Network": (1, 1),
    "perpetual:network:Routes": (1, 1),
    "perpetual:network:SecurityGroups": (1, 1),
}
DATA: Final = {
    "aws:cloudwatch/logGroup:LogGroup": (4, 2),
    "aws:iam/role:Role": (1, 1),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (1, 1),
    "aws:kms/alias:Alias": (1, 1),
    "aws:kms/key:Key": (1, 1),
    "aws:rds/instance:Instance": (2, 1),
    "aws:rds/parameterGroup:ParameterGroup": (1, 1),
    "aws:rds/subnetGroup:SubnetGroup": (1, 1),
    "perpetual:data:Database": (1, 1),
    "perpetual:data:Encryption": (1, 1),
    "random:index/randomPassword:RandomPassword": (1, 0),
}
ECS: Final = {
    "aws:acm/certificate:Certificate": (1, 1),
    "aws:acm/certificateValidation:CertificateValidation": (1, 1),
    "aws:autoscaling/group:Group": (1, 1),
    "aws:cloudwatch/dashboard:Dashboard": (1, 1),
    "aws:cloudwatch/logGroup:LogGroup": (2, 2),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (9, 8),
    "aws:ec2/launchTemplate:LaunchTemplate": (1, 1),
    "aws:ecs/capacityProvider:CapacityProvider": (1, 1),
    "aws:ecs/cluster:Cluster": (1, 1),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": (1, 1),
    "aws:ecs/service:Service": (1, 1),
    "aws:ecs/taskDefinition:TaskDefinition": (1, 1),
    "aws:iam/instanceProfile:InstanceProfile": (1, 1),
    "aws:iam/role:Role": (3, 3),
    "aws:iam/rolePolicy:RolePolicy": (3, 3),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (2, 2),
    "aws:lb/listener:Listener": (2, 2),
    "aws:lb/loadBalancer:LoadBalancer": (1, 1),
    "aws:lb/targetGroup:TargetGroup": (1, 1),
    "aws:route53/record:Record": (2, 2),
    "aws:s3/bucket:Bucket": (1, 1),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (1, 1),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (1, 1),
    "aws:s3/bucketPolicy:BucketPolicy": (1, 1),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (1, 1),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        1,
        1,
    ),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (1, 1),
    "aws:servicediscovery/service:Service": (1, 1),
    "aws:sns/topic:Topic": (1, 1),
    "aws:sns/topicPolicy:TopicPolicy": (1, 1),
    "aws:sns/topicSubscription:TopicSubscription": (1, 0),
    "perpetual:ecs:AccessLogs": (1, 1),
    "perpetual:ecs:Alarms": (1, 1),
    "perpetual:ecs:Balancer": (1, 1),
    "perpetual:ecs:Certificate": (1, 1),
    "perpetual:ecs:Cluster": (1, 1),
    "perpetual:ecs:Discovery": (1, 1),
    "perpetual:ecs:Service": (1, 1),
}
IMAGE: Final = {
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (1, 1),
    "aws:ecr/repository:Repository": (1, 1),
    "aws:ssm/parameter:Parameter": (1, 1),
    "docker:index/image:Image": (0, 1),
    "perpetual:image:Image": (1, 1),
}
ACCESS: Final = {
    "aws:iam/policy:Policy": (7, 4),
    "aws:iam/role:Role": (3, 2),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (6, 4),
    "aws:ssm/document:Document": (1, 1),
    "perpetual:access:Access": (1, 1),
}
CONTRACT: Final = {
    "aws:ssm/parameter:Parameter": (1, 1),
    "perpetual:contract:Publication": (1, 1),
}
LAYERS: Final = {
    "network": NETWORK,
    "data": DATA,
    "ecs": ECS,
    "image": IMAGE,
    "access": ACCESS,
    "contract": CONTRACT,
}
"""Every resource type of each layer, with its count in prod and in dev."""

PHYSICAL_NAMES: Final[dict[str, tuple[str, int] | None]] = {
    # None: the name is a domain, a path or a fixed word, which its own component's tests bound.
    "aws:acm/certificate:Certificate": None,
    "aws:appautoscaling/policy:Policy": ("name", 255),
    "aws:autoscaling/group:Group": ("name", 255),
    "aws:cloudwatch/dashboard:Dashboard": ("dashboardName", 255),
    "aws:cloudwatch/logGroup:LogGroup": ("name", 512),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", 255),
    "aws:ec2/launchTemplate:LaunchTemplate": ("name", 128),
    "aws:ec2/securityGroup:SecurityGroup": ("name", 255),
    "aws:ecr/repository:Repository": ("name", Limit.REPOSITORY),
    "aws:ecs/capacityProvider:CapacityProvider": ("name", Limit.ECS_NAME),
    "aws:ecs/cluster:Cluster": ("name", Limit.ECS_NAME),
    "aws:ecs/service:Service": ("name", Limit.ECS_NAME),
    "aws:ecs/taskDefinition:TaskDefinition": ("family", Limit.ECS_NAME),
    "aws:iam/instanceProfile:InstanceProfile": ("name", 128),
    "aws:iam/policy:Policy": ("name", Limit.POLICY),
    "aws:iam/role:Role": ("name", Limit.ROLE),
    "aws:iam/rolePolicy:RolePolicy": ("name", 128),
    "aws:kms/alias:Alias": ("name", 256),
    "aws:lb/loadBalancer:LoadBalancer": ("name", Limit.LOAD_BALANCER),
    "aws:lb/targetGroup:TargetGroup": ("name", Limit.TARGET_GROUP),
    "aws:rds/instance:Instance": ("identifier", Limit.DB_IDENTIFIER),
    "aws:rds/parameterGroup:ParameterGroup": ("name", 255),
    "aws:rds/subnetGroup:SubnetGroup": ("name", 255),
    "aws:route53/record:Record": None,
    "aws:s3/bucket:Bucket": ("bucket", Limit.BUCKET),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": ("name", 253),
    "aws:servicediscovery/service:Service": ("name", 127),
    "aws:sns/topic:Topic": ("name", 256),
    "aws:ssm/document:Document": ("name", 128),
    "aws:ssm/parameter:Parameter": ("name", 1011),
}
"""The argument that names a resource in AWS, and how many characters AWS allows."""

NAMING: Final = ("name", "identifier", "family", "dashboardName")
"""Arguments that name a resource, whatever its type."""

DOCUMENTS: Final = {
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:kms/key:Key": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy",),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("policy",),
    "aws:ssm/document:Document": ("content",),
}
"""Arguments that hold a document; each must be readable at preview."""


def roots(capture: Capture) -> Iterator[tuple[str, Registration]]:
    """Yield each resource below a layer's component, with that layer."""
    by_urn = {item.urn: item for item in capture.registrations}
    for item in capture.registrations:
        root = item
        while root.parent in by_urn:
            root = by_urn[root.parent]
        if root.type.startswith("perpetual:"):
            yield root.type.split(":")[1], item


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("stack", STACKS)
def test_a_layer_holds_exactly_these_resources(stack: str, layer: str) -> None:
    """An undeclared resource, or a missing one, is a change of this table."""
    found = Counter(item.type for name, item in roots(captured(stack)) if name == layer)
    declared = {kind: counts[STACKS.index(stack)] for kind, counts in LAYERS[layer].items()}
    assert dict(found) == {kind: count for kind, count in declared.items() if count}


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_stands_outside_the_layers_but_the_provider(stack: str) -> None:
    """Every resource has a layer's component above it."""
    capture = captured(stack)
    layered = {item.urn for layer, item in roots(capture) if layer in LAYERS}
    outside = [item.type for item in capture.registrations if item.urn not in layered]
    assert outside == ["pulumi:providers:aws"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_component_registers_its_outputs(stack: str) -> None:
    """A component that never does stays unfinished in the state."""
    capture = captured(stack)
    components = {item.urn for item in capture.registrations if not item.request.custom}
    assert components <= capture.registered_outputs.keys()


def resource_class(token: str) -> type:
    """Return the SDK's class for a type token such as `aws:ec2/vpc:Vpc`."""
    package, module, name = token.split(":")
    path = module.split("/")[0]
    holder = f"pulumi_{package}" + ("" if path == "index" else f".{path}")
    found = getattr(import_module(holder), name)
    assert isinstance(found, type)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_every_taggable_resource_carries_the_stack_s_tag(stack: str) -> None:
    """By the provider's default tags, or by its own."""
    capture = captured(stack)
    (provider,) = capture.of_type("pulumi:providers:aws")
    assert json.loads(provider.inputs["defaultTags"])["tags"][STACK_TAG] == stack
    for item in capture.registrations:
        if item.type == "aws:autoscaling/group:Group":
            # Default tags do not reach a group, whose tags have a form of their own.
            tags = {tag["key"]: tag["value"] for tag in item.inputs["tags"]}
            assert tags[STACK_TAG] == stack, item.name
        elif item.type.startswith("aws:") and hasattr(resource_class(item.type), "tags"):
            assert item.request.provider.startswith(provider.urn), item.name
            assert item.inputs.get("tags", {}).get(STACK_TAG, stack) == stack, item.name


@pytest.mark.parametrize("stack", STACKS)
def test_what_hosts_launch_with_is_tagged_too(stack: str) -> None:
    """Default tags do not reach instances and volumes that a launch template makes."""
    for template in captured(stack).of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        specified = {
            item["resourceType"]: item["tags"] for item in template.inputs["tagSpecifications"]
        }
        assert {"instance", "volume"} <= specified.keys()
        assert all(tags[STACK_TAG] == stack for tags in specified.values())


@pytest.mark.parametrize("known", [False, True], ids=["preview", "update"])
@pytest.mark.parametrize("stack", STACKS)
def test_no_physical_name_is_too_long_for_a_stack_of_30_characters(
    stack: str, *, known: bool
) -> None:
    """Each name keeps to AWS's limit, and stays as it is rather than be cut."""
    assert len(LONGEST) == 30
    for item in captured(stack, called=LONGEST, known=known).registrations:
        named = [key for key in NAMING if isinstance(item.inputs.get(key), str)]
        if not item.type.startswith("aws:") or not named:
            continue
        assert item.type in PHYSICAL_NAMES, f"{item.type} has a name: say how long it may be"
        rule = PHYSICAL_NAMES[item.type]
        if rule is not None:
            argument, limit = rule
            value = item.inputs[argument]
            assert len(value) <= limit, f"{item.name}: {value}"


@pytest.mark.parametrize("stack", STACKS)
def test_no_two_resources_of_a_type_share_a_physical_name(stack: str) -> None:
    """Also where a hash replaced the end of a long name."""
    names = Counter(
        (item.type, item.inputs[rule[0]], item.inputs.get("role"))
        for item in captured(stack, called=LONGEST).registrations
        if (rule := PHYSICAL_NAMES.get(item.type)) and item.inputs.get(rule[0]) is not None
    )
    assert [name for name, count in names.items() if count > 1] == []


def unknowns(value: Any) -> bool:
    """Tell whether any part of a value is unknown, also inside text."""
    match value:
        case dict():
            return any(map(unknowns, value.values()))
        case list():
            return any(map(unknowns, value))
        case str():
            return UNKNOWN in value
        case _:
            return False


@pytest.mark.parametrize("stack", STACKS)
def test_every_document_is_readable_at_preview(stack: str) -> None:
    """IAM, trust, key, bucket and topic policies: JSON without an unknown part."""
    read = 0
    for item in captured(stack).registrations:
        for argument in DOCUMENTS.get(item.type, ()):
            if argument not in item.inputs:
                continue
            assert not unknowns(item.inputs[argument]), f"{item.name}.{argument}"
            assert isinstance(json.loads(item.inputs[argument]), dict)
            read += 1
    assert read > 10


@pytest.mark.parametrize("stack", STACKS)
def test_no_argument_named_like_a_document_is_left_out(stack: str) -> None:
    """A new type with a policy argument belongs into `DOCUMENTS`."""
    for item in captured(stack).registrations:
        suspicious = {
            key
            for key, value in item.inputs.items()
            if key.lower().endswith("policy") and (isinstance(value, str) and "{" in value)
        }
        assert suspicious <= set(DOCUMENTS.get(item.type, ())), item.type


@pytest.mark.parametrize("stack", STACKS)
def test_the_containers_of_a_task_are_readable_but_for_a_digest_not_built_yet(stack: str) -> None:
    """The text where the image is known, the component's structured twin in any case."""
    capture = captured(stack)
    (definition,) = capture.of_type("aws:ecs/taskDefinition:TaskDefinition")
    (service,) = capture.of_type("perpetual:ecs:Service")
    twin = service.inputs["containerDefinitions"]
    known = [
        {key: value for key, value in container.items() if key != "image"} for container in twin
    ]
    assert known
    assert not unknowns(known)
    if unknowns(definition.inputs["containerDefinitions"]):
        assert [container["image"] for container in twin] == [UNKNOWN]
        assert capture.of_type("docker:index/image:Image")
    else:
        assert json.loads(definition.inputs["containerDefinitions"]) == twin


def test_a_deployed_release_leaves_nothing_of_the_task_unknown() -> None:
    """In prod the reference comes from the release parameter, whose value is known."""
    (definition,) = captured("prod").of_type("aws:ecs/taskDefinition:TaskDefinition")
    assert not unknowns(definition.inputs["containerDefinitions"])


@pytest.mark.parametrize("stack", STACKS)
def test_both_forms_register_the_same_resources(stack: str) -> None:
    """Nothing is created, or left out, depending on what is known."""
    preview, update = captured(stack), captured(stack, known=True)
    assert {item.urn for item in preview.registrations} == {
        item.urn for item in update.registrations
    }
