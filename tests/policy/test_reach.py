"""Questions about the project's own stack, and answers that nobody can give."""

from typing import Any

import pulumi_aws as aws
import pytest

from graph import INTERNET, Addresses, Graph, Place, Tier, Verdict, may, paths
from tests.policy.case import EVERYWHERE, outside, unknown
from tests.policy.small import Extra, Stack, small
from tests.policy.support import FORMS, PREVIEW, UPDATE, captured, graph_of
from tests.support import stacks

KINDS = {
    "balancer": "aws:lb/loadBalancer:LoadBalancer",
    "tasks": "aws:ecs/service:Service",
    "hosts": "aws:autoscaling/group:Group",
    "database": "aws:rds/instance:Instance",
    "nat": "aws:ec2/natGateway:NatGateway",
}


def place(graph: Graph, name: str) -> Place:
    """Return the place that a question calls `name`."""
    if name == "internet":
        return INTERNET
    if name.startswith("tier "):
        return Tier(name.removeprefix("tier "))
    return graph.index.of(KINDS[name])[0].urn


QUESTIONS = [
    ("internet", "balancer", 443, Verdict.YES, "igw > acl-public > groups-balancer > balancer"),
    ("internet", "balancer", 80, Verdict.YES, "groups-balancer"),
    ("internet", "balancer", 22, Verdict.NO, "acl-public in"),
    ("internet", "balancer", 8080, Verdict.NO, "groups-balancer in"),
    ("internet", "tasks", 5000, Verdict.NO, "nat"),
    ("internet", "hosts", 22, Verdict.NO, "nat"),
    ("internet", "database", 5432, Verdict.NO, "no route"),
    ("internet", "nat", 443, Verdict.NO, "NAT gateway"),
    ("tasks", "database", 5432, Verdict.YES, "groups-service > acl-data > groups-database"),
    ("tasks", "database", 22, Verdict.NO, "groups-service out"),
    ("tasks", "tasks", 9100, Verdict.YES, "groups-service"),
    ("hosts", "database", 5432, Verdict.NO, "groups-host out"),
    ("balancer", "tasks", 5000, Verdict.YES, "groups-balancer > acl-private > groups-service"),
    ("balancer", "database", 5432, Verdict.NO, "groups-balancer out"),
    ("tasks", "internet", 443, Verdict.YES, "groups-service > nat > acl-public > igw > internet"),
    ("tasks", "internet", 80, Verdict.NO, "groups-service out"),
    ("database", "internet", 443, Verdict.NO, "no route"),
    ("database", "tasks", 5000, Verdict.NO, "groups-database out"),
    ("internet", "tier data", 5432, Verdict.NO, "no route"),
    ("internet", "tier private", 443, Verdict.NO, "nat"),
    ("internet", "tier public", 443, Verdict.YES, "igw > acl-public"),
    ("tier public", "tier data", 5432, Verdict.NO, "acl-data in"),
    ("tier private", "tier data", 5432, Verdict.YES, "acl-private out > acl-data in"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("source", "destination", "port", "verdict", "words"),
    QUESTIONS,
    ids=[f"{one} to {other} {port}" for one, other, port, *_ in QUESTIONS],
)
def test_who_may_reach_whom_in_prod(  # noqa: PLR0913, PLR0917 - the columns of the table
    source: str, destination: str, port: int, verdict: Verdict, words: str, form: str
) -> None:
    """Every answer is sure, and names its way or its wall, before and after the first update."""
    graph = graph_of(stacks.captured("prod", known=form == UPDATE))
    answer = may(graph, place(graph, source), place(graph, destination), "tcp", port)
    assert answer.verdict is verdict, str(answer)
    steps = iter(answer.path if verdict is Verdict.YES else answer.reasons)
    assert all(any(word in step for step in steps) for word in words.split(" > ")), str(answer)


def test_a_way_is_told_step_by_step() -> None:
    """The witness goes subnet, table, gateway; group, rule, group; and the network ACL's entry."""
    graph = graph_of(stacks.captured("prod"))
    answer = may(graph, place(graph, "tasks"), INTERNET, "tcp", 443)
    assert answer.path == (
        "service service-service",
        "sg groups-service out: tcp 443 to 0.0.0.0/0",
        "acl network-acl-private out: rule 100 allow all 0.0.0.0/0",
        "subnet network-private-a",
        "rtb network-routes-private-a",
        "0.0.0.0/0",
        "nat network-routes-nat-a",
        "acl network-acl-public in: rule 100 allow all 10.0.0.0/16",
        "acl network-acl-public out: rule 100 allow all 0.0.0.0/0",
        "subnet network-public-a",
        "rtb network-routes-public",
        "igw network-routes-gateway",
        *(f"acl network-acl-public in: {entry} (answers)" for entry in ANSWERS),
        "acl network-acl-public out: rule 100 allow all 0.0.0.0/0 (answers)",
        "acl network-acl-private in: rule 400 allow all 0.0.0.0/0 (answers)",
        "internet",
    ), answer.path


ANSWERS = ("rule 400 allow all 0.0.0.0/0",)


def test_every_pair_of_zones_is_a_path_of_its_own() -> None:
    """Tasks in three zones reach the database in three, by nine ways and no more."""
    graph = graph_of(stacks.captured("prod"))
    found = paths(graph, place(graph, "tasks"), place(graph, "database"), "tcp", 5432)
    assert len(found) == 9
    assert {answer.verdict for answer in found} == {Verdict.YES}
    assert not paths(graph, place(graph, "hosts"), place(graph, "database"), "tcp", 5432)


def test_a_group_stands_for_its_members() -> None:
    """Asked of groups, the answer is that of whoever is in them."""
    graph = graph_of(stacks.captured("prod"))
    named = {group.label: key for key, group in graph.groups.groups.items()}
    service, database = named["sg groups-service"], named["sg groups-database"]
    assert may(graph, service, database, "tcp", 5432).verdict is Verdict.YES
    assert may(graph, service, database, "udp", 5432).verdict is Verdict.NO
    assert may(graph, database, service, -1).verdict is Verdict.NO
    nobody = may(graph, named["default sg network-default-group"], database, "tcp", 5432)
    assert nobody.verdict is Verdict.UNDETERMINED


def test_what_does_not_exist_is_refused() -> None:
    """A typing error is no answer."""
    graph = graph_of(captured(small()))
    with pytest.raises(ValueError, match="nothing of this stack"):
        may(graph, "urn:banana", INTERNET)


# --- the small stack, changed


def urn_of(graph: Graph, name: str) -> str:
    """Return the URN of a resource by its name."""
    return next(urn for urn in graph.index.by_urn if urn.endswith(f"::{name}"))


ALL: dict[str, Any] = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [EVERYWHERE]}
# The small stack of the laws' tests has no rules outward; these let groups and ACL speak.
TALK: dict[str, Any] = {
    "data_acl": lambda made: {
        "subnet_ids": [made.data_a.id, made.data_b.id],
        "egress": [
            {"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0}
            | {"to_port": 0, "cidr_block": "10.0.0.0/16"}
        ],
        "ingress": [
            {"rule_no": 100, "action": "allow", "protocol": "tcp", "from_port": 5432}
            | {"to_port": 5432, "cidr_block": "10.0.1.0/24"}
        ],
    },
    "data_acl_in": None,
    "service_group": {"egress": [ALL]},
}


def asked(form: str, extra: Extra | None = None, **changes: Any) -> Graph:
    """Return the graph of the small stack with rules outward and `changes`."""
    return graph_of(captured(small(extra, **(TALK | changes)), known=form == UPDATE))


def _peer(made: Stack) -> None:
    peering = aws.ec2.VpcPeeringConnection("peer", vpc_id=made.vpc.id, peer_vpc_id="vpc-0ff")
    aws.ec2.Route(
        "far",
        route_table_id=made.private_table.id,
        destination_cidr_block="10.9.0.0/16",
        vpc_peering_connection_id=peering.id,
    )


UNDETERMINED: dict[
    str, tuple[str, str, int, dict[str, Any], Extra | None, str, tuple[str, ...]]
] = {
    "a group of the database outside the stack": (
        "service",
        "database",
        5432,
        {"database": {"vpc_security_group_ids": ["sg-0ff"]}},
        None,
        "sg-0ff",
        FORMS,
    ),
    "a default group that nobody manages": (
        "service",
        "database",
        5432,
        {"database": {"vpc_security_group_ids": None}},
        None,
        "default sg",
        FORMS,
    ),
    "a range that only an update knows": (
        "service",
        "database",
        5432,
        {
            "database_in": lambda made: {
                "referenced_security_group_id": None,
                "cidr_ipv4": unknown(made, EVERYWHERE),
            }
        },
        None,
        "range",
        (PREVIEW,),
    ),
    "an ACL's entry that only an update knows": (
        "service",
        "database",
        5432,
        {
            "data_acl_in": lambda made: {
                "rule_number": 90,
                "cidr_block": unknown(made, "8.0.0.0/8"),
            },
            "data_acl": lambda made: {
                "subnet_ids": [made.data_a.id, made.data_b.id],
                "egress": TALK["data_acl"](made)["egress"],
            },
        },
        None,
        "its range",
        (PREVIEW,),
    ),
    "a subnet outside the stack": (
        "service",
        "database",
        5432,
        {"service": {"network_configuration": {"subnets": ["subnet-0ff"]}}},
        None,
        "subnet-0ff",
        FORMS,
    ),
    "a subnet that is described, without its ACL": (
        "service",
        "database",
        5432,
        {
            "subnet_group": {"subnet_ids": ["subnet-0aa"]},
        },
        outside([]),
        "subnet-0aa",
        FORMS,
    ),
}


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name, case in UNDETERMINED.items() for form in case[-1]]
)
def test_what_cannot_be_told_is_never_a_no(name: str, form: str) -> None:
    """The answer says what is missing."""
    source, target, port, changes, extra, missing, _ = UNDETERMINED[name]
    graph = asked(form, extra, **changes)
    answer = may(graph, urn_of(graph, source), urn_of(graph, target), "tcp", port)
    assert answer.verdict is Verdict.UNDETERMINED, str(answer)
    assert answer.possible
    assert any(missing in gap.missing for gap in answer.missing), str(answer)


@pytest.mark.parametrize("form", FORMS)
def test_the_changed_stack_is_open_where_nothing_is_missing(form: str) -> None:
    """Without the change that hides something, the same question has a sure answer."""
    graph = asked(form)
    answer = may(graph, urn_of(graph, "service"), urn_of(graph, "database"), "tcp", 5432)
    assert answer.verdict is Verdict.YES, str(answer)


@pytest.mark.parametrize("form", FORMS)
def test_answers_have_to_pass_the_acl_too(form: str) -> None:
    """An ACL keeps no state: without a rule outward, a request stays without answer."""
    without = {"data_acl": lambda made: TALK["data_acl"](made) | {"egress": []}}
    graph = asked(form, **without)
    answer = may(graph, urn_of(graph, "service"), urn_of(graph, "database"), "tcp", 5432)
    assert answer.verdict is Verdict.NO
    assert answer.reasons == ("acl data-acl out lets no answers through",)


@pytest.mark.parametrize("form", FORMS)
def test_beyond_a_peering_nobody_knows(form: str) -> None:
    """A range behind a peering outside the stack may be reached; one without a route may not."""
    graph = asked(form, _peer)
    service = urn_of(graph, "service")
    far = may(graph, service, Addresses.parse("10.9.1.0/24"), "tcp", 5432)
    assert far.verdict is Verdict.UNDETERMINED, str(far)
    assert any("peer" in gap.missing for gap in far.missing)
    stray = may(graph, urn_of(graph, "database"), Addresses.parse("10.9.1.0/24"), "tcp", 5432)
    assert stray.verdict is Verdict.NO, str(stray)


def _bastion(made: Stack) -> None:
    group = aws.ec2.SecurityGroup(
        "bastion-group",
        vpc_id=made.vpc.id,
        ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [EVERYWHERE]}],
        egress=[aws.ec2.SecurityGroupEgressArgs(**ALL)],
    )
    aws.ec2.Instance(
        "bastion",
        subnet_id=made.public_a.id,
        vpc_security_group_ids=[group.id],
        associate_public_ip_address=True,
        tags={"perpetual:role": "bastion"},
    )
    aws.vpc.SecurityGroupIngressRule(
        "from-bastion",
        security_group_id=made.service_group.id,
        referenced_security_group_id=group.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
    )


@pytest.mark.parametrize("form", FORMS)
def test_hosts_one_can_log_in_to_pass_it_on(form: str) -> None:
    """Internet to bastion, bastion to host, host to database: only if logins count."""
    graph = asked(form, _bastion)
    database = urn_of(graph, "database")
    assert may(graph, INTERNET, database, "tcp", 5432, logins=True).verdict is Verdict.YES
    assert may(graph, INTERNET, database, "tcp", 5432).verdict is Verdict.NO
    chain = may(graph, INTERNET, database, "tcp", 5432, logins=True).path
    assert [step for step in chain if "bastion" in step or "hosts" in step]
    assert may(graph, INTERNET, database, "tcp", 80, logins=True).verdict is Verdict.NO
    closed = asked(form)
    assert may(closed, INTERNET, urn_of(closed, "database"), "tcp", 5432, logins=True).verdict is (
        Verdict.NO
    )


@pytest.mark.parametrize(("answers", "verdict"), [(True, Verdict.YES), (False, Verdict.NO)])
def test_answers_come_in_by_the_subnet_of_the_nat_gateway(
    verdict: Verdict, *, answers: bool
) -> None:
    """Behind NAT, it is that subnet's ACL that has to let the world's answers in."""
    every: dict[str, Any] = {"action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0}

    def extra(made: Stack) -> None:
        aws.ec2.NetworkAcl(
            "public-acl",
            vpc_id=made.vpc.id,
            subnet_ids=[made.public_a.id],
            ingress=[
                aws.ec2.NetworkAclIngressArgs(rule_no=1, cidr_block=cidr, **every)
                for cidr in (EVERYWHERE if answers else "10.0.0.0/16",)
            ],
            egress=[aws.ec2.NetworkAclEgressArgs(rule_no=1, cidr_block=EVERYWHERE, **every)],
        )

    graph = asked(PREVIEW, extra)
    answer = may(graph, urn_of(graph, "service"), INTERNET, "tcp", 443)
    assert answer.verdict is verdict, str(answer)
    assert answers or answer.reasons == ("acl public-acl in lets no answers through",)
