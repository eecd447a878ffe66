"""Places against the strategies as AWS describes them: each rule narrows what is left."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from perpetual.sandbox.ecs.model import Instance, Needs
from perpetual.sandbox.ecs.placement import BY_DEFAULT, ZONE, Ask, Places, lacks
from perpetual.sandbox.ecs.records import Document
from perpetual.sandbox.ecs.world import Host

RULES: tuple[Document, ...] = (
    {"type": "spread", "field": ZONE},
    {"type": "spread", "field": "attribute:rack"},
    {"type": "spread", "field": "instanceId"},
    {"type": "binpack", "field": "memory"},
    {"type": "binpack", "field": "cpu"},
    {"type": "random"},
)
CONSTRAINTS = some.sampled_from([[], [{"type": "distinctInstance"}]])


@some.composite
def instances(draw: some.DrawFn) -> list[Instance]:
    """Draw a cluster."""
    sizes = some.sampled_from([256, 512, 1024, 2048])
    return [
        Instance(
            arn=f"arn/{number}",
            cluster="prod",
            registered=0.0,
            status=draw(some.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "DRAINING"])),
            host=Host(
                instance=f"i-{number}",
                zone=draw(some.sampled_from("abc")),
                cpu=draw(sizes),
                memory=draw(sizes),
                interfaces=draw(some.integers(0, 4)),
                attributes={"rack": draw(some.sampled_from("12"))},
            ),
        )
        for number in range(draw(some.integers(0, 8)))
    ]


def best(hosts: list[Instance], ask: Ask) -> Instance | None:
    """Find a place the slow way."""
    left = [one for one in hosts if one.status == "ACTIVE"]
    left = [one for one in left if lacks(one, ask.needs, one.promised) is None]
    if ask.constraints:
        left = [one for one in left if not ask.hosts.get(one.arn)]
    for rule in ask.strategy or BY_DEFAULT:
        key = measure(rule, hosts, ask)
        least = min(map(key, left), default=0)
        left = [one for one in left if key(one) == least]
    return left[0] if left else None


def measure(rule: Document, hosts: list[Instance], ask: Ask) -> Callable[[Instance], int]:
    """Return what a rule wants least of."""
    if rule["type"] == "random":
        return lambda _one: 0
    if rule["type"] == "binpack":
        name = rule["field"]
        return lambda one: int(getattr(one.host, name) - getattr(one.promised, name))

    def value(one: Instance) -> Any:
        where = {ZONE: one.host.zone, "attribute:rack": one.host.attributes["rack"]}
        return where.get(rule["field"], one.arn)

    counts: Counter[Any] = Counter()
    for one in hosts:
        counts[value(one)] += ask.hosts.get(one.arn, 0)
    return lambda one: counts[value(one)]


@given(instances(), some.lists(some.sampled_from(RULES), max_size=4), CONSTRAINTS)
def test_each_task_gets_the_place_that_the_strategy_finds(
    hosts: list[Instance], strategy: list[Document], constraints: list[Document]
) -> None:
    """One after another, until there is none; then every host says what it lacks."""
    needs = Needs(cpu=200, memory=200, interfaces=1)
    like: Counter[str] = Counter()
    ask = Ask(needs=needs, strategy=strategy, constraints=constraints, hosts=like)
    places = Places(hosts, ask)
    while (wanted := best(hosts, ask)) is not None:
        assert places.take() is wanted
        wanted.promised.add(needs)
        like[wanted.arn] += 1
    assert places.take() is None
    active = [one.arn for one in hosts if one.status == "ACTIVE"]
    assert [one.instance for one in places.lacking()] == active
