"""Reports for pages: the project's stacks, a foreign one, a broken one, judged in this process."""

from functools import cache

import pulumi_aws as aws

from perpetual.offline import graphs
from perpetual.offline.capture import Capture
from perpetual.offline.findings import Finding, Judgement
from perpetual.offline.records import Registration
from perpetual.offline.report import Report, Resource
from rules import CATALOGUE, LAWS, judge
from tests.policy.small import Stack, small
from tests.policy.support import captured as captured_program
from tests.support import stacks

NAMES = ("prod", "dev", "foreign", "broken", "empty")
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@cache
def report(name: str) -> Report:
    """Return the report on one of `NAMES`. It is kept: treat it as read-only."""
    return of(_capture(name), name)


def of(capture: Capture, stack: str) -> Report:
    """Return the report on any captured program."""
    graph = graphs.of(capture)
    found = [
        Finding(
            policy="catalogue",
            level="mandatory" if item.severity in {"high", "critical"} else "advisory",
            rule=item.rule,
            severity=str(item.severity),
            urn=item.resource,
            witness=item.text,
            url="https://docs.aws.amazon.com/",
            controls=("FSBP RDS.3",),
        )
        for item in judge((*LAWS, *CATALOGUE), graph)
    ]
    ranked = tuple(sorted(found, key=lambda finding: finding.rank))
    return Report(
        project="perpetual",
        stack=stack,
        resources=[_resource(item) for item in capture.registrations],
        outputs=[],
        judgement=Judgement(pack="perpetual", policies=(), findings=ranked),
        seconds={"total": 1.0},
        graph=lambda: graph,
    )


def _resource(item: Registration) -> Resource:
    return Resource(
        urn=item.urn,
        type=item.type,
        name=item.name,
        parent=item.parent,
        component=not item.request.custom,
        source=item.source,
    )


def _capture(name: str) -> Capture:
    if name in {"prod", "dev"}:
        return stacks.captured(name)
    programs = {"foreign": small(), "broken": small(breaking), "empty": lambda: None}
    return captured_program(programs[name])


def breaking(made: Stack) -> None:
    """Open a stack in many ways: ranges, all ports, a bastion, data subnets with a way out."""
    peers = {
        "office": (made.service_group, "tcp", 22, "203.0.113.0/24"),
        "world": (made.database_group, "tcp", 5432, "0.0.0.0/0"),
        HOSTILE: (made.database_group, "tcp", 5432, "198.51.100.0/24"),
    }
    for name, (group, protocol, port, peer) in peers.items():
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            cidr_ipv4=peer,
        )
    for name, group in (("any", made.service_group), ("any-out", made.balancer_group)):
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"
        )
    aws.ec2.Instance(
        HOSTILE,
        subnet_id=made.public_a.id,
        vpc_security_group_ids=[made.service_group.id],
        associate_public_ip_address=True,
        tags={"perpetual:role": "bastion"},
    )
    aws.lambda_.Function(
        "elsewhere",
        role="arn:aws:iam::123456789012:role/example",
        vpc_config={"subnet_ids": ["subnet-0abc"], "security_group_ids": [made.service_group.id]},
    )
    aws.ec2.Route(
        "data-out",
        route_table_id=made.data_table.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=made.igw.id,
    )
