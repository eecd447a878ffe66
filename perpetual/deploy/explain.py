"""`perpetual deploy --explain`: what a rollout takes, from settings alone.

The arithmetic is the policy pack's own, so that advice and rule never disagree.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from perpetual.deploy import budget as budgets
from perpetual.shutdown import Shutdown
from rules.rollout import Change, Knob, Pace, Part, Timeline, changes, fastest, parts, timeline
from settings.capacity import capacity
from settings.models import Settings

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line

_KEYS: Final = {
    Knob.DEREGISTRATION: "balancer.deregistrationSeconds",
    Knob.HEALTH: "balancer.healthIntervalSeconds",
    Knob.MAXIMUM: "service.maximumPercent",
    Knob.MINIMUM: "service.minimumHealthyPercent",
    Knob.SLOTS: "hosts.minimum",
}
_BAR: Final = 40


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How a rollout goes.

    `worst` is the same with sockets that stay open for as long as the release lets them. `early`
    counts until all new tasks serve. `places` are tasks that the fewest hosts hold, if their types
    tell; where these are full and no old task may stop first, the group `grows` before anything.
    """

    pace: Pace
    timeline: Timeline
    worst: float
    early: bool
    budget: float
    parts: Mapping[Part, float]
    changes: Sequence[Change]
    fastest: float
    places: int | None
    grows: bool

    @property
    def seconds(self) -> float:
        """Return the seconds until the release is there."""
        return self.timeline.serving if self.early else self.timeline.alone

    @property
    def meets(self) -> bool:
        """Tell whether that is within the budget."""
        return self.seconds <= self.budget


def explain(settings: Settings, budget: float | None, *, early: bool) -> Explanation:
    """Return how a rollout of a stack with these settings goes."""
    pace = of(settings)
    grows = timeline(pace) is None
    pace = replace(pace, slots=None) if grows else pace
    known = timeline(pace)
    # Settings under which nothing can ever move are refused when they are read.
    assert known is not None  # noqa: S101 - see above
    shutdown = Shutdown(
        deregistration=settings.balancer.deregistration_seconds,
        drain=settings.service.drain_seconds,
    )
    limit = budgets.OK if budget is None else budget
    quick = timeline(fastest(pace))
    return Explanation(
        pace=pace,
        timeline=known,
        worst=known.alone - pace.deregistration - pace.stop + shutdown.longest,
        early=early,
        budget=limit,
        parts=parts(pace, known),
        changes=changes(pace, limit),
        fastest=quick.alone if quick else known.alone,
        places=pace.slots,
        grows=grows,
    )


def of(settings: Settings) -> Pace:
    """Return the pace that settings give a rollout."""
    service, balancer = settings.service, settings.balancer
    return Pace(
        desired=service.desired,
        minimum=service.minimum_healthy_percent,
        maximum=service.maximum_percent,
        health=balancer.health_interval_seconds,
        deregistration=balancer.deregistration_seconds,
        slots=_places(settings),
    )


def _places(settings: Settings) -> int | None:
    """Return the tasks that the fewest hosts hold, or `None` where the types do not tell.

    No fewer than the desired ones: for those the group has grown already.
    """
    offers = [capacity(kind) for kind in settings.hosts.instance_types]
    known = [offer for offer in offers if offer is not None]
    if not known or len(known) < len(offers):
        return None
    service = settings.service
    each = min(
        offer.fits(cpu=service.cpu, memory=service.memory_reservation_mib) for offer in known
    )
    if not each:
        return None
    hosts = max(settings.hosts.minimum, -(-service.desired // each))
    return each * hosts


# --- told


def lines(explanation: Explanation) -> "Iterator[Line]":
    """Yield an explanation as lines."""
    pace, known = explanation.pace, explanation.timeline
    yield (
        ("bold", f"{pace.desired} tasks"),
        ("", f", at least {pace.fewest} healthy, at most {pace.most} running"),
        ("dim", "" if pace.slots is None else f"; {pace.slots} places on the fewest hosts"),
    )
    yield ()
    for number, wave in enumerate(known.waves, start=1):
        told = [f"{wave.stops} old stop"] * bool(wave.stops)
        told += [f"{wave.starts} new start"] * bool(wave.starts)
        yield (("dim", f"{wave.at:6.0f} s  "), ("", f"wave {number}: {', '.join(told)}"))
    yield (("dim", f"{known.first:6.0f} s  "), ("", "the first new task serves"))
    yield (("dim", f"{known.serving:6.0f} s  "), ("", "all new tasks serve"))
    yield (("dim", f"{known.alone:6.0f} s  "), ("", "the last old task has left"))
    yield ()
    yield from _parts(explanation)
    yield ()
    yield from _verdict(explanation)


def _parts(explanation: Explanation) -> "Iterator[Line]":
    longest = max(explanation.parts.values(), default=0.0)
    for part, seconds in explanation.parts.items():
        style = "bold" if seconds == longest else ""
        bar = "#" * max(1, round(seconds / explanation.timeline.alone * _BAR))
        yield ((style, f"{part:30}{seconds:6.0f} s  "), ("dim", bar))


def _verdict(explanation: Explanation) -> "Iterator[Line]":
    seconds, limit = explanation.seconds, explanation.budget
    verdict = budgets.verdict(seconds)
    style = "green" if explanation.meets else "red"
    yield (
        ("bold", f"a rollout takes {seconds:.0f} s: "),
        (style, f"{verdict}, {'within' if explanation.meets else 'over'} {limit:g} s"),
    )
    if not explanation.early:
        early = explanation.timeline.serving
        yield (("", f"with --early it counts until all new tasks serve: {early:.0f} s"),)
    if explanation.grows:
        yield (("yellow", "the fewest hosts are full: a host has to start first, a minute or two"),)
    worst = f"sockets that stay open until they are cut make it {explanation.worst:.0f} s"
    yield (("dim", f"{worst}; push, pull and migration come before"),)
    if not explanation.meets:
        yield from _advice(explanation)


def _advice(explanation: Explanation) -> "Iterator[Line]":
    for change in explanation.changes:
        yield (("", f"  {_advised(change, explanation)}: then {change.alone:.0f} s"),)
    if not explanation.changes:
        together = f"all of them together make it {explanation.fastest:.0f} s"
        yield (("", f"  no single setting suffices; {together}"),)


def _advised(change: Change, explanation: Explanation) -> str:
    if change.knob is Knob.SLOTS:
        return f"hosts with room for {change.value} tasks, more or larger ones"
    current = {
        Knob.DEREGISTRATION: explanation.pace.deregistration,
        Knob.HEALTH: explanation.pace.health,
        Knob.MAXIMUM: explanation.pace.maximum,
        Knob.MINIMUM: explanation.pace.minimum,
    }[change.knob]
    return f"{_KEYS[change.knob]}: {change.value} (now {current:g})"


def to_json(explanation: Explanation) -> str:
    """Return an explanation as JSON."""
    known = explanation.timeline
    content = {
        "seconds": explanation.seconds,
        "verdict": budgets.verdict(explanation.seconds),
        "budget": explanation.budget,
        "meets": explanation.meets,
        "early": explanation.early,
        "waves": [asdict(wave) for wave in known.waves],
        "firstServing": known.first,
        "serving": known.serving,
        "alone": known.alone,
        "worst": explanation.worst,
        "grows": explanation.grows,
        "parts": explanation.parts,
        "changes": [
            {"setting": _KEYS[change.knob], "value": change.value, "seconds": change.alone}
            for change in explanation.changes
        ],
    }
    return json.dumps(content, indent=2)
