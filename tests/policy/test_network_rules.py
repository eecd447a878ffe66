"""Figures that a team sets, and questions that are never asked because nobody outside matters."""

import pytest

from rules import CATALOGUE, judge, reachable
from rules.thresholds import Thresholds
from tests.policy.catalogue_case import Case
from tests.policy.catalogue_network import standalone
from tests.policy.catalogue_reach import DOOR, INSTANCE, bastion, beside, group, host
from tests.policy.support import graph_of
from tests.support.stacks import captured

RULES = {rule.name: rule for rule in CATALOGUE}
GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.mark.parametrize(("ports", "found"), [((80, 443), 1), ((80, 443, 8443), 0), ((), 1)])
def test_a_team_says_which_ports_may_be_open(ports: tuple[int, ...], found: int) -> None:
    """By `publicPorts` of the pack's configuration."""
    case = Case(rule="sg-only-web-open", type=GROUP, good=(), bad=())
    graph = case.graph(standalone(8443, "0.0.0.0/0"))
    rules = [RULES["sg-only-web-open"]]
    assert len(judge(rules, graph, Thresholds(public_ports=ports))) == found


def test_the_way_through_the_bastion_is_shown_step_by_step() -> None:
    """From the internet to the bastion, and from there to the host."""
    case = Case(rule="reach-no-logins", type=INSTANCE, good=(), bad=())
    inside = beside(
        host("private", "sg-own"), group("own", 22, "sg-door"), DOOR, bastion("sg-door")
    )
    (finding,) = judge([RULES["reach-no-logins"]], case.graph(inside))
    steps = " -> ".join(finding.witness)
    assert steps.index("igw gateway") < steps.index("instance bastion") < steps.index("sg own")


def test_nobody_asks_about_hosts_without_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions cost time, and a stack as it should be needs none of them."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(reachable, "may", never)
    assert judge(reachable.RULES, graph_of(captured("prod"))) == []
