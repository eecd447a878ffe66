"""What is many: hosts that are alike, rules in one group; answers are those of the single one."""

from typing import Any

import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import INTERNET, Graph, Verdict, may
from rules import CATALOGUE, judge
from tests.policy.forms import ALL, host, open_group, urn_of
from tests.policy.small import Stack, small
from tests.policy.support import captured, graph_of

LOGINS = next(rule for rule in CATALOGUE if rule.name == "reach-no-logins")
RULES = 1000
"""What one interface may have at most.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""


def _crowd(made: Stack) -> None:
    group = open_group(made)
    common: dict[str, Any] = {"ami": "ami-0abcdef1234567890", "instance_type": "t4g.nano"}
    for number in range(3):
        aws.ec2.Instance(
            f"alike-{number}",
            subnet_id=made.public_a.id,
            associate_public_ip_address=True,
            vpc_security_group_ids=[group.id],
            **common,
        )
    aws.ec2.Instance(
        "closed",
        subnet_id=made.public_a.id,
        vpc_security_group_ids=[made.service_group.id],
        **common,
    )
    aws.ec2.Instance(
        "inside", subnet_id=made.private_a.id, vpc_security_group_ids=[group.id], **common
    )


def test_hosts_that_nobody_can_tell_apart_are_of_one_kind() -> None:
    """Another group, another subnet or another address is another kind."""
    graph = graph_of(captured(small(_crowd)))
    kinds = [[graph.label(urn) for urn in urns] for urns in graph.alike.values()]
    assert [f"instance alike-{number}" for number in range(3)] in kinds
    assert ["instance closed"] in kinds
    assert ["instance inside"] in kinds


def test_each_of_many_is_named() -> None:
    """One question is asked for all, and each host still has a finding with its own way."""
    graph = graph_of(captured(small(_crowd)))
    found = {graph.label(item.resource): item for item in judge([LOGINS], graph)}
    assert set(found) == {f"instance alike-{number}" for number in range(3)}
    assert all(item.witness[-1] == label for label, item in found.items())


def _thousand(made: Stack) -> None:
    rules = [
        aws.ec2.SecurityGroupIngressArgs(
            protocol="tcp",
            from_port=2000 + 7 * number,
            to_port=2003 + 7 * number,
            cidr_blocks=[f"{20 + number // 250}.{number % 250}.0.0/24"],
        )
        for number in range(RULES)
    ]
    group = open_group(made, ingress=rules, egress=[ALL])
    host(made, vpc_security_group_ids=[group.id])


@pytest.fixture(scope="module")
def crowded() -> Graph:
    """Return a graph with a host in a group of a thousand rules."""
    return graph_of(captured(small(_thousand)))


@given(port=st.integers(1990, 9010))
def test_one_of_a_thousand_rules_decides(crowded: Graph, port: int) -> None:
    """Four of seven ports are open, each to a range of its own."""
    answer = may(crowded, INTERNET, urn_of(crowded, "host"), "tcp", port)
    number, offset = divmod(port - 2000, 7)
    inside = 0 <= number < RULES and offset <= 3
    assert answer.verdict is (Verdict.YES if inside else Verdict.NO)
    if inside:
        assert f"{20 + number // 250}.{number % 250}.0.0/24" in str(answer)
