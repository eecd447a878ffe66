"""The states that things of a cluster can be in, in AWS's words where AWS has them."""

from enum import StrEnum


class TaskStatus(StrEnum):
    """States of a task, in their order.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


PENDING = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})
"""States that a service counts as pending."""

LEFT = frozenset({TaskStatus.STOPPING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
"""States in which a task's containers have been told to end, or have ended."""


class Condition(StrEnum):
    """What a task of a service counts as when the scheduler decides.

    `displaced` runs and is healthy, on a host that drains; `doomed` is to be stopped whatever else
    happens; `unhealthy` was healthy before, and waits for its successor; `leaving` counts no more.
    """

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DISPLACED = "displaced"
    DOOMED = "doomed"
    LEAVING = "leaving"


class Rollout(StrEnum):
    """States of a deployment's rollout.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Progress(StrEnum):
    """States of a service deployment.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
    """

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    ROLLBACK_REQUESTED = "ROLLBACK_REQUESTED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


class Monitor(StrEnum):
    """States of the circuit breaker, and of the watch on alarms, within a service deployment.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html
    """

    DISABLED = "DISABLED"
    MONITORING = "MONITORING"
    TRIGGERED = "TRIGGERED"
    COMPLETE = "MONITORING_COMPLETE"
