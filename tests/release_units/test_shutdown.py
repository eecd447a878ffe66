"""How a task ends: in one order everywhere, in Python, in the release, and in Compose."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perpetual.shutdown import DEFAULT, LINGER, MOST_DRAIN, MOST_STOP, SPARE, Shutdown
from settings.models import Balancer, Service

RELEASE = Path(__file__).parents[2] / "release"
DRAINER = (RELEASE / "example" / "lib" / "shop" / "drainer.ex").read_text()


def figure(pattern: str, text: str) -> int:
    """Return the one number that a pattern captures in a text."""
    found = set(re.findall(pattern, text))
    assert len(found) == 1, (pattern, found)
    return int(found.pop().replace("_", ""))


@given(st.integers(0, 3600), st.integers(0, MOST_DRAIN))
def test_each_step_ends_before_the_next(deregistration: int, drain: int) -> None:
    """Whatever the two choices are."""
    end = Shutdown(deregistration=deregistration, drain=drain)
    assert 0 <= end.linger <= end.drain < end.stop <= MOST_STOP
    assert end.longest == deregistration + end.stop


def test_settings_without_a_choice_are_the_default() -> None:
    """The program and the command's local environment start from the same figures."""
    settings = (
        Service.model_fields["drain_seconds"],
        Balancer.model_fields["deregistration_seconds"],
    )
    assert [field.default for field in settings] == [DEFAULT.drain, DEFAULT.deregistration]


def test_the_release_lingers_as_long_as_is_said_here() -> None:
    """And never for most of its time."""
    assert figure(r"@linger_ms ([\d_]+)", DRAINER) == LINGER * 1_000
    assert "min(@linger_ms, div(drain_ms(), 2))" in DRAINER


def test_the_release_is_done_with_draining_before_it_is_killed() -> None:
    """Its supervisor gives the drainer a little more than `DRAIN_SECONDS`; the spare holds that."""
    assert figure(r"shutdown: drain_ms\(\) \+ ([\d_]+)", DRAINER) < SPARE * 1_000


def test_where_nothing_is_set_the_release_drains_by_default() -> None:
    """In `runtime.exs`, in the drainer, and in the Compose file."""
    runtime = (RELEASE / "example" / "config" / "runtime.exs").read_text()
    compose = (RELEASE / "compose.yaml").read_text()
    assert figure(r'"DRAIN_SECONDS", "(\d+)"', runtime) == DEFAULT.drain
    assert figure(r"Keyword\.get\(:drain_seconds, (\d+)\)", DRAINER) == DEFAULT.drain
    assert figure(r"\$\{STOP_SECONDS:-(\d+)\}s", compose) == DEFAULT.stop
