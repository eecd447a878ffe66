"""The same security groups in other words, in every form that AWS takes."""

from ipaddress import ip_network
from typing import Any, Final

from graph import Resource
from graph.tokens import (
    EGRESS_RULE,
    INGRESS_RULE,
    PREFIX_LIST,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
)
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import DROP, Ref, Stack


def _group(stack: Stack, rule: Resource) -> Resource:
    return stack.targets(rule, "securityGroupId", SECURITY_GROUP)[0]


def _classic(stack: Stack, rule: Resource, *, itself: bool) -> dict[str, Any]:
    """Return a rule in the words of the old resource, or of a group's own list."""
    held: dict[str, Any] = {
        "protocol": rule.properties["ipProtocol"],
        "fromPort": rule.properties["fromPort"],
        "toPort": rule.properties["toPort"],
    }
    if "description" in rule.properties:
        held["description"] = rule.properties["description"]
    if "cidrIpv4" in rule.properties:
        return {**held, "cidrBlocks": [rule.properties["cidrIpv4"]]}
    peer = stack.targets(rule, "referencedSecurityGroupId", SECURITY_GROUP)
    # A rule that admits its own group depends on it for both.
    other = peer[0] if peer else _group(stack, rule)
    if itself and other.urn == _group(stack, rule).urn:
        return {**held, "self": True}
    return {**held, "peer": Ref(other.urn)}


@operator("groups", "the old resource says the same as the two new ones")
def rules_of_the_old_kind(stack: Stack) -> Made:
    """Say each rule with the old resource."""
    for rule in stack.of(INGRESS_RULE, EGRESS_RULE):
        for itself in (False, True):
            held = _classic(stack, rule, itself=itself)
            if itself and "self" not in held:
                continue
            peer = held.pop("peer", None)
            more = {"sourceSecurityGroupId": peer} if peer else {}
            way = "ingress" if rule.type == INGRESS_RULE else "egress"
            made = stack.without(rule).plus(
                SECURITY_GROUP_RULE,
                rule.name,
                type=way,
                securityGroupId=Ref(_group(stack, rule).urn),
                **held,
                **more,
            )
            yield f"{rule.name}{' itself' if itself else ''}", made


@operator("groups", "a group's rules stand beside it or in it")
def rules_inline(stack: Stack) -> Made:
    """Move the rules of each group into it."""
    for group in stack.of(SECURITY_GROUP):
        made = stack
        for token, key in ((INGRESS_RULE, "ingress"), (EGRESS_RULE, "egress")):
            held = []
            for rule in stack.of(token):
                if _group(stack, rule).urn == group.urn:
                    item = _classic(stack, rule, itself=True)
                    peer = item.pop("peer", None)
                    held.append(item | ({"securityGroups": [peer]} if peer else {}))
                    made = made.without(rule)
            if held:
                made = made.put(group, key, held)
        yield group.name, made


@operator("groups", "two halves are the whole; once more is no more")
def split_rules(stack: Stack) -> Made:
    """Split each range of a rule, or say the rule twice."""
    for rule in stack.of(INGRESS_RULE, EGRESS_RULE):
        owner = Ref(_group(stack, rule).urn)
        held = {
            key: value
            for key, value in rule.properties.items()
            if key in ("ipProtocol", "fromPort", "toPort", "cidrIpv4", "description")
        }
        if "cidrIpv4" not in held:
            continue
        again = stack.plus(rule.type, "again", securityGroupId=owner, **held)
        yield f"{rule.name} twice", again
        halves = [str(half) for half in ip_network(str(held["cidrIpv4"])).subnets()]
        made = stack.put(rule, "cidrIpv4", halves[0])
        yield (
            rule.name,
            made.plus(rule.type, "half", securityGroupId=owner, **{**held, "cidrIpv4": halves[1]}),
        )


@operator("groups", "protocols have names and numbers")
def respell_rules(stack: Stack) -> Made:
    """Spell the protocol and ports of each rule in another way."""
    for rule in stack.of(INGRESS_RULE, EGRESS_RULE):
        yield f"{rule.name} number", stack.put(rule, "ipProtocol", "6")
        text = stack.put(rule, "fromPort", str(rule.properties["fromPort"]))
        yield f"{rule.name} text", text.put(rule, "toPort", str(rule.properties["toPort"]))


@operator("groups", "a list of ranges is the ranges in it")
def ranges_by_list(stack: Stack) -> Made:
    """Let each rule with a range name a prefix list that holds it."""
    for rule in stack.of(INGRESS_RULE, EGRESS_RULE):
        if "cidrIpv4" in rule.properties:
            entries = [{"cidr": rule.properties["cidrIpv4"]}]
            made = stack.plus(
                PREFIX_LIST,
                "ranges",
                name="ranges",
                maxEntries=1,
                addressFamily="IPv4",
                entries=entries,
            )
            made = made.put(rule, "cidrIpv4", DROP)
            yield rule.name, made.put(rule, "prefixListId", Ref(made.named("ranges").urn))


OPERATORS: Final = operators(globals())
