"""The same network in other words: routes, lists and groups in every form that AWS takes."""

from ipaddress import ip_network
from typing import Any, Final

from graph import Resource
from graph.tokens import (
    ENDPOINT_ASSOCIATION,
    NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    NETWORK_ACL_RULE,
    ROUTE,
    ROUTE_TABLE,
    SUBNET,
    VPC_ENDPOINT,
)
from tests.mutants.bad.lists import Rule, rules
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import DROP, Ref, Stack, within

BLOCKS: Final = {"destinationCidrBlock": "cidrBlock", "destinationIpv6CidrBlock": "ipv6CidrBlock"}
PROTOCOLS: Final = {"6": "tcp", "17": "udp", "-1": "all"}


# --- routes


def _to(stack: Stack, route: Resource) -> dict[str, Any]:
    """Return what a route leads to, as references."""
    keys = ("gatewayId", "natGatewayId")
    return {
        key: Ref(stack.resources[urns[0]].urn)
        for key in keys
        if (urns := route.property_dependencies.get(key)) and key in route.properties
    }


@operator("network", "a table's routes stand beside it or in it")
def routes_inline(stack: Stack) -> Made:
    """Move each table's routes into the table."""
    for table in stack.of(ROUTE_TABLE):
        routes = stack.leading(ROUTE, "routeTableId", table)
        held = [
            {BLOCKS[key]: value for key, value in route.properties.items() if key in BLOCKS}
            | _to(stack, route)
            for route in routes
        ]
        if held:
            yield table.name, stack.put(table, "routes", held).without(*routes)


@operator("network", "two halves are the whole")
def split_routes(stack: Stack) -> Made:
    """Split each default route into two halves."""
    for route in stack.of(ROUTE):
        if within(route, "destinationCidrBlock") != "0.0.0.0/0":
            continue
        table = Ref(route.property_dependencies["routeTableId"][0])
        made = stack.put(route, "destinationCidrBlock", "0.0.0.0/1")
        held = {"routeTableId": table, "destinationCidrBlock": "128.0.0.0/1", **_to(stack, route)}
        yield route.name, made.plus(ROUTE, "half", **held)


@operator("network", "an endpoint names its tables, or each is associated with it")
def endpoint_tables_inline(stack: Stack) -> Made:
    """Let each endpoint name its tables itself."""
    for endpoint in stack.of(VPC_ENDPOINT):
        items = stack.leading(ENDPOINT_ASSOCIATION, "vpcEndpointId", endpoint)
        tables = [
            Ref(table.urn)
            for item in items
            for table in stack.targets(item, "routeTableId", ROUTE_TABLE)
        ]
        if tables:
            yield endpoint.name, stack.put(endpoint, "routeTableIds", tables).without(*items)


# --- ACLs


def _numbered(held: list[Rule]) -> list[Rule]:
    return [{**rule, "ruleNo": int(rule["ruleNo"]) * 10} for rule in held]


@operator("network", "the numbers of an ACL say the order, and nothing else")
def renumber_lists(stack: Stack) -> Made:
    """Number each ACL's rules anew, or give them in another order."""
    for acl in stack.of(NETWORK_ACL):
        held = rules(acl)
        yield f"{acl.name} times ten", stack.put(acl, "ingress", _numbered(held))
        yield f"{acl.name} backwards", stack.put(acl, "ingress", [*reversed(held)])
        ordered = sorted(held, key=lambda rule: int(rule["ruleNo"]))
        dense = [{**rule, "ruleNo": at + 1} for at, rule in enumerate(ordered)]
        yield f"{acl.name} dense", stack.put(acl, "ingress", dense)


@operator("network", "two halves are the whole")
def split_ranges_of_lists(stack: Stack) -> Made:
    """Split the range of each rule of an ACL, and its ports where it has more than one."""
    for acl in stack.of(NETWORK_ACL):
        held = _numbered(rules(acl))
        for at, rule in enumerate(held):
            halves = [str(half) for half in ip_network(rule["cidrBlock"]).subnets()]
            parts = [
                {**rule, "cidrBlock": half, "ruleNo": rule["ruleNo"] + n}
                for n, half in enumerate(halves)
            ]
            new = [*held[:at], *parts, *held[at + 1 :]]
            yield f"{acl.name}[{at}] range", stack.put(acl, "ingress", new)
            low, high = int(rule["fromPort"]), int(rule["toPort"])
            if high > low:
                middle = (low + high) // 2
                one, other = (
                    {**rule, "toPort": middle},
                    {**rule, "fromPort": middle + 1, "ruleNo": rule["ruleNo"] + 1},
                )
                new = [*held[:at], one, other, *held[at + 1 :]]
                yield f"{acl.name}[{at}] ports", stack.put(acl, "ingress", new)


@operator("network", "an ACL's rules stand in it or beside it")
def list_rules_beside(stack: Stack) -> Made:
    """Make each rule of an ACL a resource of its own."""
    for acl in stack.of(NETWORK_ACL):
        made = stack
        for key in ("ingress", "egress"):
            made = made.put(acl, key, DROP)
            for rule in rules(acl, key):
                held = {
                    name: value for name, value in rule.items() if name not in ("ruleNo", "action")
                }
                made = made.plus(
                    NETWORK_ACL_RULE,
                    f"{key}-{rule['ruleNo']}",
                    networkAclId=Ref(acl.urn),
                    egress=key == "egress",
                    ruleNumber=rule["ruleNo"],
                    ruleAction=rule["action"],
                    **held,
                )
        yield acl.name, made


@operator("network", "an ACL names its subnets, or each is associated with it")
def list_subnets_inline(stack: Stack) -> Made:
    """Let each ACL name its subnets itself."""
    for acl in stack.of(NETWORK_ACL):
        items = stack.leading(NETWORK_ACL_ASSOCIATION, "networkAclId", acl)
        subnets = [
            Ref(subnet.urn) for item in items for subnet in stack.targets(item, "subnetId", SUBNET)
        ]
        yield acl.name, stack.put(acl, "subnetIds", subnets).without(*items)


@operator(
    "network", "protocols have names and numbers, verbs either case, the last rule is implied"
)
def respell_lists(stack: Stack) -> Made:
    """Spell each ACL's rules in another way."""
    for acl in stack.of(NETWORK_ACL):
        held = rules(acl)
        named = [{**rule, "protocol": PROTOCOLS[rule["protocol"]]} for rule in held]
        yield f"{acl.name} protocols", stack.put(acl, "ingress", named)
        text = [
            {
                **rule,
                "ruleNo": str(rule["ruleNo"]),
                "fromPort": str(rule["fromPort"]),
                "toPort": str(rule["toPort"]),
            }
            for rule in held
        ]
        yield f"{acl.name} numbers as text", stack.put(acl, "ingress", text)
        last = {
            "protocol": "-1",
            "fromPort": 0,
            "toPort": 0,
            "cidrBlock": "0.0.0.0/0",
            "action": "deny",
            "ruleNo": 32000,
        }
        yield f"{acl.name} last rule", stack.put(acl, "ingress", [*held, last])
        again = [{**rule, "ruleNo": int(rule["ruleNo"]) + 20000} for rule in held]
        yield f"{acl.name} twice", stack.put(acl, "ingress", [*held, *again])


OPERATORS: Final = operators(globals())
