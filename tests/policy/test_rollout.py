"""The arithmetic of rollouts: properties, and agreement with the control plane's specification."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.simulation import Simulation
from perpetual.sandbox.ecs.world import Host
from rules.rollout import Pace, Part, Timeline, changes, fastest, parts, timeline
from settings.rules.service import can_deploy

SECONDS = st.integers(0, 300)
PACES = st.builds(
    Pace,
    desired=st.integers(0, 30),
    minimum=st.integers(0, 100),
    maximum=st.integers(100, 300),
    start=st.integers(1, 60),
    health=st.integers(1, 300),
    deregistration=SECONDS,
    stop=st.integers(0, 120),
    slots=st.none() | st.integers(1, 90),
)
ROLLING = PACES.filter(lambda pace: timeline(pace) is not None)


def found(pace: Pace) -> Timeline:
    """Return the timeline of a pace that has one."""
    known = timeline(pace)
    assert known is not None
    return known


def test_one_wave_takes_start_check_and_leaving() -> None:
    """The usual case: half may be missing, half more may run."""
    usual = Pace(desired=2, minimum=50, maximum=150, health=5, deregistration=30)
    known = found(usual)
    assert (known.first, known.serving, known.alone) == (15, 15, 47)
    assert parts(usual, known) == {
        Part.START: 10,
        Part.HEALTH: 5,
        Part.DEREGISTRATION: 30,
        Part.STOP: 2,
    }


def test_nothing_to_run_takes_no_time() -> None:
    """As before the first release."""
    assert found(Pace(desired=0)) == Timeline(waves=(), first=0, serving=0, alone=0)


def test_full_hosts_wait_for_old_tasks_to_leave() -> None:
    """Two places for two tasks: one after the other, and each waits for the one before."""
    full = Pace(desired=2, minimum=50, maximum=150, health=5, deregistration=30, slots=2)
    known = found(full)
    assert known.alone == 2 * (32 + 15)
    assert parts(full, known)[Part.ROOM] == 64


@given(PACES)
def test_what_cannot_move_has_no_timeline(pace: Pace) -> None:
    """The same as the settings refuse, as long as the hosts have room."""
    roomy = replace(pace, slots=None)
    possible = can_deploy(pace.desired, int(pace.minimum), int(pace.maximum))
    assert (timeline(roomy) is not None) == possible


@given(ROLLING)
def test_the_moments_are_in_order(pace: Pace) -> None:
    """First, all, alone; none before it can be."""
    known = found(pace)
    assert 0 <= known.first <= known.serving <= known.alone
    if pace.desired:
        assert known.first >= pace.start + pace.health
        assert known.alone >= pace.deregistration + pace.stop


@given(ROLLING)
def test_every_task_is_replaced_once_and_the_bounds_are_kept(pace: Pace) -> None:
    """At each wave: enough healthy, not too many running, a place for each."""
    known = found(pace)
    assert sum(wave.starts for wave in known.waves) == pace.desired
    assert sum(wave.stops for wave in known.waves) == pace.desired
    for wave in known.waves:
        before = [one for one in known.waves if one.at <= wave.at]
        old = pace.desired - sum(one.stops for one in before)
        new = sum(one.starts for one in before)
        healthy = sum(one.starts for one in before if one.at + pace.start + pace.health <= wave.at)
        assert old + healthy >= min(pace.fewest, pace.desired)
        if wave.starts:
            assert old + new <= pace.most
        leaving = sum(
            one.stops for one in before if one.at + pace.deregistration + pace.stop > wave.at
        )
        if wave.starts and pace.slots is not None:
            assert old + new + leaving <= pace.slots


@given(ROLLING, st.integers(1, 120))
def test_longer_seconds_never_make_it_shorter(pace: Pace, more: int) -> None:
    """In each of the four that a rollout goes by, with room on the hosts."""
    roomy = replace(pace, slots=None)
    if timeline(roomy) is None:
        return
    for key in ("start", "health", "deregistration", "stop"):
        slower = replace(roomy, **{key: getattr(roomy, key) + more})
        assert found(slower).alone >= found(roomy).alone


@given(ROLLING)
def test_the_parts_add_up(pace: Pace) -> None:
    """To the seconds of the whole, none of them negative."""
    known = found(pace)
    made = parts(pace, known)
    assert all(seconds > 0 for seconds in made.values())
    assert sum(made.values()) == pytest.approx(known.alone)


@given(ROLLING, st.integers(10, 300))
def test_each_change_alone_meets_the_budget(pace: Pace, budget: int) -> None:
    """And there is none where the budget is met already."""
    listed = changes(pace, budget)
    assert all(change.alone <= budget for change in listed)
    assert len({change.knob for change in listed}) == len(listed)
    if found(pace).alone <= budget:
        assert listed == []


@given(ROLLING)
def test_no_setting_is_faster_than_the_fastest(pace: Pace) -> None:
    """What that does not meet, no setting does."""
    assert found(fastest(pace)).alone <= found(pace).alone


# --- the same by the control plane's specification


CASES = [
    (2, 50, 150, None),
    (3, 50, 150, None),
    (4, 50, 150, None),
    (4, 100, 200, None),
    (10, 100, 110, None),
    (5, 100, 120, None),
    (7, 60, 130, None),
    (1, 0, 100, None),
    (2, 50, 100, None),
    (2, 50, 150, 2),
    (4, 50, 150, 4),
]


@pytest.mark.parametrize(("desired", "minimum", "maximum", "slots"), CASES)
def test_the_specification_agrees(
    desired: int, minimum: int, maximum: int, slots: int | None
) -> None:
    """Its scheduler, in simulated time, takes as long to the second."""
    behaviour = Behaviour(attach=1, pull=0, boot=4, health=5, drain=31, stop=2, release=0)
    pace = Pace(
        desired=desired,
        minimum=minimum,
        maximum=maximum,
        start=5,
        health=5,
        deregistration=31,
        stop=2,
        slots=slots,
    )
    assert rolled(behaviour, pace) == pytest.approx(found(pace).alone, abs=0.5)


def rolled(behaviour: Behaviour, pace: Pace) -> float:
    """Return the seconds until a simulated service runs another revision, and nothing else."""
    simulation = Simulation({"old": behaviour, "new": behaviour})
    simulation.call("CreateCluster", clusterName="c")
    count = pace.slots if pace.slots is not None else 3 * max(1, pace.desired)
    for number in range(count):
        host = Host(
            instance=f"i-{number:017x}", zone="eu-west-1a", cpu=1024, memory=1024, interfaces=2
        )
        simulation.join("c", host)
    container = {
        "name": "app",
        "cpu": 1024,
        "memory": 1024,
        "portMappings": [{"containerPort": 4000}],
    }
    for image in ("old", "new"):
        simulation.call(
            "RegisterTaskDefinition",
            family="app",
            networkMode="awsvpc",
            requiresCompatibilities=["EC2"],
            containerDefinitions=[container | {"image": image}],
        )
    simulation.call(
        "CreateService",
        cluster="c",
        serviceName="app",
        taskDefinition="app:1",
        desiredCount=pace.desired,
        launchType="EC2",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0"]}},
        loadBalancers=[
            {"targetGroupArn": "targets", "containerName": "app", "containerPort": 4000}
        ],
        deploymentConfiguration={
            "minimumHealthyPercent": int(pace.minimum),
            "maximumPercent": int(pace.maximum),
        },
    )
    simulation.run(600)
    simulation.call("UpdateService", cluster="c", service="app", taskDefinition="app:2")
    return simulation.run_until(lambda: _completed(simulation))


def _completed(simulation: Simulation) -> bool:
    said = simulation.call("DescribeServices", cluster="c", services=["app"])["services"][0]
    newest = said["deployments"][0]
    return bool(newest["rolloutState"] == "COMPLETED")
