"""A target's life, decided from what HAProxy saw of it: pure, and AWS's words for it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from perpetual.sandbox.ecs.world import Health, Target, TargetHealth
from perpetual.sandbox.runtime.balancer.config import Server
from perpetual.sandbox.runtime.balancer.control import Row
from perpetual.sandbox.runtime.balancer.model import Check, Group

DESCRIPTIONS: Final = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
}
"""AWS's sentence for each reason; that of a wrong status names it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

_NOT_YET: Final = ("", "INI", "UNK")
_TIMEOUTS: Final = ("L4TOUT", "L6TOUT", "L7TOUT")


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """A target and what is known of it; `since` is when its state began, `failing` its first fault.

    `present` tells whether HAProxy has it.
    """

    target: Target
    address: str
    zone: str = ""
    state: Health = Health.INITIAL
    reason: str = "Elb.RegistrationInProgress"
    description: str = DESCRIPTIONS["Elb.RegistrationInProgress"]
    since: float = 0.0
    failing: float | None = None
    present: bool = False

    @property
    def server(self) -> Server:
        """Return it as a server of HAProxy."""
        task = self.target.task.rpartition("/")[2]
        return Server(
            name=f"{task}-{self.target.port}",
            address=self.address,
            port=self.target.port,
            serves=self.state is Health.HEALTHY,
        )

    @property
    def report(self) -> TargetHealth:
        """Return what the control plane is told."""
        return TargetHealth(
            target=self.target, state=self.state, reason=self.reason, description=self.description
        )

    def described(self) -> dict[str, Any]:
        """Return what DescribeTargetHealth says of it."""
        reason = {"Reason": self.reason, "Description": self.description} if self.reason else {}
        return {
            "Target": {
                "Id": self.address,
                "Port": self.target.port,
                **({"AvailabilityZone": self.zone} if self.zone else {}),
            },
            "HealthCheckPort": str(self.target.port),
            "TargetHealth": {"State": self.state.value, **reason},
        }

    def now(self, state: Health, reason: str, at: float, description: str = "") -> "Tracked":
        """Return it in another state."""
        said = description or DESCRIPTIONS.get(reason, "")
        return replace(self, state=state, reason=reason, description=said, since=at)


def judge(tracked: Tracked, row: Row, group: Group, at: float) -> Tracked:
    """Return a target after another look at what HAProxy's checks found.

    A new target is healthy after a single success, whatever the group's threshold: that holds only
    for the way back from unhealthy.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html
    """
    if tracked.state is Health.INITIAL:
        return _judge_new(tracked, row, group.check, at)
    if tracked.state is Health.HEALTHY and row.status.startswith("DOWN"):
        reason, description = why(row)
        return tracked.now(Health.UNHEALTHY, reason, at, description)
    if tracked.state is Health.UNHEALTHY and row.status.startswith("UP"):
        return replace(tracked.now(Health.HEALTHY, "", at), failing=None)
    if tracked.state is Health.DRAINING and at - tracked.since >= group.deregistration_seconds:
        return tracked.now(Health.UNUSED, "Target.NotRegistered", at)
    return tracked


def why(row: Row) -> tuple[str, str]:
    """Return the reason of a failed check, and AWS's sentence for it."""
    if row.check in _TIMEOUTS:
        reason = "Target.Timeout"
    elif row.code and row.check == "L7STS":
        return (
            "Target.ResponseCodeMismatch",
            f"Health checks failed with these codes: [{row.code}]",
        )
    else:
        reason = "Target.FailedHealthChecks"
    return reason, DESCRIPTIONS[reason]


def commands(before: Tracked, after: Tracked, backend: str) -> list[str]:
    """Return what HAProxy is told when a target's state changes."""
    server = f"{backend}/{after.server.name}"
    match before.state, after.state:
        case Health.INITIAL, Health.HEALTHY:
            return [f"set server {server} health up", f"set server {server} state ready"]
        case Health.INITIAL, Health.UNHEALTHY:
            # Down as it is, it takes nothing until its checks have brought it back.
            return [f"set server {server} health down", f"set server {server} state ready"]
        case _, Health.DRAINING:
            return [f"set server {server} state drain"]
        case _, Health.UNUSED:
            return [f"set server {server} state maint", f"shutdown sessions server {server}"]
        case _:
            return []


def again(tracked: Tracked, backend: str) -> list[str]:
    """Return what a fresh HAProxy is told, that has the target from its configuration."""
    server = f"{backend}/{tracked.server.name}"
    match tracked.state:
        case Health.INITIAL | Health.DRAINING:
            return [f"set server {server} state drain"]
        case Health.UNHEALTHY:
            return [f"set server {server} health down", f"set server {server} state ready"]
        case _:
            return []


def unregistered(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return what DescribeTargetHealth says of a target that it was asked for and does not have."""
    reason = "Target.NotRegistered"
    return {
        "Target": dict(target),
        "TargetHealth": {
            "State": Health.UNUSED.value,
            "Reason": reason,
            "Description": DESCRIPTIONS[reason],
        },
    }


def _judge_new(tracked: Tracked, row: Row, check: Check, at: float) -> Tracked:
    if row.check in _NOT_YET:
        return tracked
    if "OK" in row.check:
        return replace(tracked.now(Health.HEALTHY, "", at), failing=None)
    failing = at if tracked.failing is None else tracked.failing
    tracked = replace(tracked, failing=failing)
    if at - failing >= (check.unhealthy - 1) * check.interval:
        reason, description = why(row)
        return tracked.now(Health.UNHEALTHY, reason, at, description)
    if tracked.reason != "Elb.InitialHealthChecking":
        since = tracked.since
        return replace(tracked.now(Health.INITIAL, "Elb.InitialHealthChecking", at), since=since)
    return tracked
