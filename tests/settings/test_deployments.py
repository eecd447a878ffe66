"""When a rolling deployment can go on, against a scheduler played by hand."""

from hypothesis import example, given
from hypothesis import strategies as st

from settings.models import Service
from settings.rules.hosts import tasks_to_place
from settings.rules.service import can_deploy, deployments_proceed, fewest_running, most_running
from tests.settings.configuration import problems

counts = st.integers(min_value=0, max_value=60)
minima = st.integers(min_value=0, max_value=100)
maxima = st.integers(min_value=100, max_value=200)


def deploys(desired: int, minimum: int, maximum: int) -> bool:
    """Play the scheduler: it stops and starts one task at a time, within the two bounds.

    New tasks are healthy at once, and hosts have room for them, so only the bounds can stop it.
    """
    old, new = desired, 0
    while old or new < desired:
        if new < desired and old + new + 1 <= desired * maximum / 100:
            new += 1
        elif old and old + new - 1 >= desired * minimum / 100:
            old -= 1
        else:
            return False
    return True


@given(counts, minima, maxima)
@example(1, 50, 150)
@example(2, 50, 150)
@example(3, 67, 133)
@example(3, 66, 133)
def test_the_first_step_decides_the_deployment(desired: int, minimum: int, maximum: int) -> None:
    """The rule's one comparison agrees with the whole deployment, step by step."""
    assert can_deploy(desired, minimum, maximum) == deploys(desired, minimum, maximum)


@given(counts, minima, maxima)
def test_shares_are_rounded_towards_caution(desired: int, minimum: int, maximum: int) -> None:
    """Healthy tasks are rounded up, running ones down, as ECS documents it."""
    fewest, most = fewest_running(desired, minimum), most_running(desired, maximum)
    assert fewest - 1 < desired * minimum / 100 <= fewest
    assert most <= desired * maximum / 100 < most + 1
    assert fewest <= desired <= most


@given(st.integers(min_value=1, max_value=60), minima, maxima)
def test_the_way_out_works(desired: int, minimum: int, maximum: int) -> None:
    """Either value that the message proposes lets a deployment proceed."""
    service = Service(desired=desired, minimum_healthy_percent=minimum, maximum_percent=maximum)
    for problem in deployments_proceed(service):
        first, second = problem.remedy.removeprefix("set ").split(" or ")
        higher, lower = int(first.split(": ")[1]), int(second.split(": ")[1])
        assert can_deploy(desired, minimum, higher)
        assert can_deploy(desired, lower, maximum)


@given(
    desired=counts,
    minimum=minima,
    scaled=st.booleans(),
    top=st.integers(min_value=1, max_value=60),
)
def test_hosts_hold_what_a_deployment_needs(
    *, desired: int, minimum: int, scaled: bool, top: int
) -> None:
    """One task more only where none may stop before its successor is healthy."""
    service = Service(
        desired=desired,
        minimum_healthy_percent=minimum,
        autoscaling=scaled,
        autoscaling_maximum=top,
    )
    most = max(desired, top) if scaled else desired
    surplus = tasks_to_place(service) - most
    assert surplus == (1 if most and fewest_running(most, minimum) == most else 0)


def test_every_number_of_autoscaled_tasks_is_judged() -> None:
    """At 90/134 two tasks cannot be replaced, three can: the fewest are the ones that count."""
    changes = {
        "service/autoscaling": True,
        "service/autoscalingMaximum": 4,
        "service/minimumHealthyPercent": 90,
        "service/maximumPercent": 134,
    }
    (problem,) = problems(changes)
    assert "a share of 2 tasks" in str(problem)
    assert problems({**changes, "service/desired": 3}) == ()
    assert problems({**changes, "service/desired": 3, "service/maximumPercent": 133}) != ()
