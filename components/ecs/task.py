"""The task definition's containers as a document, from plain values.

Field names and limits: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from typing import Any, Final

import pulumi

from perpetual import contract
from perpetual.shutdown import Shutdown
from settings import models

CA_BUNDLE: Final = "/app/rds-global-bundle.pem"
"""Where the image keeps the certificate authorities of RDS; no operating system ships them."""

USER: Final = "nobody"
"""User inside the container, whatever the image says: a release needs no other."""

STREAM_PREFIX: Final = "web"
"""First part of a log stream's name, which reads `web/release/<task id>`."""

OPEN_FILES: Final = 65_536
"""Limit of open files. The VM sizes its port table by it, and with a host's default of 134 million
that table alone takes 1.7 GB."""

LOG_BUFFER: Final = "25m"
"""Log lines kept in memory while CloudWatch is out of reach, where lines may be dropped."""

Containers = list[dict[str, Any]]
"""Container definitions in the spelling of the ECS API; the image may be an output."""


def containers(
    *, stack: contract.Stack, settings: models.Service, host: str, image: pulumi.Input[str]
) -> Containers:
    """Return the containers of a task: the release alone.

    `host` is the name users open. Absent on purpose: a container health check (the target group's
    suffices, and asking the release from inside starts a second VM each time), a restart policy (a
    crash ends the task, so that the deployment's circuit breaker counts it), `privileged`.

    Raises:
        ValueError: A variable of `settings` would replace one of the stack's, or is given twice.
    """
    return [
        {
            "name": contract.Container.RELEASE.value,
            "image": image,
            "essential": True,
            "user": USER,
            "cpu": settings.cpu,
            "memory": settings.memory_mib,
            "memoryReservation": settings.memory_reservation_mib,
            # Under awsvpc the host's port is the container's own.
            "portMappings": [
                {"containerPort": port, "hostPort": port, "protocol": "tcp"}
                for port in (settings.port, settings.distribution_port)
            ],
            "environment": environment(stack=stack, settings=settings, host=host),
            "secrets": secrets(stack=stack, settings=settings),
            "logConfiguration": _logs(stack, settings),
            # An init process reaps what shells of ECS Exec leave behind, and passes SIGTERM on.
            "linuxParameters": {"initProcessEnabled": True},
            "ulimits": [{"name": "nofile", "softLimit": OPEN_FILES, "hardLimit": OPEN_FILES}],
            "stopTimeout": Shutdown(drain=settings.drain_seconds).stop,
            # ECS Exec installs its agent into the container, and so needs a writable root:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
            "readonlyRootFilesystem": False,
        }
    ]


def secret_names(settings: models.Service) -> list[str]:
    """Return the names of the release's secret variables, sorted, each once."""
    return sorted({*contract.SECRETS, *settings.secrets})


def secrets(*, stack: contract.Stack, settings: models.Service) -> list[dict[str, str]]:
    """Return the secret variables, each by the ARN of its parameter: no value passes here."""
    return [
        {"name": name, "valueFrom": stack.parameter_arn("secrets", name)}
        for name in secret_names(settings)
    ]


def environment(
    *, stack: contract.Stack, settings: models.Service, host: str
) -> list[dict[str, str]]:
    """Return the plain variables, sorted by name as ECS returns them: no order, no difference.

    Raises:
        ValueError: A variable of `settings` would replace one of the stack's, or is given twice.
    """
    own = _own_variables(stack, settings, host)
    hidden = set(secret_names(settings))
    _refuse(
        own.keys() & settings.environment.keys(),
        "service.environment sets {names}, which the stack sets itself: remove it there; ports, "
        "host and drain time have settings of their own.",
    )
    _refuse(
        own.keys() & hidden,
        "service.secrets names {names}, which the stack sets itself, as plain variables: choose "
        "other names.",
    )
    _refuse(
        hidden & settings.environment.keys(),
        "service.environment sets {names}, but they are secrets, and ECS takes a name only once: "
        "remove them there and run `perpetual secrets` to set their values.",
    )
    merged = own | settings.environment
    return [{"name": name, "value": merged[name]} for name in sorted(merged)]


def _own_variables(stack: contract.Stack, settings: models.Service, host: str) -> dict[str, str]:
    return {
        # The agent on EC2, unlike Fargate, does not tell a container its region.
        "AWS_REGION": stack.region,
        "DNS_CLUSTER_QUERY": stack.discovery,
        "DRAIN_SECONDS": str(settings.drain_seconds),
        "ERL_DIST_PORT": str(settings.distribution_port),
        "PERPETUAL_STACK": stack.name,
        # libpq's own names and words; runtime.exs reads them for Postgrex.
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": CA_BUNDLE,
        "PHX_HOST": host,
        "PHX_SERVER": "true",
        "PORT": str(settings.port),
        # Long names, `app@10.0.1.2`: short ones cannot join across hosts.
        "RELEASE_DISTRIBUTION": "name",
    }


def _refuse(names: set[str], message: str) -> None:
    if names:
        raise ValueError(message.format(names=", ".join(sorted(names))))


def _logs(stack: contract.Stack, settings: models.Service) -> dict[str, Any]:
    """Return the log configuration; its mode is explicit, for accounts differ in the default.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    options = {
        "awslogs-group": stack.log_group("release"),
        "awslogs-region": stack.region,
        "awslogs-stream-prefix": STREAM_PREFIX,
        "mode": settings.log_mode,
    }
    if settings.log_mode == "non-blocking":
        options["max-buffer-size"] = LOG_BUFFER
    return {"logDriver": "awslogs", "options": options}
