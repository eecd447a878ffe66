"""The decision of a rolling update, as arithmetic: what holds for any counts."""

from hypothesis import given
from hypothesis import strategies as some

from perpetual.sandbox.ecs.rollout import Counts, Limits, Orders, decide, is_stuck, limits

FEW = some.integers(0, 6)


@some.composite
def bounds(draw: some.DrawFn) -> Limits:
    """Draw bounds as a service can have them."""
    low = draw(some.integers(0, 100))
    high = draw(some.integers(100, 300))
    configuration = {"minimumHealthyPercent": low, "maximumPercent": high}
    return limits(draw(some.integers(0, 8)), configuration)


@some.composite
def counts(draw: some.DrawFn, goal: int | None = None) -> Counts:
    """Draw the tasks of one revision."""
    return Counts(
        goal=draw(FEW) if goal is None else goal,
        starting=draw(FEW),
        healthy=draw(FEW),
        unhealthy=draw(FEW),
        displaced=draw(FEW),
        may_start=draw(some.booleans()),
    )


@some.composite
def situations(draw: some.DrawFn) -> tuple[Counts, list[Counts], Limits]:
    """Draw a service in any state."""
    limit = draw(bounds())
    target = draw(counts(goal=limit.desired))
    return target, draw(some.lists(counts(), max_size=3)), limit


def after(counts: Counts, order: Orders) -> Counts:
    """Return a revision once its orders are carried out."""
    return Counts(
        goal=order.goal,
        starting=counts.starting - order.stop_starting + order.start,
        healthy=counts.healthy - order.stop_healthy,
        unhealthy=counts.unhealthy - order.stop_unhealthy,
        displaced=counts.displaced - order.stop_displaced,
        may_start=counts.may_start,
    )


@given(situations())
def test_what_serves_never_falls_below_the_minimum(
    situation: tuple[Counts, list[Counts], Limits],
) -> None:
    """Of healthy tasks only those stop that the minimum can spare."""
    target, sources, limit = situation
    orders = decide(target, sources, limit)
    revisions = [target, *sources]
    serving = sum(one.serving for one in revisions)
    left = sum(after(one, order).serving for one, order in zip(revisions, orders, strict=True))
    assert left >= min(serving, limit.minimum)


@given(situations())
def test_nothing_starts_beyond_the_maximum(
    situation: tuple[Counts, list[Counts], Limits],
) -> None:
    """Whatever was there before, starts fill the room up to the maximum at most."""
    target, sources, limit = situation
    orders = decide(target, sources, limit)
    if any(order.start for order in orders):
        alive = [
            after(one, order).alive for one, order in zip([target, *sources], orders, strict=True)
        ]
        assert sum(alive) <= limit.maximum


@given(situations())
def test_only_what_is_there_stops_and_only_what_may_starts(
    situation: tuple[Counts, list[Counts], Limits],
) -> None:
    """Counts stay counts; a failed deployment starts nothing, and no goal grows."""
    target, sources, limit = situation
    for one, order in zip([target, *sources], decide(target, sources, limit), strict=True):
        left = after(one, order)
        assert min(left.starting, left.healthy, left.unhealthy, left.displaced) >= 0
        assert order.start >= 0
        assert one.may_start or not order.start
        assert order.goal <= one.goal


@given(situations())
def test_no_revision_stops_below_its_goal_for_nothing(
    situation: tuple[Counts, list[Counts], Limits],
) -> None:
    """A healthy task in its place stops only as surplus."""
    target, sources, limit = situation
    for one, order in zip([target, *sources], decide(target, sources, limit), strict=True):
        if order.stop_healthy:
            assert after(one, order).healthy + after(one, order).starting >= order.goal


@given(bounds())
def test_a_rollout_that_can_move_ends(limit: Limits) -> None:
    """If every start succeeds, the target has all tasks after a few steps, and the source none."""
    target = Counts(goal=limit.desired)
    source = Counts(goal=limit.desired, healthy=limit.desired)
    for _ in range(4 * limit.desired + 4):
        if is_stuck(target, [source], limit):
            assert limit.minimum == limit.desired == limit.maximum
            return
        mine, theirs = decide(target, [source], limit)
        started, source = after(target, mine), after(source, theirs)
        target = Counts(goal=limit.desired, healthy=started.healthy + started.starting)
    assert (target.healthy, source.alive) == (limit.desired, 0)


def test_the_examples_of_aws() -> None:
    """Four tasks at 50 percent: two may stop. At 200 percent: four may start."""
    source = Counts(goal=4, healthy=4)
    half = limits(4, {"minimumHealthyPercent": 50, "maximumPercent": 100})
    mine, theirs = decide(Counts(goal=4), [source], half)
    assert (mine.start, theirs.stop_healthy) == (2, 2)
    double = limits(4, {"minimumHealthyPercent": 100, "maximumPercent": 200})
    mine, theirs = decide(Counts(goal=4), [source], double)
    assert (mine.start, theirs.stop_healthy) == (4, 0)


def test_completed_revisions_are_kept_before_others() -> None:
    """What a rollback would return to goes last."""
    limit = Limits(desired=2, minimum=2, maximum=5)
    kept, other = Counts(goal=2, healthy=2), Counts(goal=2, healthy=1)
    _, first, second = decide(Counts(goal=2), [kept, other], limit)
    assert (first.stop_healthy, second.stop_healthy) == (0, 1)
