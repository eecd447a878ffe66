"""Network ACLs: a second wall around each tier, which no security group can open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.network import plan
from components.network.layout import ANYWHERE
from perpetual import contract
from perpetual.contract import Tier

# The API knows protocols by number only; a name would differ from it at every refresh.
ALL: Final = "-1"
TCP: Final = "6"
UDP: Final = "17"

_HIGH_PORTS: Final = (1024, 65535)
"""Ports that answers come back to; NAT gateways and balancers use all of them.

https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
"""
_LOW_PORTS: Final = (0, 1023)
_ANY_PORT: Final = (0, 0)
_HTTP: Final = (80, 80)
_HTTPS: Final = (443, 443)
_SSH: Final = (22, 22)


class Entry(NamedTuple):
    """One entry of a network ACL; the lowest number that matches decides."""

    number: int
    action: str
    protocol: str
    cidr: str
    ports: tuple[int, int] = _ANY_PORT


class Entries(NamedTuple):
    """Both directions of a network ACL; what no entry allows is denied."""

    ingress: Sequence[Entry]
    egress: Sequence[Entry]


_OUT: Final = (Entry(100, "allow", ALL, ANYWHERE),)


def public_entries(cidr: str, *, ssh: bool) -> Entries:
    """Return the public tier's entries: the balancer's two ports, SSH if asked for, and answers."""
    ssh_entry = [Entry(220, "allow", TCP, ANYWHERE, _SSH)] if ssh else []
    return Entries(
        [
            Entry(100, "allow", ALL, cidr),
            Entry(200, "allow", TCP, ANYWHERE, _HTTP),
            Entry(210, "allow", TCP, ANYWHERE, _HTTPS),
            *ssh_entry,
            *_answers(),
        ],
        _OUT,
    )


def private_entries(cidr: str) -> Entries:
    """Return the private tier's entries: the VPC, and answers to what was asked through NAT."""
    return Entries([Entry(100, "allow", ALL, cidr), *_answers()], _OUT)


def data_entries(subnets: Sequence[plan.Subnet], port: int, *, public_clients: bool) -> Entries:
    """Return the data tier's entries: Postgres on `port` from private ranges, and its answers.

    Data ranges reach one another on high ports, for replicas in other zones. Public ranges are
    clients only with a public bastion. Numbers follow the slots: a new zone renumbers nothing.
    """
    clients = [Tier.PRIVATE, Tier.PUBLIC] if public_clients else [Tier.PRIVATE]
    bases = {Tier.PRIVATE: 100, Tier.DATA: 200, Tier.PUBLIC: 300}
    ingress = [
        Entry(
            bases[subnet.tier] + subnet.slot,
            "allow",
            TCP,
            str(subnet.cidr),
            _HIGH_PORTS if subnet.tier is Tier.DATA else (port, port),
        )
        for tier in (*clients, Tier.DATA)
        for subnet in plan.ranges(subnets, tier)
    ]
    egress = [entry._replace(ports=_HIGH_PORTS) for entry in ingress]
    return Entries(ingress, egress)


def _answers() -> list[Entry]:
    # From outside the VPC only answers come, and they come to high ports: what listens below,
    # SSH first of all, is not reachable even where a security group says so.
    return [
        Entry(300, "deny", TCP, ANYWHERE, _LOW_PORTS),
        Entry(310, "deny", UDP, ANYWHERE, _LOW_PORTS),
        Entry(400, "allow", ALL, ANYWHERE),
    ]


@dataclass(frozen=True, kw_only=True)
class AccessListsArgs:
    """Arguments of `AccessLists`; `subnets` are those of one VPC, by their place in its plan."""

    stack: contract.Stack
    cidr: str
    database_port: int
    public_clients: bool
    vpc_id: pulumi.Input[str]
    subnets: Mapping[plan.Subnet, aws.ec2.Subnet]


class AccessLists(Component):
    """One network ACL per tier, associated with each of its subnets.

    Every subnet has one, because the VPC's default ACL is stripped and denies everything. Entries
    are inline, so that one added by hand is removed; all their values are known at preview. DNS of
    the VPC is not subject to network ACLs
    (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html).
    """

    token = "perpetual:network:AccessLists"

    associations: dict[plan.Subnet, pulumi.CustomResource]

    def __init__(
        self, name: str, args: AccessListsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the three lists and their associations."""
        super().__init__(name, opts)
        planned = list(args.subnets)
        self.associations = {}
        self._create(name, Tier.PUBLIC, public_entries(args.cidr, ssh=args.public_clients), args)
        self._create(name, Tier.PRIVATE, private_entries(args.cidr), args)
        self._create(
            name,
            Tier.DATA,
            data_entries(planned, args.database_port, public_clients=args.public_clients),
            args,
        )
        self.register_outputs({})

    def _create(self, name: str, tier: Tier, entries: Entries, args: AccessListsArgs) -> None:
        acl = aws.ec2.NetworkAcl(
            f"{name}-{tier}",
            vpc_id=args.vpc_id,
            ingress=[aws.ec2.NetworkAclIngressArgs(**_entry(entry)) for entry in entries.ingress],
            egress=[aws.ec2.NetworkAclEgressArgs(**_entry(entry)) for entry in entries.egress],
            tags={"Name": args.stack.physical(tier)},
            opts=self._child(),
        )
        for planned in plan.ranges(list(args.subnets), tier):
            self.associations[planned] = aws.ec2.NetworkAclAssociation(
                f"{name}-{planned.key}",
                network_acl_id=acl.id,
                subnet_id=args.subnets[planned].id,
                opts=self._child(),
            )


def _entry(entry: Entry) -> dict[str, Any]:
    first, last = entry.ports
    return {
        "rule_no": entry.number,
        "action": entry.action,
        "protocol": entry.protocol,
        "cidr_block": entry.cidr,
        "from_port": first,
        "to_port": last,
    }
