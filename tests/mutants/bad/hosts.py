"""Worse hosts and clusters: open metadata, plain disks, public addresses, blind or in one zone."""

import base64
from collections.abc import Callable
from typing import Any, Final

from graph import Resource
from graph.tokens import (
    AUTOSCALING_GROUP,
    ELASTIC_IP,
    INSTANCE,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    NETWORK_INTERFACE,
    SECURITY_GROUP,
    SUBNET,
)
from tests.mutants.bad.groups import Opening, opened
from tests.mutants.bad.network import subnets
from tests.mutants.operators import (
    Made,
    false,
    is_set,
    operator,
    operators,
    over,
    true,
    under,
    weaken,
)
from tests.mutants.stack import DROP, Ref, Stack, within

CLUSTER: Final = "aws:ecs/cluster:Cluster"
CAPACITY: Final = "aws:ecs/capacityProvider:CapacityProvider"

HOSTS = (
    *weaken(
        "hosts",
        LAUNCH_TEMPLATE,
        (
            "metadataOptions.httpTokens",
            ("optional", DROP),
            "one forged request reads the host's role",
            is_set,
        ),
        ("metadataOptions", (DROP,), "one forged request reads the host's role", is_set),
        (
            "metadataOptions.httpPutResponseHopLimit",
            (2, 64),
            "containers become the host's role",
            under(2),
        ),
        (
            "networkInterfaces.0.associatePublicIpAddress",
            ("true", True),
            "hosts are on the internet",
            false,
        ),
        (
            "blockDeviceMappings.0.ebs.encrypted",
            ("false", False, DROP),
            "images and logs are readable",
            true,
        ),
        ("blockDeviceMappings", (DROP,), "the image's own plain disk is used", is_set),
        ("iamInstanceProfile", (DROP,), "the agent cannot join the cluster", is_set),
    ),
    *weaken(
        "availability",
        AUTOSCALING_GROUP,
        ("maxSize", (1,), "AWS refuses less than the least", over(1)),
        ("protectFromScaleIn", (False, DROP), "scaling in ends hosts with tasks", true),
    ),
    *weaken(
        "ecs",
        CAPACITY,
        (
            "autoScalingGroupProvider.managedTerminationProtection",
            ("DISABLED", DROP),
            "scaling in ends hosts with tasks",
            is_set,
        ),
        (
            "autoScalingGroupProvider.managedDraining",
            ("DISABLED",),
            "tasks are cut off with their host",
            is_set,
        ),
        (
            "autoScalingGroupProvider.managedScaling.status",
            ("DISABLED",),
            "tasks wait for hosts for ever",
            is_set,
        ),
    ),
    *weaken(
        "ecs",
        CLUSTER,
        ("settings.0.value", ("disabled",), "nobody sees a task's memory", is_set),
        ("settings", (DROP,), "nobody sees a task's memory", is_set),
    ),
    *weaken(
        "logs",
        CLUSTER,
        (
            "configuration.executeCommandConfiguration.logging",
            ("NONE",),
            "nobody can tell what people did",
            is_set,
        ),
    ),
    *weaken(
        "KMS",
        CLUSTER,
        (
            "configuration.executeCommandConfiguration.kmsKeyId",
            (DROP,),
            "sessions are not encrypted by the stack's key",
            is_set,
        ),
        ("configuration", (DROP,), "sessions are not encrypted by the stack's key", is_set),
    ),
)


@operator("availability", "a zone's loss takes all hosts and tasks down")
def keep_hosts_in_one_zone(stack: Stack) -> Made:
    """Leave one subnet to hosts, tasks and balancers."""
    for token, path in (
        (AUTOSCALING_GROUP, "vpcZoneIdentifiers"),
        ("aws:ecs/service:Service", "networkConfiguration.subnets"),
        ("aws:lb/loadBalancer:LoadBalancer", "subnets"),
    ):
        for item in stack.of(token):
            own = stack.targets(item, path, SUBNET)
            yield item.name, stack.put(item, path, [Ref(own[0].urn)], [sub.urn for sub in own])


def user_data(stack: Stack, template: Resource, change: Callable[[str], str]) -> Stack:
    """Return the stack with a template's user data changed, as text."""
    text = base64.b64decode(str(template.properties["userData"])).decode()
    return stack.put(template, "userData", base64.b64encode(change(text).encode()).decode())


@operator("secrets", "whoever may describe the host, and every process on it, reads its user data")
def put_secrets_into_user_data(stack: Stack) -> Made:
    """Write a secret into user data, in different shapes."""
    shapes = {
        "access key": "AKIAIOSFODNN7EXAMPLB",
        "password": "DB_PASSWORD=x9Kq2vLr8TzN4wYb",
        "url": "postgres://app:x9Kq2vLr8TzN4wYb@db.internal/app",
        "private key": "-----BEGIN RSA PRIVATE KEY-----",
    }
    for template in stack.of(LAUNCH_TEMPLATE):
        for name, text in shapes.items():
            content = f"{text}\\n"

            def change(held: str, content: str = content) -> str:
                return held.replace("ECS_LOGLEVEL=info", f"ECS_LOGLEVEL=info\\n{content}")

            yield f"{template.name} {name}", user_data(stack, template, change)


@operator("hosts", "the agent keeps tasks from the host and its role by these settings")
def weaken_the_agent(stack: Stack) -> Made:
    """Turn the agent's protections off."""
    for template in stack.of(LAUNCH_TEMPLATE):
        for name in ("ECS_AWSVPC_BLOCK_IMDS", "ECS_DISABLE_PRIVILEGED", "ECS_ENABLE_TASK_IAM_ROLE"):

            def change(held: str, name: str = name) -> str:
                return held.replace(f"{name}=true", f"{name}=false")

            yield f"{template.name} {name}", user_data(stack, template, change)


@operator("hosts", "hosts and tasks of another kind of processor: nothing starts")
def mix_architectures(stack: Stack) -> Made:
    """Give hosts an image, or types, of the other architecture."""
    for template in stack.of(LAUNCH_TEMPLATE):
        image = str(template.properties["imageId"]).replace("arm64/", "")
        yield f"{template.name} image", stack.put(template, "imageId", image)
    for group in stack.of(AUTOSCALING_GROUP):
        path = "mixedInstancesPolicy.launchTemplate.overrides.0.instanceType"
        yield f"{group.name} type", stack.put(group, path, "m7i.large")


@operator("hosts", "a launch configuration has no versions, and lacks what EC2 learned since 2017")
def launch_by_configuration(stack: Stack) -> Made:
    """Launch each group by a launch configuration, with one more fault each."""
    faults: dict[str, dict[str, Any]] = {
        "plain": {},
        "public": {"associatePublicIpAddress": True},
    }
    for group in stack.of(AUTOSCALING_GROUP):
        hosts = stack.targets(stack.one(LAUNCH_TEMPLATE), "networkInterfaces", SECURITY_GROUP)
        for name, fault in faults.items():
            made = stack.plus(
                LAUNCH_CONFIGURATION,
                "old",
                imageId="ami-0123456789abcdef0",
                instanceType="m7g.large",
                securityGroups=[Ref(item.urn) for item in hosts],
                **fault,
            )
            made = made.cut(group, "mixedInstancesPolicy")
            old = Ref(made.named("old").urn, "name")
            yield f"{group.name} {name}", made.put(group, "launchConfiguration", old)


@operator("hosts", "a host that the internet can reach is tried within minutes")
def start_a_public_instance(stack: Stack) -> Made:
    """Start an instance in a public subnet, with an address, or with one attached later."""
    group = stack.targets(stack.one(LAUNCH_TEMPLATE), "networkInterfaces", SECURITY_GROUP)[0]
    for subnet in subnets(stack, "public")[:1]:
        held: dict[str, Any] = {
            "ami": "ami-0123456789abcdef0",
            "instanceType": "t4g.small",
            "subnetId": Ref(subnet.urn),
            "vpcSecurityGroupIds": [Ref(group.urn)],
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {"encrypted": True},
        }
        yield "by its subnet", stack.plus(INSTANCE, "host", **held)
        public = {**held, "associatePublicIpAddress": True}
        yield "by its own address", stack.plus(INSTANCE, "host", **public)
        bastion = {**public, "tags": {"perpetual:role": "bastion"}}
        made = stack.plus(INSTANCE, "host", **bastion)
        yield "as an open bastion", opened(made, group, "rule", Opening("0.0.0.0/0", 22, 22))
        private = {**held, "subnetId": Ref(subnets(stack, "private")[0].urn)}
        made = stack.plus(INSTANCE, "host", **private)
        yield (
            "by an elastic address",
            made.plus(ELASTIC_IP, "address", instance=Ref(made.named("host").urn), domain="vpc"),
        )
        made = stack.plus(
            NETWORK_INTERFACE, "card", subnetId=Ref(subnet.urn), securityGroups=[Ref(group.urn)]
        )
        made = made.plus(
            ELASTIC_IP, "address", networkInterface=Ref(made.named("card").urn), domain="vpc"
        )
        rest = {
            key: value
            for key, value in held.items()
            if key not in ("subnetId", "vpcSecurityGroupIds")
        }
        card = [{"deviceIndex": 0, "networkInterfaceId": Ref(made.named("card").urn)}]
        yield "by an interface", made.plus(INSTANCE, "host", **rest, networkInterfaces=card)


@operator("hosts", "the disk of an instance, or one beside it, is readable")
def add_a_plain_disk(stack: Stack) -> Made:
    """Add a volume, or an instance with one, that is not encrypted."""
    zone = within(stack.of(SUBNET)[0], "availabilityZone")
    yield "volume", stack.plus("aws:ebs/volume:Volume", "disk", availabilityZone=zone, size=10)
    group = stack.targets(stack.one(LAUNCH_TEMPLATE), "networkInterfaces", SECURITY_GROUP)[0]
    yield (
        "instance",
        stack.plus(
            INSTANCE,
            "host",
            ami="ami-0123456789abcdef0",
            instanceType="t4g.small",
            subnetId=Ref(subnets(stack, "private")[0].urn),
            vpcSecurityGroupIds=[Ref(group.urn)],
            metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
            ebsBlockDevices=[{"deviceName": "/dev/sdf", "volumeSize": 10}],
        ),
    )


OPERATORS: Final = operators(globals())
