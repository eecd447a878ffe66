"""Rules on the service: memory, deployments, shutdown, ports and variables."""

import re
from typing import Final

from perpetual import contract
from settings.models import Database, DatabaseSource, Service
from settings.problems import HIDDEN, Problem, listed
from settings.rules.base import Problems, Rule, repeated

RESERVED_ENVIRONMENT: Final = frozenset((*contract.VARIABLES, "RELEASE_NODE"))
"""Variables that the program or the release's own scripts set."""

RESERVED_PREFIXES: Final = ("AWS_CONTAINER_", "ECS_")
"""Variables that the ECS agent sets in every container."""

SECRET_NAME: Final = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|KEY|KEY_BASE|COOKIE)$",
    re.IGNORECASE,
)
PUBLIC_NAME: Final = re.compile(r"(^|_)(PUBLIC|PUBLISHABLE)_", re.IGNORECASE)
CREDENTIAL_URL: Final = re.compile(r"\w+://[^/\s:@]*:[^/\s@]+@")


def fewest_running(desired: int, percent: int) -> int:
    """Return the tasks that ECS keeps healthy during a deployment: a share, rounded up.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    return -(-desired * percent // 100)


def most_running(desired: int, percent: int) -> int:
    """Return the tasks that may run during a deployment: a share, rounded down."""
    return desired * percent // 100


def can_deploy(desired: int, minimum_percent: int, maximum_percent: int) -> bool:
    """Return whether a rolling deployment of `desired` healthy tasks can take its first step.

    It must be free either to stop an old task before a new one is healthy, or to start a new one
    beside all old ones. Whichever it is can be repeated, so the first step decides.
    """
    return (
        not desired
        or fewest_running(desired, minimum_percent) < desired
        or most_running(desired, maximum_percent) > desired
    )


def deployments_proceed(service: Service) -> Problems:
    """Percentages leave room for a deployment at every number of tasks there may be."""
    highest = service.autoscaling_maximum if service.autoscaling else service.desired
    minimum, maximum = service.minimum_healthy_percent, service.maximum_percent
    for count in range(service.desired, max(highest, service.desired) + 1):
        if can_deploy(count, minimum, maximum):
            continue
        yield Problem(
            "service.maximumPercent",
            maximum,
            f"a share of {count} task{'s' if count > 1 else ''} that is at least {count + 1} "
            f"rounded down, or a service.minimumHealthyPercent, now {minimum}, of at most "
            f"{count - 1} rounded up; as it is, no deployment can ever start or stop a task",
            f"set maximumPercent: {-(-100 * (count + 1) // count)} or minimumHealthyPercent: "
            f"{100 * (count - 1) // count}",
        )
        return


def memory_is_ordered(service: Service) -> Problems:
    """ECS takes a reservation only below the limit."""
    if service.memory_reservation_mib >= service.memory_mib:
        yield Problem(
            "service.memoryReservationMib",
            service.memory_reservation_mib,
            f"less than service.memoryMib, {service.memory_mib}",
            f"set it to {service.memory_mib // 2}, or raise service.memoryMib",
        )


def ports_are_apart(service: Service, database: Database) -> Problems:
    """HTTP, distribution and database keep to ports of their own, so that rules tell them apart."""
    if service.port == service.distribution_port:
        yield Problem(
            "service.distributionPort",
            service.distribution_port,
            "a port other than service.port",
            "set it to 9100",
        )
    if database.source != DatabaseSource.STACK and database.port == service.distribution_port:
        yield Problem(
            "service.distributionPort",
            service.distribution_port,
            "a port other than database.port",
            "set it to 9100",
        )


def autoscaling_is_ordered(service: Service) -> Problems:
    """Autoscaling has a range, which begins at one task."""
    if not service.autoscaling:
        return
    if service.autoscaling_maximum <= service.desired:
        yield Problem(
            "service.autoscalingMaximum",
            service.autoscaling_maximum,
            f"more than service.desired, {service.desired}, which is the fewest under autoscaling",
            "raise it, or set autoscaling: false",
        )
    if not service.desired:
        yield Problem(
            "service.desired",
            service.desired,
            "1 or more under autoscaling, for no task means no CPU use to act upon",
            "set it to 1 or more, or autoscaling: false",
        )


def environment_is_plain(service: Service) -> Problems:
    """Variables leave the program's own alone and hold nothing secret, which a state would keep."""
    for name, value in service.environment.items():
        key = f"service.environment.{name}"
        if is_reserved(name):
            yield Problem(
                key,
                value,
                "names that neither the program nor ECS sets",
                "remove the line; ports, host and drain time have settings of their own",
            )
        elif looks_secret(name, value):
            yield Problem(
                key,
                HIDDEN,
                "nothing secret, for variables stand in the state and in the task definition",
                f"remove the line, add {name} to service.secrets and put its value into SSM with "
                "`perpetual secrets`",
            )


def is_reserved(name: str) -> bool:
    """Return whether something else sets the variable `name`."""
    return name in RESERVED_ENVIRONMENT or name.startswith(RESERVED_PREFIXES)


def looks_secret(name: str, value: str) -> bool:
    """Return whether a variable is named like a secret, or holds an address with a password."""
    named = SECRET_NAME.search(name) is not None and PUBLIC_NAME.search(name) is None
    return named or name in contract.SECRETS or CREDENTIAL_URL.search(value) is not None


def secrets_are_apart(service: Service) -> Problems:
    """Secret variables are named once, and not as others are."""
    for name in repeated(service.secrets):
        yield Problem("service.secrets", name, "each name once", "remove the second one")
    for name in service.secrets:
        if name == contract.MIGRATOR:
            yield Problem(
                "service.secrets",
                name,
                "secrets of the release; this one is for migrations alone",
                "remove it from the list: migrations have it without that",
            )
        if name in contract.SECRETS:
            yield Problem(
                "service.secrets",
                name,
                f"names beside {listed(contract.SECRETS)}, which every stack has",
                "remove it from the list",
            )
        if is_reserved(name):
            yield Problem(
                "service.secrets",
                name,
                "names that neither the program nor ECS sets",
                "choose another name",
            )
        if name in service.environment:
            yield Problem(
                "service.secrets",
                name,
                "names that service.environment does not set, for ECS takes a name once",
                f"remove {name} from service.environment or from the list",
            )


RULES: Final[tuple[Rule, ...]] = (
    deployments_proceed,
    memory_is_ordered,
    ports_are_apart,
    autoscaling_is_ordered,
    environment_is_plain,
    secrets_are_apart,
)
