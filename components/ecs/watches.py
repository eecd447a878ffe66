"""What is watched and when it alarms: a table, without resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi

from settings import models

MINIMUM_REQUESTS: Final = 20
"""Requests a minute below which a share of errors says nothing: one of two is 50 %."""

GIB: Final = 1024**3

TARGET_ERRORS: Final = "target-errors"
BALANCER_ERRORS: Final = "balancer-errors"
UNHEALTHY_TARGETS: Final = "unhealthy-targets"

ROLLBACK: Final = (TARGET_ERRORS, BALANCER_ERRORS, UNHEALTHY_TARGETS)
"""Watches that a bad release sets off within minutes, and that undo its deployment."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One CloudWatch metric and the statistic of it that counts, per minute."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One alarm: it fires when its value is beyond `threshold` for `minutes` minutes on end.

    The value is the one metric, or `expression` over several. `missing` says what minutes without
    data count as: `notBreaching` where no traffic means no data, `missing` (no change of state)
    where a database may be stopped on purpose.
    """

    key: str
    description: str
    metrics: Mapping[str, Metric]
    threshold: float
    minutes: int
    expression: str | None = None
    comparison: Literal[
        "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"
    ] = "GreaterThanThreshold"
    missing: Literal["notBreaching", "missing"] = "notBreaching"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The names of what is watched; no `database` where it is another stack's."""

    cluster: str
    service: str
    balancer: pulumi.Input[str]
    targets: pulumi.Input[str]
    database: str | None
    replicas: tuple[str, ...]


def watches(settings: models.Alarms, service: models.Service, watched: Watched) -> list[Watch]:
    """Return every alarm of a stack."""
    return [
        *_traffic(settings, watched),
        *_service(settings, service, watched),
        *_database(settings, watched),
        *(
            _replica(settings, number, replica)
            for number, replica in enumerate(watched.replicas, start=1)
        ),
    ]


def _traffic(settings: models.Alarms, watched: Watched) -> list[Watch]:
    """Return the alarms on what users see.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    def count(name: str, statistic: str = "Sum", **more: pulumi.Input[str]) -> Metric:
        dimensions = {"LoadBalancer": watched.balancer, **more}
        return Metric(
            namespace="AWS/ApplicationELB", name=name, statistic=statistic, dimensions=dimensions
        )

    requests = count("RequestCount")
    return [
        Watch(
            key=TARGET_ERRORS,
            description=f"More than {settings.errors_percent} % of answers are the release's 5xx.",
            metrics={"errors": count("HTTPCode_Target_5XX_Count"), "requests": requests},
            expression=_share("FILL(requests, 0)"),
            threshold=settings.errors_percent,
            minutes=3,
        ),
        Watch(
            key=BALANCER_ERRORS,
            description=f"More than {settings.errors_percent} % of answers are the balancer's 5xx.",
            metrics={"errors": count("HTTPCode_ELB_5XX_Count"), "requests": requests},
            # The balancer does not count requests that it could pass to no target.
            expression=_share("(FILL(requests, 0) + FILL(errors, 0))"),
            threshold=settings.errors_percent,
            minutes=3,
        ),
        Watch(
            key=UNHEALTHY_TARGETS,
            description="A task has failed its health checks for 3 minutes.",
            metrics={
                "targets": count("UnHealthyHostCount", "Maximum", TargetGroup=watched.targets)
            },
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            minutes=3,
        ),
    ]


def _share(total: str) -> str:
    """Return the share of errors in `total` as metric math, %; 0 when there is little traffic."""
    return f"IF({total} >= {MINIMUM_REQUESTS}, 100 * FILL(errors, 0) / {total}, 0)"


def _service(settings: models.Alarms, service: models.Service, watched: Watched) -> list[Watch]:
    """Return the alarms on what the release uses.

    ECS measures memory against the reservation, while the setting and the kernel speak of the
    limit, at which a task is killed; so the threshold is beyond 100 % where they differ.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
    """

    def use(name: str) -> Mapping[str, Metric]:
        dimensions = {"ClusterName": watched.cluster, "ServiceName": watched.service}
        return {
            "used": Metric(
                namespace="AWS/ECS", name=name, statistic="Average", dimensions=dimensions
            )
        }

    return [
        Watch(
            key="service-cpu",
            description=f"Tasks use more than {settings.cpu_percent} % of their CPU.",
            metrics=use("CPUUtilization"),
            threshold=settings.cpu_percent,
            minutes=5,
        ),
        Watch(
            key="service-memory",
            description=f"Tasks use more than {settings.memory_percent} % of their memory limit.",
            metrics=use("MemoryUtilization"),
            threshold=settings.memory_percent * service.memory_mib / service.memory_reservation_mib,
            minutes=5,
        ),
    ]


def _database(settings: models.Alarms, watched: Watched) -> list[Watch]:
    """Return the alarms on the database; none where it is another stack's.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
    """
    if not watched.database:
        return []
    return [
        Watch(
            key="database-cpu",
            description=f"The database uses more than {settings.cpu_percent} % of its CPU.",
            metrics={"used": _rds("CPUUtilization", watched.database, "Average")},
            threshold=settings.cpu_percent,
            minutes=10,
            missing="missing",
        ),
        Watch(
            key="database-storage",
            description=f"The database has less than {settings.storage_free_gib} GiB left.",
            metrics={"free": _rds("FreeStorageSpace", watched.database, "Minimum")},
            comparison="LessThanThreshold",
            threshold=settings.storage_free_gib * GIB,
            minutes=5,
            missing="missing",
        ),
        Watch(
            key="database-connections",
            description=f"The database has more than {settings.connections} connections.",
            metrics={"open": _rds("DatabaseConnections", watched.database, "Maximum")},
            threshold=settings.connections,
            minutes=5,
            missing="missing",
        ),
    ]


def _replica(settings: models.Alarms, number: int, replica: str) -> Watch:
    return Watch(
        key=f"replica-{number}-lag",
        description=f"{replica} is more than {settings.replica_lag_seconds} s behind.",
        metrics={"lag": _rds("ReplicaLag", replica, "Maximum")},
        threshold=settings.replica_lag_seconds,
        minutes=5,
        missing="missing",
    )


def _rds(name: str, identifier: str, statistic: str) -> Metric:
    return Metric(
        namespace="AWS/RDS",
        name=name,
        statistic=statistic,
        dimensions={"DBInstanceIdentifier": identifier},
    )
