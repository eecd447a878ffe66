"""What holds for any service, any cluster, any release and any trouble, at every moment."""

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from perpetual.sandbox.ecs import events
from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.ecs.model import Load
from perpetual.sandbox.ecs.placement import lacks
from perpetual.sandbox.ecs.rollout import limits
from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.simulation import Simulation
from perpetual.sandbox.ecs.states import Condition, Rollout
from perpetual.sandbox.ecs.timing import Timing
from perpetual.sandbox.ecs.world import Health
from tests.sandbox.ecs.stand import BREAKER, CLUSTER, SERVICE, Stand, host

LONG = 6 * 3600.0
TIMING = Timing(replacement=2, throttle_first=2)
SERVING = (Condition.HEALTHY, Condition.DISPLACED)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A cluster, a service and a release."""

    hosts: tuple[int, ...]
    desired: int
    low: int
    high: int
    old: Behaviour
    new: Behaviour
    managed: bool

    @property
    def configuration(self) -> dict[str, Any]:
        """Return the deployment configuration."""
        return {
            "minimumHealthyPercent": self.low,
            "maximumPercent": self.high,
            "deploymentCircuitBreaker": BREAKER,
        }


SECONDS = some.sampled_from([0.0, 0.5, 1.0, 7.0, 40.0])


@some.composite
def behaviours(draw: some.DrawFn, *, good: bool) -> Behaviour:
    """Draw how tasks of an image behave."""
    fault: dict[str, Any] = {}
    if not good:
        fault = draw(
            some.sampled_from(
                [{}, {"crash": 0.5}, {"crash": 30.0}, {"red": True}, {"start_error": "no image"}]
            )
        )
    # What crashes does so before it is healthy: one that flaps looks like a good one.
    health = draw(SECONDS) if fault.get("crash") is None else fault["crash"] + 1
    return Behaviour(
        boot=draw(SECONDS),
        health=health,
        drain=draw(SECONDS),
        stop=draw(SECONDS),
        spread=draw(SECONDS),
        **fault,
    )


@some.composite
def plans(draw: some.DrawFn) -> Plan:
    """Draw a cluster that can hold the service at least once."""
    desired = draw(some.integers(1, 6))
    low = draw(some.sampled_from([0, 25, 50, 75, 100]))
    high = draw(some.sampled_from([101, 125, 150, 200, 300]))
    interfaces = draw(some.lists(some.integers(1, 4), min_size=1, max_size=5))
    while sum(interfaces) < desired:
        interfaces.append(2)
    return Plan(
        hosts=tuple(interfaces),
        desired=desired,
        low=low,
        high=high,
        old=draw(behaviours(good=True)),
        new=draw(behaviours(good=False)),
        managed=draw(some.booleans()),
    )


def stand_for(plan: Plan, watch: Callable[[Simulation], None] | None = None) -> Stand:
    """Return a cluster with the service of a plan, steady."""
    stand = Stand(
        hosts=0,
        behaviours={"good": plan.old, "new": plan.new},
        watch=watch,
        timing=TIMING,
    )
    provider = {"capacity_provider": "hosts"} if plan.managed else {}
    if plan.managed:
        group = {"autoScalingGroupArn": "arn", "managedScaling": {"status": "ENABLED"}}
        stand.call("CreateCapacityProvider", name="hosts", autoScalingGroupProvider=group)
        stand.call(
            "PutClusterCapacityProviders",
            cluster=CLUSTER,
            capacityProviders=["hosts"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "hosts"}],
        )
    for number, interfaces in enumerate(plan.hosts):
        stand.sim.join(CLUSTER, host(number, interfaces=interfaces, **provider))
    stand.create(plan.desired, deploymentConfiguration=plan.configuration)
    return stand


# --- what is watched at every moment


def check_hosts(sim: Simulation) -> None:
    """No host holds more than it has, by its own books and by what the world runs there."""
    real: dict[str, Load] = {}
    tasks = sim.plane.state.tasks
    for arn, running in sim.world.running.items():
        real.setdefault(running.start.host, Load()).add(tasks[arn].needs)
    for instance in sim.plane.state.clusters[CLUSTER].instances.values():
        held = real.get(instance.host.instance, Load())
        for load in (held, instance.held):
            assert load.cpu <= instance.host.cpu
            assert load.memory <= instance.host.memory
            assert load.interfaces <= instance.host.interfaces
        assert held.interfaces <= instance.held.interfaces, "the books know of every interface"


def check_books(sim: Simulation) -> None:
    """What is counted along the way is what a new count finds."""
    state = sim.plane.state
    for service in state.services.values():
        for deployment in service.deployments:
            tasks = [state.tasks[arn] for arn in deployment.tasks]
            assert +deployment.counts == Counter(one.condition for one in tasks)
            staying = [one.instance for one in tasks if one.instance and not one.stopping]
            assert +deployment.hosts == Counter(staying)
    for instance in state.clusters[CLUSTER].instances.values():
        promised = Load()
        for arn, stays in instance.tasks.items():
            if stays:
                promised.add(state.tasks[arn].needs)
        assert (instance.promised.cpu, instance.promised.interfaces) == (
            promised.cpu,
            promised.interfaces,
        )


def check_times(sim: Simulation) -> None:
    """Events follow each other in time."""
    for service in sim.plane.state.services.values():
        times = [one.at for one in service.events]
        assert times == sorted(times)
        assert not times or times[-1] <= sim.now


def check_all(sim: Simulation) -> None:
    """Check what holds whatever happens."""
    check_hosts(sim)
    check_books(sim)
    check_times(sim)


SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(plans())
def test_a_rollout_keeps_its_bounds_and_ends(plan: Plan) -> None:
    """While the old revision is healthy, at least the minimum serves and at most the maximum runs.

    And it ends: well, badly and undone, or with words that say what it waits for.
    """
    bounds = limits(plan.desired, plan.configuration)
    begun = False

    def watch(sim: Simulation) -> None:
        check_all(sim)
        if begun:
            alive = [one for one in sim.plane.state.tasks.values() if not one.stopping]
            assert sum(one.condition in SERVING for one in alive) >= bounds.minimum
            assert len(alive) <= max(bounds.maximum, plan.desired)

    stand = stand_for(plan, watch)
    begun = True
    stand.deploy("new")
    stand.run(LONG)
    if stand.deployment.rollout is Rollout.IN_PROGRESS:
        said = " ".join(one.message for one in stand.record.events)
        assert events.DEADLOCK in said or events.UNABLE in said
    else:
        wanted = plan.desired
        assert len([one for one in stand.alive() if one.condition in SERVING]) == wanted
        assert stand.record.steady


@some.composite
def troubles(draw: some.DrawFn) -> list[tuple[float, str, int]]:
    """Draw what happens after how many seconds, and to which of several."""
    kinds = ["crash", "red", "green", "lose", "drain", "undrain", "scale", "deploy", "stop", "join"]
    kinds += ["back", "force"]
    one = some.tuples(some.sampled_from([0.0, 0.5, 3.0, 20.0, 90.0]), some.sampled_from(kinds), FEW)
    return draw(some.lists(one, max_size=8))


FEW = some.integers(0, 5)


def inflict(stand: Stand, plan: Plan, kind: str, which: int) -> None:
    """Let one trouble happen."""
    alive = stand.alive()
    cluster = stand.sim.plane.state.clusters[CLUSTER]
    hosts = [one.host.instance for one in cluster.instances.values()]
    task = alive[which % len(alive)] if alive else None
    ec2 = hosts[which % len(hosts)] if hosts else None
    match kind:
        case "crash" if task and task.arn in stand.world.running:
            stand.world.crash(task.arn)
        case "red" | "green" if task:
            state = Health.UNHEALTHY if kind == "red" else Health.HEALTHY
            stand.world.judge(stand.target(task.arn), state)
        case "lose" if ec2:
            stand.sim.lose(ec2)
        case "drain" | "undrain" if ec2:
            stand.drain(ec2, "DRAINING" if kind == "drain" else "ACTIVE")
        case "scale":
            stand.update(desiredCount=which)
        case "deploy" | "back" | "force":
            change = {"deploy": "web:2", "back": "web:1", "force": None}[kind]
            fields = {"taskDefinition": change} if change else {"forceNewDeployment": True}
            stand.update(**fields)
        case "stop" if task:
            stand.call("StopTask", cluster=CLUSTER, task=task.arn)
        case "join":
            provider = {"capacity_provider": "hosts"} if plan.managed else {}
            joined = host(90 + len(stand.sim.plane.state.hosts) + which, **provider)
            stand.sim.join(CLUSTER, joined)
        case _:
            pass
    stand.run(0)


@SLOW
@given(plans(), troubles())
def test_whatever_happens_the_books_are_right_and_nothing_is_lost(
    plan: Plan, trouble: list[tuple[float, str, int]]
) -> None:
    """Crashes, red targets, lost and draining hosts, deployments over deployments.

    In the end everything is taken away, and every host has everything back.
    """
    stand = stand_for(plan, check_all)
    stand.register("new")
    for seconds, kind, which in trouble:
        stand.run(seconds)
        inflict(stand, plan, kind, which)
    stand.call("DeleteService", cluster=CLUSTER, service=SERVICE, force=True)
    stand.run(3600)
    assert stand.record.status == "INACTIVE"
    assert stand.world.running == {}
    assert stand.world.registered == set()
    for instance in stand.sim.plane.state.clusters[CLUSTER].instances.values():
        assert instance.tasks == {}
        assert (instance.promised.interfaces, instance.held.interfaces) == (0, 0)
        assert (instance.promised.memory, instance.held.memory) == (0, 0)


def history(
    plan: Plan, trouble: list[tuple[float, str, int]], watch: Callable[[Simulation], None] | None
) -> tuple[Any, ...]:
    """Let a history happen, and return all that can be seen of it."""
    stand = stand_for(plan, watch)
    stand.register("new")
    for seconds, kind, which in trouble:
        stand.run(seconds)
        inflict(stand, plan, kind, which)
    stand.run(100)
    return stand.world.log, stand.service(), stand.sim.plane.state


@SLOW
@given(plans(), troubles())
def test_the_same_history_gives_the_same_cluster(
    plan: Plan, trouble: list[tuple[float, str, int]]
) -> None:
    """Ids, times, events, and everything the world was told."""
    assert history(plan, trouble, None) == history(plan, trouble, None)


def restart(sim: Simulation) -> None:
    """Replace the control plane by a new one that has only what can be kept of the old one."""
    kept = pickle.loads(pickle.dumps(sim.plane.state))  # noqa: S301 - dumped on the same line
    sim.plane = ControlPlane(sim.world, timing=TIMING, state=kept)


@settings(SLOW, max_examples=20)
@given(plans(), troubles())
def test_a_control_plane_goes_on_from_what_was_kept_of_another(
    plan: Plan, trouble: list[tuple[float, str, int]]
) -> None:
    """Restarted at every single moment, it does what it would have done."""
    assert history(plan, trouble, restart) == history(plan, trouble, None)


@SLOW
@given(plans())
def test_a_service_left_alone_comes_back_to_all_its_tasks(plan: Plan) -> None:
    """Whatever one task or host suffers, as long as there is room."""
    stand = stand_for(plan)
    stand.world.crash(stand.alive()[0].arn)
    stand.judge(stand.alive()[-1].arn, Health.UNHEALTHY)
    stand.run(LONG)
    room = sum(plan.hosts) - plan.desired
    serving = [one for one in stand.alive() if one.condition in SERVING]
    if room or plan.desired == len(serving):
        assert len(serving) == plan.desired


def test_lacks_is_what_the_watch_relies_on() -> None:
    """A host that is full by its books lacks what one more task needs."""
    stand = Stand(hosts=1)
    stand.create(2)
    (instance,) = stand.sim.plane.state.clusters[CLUSTER].instances.values()
    assert lacks(instance, stand.alive()[0].needs, instance.held) == "RESOURCE:ENI"
