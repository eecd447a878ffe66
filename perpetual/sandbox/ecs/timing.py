"""How long things take that AWS itself decides; whatever the world takes is the world's."""

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of the scheduler's own. Where AWS publishes a figure, it is the default.

    `uncounted`: a running task without any health check counts as healthy after this long.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html

    `bake`: how long alarms are watched once the new tasks run and the old ones are gone. AWS
    computes it from the alarms and says "less than 5 minutes"; `bakeTimeInMinutes` replaces it.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html

    `throttle_first`, `throttle_most`: wait before the next attempt once tasks failed to start in a
    row; it doubles. Only the longest is published: 27 minutes.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html

    `repeat`: an event whose cause lasts is not repeated within this time.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html

    `remembered`: a stopped task can be described for at least this long.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html

    `replacement`: between the failure of a task that ran and the start of its successor; AWS
    publishes no figure, and reports of crashing releases show tens of seconds.

    `provisioning`: how long a task waits for a host that managed scaling may bring; none published.

    `stop`: from SIGTERM to SIGKILL where the container's `stopTimeout` is not set.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """

    uncounted: float = 40.0
    bake: float = 180.0
    throttle_first: float = 10.0
    throttle_most: float = 27 * 60.0
    repeat: float = 6 * HOUR
    remembered: float = HOUR
    replacement: float = 5.0
    provisioning: float = 15 * 60.0
    stop: float = 30.0

    def throttle(self, failures: int) -> float:
        """Return the wait after so many failures to start in a row."""
        if failures < 1:
            return 0.0
        return float(min(self.throttle_most, self.throttle_first * 2 ** min(failures - 1, 16)))
