"""Settings of the hosts and of the release that runs on them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from perpetual import shutdown
from settings import forms
from settings.models.base import Group, LogRetention, Maybe, Text, VariableName

InstanceType = Annotated[str, AfterValidator(forms.INSTANCE_TYPE)]


class Hosts(Group):
    """EC2 hosts of the ECS cluster."""

    instance_types: tuple[InstanceType, ...] = Field(
        default=("t4g.medium",),
        description="Instance types, preferred first; all of the stack's architecture.",
    )
    minimum: int = Field(default=2, ge=1, le=500, description="Fewest hosts, 1 to 500.")
    maximum: int = Field(default=4, ge=1, le=500, description="Most hosts, 1 to 500.")
    # The ECS-optimized AL2023 image is itself a snapshot of 30 GiB, and no volume may be smaller:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/al2023.html
    volume_gib: int = Field(
        default=40, ge=30, le=16_384, description="Root volume of a host, gp3, GiB, 30 to 16384."
    )
    disk_full_percent: int = Field(
        default=85,
        ge=50,
        le=95,
        description=(
            "Disk use at which a host reports itself unhealthy and is replaced, %, 50 to 95."
        ),
    )
    image: Maybe[Annotated[str, AfterValidator(forms.IMAGE_ID)]] = Field(
        default=None,
        description="AMI to pin; otherwise the current ECS-optimized Amazon Linux 2023 image.",
    )


class Service(Group):
    """The release as an ECS service."""

    desired: int = Field(
        default=2,
        ge=0,
        le=1000,
        description="Tasks to run; deploys and autoscaling own the number afterwards.",
    )
    minimum_healthy_percent: int = Field(
        default=50,
        ge=0,
        le=100,
        description="Share of the desired tasks that a deployment keeps healthy, %, rounded up.",
    )
    maximum_percent: int = Field(
        default=150,
        ge=100,
        le=200,
        description="Share of the desired tasks that may run during a deployment, %, rounded down.",
    )
    cpu: int = Field(
        default=512,
        ge=128,
        le=196_608,
        description="CPU units of a task; 1024 are one vCPU.",
    )
    memory_mib: int = Field(
        default=1792, ge=128, le=786_432, description="Hard memory limit of a task, MiB."
    )
    memory_reservation_mib: int = Field(
        default=896,
        ge=128,
        le=786_432,
        description="Memory that placement reserves for a task, MiB; below `memoryMib`.",
    )
    port: int = Field(
        default=5000,
        ge=1024,
        le=65_535,
        description="Port the release serves HTTP on, 1024 to 65535.",
    )
    distribution_port: int = Field(
        default=9100,
        ge=1024,
        le=65_535,
        description="Port of Erlang distribution between tasks, 1024 to 65535.",
    )
    drain_seconds: int = Field(
        default=shutdown.DEFAULT.drain,
        ge=0,
        le=shutdown.MOST_DRAIN,
        description=(
            "Longest the release's own drainers take after SIGTERM, seconds; SIGKILL comes "
            f"{shutdown.SPARE} later. 0 to {shutdown.MOST_DRAIN}."
        ),
    )
    grace_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="Time after start in which failing health checks stop no task, seconds.",
    )
    autoscaling: bool = Field(default=False, description="Scale tasks by CPU use.")
    autoscaling_maximum: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="Most tasks under autoscaling; the fewest is `desired`.",
    )
    autoscaling_cpu_percent: int = Field(
        default=60, ge=10, le=90, description="CPU use that autoscaling aims at, %, 10 to 90."
    )
    environment: dict[VariableName, Text] = Field(
        default={}, description="Additional plain environment variables of the release."
    )
    secrets: tuple[VariableName, ...] = Field(
        default=(),
        description=(
            "Additional secret variables; each is an SSM SecureString of that name below the "
            "stack's path."
        ),
    )
    log_retention_days: LogRetention = Field(
        default=30, description="Days that the release's logs are kept."
    )
    log_mode: Literal["blocking", "non-blocking"] = Field(
        default="non-blocking",
        description="Whether a full log buffer stalls the release or drops lines.",
    )
