"""Worse network ACLs: opened, reordered, exchanged; and flow logs that no longer tell."""

from collections.abc import Mapping
from typing import Any, Final

from graph import Resource
from graph.tokens import DEFAULT_NETWORK_ACL, NETWORK_ACL, NETWORK_ACL_ASSOCIATION, NETWORK_ACL_RULE
from tests.mutants.bad.network import subnets
from tests.mutants.operators import Made, is_set, operator, operators, weaken
from tests.mutants.stack import DROP, Ref, Stack

FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
ALL: Final = {"protocol": "-1", "fromPort": 0, "toPort": 0, "action": "allow"}
Rule = dict[str, Any]


def rules(acl: Resource, key: str = "ingress") -> list[Rule]:
    """Return the inline rules of an ACL."""
    held = acl.properties.get(key)
    return (
        [dict(item) for item in held if isinstance(item, Mapping)] if isinstance(held, list) else []
    )


def acl_of(stack: Stack, tier: str) -> Resource:
    """Return the ACL of a tier's subnets."""
    for subnet in subnets(stack, tier):
        for item in stack.leading(NETWORK_ACL_ASSOCIATION, "subnetId", subnet):
            return stack.targets(item, "networkAclId", NETWORK_ACL)[0]
    raise AssertionError(tier)


@operator("network", "the ACL of data subnets holds when a route or a group is opened by mistake")
def open_the_data_acl(stack: Stack) -> Made:
    """Let the internet through the data ACL by one more rule, in any form."""
    acl = acl_of(stack, "data")
    opened = {
        "all": {**ALL, "cidrBlock": "0.0.0.0/0"},
        "v6": {**ALL, "ipv6CidrBlock": "::/0"},
        "postgres": {
            **ALL,
            "protocol": "6",
            "fromPort": 5432,
            "toPort": 5432,
            "cidrBlock": "8.0.0.0/8",
        },
        "half": {
            **ALL,
            "protocol": "tcp",
            "fromPort": 5000,
            "toPort": 6000,
            "cidrBlock": "0.0.0.0/1",
        },
    }
    for name, rule in opened.items():
        inline = [*rules(acl), {**rule, "ruleNo": 50}]
        yield f"{acl.name} {name} inline", stack.put(acl, "ingress", inline)
        rest = {key: value for key, value in rule.items() if key != "action"}
        held = {"networkAclId": Ref(acl.urn), "egress": False, "ruleAction": "allow", **rest}
        added = stack.plus(NETWORK_ACL_RULE, "opened", ruleNumber=50, **held)
        yield f"{acl.name} {name} rule", added


@operator("network", "each range of the data ACL is one private or data subnet")
def widen_ranges_of_the_data_acl(stack: Stack) -> Made:
    """Widen each allowed range to the world."""
    acl = acl_of(stack, "data")
    for at, rule in enumerate(rules(acl)):
        if rule["action"] == "allow":
            yield f"{acl.name}[{at}]", stack.put(acl, f"ingress.{at}.cidrBlock", "0.0.0.0/0")


@operator("network", "what is denied stays closed even if a security group is opened")
def admit_what_acls_deny(stack: Stack) -> Made:
    """Allow, drop or postpone each rule that denies."""
    for acl in stack.of(NETWORK_ACL):
        held = rules(acl)
        for at, rule in enumerate(held):
            if rule["action"] != "deny" or rule["protocol"] != "6":
                continue
            name = f"{acl.name}[{at}]"
            yield f"{name} allowed", stack.put(acl, f"ingress.{at}.action", "allow")
            yield f"{name} dropped", stack.put(acl, f"ingress.{at}", DROP)
            last = max(int(item["ruleNo"]) for item in held) + 1
            yield f"{name} last", stack.put(acl, f"ingress.{at}.ruleNo", last)
            yield f"{name} shorter", stack.put(acl, f"ingress.{at}.toPort", 21)


@operator("network", "an ACL of another tier lets in what that tier may get")
def exchange_acls(stack: Stack) -> Made:
    """Associate each data subnet with the ACL of another tier."""
    for subnet in subnets(stack, "data"):
        for item in stack.leading(NETWORK_ACL_ASSOCIATION, "subnetId", subnet):
            for tier in ("public", "private"):
                acl = acl_of(stack, tier)
                yield f"{item.name} to {acl.name}", stack.relink(item, "networkAclId", [acl])


@operator("network", "the default ACL is what subnets get that nobody thought of")
def open_the_default_acl(stack: Stack) -> Made:
    """Let the default ACL admit everything, and a data subnet fall back to it."""
    for acl in stack.of(DEFAULT_NETWORK_ACL):
        opened = stack.put(acl, "ingress", [{**ALL, "ruleNo": 100, "cidrBlock": "0.0.0.0/0"}])
        for subnet in subnets(stack, "data"):
            for item in stack.leading(NETWORK_ACL_ASSOCIATION, "subnetId", subnet):
                yield f"{acl.name} for {subnet.name}", opened.without(item)


@operator("network", "subnets whose ACL denies everything serve nobody")
def fall_back_to_the_closed_acl(stack: Stack) -> Made:
    """Take each ACL association away; the default ACL denies everything."""
    for item in stack.of(NETWORK_ACL_ASSOCIATION):
        yield item.name, stack.without(item)


@operator("network", "after an intrusion nobody can tell who talked to whom")
def drop_flow_logs(stack: Stack) -> Made:
    """Take each flow log away."""
    for item in stack.of(FLOW_LOG):
        yield item.name, stack.without(item)


FLOWS = weaken(
    "network",
    FLOW_LOG,
    ("trafficType", ("ACCEPT",), "attempts that were refused are not seen", is_set),
    ("vpcId", (DROP,), "the log belongs to nothing", is_set),
)

OPERATORS: Final = operators(globals())
