"""Worse security groups: wider, retargeted, in another form, or attached to the wrong thing."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from graph import Resource
from graph.tokens import (
    DB_INSTANCE,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    PREFIX_LIST,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    VPC,
)
from tests.mutants.bad.network import BALANCER
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import DROP, Ref, Stack, within

WORLD: Final = ("0.0.0.0/0", "::/0")
PORTS: Final = (22, 3389, 5432, 6379, 8080)
"""Ports that nobody on the internet has business with: logins, databases, caches, consoles."""

ATTACHED: Final = (
    (DB_INSTANCE, "vpcSecurityGroupIds"),
    ("aws:ecs/service:Service", "networkConfiguration.securityGroups"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "networkInterfaces.0.securityGroups"),
)
"""What must not be reached from the internet, and where its groups are named."""


def by_group(stack: Stack) -> Iterator[tuple[Resource, Resource]]:
    """Yield each rule that admits a group, and the group it belongs to."""
    for rule in stack.of(INGRESS_RULE):
        if "referencedSecurityGroupId" in rule.properties:
            yield rule, stack.targets(rule, "securityGroupId", SECURITY_GROUP)[0]


def databases(stack: Stack) -> list[Resource]:
    """Return the groups that databases are in."""
    found = {}
    for item in stack.of(DB_INSTANCE):
        for group in stack.targets(item, "vpcSecurityGroupIds", SECURITY_GROUP):
            found[group.urn] = group
    return list(found.values())


def spelled(cidr: str) -> str:
    """Return the property of a rule that holds this range."""
    return "cidrIpv6" if ":" in cidr else "cidrIpv4"


@operator("groups", "tasks and databases admit groups, so that only their members get near")
def admit_the_world(stack: Stack) -> Made:
    """Let each rule that admits a group admit the world instead."""
    for rule, _ in by_group(stack):
        bare = stack.cut(rule, "referencedSecurityGroupId")
        for cidr in (*WORLD, "128.0.0.0/1", "8.0.0.0/8"):
            yield f"{rule.name} {cidr}", bare.put(rule, spelled(cidr), cidr)


@operator("groups", "a range admits whatever is started in the VPC tomorrow")
def admit_the_vpc(stack: Stack) -> Made:
    """Let each rule that admits a group admit the VPC's range instead."""
    for rule, _ in by_group(stack):
        range_ = stack.one(VPC).properties["cidrBlock"]
        bare = stack.cut(rule, "referencedSecurityGroupId")
        yield rule.name, bare.put(rule, "cidrIpv4", range_)


@operator("groups", "the database is for the release alone")
def admit_another_group(stack: Stack) -> Made:
    """Let each rule that admits a group admit the balancer's, which the world reaches."""
    balancer = stack.targets(stack.one(BALANCER), "securityGroups", SECURITY_GROUP)
    for rule, owner in by_group(stack):
        if owner in databases(stack):
            yield rule.name, stack.relink(rule, "referencedSecurityGroupId", balancer)


@operator("groups", "the world has business with 80 and 443 only")
def widen_ports_open_to_the_world(stack: Stack) -> Made:
    """Widen each rule open to the world to more ports, or all of everything."""
    for rule in stack.of(INGRESS_RULE):
        if within(rule, "cidrIpv4") != "0.0.0.0/0":
            continue
        for low, high in ((0, 65535), *((port, port) for port in PORTS), (20, 500)):
            yield (
                f"{rule.name} {low}-{high}",
                stack.put(stack.now(rule), "fromPort", low).put(rule, "toPort", high),
            )
        every = stack.put(rule, "ipProtocol", "-1")
        yield f"{rule.name} everything", every.cut(rule, "fromPort", "toPort")


FORMS: Final = ("rule", "classic", "inline")


class Opening(NamedTuple):
    """What a rule lets in."""

    cidr: str
    low: int
    high: int
    protocol: str = "tcp"


def opened(stack: Stack, group: Resource, form: str, to: Opening) -> Stack:
    """Return the stack with ports of a group open to a range, said in one of three forms."""
    cidr, low, high, protocol = to
    blocks = {"ipv6CidrBlocks" if ":" in cidr else "cidrBlocks": [cidr]}
    ports = {"fromPort": low, "toPort": high}
    if form == "inline":
        rule: dict[str, Any] = {"protocol": protocol, **ports, **blocks}
        held = within(group, "ingress") or []
        return stack.put(group, "ingress", [*held, rule])
    owner = Ref(group.urn)
    if form == "classic":
        return stack.plus(
            SECURITY_GROUP_RULE,
            "opened",
            type="ingress",
            securityGroupId=owner,
            protocol=protocol,
            **ports,
            **blocks,
        )
    return stack.plus(
        INGRESS_RULE,
        "opened",
        securityGroupId=owner,
        ipProtocol=protocol,
        **ports,
        **{spelled(cidr): cidr},
    )


@operator("groups", "one more open port is one more thing to attack")
def open_a_port(stack: Stack) -> Made:
    """Open ports of each group to the world, in each of the three forms."""
    for group in stack.of(SECURITY_GROUP):
        for at, port in enumerate(PORTS):
            form, cidr = FORMS[at % 3], WORLD[at % 2]
            made = opened(stack, group, form, Opening(cidr, port, port))
            yield f"{group.name} {port} {cidr} {form}", made


@operator("groups", "all ports at once are all of them")
def open_everything(stack: Stack) -> Made:
    """Open each group to the world on every port, in each of the three forms."""
    for group in stack.of(SECURITY_GROUP):
        for form in FORMS:
            made = opened(stack, group, form, Opening("0.0.0.0/0", 0, 65535))
            yield f"{group.name} all tcp {form}", made
            made = opened(stack, group, form, Opening("0.0.0.0/0", -1, -1, "-1"))
            yield f"{group.name} all traffic {form}", made


@operator("groups", "a list of ranges hides what it holds from whoever reads the rule")
def open_by_prefix_list(stack: Stack) -> Made:
    """Open the database's port and SSH to a prefix list that holds the world."""
    for group in stack.of(SECURITY_GROUP):
        for port in (22, 5432):
            listed = stack.plus(PREFIX_LIST, "world", entries=[{"cidr": "0.0.0.0/0"}])
            yield (
                f"{group.name} {port}",
                listed.plus(
                    INGRESS_RULE,
                    "opened",
                    securityGroupId=Ref(group.urn),
                    ipProtocol="tcp",
                    fromPort=port,
                    toPort=port,
                    prefixListId=Ref(listed.named("world").urn),
                ),
            )


@operator("groups", "the default group is what resources get that nobody thought of")
def open_the_default_group(stack: Stack) -> Made:
    """Give the default group a rule, or leave it as AWS makes it."""
    for group in stack.of(DEFAULT_SECURITY_GROUP):
        itself = {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}
        world = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}
        out = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
        yield f"{group.name} itself", stack.put(group, "ingress", [itself])
        yield f"{group.name} world", stack.put(group, "ingress", [world])
        yield f"{group.name} out", stack.put(group, "egress", [out])
        yield f"{group.name} unmanaged", stack.without(group)


@operator("groups", "what an intruder takes leaves by any port")
def widen_what_goes_out(stack: Stack) -> Made:
    """Let each group send anything to anybody."""
    for rule in stack.of(EGRESS_RULE):
        bare = stack.cut(rule, "referencedSecurityGroupId", "fromPort", "toPort")
        wide = bare.put(rule, "ipProtocol", "-1").put(rule, "cidrIpv4", "0.0.0.0/0")
        yield rule.name, wide


@operator("groups", "a database has nothing to say to anybody first")
def let_the_database_out(stack: Stack) -> Made:
    """Give the database's group a rule for what goes out."""
    for group in databases(stack):
        held = {"securityGroupId": Ref(group.urn), "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
        yield group.name, stack.plus(EGRESS_RULE, "out", **held)


@operator("groups", "the balancer's group is open to the world, and so is what is in it")
def attach_the_balancers_group(stack: Stack) -> Made:
    """Put what must not be reached into the balancer's group, alone or as well."""
    world = stack.targets(stack.one(BALANCER), "securityGroups", SECURITY_GROUP)
    for token, path in ATTACHED:
        for resource in stack.of(token):
            own = stack.targets(resource, path, SECURITY_GROUP)
            yield f"{resource.name} as well", stack.relink(resource, path, [*own, *world])
            yield f"{resource.name} alone", stack.relink(resource, path, world)


@operator("groups", "a group of one's own, open to the world, is no better than the balancer's")
def attach_an_open_group(stack: Stack) -> Made:
    """Put what must not be reached into a new group that is open to the world."""
    for token, path in ATTACHED:
        for resource in stack.of(token):
            own = stack.targets(resource, path, SECURITY_GROUP)
            with_group = stack.plus(
                SECURITY_GROUP,
                "wide",
                vpcId=Ref(stack.one(VPC).urn),
                description="wide",
                ingress=[
                    {
                        "protocol": "tcp",
                        "fromPort": 5000,
                        "toPort": 6000,
                        "cidrBlocks": ["0.0.0.0/0"],
                    }
                ],
            )
            made = with_group.relink(resource, path, [*own, with_group.named("wide")])
            yield resource.name, made


@operator("groups", "without a group of its own it gets the VPC's default one")
def detach_groups(stack: Stack) -> Made:
    """Take the security groups from each thing that has some."""
    for token, path in (*ATTACHED, (BALANCER, "securityGroups")):
        for resource in stack.of(token):
            own = [item.urn for item in stack.targets(resource, path, SECURITY_GROUP)]
            yield resource.name, stack.put(resource, path, DROP, own)


@operator("groups", "the release cannot reach what it needs, or nobody can reach it")
def drop_needed_rules(stack: Stack) -> Made:
    """Take each rule by group away: the two ends of a needed connection."""
    for rule in stack.of(INGRESS_RULE, EGRESS_RULE):
        yield rule.name, stack.without(rule)


OPERATORS: Final = operators(globals())
