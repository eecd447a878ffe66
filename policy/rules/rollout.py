"""How long a rolling update takes at best: the arithmetic, from what a service is told.

Pure, and the same for the pack's rule, for `perpetual deploy --explain` and for its tests. What is
assumed of ECS: it starts as many new tasks at once as the maximum and the hosts allow; it stops as
many old ones as the minimum does not need, before their successors run; a task that was told to
stop counts for neither, but keeps its place on its host until it has gone.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

START: Final = 10.0
"""Seconds from the order until a release answers on a host that has its image: placing the task,
attaching its network interface, starting container and VM. Measured releases boot in 1 to 3 s; for
the rest AWS publishes no figure."""

STOP: Final = 2.0
"""Seconds that a release without open sockets takes to end after SIGTERM."""

SHORTEST: Final = 5
"""Deregistration below which AWS warns, seconds: what takes longer is cut.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html"""

FASTEST: Final = 5
"""Shortest interval of a target group's check, seconds.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a rollout goes by: tasks, percentages, and seconds.

    `start` is from the order until a task answers, `health` until the balancer has seen it: a new
    target needs one passed check, whatever the threshold. `deregistration` and `stop` are what an
    old task takes to leave. `slots` are the places on the hosts; without it there are plenty.
    """

    desired: int
    minimum: float = 100
    maximum: float = 200
    start: float = START
    health: float = 30
    deregistration: float = 300
    stop: float = STOP
    slots: int | None = None

    @property
    def fewest(self) -> int:
        """Return the tasks that stay healthy: a share, rounded up."""
        return int(-(-self.desired * self.minimum // 100))

    @property
    def most(self) -> int:
        """Return the tasks that may run: a share, rounded down."""
        return int(self.desired * self.maximum // 100)


@dataclass(frozen=True, kw_only=True)
class Wave:
    """One moment at which old tasks are told to stop, or new ones are started."""

    at: float
    stops: int
    starts: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A rollout: its waves, and when the first new task serves, all do, and they alone do."""

    waves: tuple[Wave, ...]
    first: float
    serving: float
    alone: float


def timeline(pace: Pace) -> Timeline | None:
    """Return how a rollout goes, or `None` where it can never end."""
    at, healthy, old = 0.0, 0, pace.desired
    starting: Counter[float] = Counter()
    leaving: Counter[float] = Counter()
    waves, first, serving = [], 0.0, 0.0
    while True:
        ready = starting.pop(at, 0)
        leaving.pop(at, 0)
        healthy += ready
        if ready:
            first = first or at
            serving = at
        stops = min(old, max(0, healthy + old - pace.fewest))
        old -= stops
        if stops:
            leaving[at + pace.deregistration + pace.stop] += stops
        alive = old + healthy + starting.total()
        starts = max(0, min(_room(pace, alive, leaving.total()), _lacking(pace, healthy, starting)))
        if starts:
            starting[at + pace.start + pace.health] += starts
        if stops or starts:
            waves.append(Wave(at=at, stops=stops, starts=starts))
        if healthy == pace.desired and not old:
            alone = max([at, *leaving])
            return Timeline(waves=tuple(waves), first=first, serving=serving, alone=alone)
        # Who leaves makes room on the hosts; the percentages do not count them any more.
        awaited = starting if pace.slots is None else (*starting, *leaving)
        following = [moment for moment in awaited if moment > at]
        if not following:
            return None
        at = min(following)


def _lacking(pace: Pace, healthy: int, starting: Counter[float]) -> int:
    return pace.desired - healthy - starting.total()


def _room(pace: Pace, alive: int, leaving: int) -> int:
    """Return how many more tasks may run, and find a place."""
    room = pace.most - alive
    return room if pace.slots is None else min(room, pace.slots - alive - leaving)


# --- what it is made of


class Part(StrEnum):
    """What the seconds of a rollout go into."""

    START = "starting tasks"
    HEALTH = "health checks"
    ROOM = "waiting for room on the hosts"
    DEREGISTRATION = "deregistration of old tasks"
    STOP = "stopping old tasks"


def parts(pace: Pace, found: Timeline) -> dict[Part, float]:
    """Return what the longest way through a rollout is made of; the parts add up to its seconds.

    From its end back to its beginning: each moment is there because tasks became healthy, or
    because old ones left.
    """
    each, leave = pace.start + pace.health, pace.deregistration + pace.stop
    started = {_exact(wave.at + each) for wave in found.waves if wave.starts}
    made: Counter[Part] = Counter()
    at = found.alone
    if found.alone > found.serving:
        made.update({Part.DEREGISTRATION: pace.deregistration, Part.STOP: pace.stop})
        at -= leave
    while _exact(at) > 0:
        if _exact(at) in started:
            made.update({Part.START: pace.start, Part.HEALTH: pace.health})
            at -= each
        else:
            made.update({Part.ROOM: leave})
            at -= leave
    return {part: made[part] for part in Part if made[part]}


def _exact(moment: float) -> float:
    """Return a moment without the dust of adding and taking away."""
    return round(moment, 6)


# --- what would help


class Knob(StrEnum):
    """What can be changed about a pace."""

    DEREGISTRATION = "deregistration"
    HEALTH = "health"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    SLOTS = "slots"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One knob, the value it would have, and the seconds the rollout would then take."""

    knob: Knob
    value: int
    alone: float


def changes(pace: Pace, budget: float) -> list[Change]:
    """Return the changes of which each alone brings a rollout within the budget, the best first.

    Where none does, the list is empty: several are needed, or a smaller `start`.
    """
    found = [
        Change(knob=knob, value=value, alone=after.alone)
        for knob, value, changed in _candidates(pace, budget)
        if (after := timeline(changed)) is not None and after.alone <= budget
    ]
    best: dict[Knob, Change] = {}
    for change in found:
        best.setdefault(change.knob, change)
    return sorted(best.values(), key=lambda change: change.alone)


def fastest(pace: Pace) -> Pace:
    """Return the same service with every knob turned to its fastest."""
    return replace(
        pace,
        deregistration=min(pace.deregistration, SHORTEST),
        health=min(pace.health, FASTEST),
        maximum=max(pace.maximum, 200),
        slots=None,
    )


def _candidates(pace: Pace, budget: float) -> Iterator[tuple[Knob, int, Pace]]:
    """Yield changes, of each knob the smallest first."""
    now = timeline(pace)
    if now is not None and now.alone <= budget:
        return
    if now is not None:
        kept = int(pace.deregistration - (now.alone - budget))
        if SHORTEST <= kept < pace.deregistration:
            yield Knob.DEREGISTRATION, kept, replace(pace, deregistration=kept)
    if pace.health > FASTEST:
        yield Knob.HEALTH, FASTEST, replace(pace, health=FASTEST)
    for share in (150, 200):
        if pace.maximum < share:
            yield Knob.MAXIMUM, share, replace(pace, maximum=share)
    if pace.minimum > 50:  # noqa: PLR2004 - half of the tasks
        yield Knob.MINIMUM, 50, replace(pace, minimum=50)
    if pace.slots is not None:
        wanted = pace.desired + pace.most
        yield Knob.SLOTS, wanted, replace(pace, slots=wanted)
