"""The laws against the real program and the real pack: each way to break one is found.

A case changes the prod stack by its configuration, or by code: before the program runs (a component
patched) or after it (a resource added). The pack judges over its own protocol, in preview form with
unknown ids and in update form with known ones.
"""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.data import instance, parameters
from components.ecs import task
from components.ecs.cluster import Cluster
from components.network.network import Network
from perpetual.offline import analysis, preview
from perpetual.offline.answers import invokes
from perpetual.offline.capture import Capture, capture
from perpetual.offline.findings import Finding, Judgement
from perpetual.offline.pack import Pack
from tests.support.stacks import ROOT, restored

SECONDS = 120.0
"""Far more than the pack ever takes: only a hang reaches it."""

SUBNETS = "segregated-subnets"
PUBLIC = "no-public-rds"
TLS = "tls-only-postgres"

Patch = Callable[[pytest.MonkeyPatch], None]
Extra = Callable[["Made"], None]


class Made:
    """What the program made: any resource by its logical name."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        """Walk down from the composition's own variables."""
        self._found: dict[str, pulumi.Resource] = {}
        for value in namespace.values():
            if isinstance(value, pulumi.ComponentResource):
                self._collect(value)

    def _collect(self, resource: pulumi.Resource) -> None:
        self._found[resource._name] = resource  # noqa: SLF001 - the SDK offers no public walk
        for child in resource._childResources:  # noqa: SLF001 - as above
            self._collect(child)

    def __getitem__(self, name: str) -> Any:
        """Return one resource; a name the program does not use is an error of the test."""
        return self._found[name]


@dataclass(frozen=True)
class Case:
    """One way to break a law, and what the finding must say."""

    name: str
    law: str
    resource: str
    path: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    patch: Patch = field(default=lambda _monkeypatch: None)
    added: Extra = field(default=lambda _made: None)


def route(**target: Any) -> Extra:
    """Add a route to the data subnets' table."""

    def add(made: Made) -> None:
        aws.ec2.Route(
            "leak",
            route_table_id=made["network-routes-data"].id,
            **{
                "destination_cidr_block": "0.0.0.0/0",
                **{key: value(made) for key, value in target.items()},
            },
        )

    return add


def admit(**source: Any) -> Extra:
    """Let somebody into the database's security group."""

    def add(made: Made) -> None:
        aws.vpc.SecurityGroupIngressRule(
            "leak",
            security_group_id=made["groups-database"].id,
            ip_protocol="tcp",
            from_port=5432,
            to_port=5432,
            **source,
        )

    return add


def halves(made: Made) -> None:
    """Let the whole world in by two ranges that are none of them 0.0.0.0/0."""
    for number, half in enumerate(("0.0.0.0/1", "128.0.0.0/1")):
        aws.vpc.SecurityGroupIngressRule(
            f"leak-{number}",
            security_group_id=made["groups-database"].id,
            ip_protocol="-1",
            cidr_ipv4=half,
        )


def primary(**changes: Any) -> Patch:
    """Change arguments of the primary database instance."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        original = instance.primary

        def changed(*args: Any, **kwargs: Any) -> aws.rds.InstanceArgs:
            arguments = original(*args, **kwargs)
            for key, value in changes.items():
                pulumi.set(arguments, key, value)
            return arguments

        monkeypatch.setattr(instance, "primary", changed)

    return patch


def environment(**changes: str | None) -> Patch:
    """Change the plain variables of the release; None removes one."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        original = task.environment

        def changed(**kwargs: Any) -> list[dict[str, str]]:
            kept = {item["name"]: item["value"] for item in original(**kwargs)} | changes
            return [{"name": key, "value": value} for key, value in kept.items() if value]

        monkeypatch.setattr(task, "environment", changed)

    return patch


def subnets(tier: str, instead: str) -> Patch:
    """Give out one tier's subnets where another's are asked for."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        original = Network.__init__

        def changed(self: Network, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            setattr(self, f"{tier}_subnet_ids", getattr(self, f"{instead}_subnet_ids"))

        monkeypatch.setattr(Network, "__init__", changed)

    return patch


def parameter(name: str, value: str) -> Patch:
    """Force one Postgres parameter, whatever the settings say."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        original = parameters.merged
        monkeypatch.setattr(parameters, "merged", lambda extra: {**original(extra), name: value})

    return patch


def unclaimed_subnet(made: Made) -> None:
    """Add a subnet that claims to be data, and leaves through the internet gateway."""
    stray = aws.ec2.Subnet(
        "stray",
        vpc_id=made["network-vpc"].id,
        cidr_block="10.0.200.0/24",
        tags={"perpetual:tier": "data"},
    )
    aws.ec2.RouteTableAssociation(
        "stray-association",
        subnet_id=stray.id,
        route_table_id=made["network-routes-public"].id,
    )


def older_replica(made: Made) -> None:
    """Add a replica with a parameter group of a version that does not force TLS by default."""
    group = aws.rds.ParameterGroup("old-parameters", family="postgres14")
    aws.rds.Instance(
        "old-replica",
        instance_class="db.m7g.large",
        replicate_source_db=made["database-primary"].identifier,
        parameter_group_name=group.name,
        ca_cert_identifier="rds-ca-rsa2048-g1",
        vpc_security_group_ids=[made["groups-database"].id],
    )


def open_list(made: Made) -> None:
    """Add an entry for the whole world to the data subnets' access list."""
    aws.ec2.NetworkAclRule(
        "leak",
        network_acl_id=made["network-acl-data"].id,
        rule_number=1,
        protocol="tcp",
        rule_action="allow",
        cidr_block="0.0.0.0/0",
        from_port=5432,
        to_port=5432,
    )


def second_task(made: Made) -> None:
    """Add a worker that reaches the database without asking for verification."""
    aws.ecs.TaskDefinition(
        "worker",
        family="worker",
        container_definitions=json.dumps(
            [
                {
                    "name": "worker",
                    "image": "worker@sha256:" + "0" * 64,
                    "environment": [
                        {"name": "DATABASE_URL", "value": "postgres://db/app?sslmode=require"}
                    ],
                }
            ]
        ),
        execution_role_arn=made["service-execution-role"].arn,
    )


def hosts_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the hosts into whatever subnets the balancer has."""
    original = Cluster.__init__

    def changed(self: Cluster, name: str, args: Any, opts: Any = None) -> None:
        public = SimpleNamespace(**{**vars(args), "subnet_ids": hosts_outside.public()})  # type: ignore[attr-defined]  # set below
        original(self, name, public, opts)  # type: ignore[arg-type]  # only its fields are read

    made: list[Network] = []
    network = Network.__init__

    def remember(self: Network, *args: Any, **kwargs: Any) -> None:
        network(self, *args, **kwargs)
        made.append(self)

    hosts_outside.public = lambda: made[-1].public_subnet_ids  # type: ignore[attr-defined]  # read above
    monkeypatch.setattr(Network, "__init__", remember)
    monkeypatch.setattr(Cluster, "__init__", changed)


CASES = [
    # --- segregated subnets
    Case(
        "a data subnet with a way out by NAT",
        SUBNETS,
        "network-data-a",
        ("network-routes-data", "0.0.0.0/0", "network-routes-nat-a"),
        added=route(nat_gateway_id=lambda made: made["network-routes-nat-a"].id),
    ),
    Case(
        "a data subnet that the internet can reach",
        SUBNETS,
        "network-data-b",
        ("network-routes-data", "0.0.0.0/0", "network-routes-gateway"),
        added=route(gateway_id=lambda made: made["network-routes-gateway"].id),
    ),
    Case(
        "a data subnet with a way out over IPv6",
        SUBNETS,
        "network-data-c",
        ("network-routes-data", "::/0"),
        added=route(
            egress_only_gateway_id=lambda made: (
                aws.ec2.EgressOnlyInternetGateway("leak-gateway", vpc_id=made["network-vpc"].id).id
            ),
            destination_cidr_block=lambda _made: None,
            destination_ipv6_cidr_block=lambda _made: "::/0",
        ),
    ),
    Case(
        "a data subnet with a way out by peering",
        SUBNETS,
        "network-data-a",
        ("network-routes-data", "192.168.0.0/16", "pcx-0123456789abcdef0"),
        added=route(
            vpc_peering_connection_id=lambda _made: "pcx-0123456789abcdef0",
            destination_cidr_block=lambda _made: "192.168.0.0/16",
        ),
    ),
    Case(
        "a subnet that claims to be data and is public",
        SUBNETS,
        "stray",
        ("network-routes-public", "network-routes-gateway"),
        added=unclaimed_subnet,
    ),
    Case(
        "the database in public subnets",
        SUBNETS,
        "database-primary",
        ("database-subnets", "network-public-"),
        patch=subnets("data", "public"),
    ),
    Case(
        "the database in private subnets",
        SUBNETS,
        "database-primary",
        ("database-subnets", "network-private-"),
        patch=subnets("data", "private"),
    ),
    Case(
        "tasks and hosts in public subnets",
        SUBNETS,
        "service-service",
        ("network-public-",),
        patch=subnets("private", "public"),
    ),
    Case(
        "hosts alone in public subnets",
        SUBNETS,
        "cluster-hosts",
        ("network-public-",),
        patch=hosts_outside,
    ),
    Case(
        "the balancer in private subnets",
        SUBNETS,
        "balancer-balancer",
        ("network-private-",),
        patch=subnets("public", "private"),
    ),
    Case(
        "a data access list that is open to the world",
        SUBNETS,
        "network-data-a",
        ("network-acl-data",),
        added=open_list,
    ),
    # --- no public RDS
    Case(
        "a public database",
        PUBLIC,
        "database-primary",
        ("internet", "public address"),
        patch=primary(publicly_accessible=True),
    ),
    Case(
        "a database group open to the world",
        PUBLIC,
        "database-primary",
        ("0.0.0.0/0", "groups-database"),
        added=admit(cidr_ipv4="0.0.0.0/0"),
    ),
    Case(
        "a database group open to the world over IPv6",
        PUBLIC,
        "database-primary",
        ("::/0", "groups-database"),
        added=admit(cidr_ipv6="::/0"),
    ),
    Case(
        "a database group open to the world by two halves",
        PUBLIC,
        "database-primary",
        ("0.0.0.0/1", "groups-database"),
        added=halves,
    ),
    Case(
        "a database group open to a list of unknown ranges",
        PUBLIC,
        "database-primary",
        ("pl-0123456789abcdef0", "groups-database"),
        added=admit(prefix_list_id="pl-0123456789abcdef0"),
    ),
    Case(
        "a database group open to the balancer's neighbours in the internet",
        PUBLIC,
        "database-primary",
        ("8.8.8.0/24", "groups-database"),
        added=admit(cidr_ipv4="8.8.8.0/24"),
    ),
    # --- TLS-only Postgres
    Case(
        "rds.force_ssl 0 by configuration",
        TLS,
        "database-primary",
        ("database-parameters", "rds.force_ssl = 0"),
        overrides=('database.parameters["rds.force_ssl"]=0',),
    ),
    Case(
        "rds.force_ssl 0 by configuration, at the replica",
        TLS,
        "database-replica-1",
        ("database-parameters", "rds.force_ssl = 0"),
        overrides=('database.parameters["rds.force_ssl"]=0',),
    ),
    Case(
        "rds.force_ssl 0 by code",
        TLS,
        "database-primary",
        ("database-parameters", "rds.force_ssl = 0"),
        patch=parameter("rds.force_ssl", "0"),
    ),
    Case(
        "a replica of a parameter group that leaves TLS to an old default",
        TLS,
        "old-replica",
        ("old-parameters", "rds.force_ssl = 0"),
        added=older_replica,
    ),
    Case(
        "a retired certificate authority",
        TLS,
        "database-primary",
        ("rds-ca-2019",),
        patch=primary(ca_cert_identifier="rds-ca-2019"),
    ),
    Case(
        "tasks that take any certificate",
        TLS,
        "service-task",
        ("container release", "PGSSLMODE=require"),
        patch=environment(PGSSLMODE="require"),
    ),
    Case(
        "tasks that are not told to verify",
        TLS,
        "service-task",
        ("container release", "PGSSLMODE"),
        patch=environment(PGSSLMODE=None),
    ),
    Case(
        "tasks with TLS switched off by configuration",
        TLS,
        "service-task",
        ("container release", "DATABASE_SSL=false"),
        overrides=("service.environment.DATABASE_SSL=false",),
    ),
    Case(
        "another task that does not verify",
        TLS,
        "worker",
        ("container worker", "sslmode=require"),
        added=second_task,
    ),
]


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    """The real pack, as a process, asked again and again."""
    planned = preview.plan(preview.Options(root=ROOT, stack="prod"))
    with Pack(planned.policy, planned.identity) as running:
        yield running


def run(case: Case, *, known: bool) -> Capture:
    """Capture prod with this case's changes."""
    options = preview.Options(root=ROOT, stack="prod", overrides=case.overrides)
    planned = preview.plan(options)

    def program() -> None:
        case.added(Made(runpy.run_path(str(ROOT), run_name="__main__")))

    with restored(), pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(ROOT)
        case.patch(monkeypatch)
        return capture(
            program,
            project=planned.project.name,
            stack="prod",
            config=planned.config.values,
            invokes=invokes(planned.answers),
            known=known,
        )


def says(found: Finding, case: Case) -> bool:
    """Tell whether a finding names the law, the resource and each step of the path."""
    _, _, name = found.urn.rpartition("::")
    return (
        found.rule == case.law
        and name == case.resource
        and all(step in found.witness for step in case.path)
    )


@pytest.mark.parametrize("known", [False, True], ids=["preview", "update"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_breaking_a_law_is_a_finding(case: Case, pack: Pack, *, known: bool) -> None:
    """The verdict is a refusal, and a finding names the resource and the path."""
    judgement = analysis.judge(pack, run(case, known=known), SECONDS)
    assert not judgement.clean
    assert [found for found in judgement.findings if says(found, case)], describe(judgement)


def describe(judgement: Judgement) -> str:
    """Show what was found instead."""
    return "\n".join(
        f"{found.rule} {found.urn.rpartition('::')[2]}: {found.witness}"
        for found in judgement.findings
    )


UNCHANGED = Case("unchanged", "", "", ())
"""The case that changes nothing."""


@pytest.mark.parametrize("known", [False, True], ids=["preview", "update"])
def test_the_stack_as_it_is_breaks_none(pack: Pack, *, known: bool) -> None:
    """Also right after stacks that did: the pack remembers nothing of them."""
    judgement = analysis.judge(pack, run(UNCHANGED, known=known), SECONDS)
    assert judgement.findings == ()


def test_the_command_exits_1_and_says_where() -> None:
    """End to end, as a person or a pipeline runs it, from a project's folder."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "perpetual", "preview", "--stack", "prod"),
            *("--config", 'database.parameters["rds.force_ssl"]=0'),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "database-primary" in done.stdout
    assert "rds.force_ssl = 0" in done.stdout
    assert re.search(r"components/data/\S+\.py:\d+", done.stdout)
