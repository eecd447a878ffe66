"""Settings of the network."""

from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from settings import forms
from settings.models.base import Cidr, LogRetention, Maybe, Upstream


class NetworkSource(StrEnum):
    """Where the network comes from."""

    CREATE = "create"
    ADOPT = "adopt"
    STACK = "stack"


class Nat(StrEnum):
    """How private subnets reach the internet."""

    PER_ZONE = "per-zone"
    SINGLE = "single"
    NONE = "none"


class Endpoint(StrEnum):
    """AWS services that may get interface endpoints in the private subnets."""

    ECR = "ecr"
    LOGS = "logs"
    SSM = "ssm"
    SECRETS_MANAGER = "secretsmanager"


Zone = Annotated[str, AfterValidator(forms.ZONE)]
Subnet = Annotated[str, AfterValidator(forms.SUBNET)]


class Network(Upstream):
    """VPC, subnets, routes and gateways."""

    source: NetworkSource = Field(
        default=NetworkSource.CREATE,
        description=(
            "`create` a VPC, `adopt` an existing one by id, or use another `stack`'s by pin."
        ),
    )
    cidr: Cidr = Field(
        default=IPv4Network("10.0.0.0/16"),
        description=(
            "Range of the VPC, /16 to /20; split into four zone slots, so that a zone added later "
            "moves nothing."
        ),
    )
    zones: tuple[Zone, ...] = Field(
        default=("a", "b"),
        description=(
            "Zone letters, two to four; a letter's position is its slot, so append, never reorder."
        ),
    )
    nat: Nat = Field(
        default=Nat.SINGLE,
        description=(
            "NAT gateways for the private subnets: `per-zone`, `single` (one zone's loss cuts "
            "all), or `none` (endpoints only)."
        ),
    )
    interface_endpoints: tuple[Endpoint, ...] = Field(
        default=(),
        description=(
            "AWS services reached through interface endpoints: any of `ecr`, `logs`, `ssm`, "
            "`secretsmanager`; `nat: none` brings along those that hosts live by."
        ),
    )
    private_zone: Maybe[Annotated[str, AfterValidator(forms.DOMAIN)]] = Field(
        default=None,
        description=(
            "Name of a Route 53 private zone to create for the VPC, such as `internal.example.com`."
        ),
    )
    flow_log_retention_days: LogRetention = Field(
        default=30, description="Days that VPC flow logs are kept."
    )
    vpc_id: Maybe[Annotated[str, AfterValidator(forms.VPC)]] = Field(
        default=None, description="VPC to adopt."
    )
    public_subnets: tuple[Subnet, ...] = Field(
        default=(), description="Public subnet ids to adopt, in the order of `zones`."
    )
    private_subnets: tuple[Subnet, ...] = Field(
        default=(), description="Private subnet ids to adopt, in the order of `zones`."
    )
    data_subnets: tuple[Subnet, ...] = Field(
        default=(), description="Data subnet ids to adopt, in the order of `zones`."
    )
