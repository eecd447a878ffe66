"""When a deployment has failed: the deployment circuit breaker.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from dataclasses import dataclass
from typing import Final

from perpetual.sandbox.ecs.records import Document

LEAST: Final = 3
MOST: Final = 200
DEFAULT_PERCENT: Final = 50


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """The settings of one service's circuit breaker."""

    enabled: bool
    rollback: bool
    resets: bool
    kind: str
    value: int

    def threshold(self, desired: int) -> int:
        """Return how many failures fail a deployment: a share of the tasks, rounded up, or a count.

        The default share, half of the tasks, is never below 3 nor above 200.
        """
        if self.kind == "COUNT":
            return self.value
        share = -(-self.value * desired // 100)
        return share if self.kind == "UNBOUNDED_PERCENT" else max(LEAST, min(MOST, share))

    def trips(self, failures: int, desired: int) -> bool:
        """Return whether so many failures are enough."""
        return self.enabled and failures >= max(1, self.threshold(desired))


def breaker(configuration: Document) -> Breaker:
    """Return the circuit breaker that a deployment configuration describes.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    settings = configuration.get("deploymentCircuitBreaker") or {}
    threshold = settings.get("thresholdConfiguration") or {}
    return Breaker(
        enabled=settings.get("enable", False),
        rollback=settings.get("rollback", False),
        resets=settings.get("resetOnHealthyTask", True),
        kind=threshold.get("type", "BOUNDED_PERCENT"),
        value=threshold.get("value", DEFAULT_PERCENT),
    )
