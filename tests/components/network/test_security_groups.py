"""Security groups: the whole table of who may open a connection to whom."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.network.network import Network, NetworkArgs
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from perpetual import contract
from perpetual.offline.capture import Capture, capture, plain
from settings import models
from tests.components.network.build import LONG, STACK, names, types

Row = tuple[str, str, str, int]
"""Group, direction, other side (a group or a range), port."""

WORLD = "0.0.0.0/0"
CORE: set[Row] = {
    ("balancer", "in", WORLD, 80),
    ("balancer", "in", WORLD, 443),
    ("balancer", "out", "service", 5000),
    ("service", "in", "balancer", 5000),
    ("service", "in", "service", 9100),
    ("service", "out", "service", 9100),
    ("service", "out", WORLD, 443),
    ("host", "out", WORLD, 443),
}
DATABASE: set[Row] = {("service", "out", "database", 5432), ("database", "in", "service", 5432)}
BASTION: set[Row] = {
    ("bastion", "out", WORLD, 443),
    ("bastion", "out", "database", 5432),
    ("database", "in", "bastion", 5432),
}
ENDPOINTS: set[Row] = {("endpoints", "in", "service", 443), ("endpoints", "in", "host", 443)}


def build(identity: contract.Stack = STACK, /, **groups: Mapping[str, Any]) -> Capture:
    """Run network and security groups with these settings and return what they registered."""
    layers = ("database", "hosts", "service", "image", "access", "alarms", "network")
    settings = models.Settings.model_validate(
        {
            "account": identity.account,
            "region": identity.region,
            **{layer: {} for layer in layers},
            **groups,
            "balancer": {"domain": "app.example.com", **groups.get("balancer", {})},
        }
    )

    def program() -> None:
        network = Network(
            "network", NetworkArgs(stack=identity, settings=settings.network, key_arn="arn:key")
        )
        SecurityGroups(
            "groups", SecurityGroupsArgs(stack=identity, settings=settings, network=network)
        )

    return capture(
        program, project="perpetual", stack=identity.name, config={}, invokes={}, known=True
    )


def table(found: Capture) -> set[Row]:
    """Return every rule; fail on a rule that is not one TCP port from or to one peer."""
    ids = names(found)
    rows: list[Row] = []
    for direction, way in (("Ingress", "in"), ("Egress", "out")):
        token = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
        for item in found.of_type(token):
            given = dict(item.inputs)
            assert given.pop("description")
            assert given.pop("ipProtocol") == "tcp"
            port = given.pop("fromPort")
            assert given.pop("toPort") == port
            group = _short(ids[given.pop("securityGroupId")])
            ((_, peer),) = given.items()
            rows.append((group, way, _short(ids.get(peer, peer)), port))
    assert len(rows) == len(set(rows))
    return set(rows)


def _short(name: str) -> str:
    return name.removeprefix("groups-").replace("network-endpoints-group", "endpoints")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param({}, CORE | DATABASE, id="plain"),
        pytest.param({"access": {"bastion": "ssm"}}, CORE | DATABASE | BASTION, id="ssm-bastion"),
        pytest.param(
            {"access": {"bastion": "public", "bastionCidrs": ["198.51.100.0/24", "2001:db8::/48"]}},
            CORE
            | DATABASE
            | BASTION
            | {("bastion", "in", "198.51.100.0/24", 22), ("bastion", "in", "2001:db8::/48", 22)},
            id="public-bastion",
        ),
        pytest.param(
            {"access": {"bastion": "ssm"}, "network": {"interfaceEndpoints": ["logs"]}},
            CORE | DATABASE | BASTION | ENDPOINTS | {("endpoints", "in", "bastion", 443)},
            id="endpoints",
        ),
        pytest.param(
            {"database": {"source": "stack"}, "access": {"bastion": "ssm"}},
            CORE | {("bastion", "out", WORLD, 443)},
            id="database-elsewhere",
        ),
        pytest.param(
            {"balancer": {"ingressCidrs": ["203.0.113.0/24", "::/0", "203.0.113.0/24"]}},
            (CORE - {("balancer", "in", WORLD, 80), ("balancer", "in", WORLD, 443)})
            | DATABASE
            | {
                ("balancer", "in", cidr, port)
                for cidr in ("203.0.113.0/24", "::/0")
                for port in (80, 443)
            },
            id="balancer-ranges",
        ),
    ],
)
def test_these_connections_may_be_opened_and_no_others(
    groups: dict[str, dict[str, Any]], expected: set[Row]
) -> None:
    """The table is complete: a rule too many or too few fails."""
    assert table(build(**groups)) == expected


def test_ports_follow_the_settings() -> None:
    """Each port appears at both ends of its connection."""
    found = table(build(service={"port": 8080, "distributionPort": 9200}, database={"port": 6543}))
    assert {row for row in found if row[3] in (8080, 9200, 6543)} == {
        ("balancer", "out", "service", 8080),
        ("service", "in", "balancer", 8080),
        ("service", "in", "service", 9200),
        ("service", "out", "service", 9200),
        ("service", "out", "database", 6543),
        ("database", "in", "service", 6543),
    }
    assert not {row for row in found if row[3] in (5000, 9100, 5432)}


def test_only_balancer_and_public_bastion_are_open_to_ranges() -> None:
    """Everything else names the group it admits."""
    found = table(
        build(
            access={"bastion": "public", "bastionCidrs": ["198.51.100.0/24"]},
            network={"interfaceEndpoints": ["ecr"]},
        )
    )
    assert {row[0] for row in found if row[1] == "in" and "/" in row[2]} == {"balancer", "bastion"}


def test_groups_have_names_of_their_own_and_no_inline_rules() -> None:
    """Inline rules would fight with the standalone ones."""
    found = build()
    groups = found.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert {item.name for item in groups} == {
        f"groups-{role}" for role in ("balancer", "service", "host", "database")
    }
    for item in groups:
        physical = item.name.replace("groups", "perpetual-prod")
        assert {key: item.inputs[key] for key in item.inputs if key != "description"} == {
            "name": physical,
            "vpcId": found.named("network-vpc").id,
            "tags": {"Name": physical},
        }


def test_descriptions_never_change() -> None:
    """A changed one replaces the group, and with it every interface it is on."""
    found = build(access={"bastion": "ssm"})
    groups = found.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert {item.name: item.inputs["description"] for item in groups} == {
        "groups-balancer": "Load balancer",
        "groups-service": "Tasks of the release",
        "groups-host": "ECS hosts",
        "groups-database": "Postgres",
        "groups-bastion": "Bastion",
    }


def test_dropping_a_range_leaves_the_other_rules_their_names() -> None:
    """Rules are named by content: AWS refuses a second rule equal to one not yet deleted."""
    ranges = ["203.0.113.0/24", "198.51.100.0/24", "2001:db8::/32"]
    all_, fewer = (
        {item.urn: item.inputs for item in build(balancer={"ingressCidrs": chosen}).registrations}
        for chosen in (ranges, ranges[1:])
    )
    assert fewer.items() <= all_.items()
    assert {urn.rsplit("::", 1)[1] for urn in all_.keys() - fewer.keys()} == {
        f"groups-balancer-in-203.0.113.0-24-{port}" for port in (80, 443)
    }


def test_another_stacks_database_has_no_group_here() -> None:
    """The database's component joins the service to the group that is there."""
    found = build(database={"source": "stack"})
    outputs = plain(found.registered_outputs[found.named("groups").urn])
    assert outputs.keys() == {"balancerId", "serviceId", "hostId"}


def test_names_fit_a_stack_of_thirty_characters() -> None:
    """A security group's name has at most 255 characters and never starts with `sg-`.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    """
    found = build(LONG, access={"bastion": "ssm"}, network={"interfaceEndpoints": ["ecr"]})
    groups = found.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert len(groups) == types(found)["SecurityGroup"] == 6
    assert all(len(item.inputs["name"]) <= 255 for item in groups)
    assert all(item.inputs["name"].startswith("perpetual-") for item in groups)
