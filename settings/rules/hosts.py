"""Rules on the hosts, and on what they must hold."""

from typing import Final

from settings.capacity import capacity, is_graviton
from settings.models import Architecture, Hosts, Service
from settings.problems import UNSET, Problem
from settings.rules.base import Problems, Rule, repeated
from settings.rules.service import fewest_running

EXAMPLES: Final = {
    Architecture.ARM64: "t4g.medium or m7g.large",
    Architecture.X86_64: "t3.medium or m7i.large",
}


def types_suit(hosts: Hosts, architecture: Architecture) -> Problems:
    """There is a type, none twice, and all run the stack's architecture."""
    types = hosts.instance_types
    if not types:
        yield Problem(
            "hosts.instanceTypes",
            UNSET,
            "at least one instance type",
            f"name one, such as {EXAMPLES[architecture]}",
        )
    for item in repeated(types):
        yield Problem("hosts.instanceTypes", types, "each type once", f"remove the second {item}")
    for item in types:
        if is_graviton(item) != (architecture == Architecture.ARM64):
            yield Problem(
                "hosts.instanceTypes",
                item,
                f"types with the processor that architecture names, {architecture.value}",
                f"choose a type such as {EXAMPLES[architecture]}, or change architecture",
            )


def bounds_are_ordered(hosts: Hosts) -> Problems:
    """There are never more hosts at least than at most."""
    if hosts.maximum < hosts.minimum:
        yield Problem(
            "hosts.maximum",
            hosts.maximum,
            f"hosts.minimum, {hosts.minimum}, or more",
            "raise it, or lower hosts.minimum",
        )


def task_fits_every_type(hosts: Hosts, service: Service) -> Problems:
    """One task finds place on every type, or the cluster would grow without ever placing it."""
    for item in hosts.instance_types:
        offer = capacity(item)
        if offer is None:
            continue
        if service.memory_reservation_mib > offer.memory:
            yield Problem(
                "service.memoryReservationMib",
                service.memory_reservation_mib,
                f"less than the {offer.memory} MiB of {item}",
                "lower it, or choose larger hosts.instanceTypes",
            )
        if service.cpu > offer.cpu:
            yield Problem(
                "service.cpu",
                service.cpu,
                f"at most the {offer.cpu} units of {item}",
                "lower it, or choose larger hosts.instanceTypes",
            )


def cluster_holds_service(hosts: Hosts, service: Service) -> Problems:
    """The most hosts hold the most tasks, and one more where a deployment cannot stop one first."""
    offers = [capacity(item) for item in hosts.instance_types]
    known = [item for item in offers if item is not None]
    if not known or len(known) < len(offers):
        return
    size = {"cpu": service.cpu, "memory": service.memory_reservation_mib}
    each = max(item.fits(**size) for item in known)
    needed = tasks_to_place(service)
    if 0 < each * hosts.maximum < needed:
        yield Problem(
            "hosts.maximum",
            hosts.maximum,
            f"hosts for {needed} tasks, and one host holds {each} at most (by CPU, memory "
            "reservation and network interfaces)",
            f"set {-(-needed // each)} or more, choose larger hosts.instanceTypes, or lower "
            "service.desired, service.autoscalingMaximum, service.cpu or "
            "service.memoryReservationMib",
        )


def tasks_to_place(service: Service) -> int:
    """Return how many tasks must find place at once for deployments to go on."""
    most = service.desired
    if service.autoscaling:
        most = max(most, service.autoscaling_maximum)
    stops_first = fewest_running(most, service.minimum_healthy_percent) < most
    return most if stops_first or not most else most + 1


RULES: Final[tuple[Rule, ...]] = (
    types_suit,
    bounds_are_ordered,
    task_fits_every_type,
    cluster_holds_service,
)
