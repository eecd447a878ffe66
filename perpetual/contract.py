"""What the program, the policy pack's tests and the command agree on: names, paths, outputs.

Everything here is decided by the stack's name, account and region alone, so each name is known
before anything exists: documents that mention it are readable at preview, and the command finds
it with credentials only. The module imports nothing but the standard library.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VERSION: Final = 1
"""Version of the published contract; readers refuse one they do not know."""

PREFIX: Final = "perpetual"
"""First part of every physical name and SSM path."""

STACK_TAG: Final = "perpetual:stack"
"""Tag every resource of a stack carries; the infrastructure role may change nothing without it."""
TIER_TAG: Final = "perpetual:tier"
"""Tag that claims a subnet's tier; the policy pack compares it with what the routes do."""
ROLE_TAG: Final = "perpetual:role"
"""Tag that tells hosts and bastion apart, for the command and for IAM conditions."""

STACK_NAME: Final = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,29}")
"""Stack names that fit every derived AWS name: 1 to 30 small letters, digits, single hyphens."""


class Tier(StrEnum):
    """The three kinds of subnet: reachable from outside, with a way out, without one."""

    PUBLIC = "public"
    PRIVATE = "private"
    DATA = "data"


class Container(StrEnum):
    """Container names inside a task; `RELEASE` is the only one today."""

    RELEASE = "release"


class Limit:
    """Longest physical names AWS accepts, in characters, by kind of resource."""

    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    LOAD_BALANCER: Final = 32
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    TARGET_GROUP: Final = 32
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
    DB_IDENTIFIER: Final = 63
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    BUCKET: Final = 63
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    ROLE: Final = 64
    POLICY: Final = 128
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
    ECS_NAME: Final = 255
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    REPOSITORY: Final = 256


def fitted(name: str, limit: int) -> str:
    """Return `name`, or its head and a 7-character hash of the whole where it exceeds `limit`.

    Cutting alone would make two long names one; the hash keeps them apart and is the same at
    every run.
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:7]
    return f"{name[: limit - 8].rstrip('-')}-{digest}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack's identity, and every physical name and ARN that follows from it.

    `partition` is `aws`, `aws-cn` or `aws-us-gov`; `account` has 12 digits.
    """

    name: str
    account: str
    region: str
    partition: str = "aws"

    @property
    def prefix(self) -> str:
        """Return the stem of physical names, such as `perpetual-prod`."""
        return f"{PREFIX}-{self.name}"

    def physical(self, *parts: str, limit: int = 255) -> str:
        """Return a physical name made of the stack's stem and `parts`, fitted to `limit`."""
        return fitted("-".join((self.prefix, *parts)), limit)

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return an ARN in this stack's account, and region unless `regional` is false."""
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def role_arn(self, role: str) -> str:
        """Return the ARN of one of this stack's IAM roles, by its physical name."""
        return self.arn("iam", f"role/{role}", regional=False)

    def policy_arn(self, policy: str) -> str:
        """Return the ARN of one of this stack's own managed policies, by its physical name."""
        return self.arn("iam", f"policy/{policy}", regional=False)

    @property
    def key_alias(self) -> str:
        """Return the alias of the stack's KMS key; policies name the key by it."""
        return f"alias/{self.prefix}"

    # --- ECS

    @property
    def cluster(self) -> str:
        """Return the ECS cluster's name."""
        return self.prefix

    @property
    def service(self) -> str:
        """Return the ECS service's name."""
        return self.physical("web")

    @property
    def family(self) -> str:
        """Return the task definition family."""
        return self.physical("web")

    @property
    def migration_family(self) -> str:
        """Return the task definition family of migrations, which no service can be given."""
        return self.physical("migrate")

    @property
    def namespace(self) -> str:
        """Return the Cloud Map namespace, a private DNS domain."""
        return f"{self.name}.{PREFIX}.internal"

    @property
    def discovery(self) -> str:
        """Return the DNS name whose A records are the running tasks."""
        return f"web.{self.namespace}"

    @property
    def task_role(self) -> str:
        """Return the name of the role that the release itself runs under."""
        return self.physical("task", limit=Limit.ROLE)

    @property
    def execution_role(self) -> str:
        """Return the name of the role with which ECS pulls the image and reads the secrets."""
        return self.physical("execution", limit=Limit.ROLE)

    @property
    def host_role(self) -> str:
        """Return the name of the role of the EC2 hosts."""
        return self.physical("host", limit=Limit.ROLE)

    # --- access

    @property
    def deployment_role(self) -> str:
        """Return the name of the role that releases: `perpetual deploy` and its relatives."""
        return self.physical("deployment", limit=Limit.ROLE)

    @property
    def development_role(self) -> str:
        """Return the name of the role of people who read, log in and tunnel."""
        return self.physical("development", limit=Limit.ROLE)

    @property
    def infrastructure_role(self) -> str:
        """Return the name of the role under which `pulumi up` changes the stack."""
        return self.physical("infrastructure", limit=Limit.ROLE)

    @property
    def bastion_role(self) -> str:
        """Return the name of the bastion host's own role."""
        return self.physical("bastion", limit=Limit.ROLE)

    @property
    def boundary_policy(self) -> str:
        """Return the name of the infrastructure role's permission boundary."""
        return self.physical("boundary", limit=Limit.POLICY)

    @property
    def pull_document(self) -> str:
        """Return the SSM document that pulls an image onto the hosts, and can do nothing else."""
        return self.physical("pull")

    # --- image

    @property
    def repository(self) -> str:
        """Return the ECR repository's name."""
        return f"{PREFIX}/{self.name}"

    @property
    def repository_url(self) -> str:
        """Return the repository as image references spell it, without tag or digest."""
        suffix = ".cn" if self.partition == "aws-cn" else ""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com{suffix}/{self.repository}"

    # --- logs

    def log_group(self, purpose: str) -> str:
        """Return a log group's name: `release`, `exec`, `flow` and the like."""
        return f"/{PREFIX}/{self.name}/{purpose}"

    # --- SSM parameters

    def parameter(self, *parts: str) -> str:
        """Return an SSM parameter name below this stack's path."""
        return "/".join(("", PREFIX, self.name, *parts))

    def parameter_arn(self, *parts: str) -> str:
        """Return the ARN of an SSM parameter below this stack's path; `*` may be a part."""
        return self.arn("ssm", f"parameter{self.parameter(*parts)}")

    @property
    def release_parameter(self) -> str:
        """Return the parameter that holds the running release's image reference, by digest."""
        return self.parameter("release")

    @property
    def contract_parameter(self) -> str:
        """Return the parameter that holds the published contract, as JSON."""
        return self.parameter("contract")

    def secret(self, name: str) -> str:
        """Return the SecureString parameter behind one secret of the release's environment."""
        return self.parameter("secrets", name)

    def claim(self, upstream: str) -> str:
        """Return where this stack records that it depends on `upstream`, in upstream's own path."""
        return f"/{PREFIX}/{upstream}/claims/{self.name}"


SECRETS: Final = ("DATABASE_URL", "RELEASE_COOKIE", "SECRET_KEY_BASE")
"""Secrets every release needs, in SSM under `Stack.secret`."""

MIGRATOR: Final = "MIGRATOR_DATABASE_URL"
"""Secret that migrations have in place of the release's `DATABASE_URL`: it is that of the role that
may change the schema, and no release sees it."""

VARIABLES: Final = (
    "AWS_REGION",
    "DNS_CLUSTER_QUERY",
    "DRAIN_SECONDS",
    "ERL_DIST_PORT",
    "PERPETUAL_STACK",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PHX_HOST",
    "PHX_SERVER",
    "PORT",
    "RELEASE_DISTRIBUTION",
)
"""Plain variables that the stack gives every release; settings can neither replace nor hide one."""


class Output(StrEnum):
    """Stack outputs, and keys of the published contract."""

    VERSION = "version"
    STACK = "stack"
    ACCOUNT = "account"
    REGION = "region"
    NETWORK = "network"
    DATABASE = "database"
    SERVICE = "service"
    IMAGE = "image"
    ACCESS = "access"
    URL = "url"
    PINS = "pins"


class Layer(StrEnum):
    """Layers whose contract another stack may pin."""

    NETWORK = "network"
    DATABASE = "database"


def canonical(value: object) -> str:
    """Return `value` as JSON with one spelling: sorted keys, no spaces, whole numbers without `.0`.

    The engine hands every number over as a float, so that a port read from another stack is
    `5432.0`; it must hash as the 5432 that was published.
    """
    return json.dumps(_integral(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _integral(value: object) -> object:
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {key: _integral(item) for key, item in value.items()}
        case list() | tuple():
            return [_integral(item) for item in value]
        case _:
            return value


def pin(fields: Mapping[str, object]) -> str:
    """Return the pin of one layer's contract.

    A pin is `v<version>:<SHA-256 of all fields>:<field>=<first 8 digits of its own SHA-256>,...`:
    the first hash decides, the short ones tell which field changed.
    """
    whole = hashlib.sha256(canonical(fields).encode()).hexdigest()
    parts = ",".join(
        f"{key}={hashlib.sha256(canonical(fields[key]).encode()).hexdigest()[:8]}"
        for key in sorted(fields)
    )
    return f"v{VERSION}:{whole}:{parts}"


PIN: Final = re.compile(r"v\d+:[0-9a-f]{64}:(?:\w+=[0-9a-f]{8})(?:,\w+=[0-9a-f]{8})*")
"""Form of a pin, for checking settings."""


def changed_fields(pinned: str, fields: Mapping[str, object]) -> list[str]:
    """Return the names of the fields that differ from what `pinned` recorded, sorted.

    Fields added or removed upstream count as changed. An empty list means that the pin holds.
    """
    current = pin(fields)
    if pinned == current:
        return []
    before, now = (
        dict(part.split("=", 1) for part in text.split(":", 2)[2].split(","))
        for text in (pinned, current)
    )
    differing = sorted(key for key in before | now if before.get(key) != now.get(key))
    return differing or [Output.VERSION.value]
