"""The settings of a stack: every key, its type, unit, bounds and default.

This is the one place where a key is declared. `Pulumi.yaml`'s `config:` section and the README's
table are generated from it (`make schema`); rules that join several keys are in `rules.py`.

A key is `group.field` in camelCase, such as `database.instanceClass`. The engine reads the dots as
a path, so a stack file nests: `database: {instanceClass: db.m7g.large}`. A key without a default
must be set by every stack. The engine has no optional keys, so "not set" is the empty string there
and `None` here.
"""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from perpetual import contract


class Architecture(StrEnum):
    """Processor architecture of hosts, instance types and image alike."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


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


class DatabaseSource(StrEnum):
    """Where the database comes from."""

    CREATE = "create"
    SNAPSHOT = "snapshot"
    POINT_IN_TIME = "pointInTime"
    STACK = "stack"


class MasterPassword(StrEnum):
    """Who keeps the master password: RDS itself, or a secret that `perpetual db setup` replaces."""

    MANAGED = "managed"
    SECRET = "secret"  # noqa: S105 - the name of a mode


class ImageSource(StrEnum):
    """Who decides which image runs: this `up`, or the last `perpetual deploy`."""

    BUILD = "build"
    DEPLOYED = "deployed"


class Bastion(StrEnum):
    """Whether there is a bastion host, and how it is reached."""

    NONE = "none"
    SSM = "ssm"
    PUBLIC = "public"


def _absent(value: Any) -> Any:
    return None if value == "" else value


T = TypeVar("T")
Maybe = Annotated[T | None, BeforeValidator(_absent)]

Cidr = IPv4Network
AnyCidr = IPv4Network | IPv6Network
LogRetention = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
"""Days that CloudWatch Logs accepts (PutRetentionPolicy)."""


class Group(BaseModel):
    """Base of every settings group: frozen, no unknown keys, camelCase in configuration."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        coerce_numbers_to_str=False,
        use_attribute_docstrings=False,
    )


class Upstream(Group):
    """A reference to another stack's published layer."""

    stack: Maybe[str] = Field(
        default=None,
        description="Stack whose layer is used when `source` is `stack`, as `organization/project/stack`.",
    )
    pin: Maybe[str] = Field(
        default=None,
        description="Pin of that layer, as `pulumi stack output pins` prints it there; the preview fails once it changes.",
    )


class Network(Upstream):
    """VPC, subnets, routes and gateways."""

    source: NetworkSource = Field(
        default=NetworkSource.CREATE,
        description="`create` a VPC, `adopt` an existing one by id, or use another `stack`'s by pin.",
    )
    cidr: Cidr = Field(
        default=IPv4Network("10.0.0.0/16"),
        description="Range of the VPC, /16 to /20; split into four zone slots, so that a zone added later moves nothing.",
    )
    zones: tuple[Annotated[str, Field(pattern=r"^[a-z]$")], ...] = Field(
        default=("a", "b"),
        description="Zone letters, one to four; a letter's position is its slot, so append, never reorder.",
    )
    nat: Nat = Field(
        default=Nat.SINGLE,
        description="NAT gateways for the private subnets: `per-zone`, `single` (one zone's loss cuts all), or `none` (endpoints only).",
    )
    interface_endpoints: tuple[Endpoint, ...] = Field(
        default=(),
        description="AWS services reached through interface endpoints: any of `ecr`, `logs`, `ssm`, `secretsmanager`.",
    )
    private_zone: Maybe[str] = Field(
        default=None,
        description="Name of a Route 53 private zone to create for the VPC, such as `internal.example.com`.",
    )
    flow_log_retention_days: LogRetention = Field(
        default=30, description="Days that VPC flow logs are kept."
    )
    vpc_id: Maybe[Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]] = Field(
        default=None, description="VPC to adopt."
    )
    public_subnets: tuple[str, ...] = Field(
        default=(), description="Public subnet ids to adopt, in the order of `zones`."
    )
    private_subnets: tuple[str, ...] = Field(
        default=(), description="Private subnet ids to adopt, in the order of `zones`."
    )
    data_subnets: tuple[str, ...] = Field(
        default=(), description="Data subnet ids to adopt, in the order of `zones`."
    )


class Database(Upstream):
    """Postgres on RDS."""

    source: DatabaseSource = Field(
        default=DatabaseSource.CREATE,
        description="`create` an empty database, restore a `snapshot` or a `pointInTime`, or use another `stack`'s by pin.",
    )
    snapshot: Maybe[str] = Field(default=None, description="Snapshot identifier or ARN to restore.")
    restore_from: Maybe[str] = Field(
        default=None, description="Identifier of the instance to restore from for `pointInTime`."
    )
    restore_time: str = Field(
        default="latest",
        description="Moment to restore, as `latest` or UTC `2026-11-22T20:00:00Z`.",
    )
    engine_version: str = Field(
        default="17",
        description="PostgreSQL version: a major (RDS keeps the minor current), or `major.minor` in quotes.",
    )
    instance_class: str = Field(default="db.t4g.small", description="RDS instance class.")
    storage_gib: int = Field(default=20, description="Allocated gp3 storage, GiB.")
    max_storage_gib: int = Field(
        default=100, description="Ceiling of storage autoscaling, GiB; 0 turns it off."
    )
    multi_az: bool = Field(default=False, description="Standby in a second zone.")
    replicas: int = Field(default=0, ge=0, le=15, description="Read replicas, 0 to 15.")
    backup_retention_days: int = Field(
        default=14, ge=0, le=35, description="Days of automated backups, 0 (none) to 35."
    )
    backup_window: str = Field(default="03:00-03:45", description="Daily backup window, UTC.")
    maintenance_window: str = Field(
        default="sun:04:00-sun:05:00", description="Weekly maintenance window, UTC."
    )
    master_password: MasterPassword = Field(
        default=MasterPassword.MANAGED,
        description="`managed` by RDS, or `secret`, which replicas and restores need.",
    )
    name: str = Field(default="app", description="Name of the database inside the instance.")
    username: str = Field(
        default="perpetual", description="Master user; the application never uses it."
    )
    port: int = Field(default=5432, description="Port Postgres listens on.")
    ca_certificate: str = Field(
        default="rds-ca-rsa2048-g1", description="RDS certificate authority of the server."
    )
    parameters: dict[str, str] = Field(
        default={}, description="Additional Postgres parameters, name to value; applied at reboot."
    )
    monitoring_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = Field(
        default=60, description="Interval of enhanced monitoring, seconds; 0 turns it off."
    )
    insights: Literal["standard", "advanced"] = Field(
        default="standard", description="Database Insights mode."
    )


class Hosts(Group):
    """EC2 hosts of the ECS cluster."""

    instance_types: tuple[str, ...] = Field(
        default=("t4g.medium",),
        description="Instance types, preferred first; all of the stack's architecture.",
    )
    minimum: int = Field(default=2, description="Fewest hosts.")
    maximum: int = Field(default=4, description="Most hosts.")
    volume_gib: int = Field(default=40, description="Root volume of a host, gp3, GiB.")
    disk_full_percent: int = Field(
        default=85, description="Disk use at which a host reports itself unhealthy and is replaced, %."
    )
    image: Maybe[Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")]] = Field(
        default=None,
        description="AMI to pin; otherwise the current ECS-optimized Amazon Linux 2023 image.",
    )


class Service(Group):
    """The release as an ECS service."""

    desired: int = Field(
        default=2, description="Tasks to run; deploys and autoscaling own the number afterwards."
    )
    minimum_healthy_percent: int = Field(
        default=50, description="Share of the desired tasks that a deployment keeps healthy, %."
    )
    maximum_percent: int = Field(
        default=150, description="Share of the desired tasks that may run during a deployment, %."
    )
    cpu: int = Field(default=512, description="CPU units of a task; 1,024 are one vCPU.")
    memory_mib: int = Field(default=1792, description="Hard memory limit of a task, MiB.")
    memory_reservation_mib: int = Field(
        default=896, description="Memory that placement reserves for a task, MiB."
    )
    port: int = Field(default=5000, description="Port the release serves HTTP on.")
    distribution_port: int = Field(
        default=9100, description="Port of Erlang distribution between tasks."
    )
    stop_seconds: int = Field(
        default=60, description="Time between SIGTERM and SIGKILL, seconds, 2 to 120."
    )
    drain_seconds: int = Field(
        default=45, description="Longest the release's own drainers take after SIGTERM, seconds."
    )
    grace_seconds: int = Field(
        default=60, description="Time after start in which failing health checks stop no task, seconds."
    )
    autoscaling: bool = Field(default=False, description="Scale tasks by CPU use.")
    autoscaling_maximum: int = Field(default=8, description="Most tasks under autoscaling.")
    autoscaling_cpu_percent: int = Field(
        default=60, description="CPU use that autoscaling aims at, %."
    )
    environment: dict[str, str] = Field(
        default={}, description="Additional plain environment variables of the release."
    )
    secrets: tuple[str, ...] = Field(
        default=(),
        description="Additional secret variables; each is an SSM SecureString of that name below the stack's path.",
    )
    log_retention_days: LogRetention = Field(
        default=30, description="Days that the release's logs are kept."
    )
    log_mode: Literal["blocking", "non-blocking"] = Field(
        default="non-blocking",
        description="Whether a full log buffer stalls the release or drops lines.",
    )


class Balancer(Group):
    """Application load balancer, certificate and DNS."""

    domain: str = Field(description="Host name that users open, such as `app.example.com`.")
    zone_id: Maybe[Annotated[str, Field(pattern=r"^Z[A-Z0-9]{6,31}$")]] = Field(
        default=None,
        description="Route 53 public zone of the domain; needed for the record and the certificate.",
    )
    certificate_arn: Maybe[str] = Field(
        default=None,
        description="Existing ACM certificate; otherwise one is issued and validated in the zone.",
    )
    weight: int = Field(
        default=100,
        ge=0,
        le=255,
        description="Weight of this stack's record among stacks that share the domain, 0 to 255.",
    )
    ssl_policy: str = Field(
        default="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        description="TLS policy of the HTTPS listener.",
    )
    ingress_cidrs: tuple[AnyCidr, ...] = Field(
        default=(IPv4Network("0.0.0.0/0"),),
        description="Ranges that may reach the balancer.",
    )
    health_path: str = Field(default="/health", description="Path of the target group's check.")
    health_interval_seconds: int = Field(
        default=5, description="Interval of the target group's check, seconds, 5 to 300."
    )
    health_timeout_seconds: int = Field(
        default=4, description="Timeout of the target group's check, seconds, 2 to 120."
    )
    healthy_threshold: int = Field(
        default=2, ge=2, le=10, description="Passed checks that turn a target healthy, 2 to 10."
    )
    unhealthy_threshold: int = Field(
        default=2, ge=2, le=10, description="Failed checks that turn a target unhealthy, 2 to 10."
    )
    deregistration_seconds: int = Field(
        default=30,
        ge=0,
        le=3600,
        description="Time a leaving target may finish requests, seconds; sockets open longer are cut.",
    )
    idle_seconds: int = Field(
        default=60, ge=1, le=4000, description="Idle timeout of a connection, seconds."
    )
    hsts_seconds: int = Field(
        default=31_536_000, ge=0, description="max-age of Strict-Transport-Security, seconds."
    )
    log_retention_days: int = Field(
        default=90, ge=1, description="Days that access logs are kept."
    )


class Image(Group):
    """The release image."""

    source: ImageSource = Field(
        default=ImageSource.BUILD,
        description="`build` on this `up`, or run what `perpetual deploy` last `deployed`.",
    )
    context: str = Field(
        default="release", description="Build context: a folder, or your application's checkout."
    )
    dockerfile: str = Field(
        default="Dockerfile", description="Dockerfile, relative to the context."
    )
    target: Maybe[str] = Field(default=None, description="Stage of the Dockerfile to build.")
    arguments: dict[str, str] = Field(
        default={}, description="Build arguments; never secrets, they stay in the image."
    )
    keep: int = Field(default=30, ge=2, le=1000, description="Images that the repository keeps.")


class Role(Group):
    """Who may assume one of the three roles."""

    principals: tuple[str, ...] = Field(
        default=(), description="IAM principals that may assume the role, as ARNs."
    )
    github: tuple[str, ...] = Field(
        default=(),
        description="GitHub OIDC subjects that may assume it, such as `repo:acme/shop:environment:prod`.",
    )
    vendor_account: Maybe[str] = Field(
        default=None, description="Customer's or vendor's account that may assume it."
    )
    external_id: Maybe[str] = Field(
        default=None, description="External id that this account must present."
    )


class Access(Group):
    """Roles of people and pipelines, and the bastion."""

    development: Role = Role()
    deployment: Role = Role()
    infrastructure: Role = Role()
    bastion: Bastion = Field(
        default=Bastion.NONE,
        description="`none` (tunnel and console go through a task), `ssm`, or `public`.",
    )
    bastion_cidrs: tuple[AnyCidr, ...] = Field(
        default=(), description="Ranges that may reach a public bastion by SSH."
    )


class Alarms(Group):
    """CloudWatch alarms and where they go."""

    emails: tuple[str, ...] = Field(
        default=(), description="Addresses subscribed to the alarm topic."
    )
    errors_percent: int = Field(
        default=5, ge=1, le=100, description="Share of 5xx answers that alarms, %."
    )
    cpu_percent: int = Field(
        default=85, ge=1, le=100, description="CPU use of service or database that alarms, %."
    )
    memory_percent: int = Field(
        default=85, ge=1, le=100, description="Memory use of the service that alarms, %."
    )
    storage_free_gib: int = Field(
        default=5, ge=1, description="Free database storage below which it alarms, GiB."
    )
    connections: int = Field(
        default=150, ge=1, description="Database connections above which it alarms."
    )
    replica_lag_seconds: int = Field(
        default=60, ge=1, description="Replica lag above which it alarms, seconds."
    )


class Settings(Group):
    """Everything a stack can be told."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")] = Field(
        description="AWS account the stack lives in, 12 digits in quotes; any other is refused."
    )
    region: str = Field(
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
    tags: dict[str, str] = Field(
        default={}, description="Additional tags on every resource of the stack."
    )
    network: Network
    database: Database
    hosts: Hosts
    service: Service
    balancer: Balancer
    image: Image
    access: Access
    alarms: Alarms

    def stack(self, name: str, partition: str) -> contract.Stack:
        """Return the identity of the stack called `name` in these settings' account and region."""
        return contract.Stack(
            name=name, account=self.account, region=self.region, partition=partition
        )
