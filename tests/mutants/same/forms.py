"""The same things as other resources, and harmless ones beside them."""

from typing import Final

from graph.tokens import (
    AUTOSCALING_GROUP,
    DB_INSTANCE,
    DEFAULT_ROUTE_TABLE,
    LAUNCH_TEMPLATE,
    SUBNET,
)
from tests.mutants.bad.keys import BUCKET
from tests.mutants.bad.network import BALANCER
from tests.mutants.bad.tls import LISTENER, TARGETS
from tests.mutants.operators import Made, operator, operators
from tests.mutants.same.names import renamed
from tests.mutants.stack import Ref, Stack

ALIASES: Final = {
    BALANCER: "aws:alb/loadBalancer:LoadBalancer",
    LISTENER: "aws:alb/listener:Listener",
    TARGETS: "aws:alb/targetGroup:TargetGroup",
    BUCKET: "aws:s3/bucketV2:BucketV2",
}
"""Types with two tokens, the one the program uses first."""


@operator("balancer", "two tokens of the SDK are one type of AWS")
def use_the_other_token(stack: Stack) -> Made:
    """Make each resource by its type's other token."""
    for token, other in ALIASES.items():
        for item in stack.of(token):
            yield item.name, renamed(stack.changed(item, type=other), {item.urn})


@operator("balancer", "subnets may be said with more about each")
def map_subnets(stack: Stack) -> Made:
    """Let each balancer say its subnets one by one."""
    for item in stack.of(BALANCER):
        own = [{"subnetId": Ref(subnet.urn)} for subnet in stack.targets(item, "subnets", SUBNET)]
        yield item.name, stack.cut(item, "subnets").put(item, "subnetMappings", own)


@operator("hosts", "a group names its template, or mixes types of one template")
def launch_by_template_alone(stack: Stack) -> Made:
    """Let each group of hosts name its template without a mix of types."""
    for item in stack.of(AUTOSCALING_GROUP):
        template = stack.targets(item, "mixedInstancesPolicy", LAUNCH_TEMPLATE)[0]
        sized = stack.put(template, "instanceType", "m7g.large")
        plain = sized.cut(item, "mixedInstancesPolicy")
        for version in ("$Latest", "$Default"):
            spec = {"id": Ref(template.urn), "version": version}
            yield f"{item.name} {version}", plain.put(item, "launchTemplate", spec)


@operator("data", "a reference that is written out is the same reference")
def write_names_out(stack: Stack) -> Made:
    """Write a name where a reference to it stood; the name is the program's own."""
    for item in stack.of(DB_INSTANCE):
        for key in ("dbSubnetGroupName", "parameterGroupName"):
            if isinstance(item.properties.get(key), str):
                gone = item.property_dependencies.get(key, ())
                yield f"{item.name} {key}", stack.put(item, key, item.properties[key], gone)


@operator("network", "a table that nobody needs to empty is empty")
def leave_the_main_table_alone(stack: Stack) -> Made:
    """Leave the main route table as AWS makes it."""
    for item in stack.of(DEFAULT_ROUTE_TABLE):
        yield item.name, stack.without(item)


OPERATORS: Final = operators(globals())
