"""What a service tells about itself, in AWS's words.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-unhealthy-event-messages.html
Words that these pages leave out are those that the API answers.
"""

from collections.abc import Sequence
from typing import Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Instance, Task
from perpetual.sandbox.ecs.names import last
from perpetual.sandbox.ecs.placement import AGENT, Lack
from perpetual.sandbox.ecs.records import Deployment, Event, Service
from perpetual.sandbox.ecs.world import Target

KEPT: Final = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html"""

STEADY: Final = "has reached a steady state."
UNABLE: Final = (
    "was unable to place a task because no container instance met all of its requirements."
)
IMPAIRED: Final = "is unable to consistently start tasks successfully."
DEADLOCK: Final = (
    "was unable to stop or start tasks during a deployment because of the service deployment "
    "configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
)
_MORE: Final = (
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)
_LACKS: Final = {
    "RESOURCE:CPU": "has insufficient CPU units available.",
    "RESOURCE:MEMORY": "has insufficient memory available.",
    "RESOURCE:PORTS": "is already using a port required by your task.",
    "ATTRIBUTE": "is missing an attribute required by your task.",
}


def say(core: Core, service: Service, message: str) -> None:
    """Add an event, with the service's name before it; only the latest hundred are kept."""
    text = f"(service {service.name}) {message}"
    service.events.append(Event(id=core.state.ids.uuid(), at=core.now, message=text))
    del service.events[:-KEPT]


def say_once(core: Core, service: Service, message: str, cause: str | None = None) -> bool:
    """Add an event unless its cause, by default its words, was told of less than six hours ago.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
    """
    key = cause or message
    told = service.said.get(key)
    if told is not None and core.now < told + core.timing.repeat:
        return False
    service.said[key] = core.now
    say(core, service, message)
    return True


def resolved(service: Service, cause: str) -> None:
    """Note that a cause is gone: the next time it is told of again."""
    service.said.pop(cause, None)


def _listed(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {last(task.arn)})" for task in tasks)


def started(core: Core, service: Service, tasks: Sequence[Task], replaced: int) -> None:
    """Tell which tasks were started, and how many of them replace unhealthy ones."""
    text = f"has started {len(tasks)} tasks: {_listed(tasks)}."
    if replaced:
        text += f" Amazon ECS replaced {replaced} tasks due to an unhealthy status."
    say(core, service, text)


def stopped(core: Core, service: Service, tasks: Sequence[Task]) -> None:
    """Tell which tasks the scheduler stopped."""
    say(core, service, f"has stopped {len(tasks)} running tasks: {_listed(tasks)}.")


def started_in_zone(core: Core, service: Service, zone: str, task: Task) -> None:
    """Tell that rebalancing started a task in a zone.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing-event-messages-list.html
    """
    text = f"has started 1 tasks in Availability Zone {zone} to AZ Rebalance: {_listed([task])}."
    say(core, service, text)


def stopped_in_zone(core: Core, service: Service, zone: str, tasks: Sequence[Task]) -> None:
    """Tell that rebalancing stopped tasks in a zone."""
    text = f"has stopped {len(tasks)} running tasks in Availability Zone {zone} due to AZ"
    say(core, service, f"{text} rebalancing: {_listed(tasks)}.")


def balance(core: Core, service: Service, zones: dict[str, int], *, even: bool) -> None:
    """Tell how a service's tasks are spread over zones, and whether that is being changed."""
    spread = ", ".join(
        f"{count} tasks in Availability Zone {zone}" for zone, count in sorted(zones.items())
    )
    if even:
        say(core, service, f"is AZ balanced with {spread}.")
    else:
        say(core, service, f"is not AZ balanced with {spread}. AZ Rebalancing in progress.")


def registrations(core: Core, service: Service, group: str, count: int) -> None:
    """Tell how many targets were registered with a target group."""
    say(core, service, f"registered {count} targets in (target-group {group})")


def deregistrations(core: Core, service: Service, group: str, deployment: str, count: int) -> None:
    """Tell how many targets were deregistered, and that their connections drain."""
    say(core, service, f"deregistered {count} targets in (target-group {group})")
    text = f"(service {service.name}, taskSet {deployment}) has begun draining connections on"
    service.events.append(
        Event(id=core.state.ids.uuid(), at=core.now, message=f"{text} {count} tasks.")
    )
    del service.events[:-KEPT]


def unhealthy_target(core: Core, service: Service, task: Task, target: Target, reason: str) -> None:
    """Tell that a task fails the health checks of its target group."""
    host = core.instance(task)
    where = f"(instance {host.host.instance}) " if host else ""
    text = f"(task {last(task.arn)}) {where}(port {target.port}) is unhealthy in"
    say(core, service, f"{text} (target-group {target.group}) due to (reason {reason})")


def unhealthy_container(core: Core, service: Service, task: Task) -> None:
    """Tell that a task fails its own health checks."""
    say(core, service, f"(task {last(task.arn)}) failed container health checks.")


def completed(core: Core, service: Service, deployment: Deployment) -> None:
    """Tell that a deployment is over."""
    say(core, service, f"(deployment {deployment.id}) deployment completed.")


def failed(core: Core, service: Service, deployment: Deployment, why: str) -> None:
    """Tell that a deployment failed, and of which of its monitors."""
    say(core, service, f"(deployment {deployment.id}) deployment failed: {why}.")


def rolling_back(core: Core, service: Service, deployment: Deployment) -> None:
    """Tell what is returned to."""
    say(core, service, f"rolling back to deployment {deployment.id}.")


def unplaced(core: Core, service: Service, lacking: Sequence[Lack], *, provider: bool) -> None:
    """Tell that no host takes a task, and what the closest one lacks."""
    say_once(core, service, f"{UNABLE} {closest(lacking, provider=provider)} {_MORE}", UNABLE)


def closest(lacking: Sequence[Lack], *, provider: bool) -> str:
    """Return what the closest host lacks: one that lacks a resource, if there is one."""
    if not lacking:
        where = "capacity provider" if provider else "cluster"
        return f"Reason: No Container Instances were found in your {where}."
    nearest = min(lacking, key=lambda one: (one.reason == AGENT, one.reason == "ATTRIBUTE"))
    what = _LACKS.get(nearest.reason, f'encountered error "{nearest.reason}".')
    return f"The closest matching (container-instance {last(nearest.instance)}) {what}"


def host_lost(instance: Instance, reason: str) -> str:
    """Return what tasks of a lost host say about their end.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    return reason.format(instance=instance.host.instance)
