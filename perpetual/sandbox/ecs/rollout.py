"""How many tasks of which revision start and stop now: the decision of a rolling update.

Pure arithmetic over counts; which tasks and hosts they are is decided elsewhere.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from perpetual.sandbox.ecs.records import Document

DEFAULT_MINIMUM = 100
DEFAULT_MAXIMUM = 200


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of a service: tasks that must stay healthy, and tasks that may run or be on the way.

    A task that was told to stop counts for neither: the maximum is of tasks that are RUNNING or
    PENDING, and what stops has left these states.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """

    desired: int
    minimum: int
    maximum: int


def limits(desired: int, configuration: Document) -> Limits:
    """Return the bounds: the minimum is rounded up, the maximum is rounded down.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    low = configuration.get("minimumHealthyPercent", DEFAULT_MINIMUM)
    high = configuration.get("maximumPercent", DEFAULT_MAXIMUM)
    return Limits(desired=desired, minimum=-(-desired * low // 100), maximum=desired * high // 100)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The tasks of one revision, and how many it should have (`goal`).

    `displaced` are healthy, but their hosts drain; `may_start` is false for a failed deployment.
    """

    goal: int
    starting: int = 0
    healthy: int = 0
    unhealthy: int = 0
    displaced: int = 0
    may_start: bool = True

    @property
    def serving(self) -> int:
        """Return the tasks that pass their health checks."""
        return self.healthy + self.displaced

    @property
    def alive(self) -> int:
        """Return the tasks that count towards the maximum."""
        return self.starting + self.healthy + self.unhealthy + self.displaced

    @property
    def lacking(self) -> int:
        """Return the tasks to be started: unhealthy and displaced ones need a successor."""
        return max(0, self.goal - self.starting - self.healthy)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What to do with one revision; stops are by what the tasks count as."""

    goal: int
    start: int = 0
    stop_starting: int = 0
    stop_unhealthy: int = 0
    stop_displaced: int = 0
    stop_healthy: int = 0

    @property
    def stops(self) -> int:
        """Return how many tasks stop."""
        return self.stop_starting + self.stop_unhealthy + self.stop_displaced + self.stop_healthy


def decide(target: Counts, sources: Sequence[Counts], limits: Limits) -> list[Orders]:
    """Return the orders for the target revision and, in their order, for those it replaces.

    `sources` are in the order in which they are worth keeping. Each shrinks to what the minimum
    still needs of it, at once, so that below 100 percent tasks stop before their successors run:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html
    A task that fails is replaced by its own revision, and these replacements come first:
    https://docs.aws.amazon.com/about-aws/whats-new/2025/11/amazon-ecs-service-availability-rolling-deployments
    """
    revisions = [target, *_shrunk(target, sources, limits)]
    spare = max(0, sum(one.serving for one in revisions) - limits.minimum)
    orders = []
    for revision in revisions:
        order, spare = _stops(revision, spare)
        orders.append(order)
    room = limits.maximum - sum(
        revision.alive - order.stops for revision, order in zip(revisions, orders, strict=True)
    )
    orders = _make_room(revisions, orders, room)
    return _starts(revisions, orders, limits)


def _shrunk(target: Counts, sources: Sequence[Counts], limits: Limits) -> list[Counts]:
    """Return the sources with the goals that the minimum leaves them; a goal never grows.

    Behind a failed deployment they stay as they are, unless the service itself shrinks.
    """
    needed = max(0, limits.minimum - target.serving) if target.may_start else limits.desired
    shrunk = []
    for source in sources:
        goal = min(source.goal, needed)
        shrunk.append(replace(source, goal=goal))
        needed -= min(goal, source.serving if target.may_start else goal)
    return shrunk


def _stops(counts: Counts, spare: int) -> tuple[Orders, int]:
    """Return what stops of one revision, and how many healthy tasks are spare after that.

    An unhealthy task stops once its successor is healthy:
    https://docs.aws.amazon.com/about-aws/whats-new/2023/10/amazon-ecs-applications-resiliency-unpredictable-load-spikes/
    """
    displaced = min(counts.displaced, spare)
    unhealthy = min(counts.unhealthy, max(0, counts.healthy + counts.unhealthy - counts.goal))
    surplus = max(0, counts.starting + counts.healthy - counts.goal)
    starting = min(counts.starting, surplus)
    healthy = min(surplus - starting, spare - displaced)
    order = Orders(
        goal=counts.goal,
        stop_starting=starting,
        stop_unhealthy=unhealthy,
        stop_displaced=displaced,
        stop_healthy=healthy,
    )
    return order, spare - displaced - healthy


def _make_room(revisions: Sequence[Counts], orders: list[Orders], room: int) -> list[Orders]:
    """Stop one unhealthy task where the maximum leaves no room for its successor.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    if room > 0 or any(one.starting for one in revisions) or any(one.stops for one in orders):
        return orders
    for number, (revision, order) in enumerate(zip(revisions, orders, strict=True)):
        if revision.unhealthy and revision.lacking and revision.may_start:
            changed = list(orders)
            changed[number] = replace(order, stop_unhealthy=1)
            return changed
    return orders


def _starts(revisions: Sequence[Counts], orders: list[Orders], limits: Limits) -> list[Orders]:
    """Fill the room up to the maximum: replacements of what serves first, then the target's."""
    room = limits.maximum - sum(
        revision.alive - order.stops for revision, order in zip(revisions, orders, strict=True)
    )
    started = list(orders)
    for number in [*range(1, len(revisions)), 0]:
        revision = revisions[number]
        if revision.may_start:
            start = max(0, min(revision.lacking, room))
            started[number] = replace(orders[number], start=start)
            room -= start
    return started


def is_stuck(target: Counts, sources: Sequence[Counts], limits: Limits) -> bool:
    """Return whether the bounds allow neither a start nor a stop, and nothing is on its way.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    revisions = [target, *sources]
    if not target.may_start or not target.lacking or any(one.starting for one in revisions):
        return False
    return all(not order.start and not order.stops for order in decide(target, sources, limits))
