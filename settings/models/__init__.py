"""The settings of a stack: every key, its type, unit, bounds and default.

This is the one place where a key is declared. `Pulumi.yaml`'s `config:` section and the README's
table are generated from it (`make schema`); rules that join several keys are in `settings/rules`.

A key is `group.field` in camelCase, such as `database.instanceClass`. The engine reads the dots as
a path, so a stack file nests: `database: {instanceClass: db.m7g.large}`. A key without a default
must be set by every stack. The engine has no optional keys, so "not set" is the empty string there
and `None` here.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from perpetual import contract
from settings import forms
from settings.models.access import Access, Bastion, Role
from settings.models.alarms import Alarms
from settings.models.balancer import Balancer
from settings.models.base import (
    AnyCidr,
    Cidr,
    Group,
    LogRetention,
    Maybe,
    Text,
    Upstream,
)
from settings.models.database import Certificate, Database, DatabaseSource, MasterPassword
from settings.models.image import Image, ImageSource
from settings.models.network import Endpoint, Nat, Network, NetworkSource
from settings.models.service import Hosts, Service

__all__ = [
    "Access",
    "Alarms",
    "AnyCidr",
    "Architecture",
    "Balancer",
    "Bastion",
    "Certificate",
    "Cidr",
    "Database",
    "DatabaseSource",
    "Endpoint",
    "Group",
    "Hosts",
    "Image",
    "ImageSource",
    "LogRetention",
    "MasterPassword",
    "Maybe",
    "Nat",
    "Network",
    "NetworkSource",
    "Role",
    "Service",
    "Settings",
    "Upstream",
]


class Architecture(StrEnum):
    """Processor architecture of hosts, instance types and image alike."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


class Settings(Group):
    """Everything a stack can be told."""

    account: Annotated[str, BeforeValidator(forms.plain_text), AfterValidator(forms.ACCOUNT)] = (
        Field(
            description=(
                "AWS account the stack lives in, 12 digits in quotes; any other is refused."
            ),
        )
    )
    region: Annotated[str, AfterValidator(forms.REGION)] = Field(
        exclude=True,
        description="AWS region, from `aws:region`; any other is refused.",
    )
    architecture: Architecture = Field(
        default=Architecture.ARM64,
        description="Processor architecture of hosts and image: `arm64` or `x86_64`.",
    )
    protect: bool = Field(
        default=True,
        description="Protect database, keys and logs from deletion, in Pulumi and in AWS.",
    )
    tags: dict[str, Text] = Field(
        default={}, description="Additional tags on every resource of the stack."
    )
    network: Network = Network()
    database: Database = Database()
    hosts: Hosts = Hosts()
    service: Service = Service()
    balancer: Balancer
    image: Image = Image()
    access: Access = Access()
    alarms: Alarms = Alarms()

    def stack(self, name: str, partition: str) -> contract.Stack:
        """Return the identity of the stack called `name` in these settings' account and region."""
        return contract.Stack(
            name=name, account=self.account, region=self.region, partition=partition
        )
