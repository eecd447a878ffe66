"""Settings of the whole suite."""

import compileall
import gc

import pytest
from hypothesis import settings

import components.access
import components.data
import components.ecs
import components.image
import components.network
import perpetual.sandbox.runtime  # noqa: F401 - its switches, before any test imports moto
from tests.support import chromium
from tests.support.stacks import ROOT

# The SDK's classes are loaded once and stay: walking them at every collection would double the
# time of each capture.
LOADED = (components.access, components.data, components.ecs, components.image, components.network)
gc.collect()
gc.freeze()

# Tests start the command some hundred times, and each would compile the sources again where the
# environment forbids Python to keep what it compiles.
SOURCES = ("components", "perpetual", "policy", "settings")

# A busy machine is not a fault: examples are bounded by their number, not by the clock. They are
# the same at each run, so that a change is judged by what it changed; `make properties` looks for
# more.
settings.register_profile("perpetual", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=3_000)
settings.load_profile("perpetual")


@pytest.fixture
def few_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have moto leave out AWS's thousand managed policies, which it reads for each account."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the sources once, before there are workers."""
    if not hasattr(config, "workerinput"):
        for name in SOURCES:
            compileall.compile_dir(ROOT / name, quiet=2)


def pytest_collection_finish() -> None:
    """Keep what was collected, thousands of cases, out of every collection of garbage to come."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was not tested, and why."""
    skipped = terminalreporter.stats.get("skipped", ())
    if any(chromium.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(f"skipped: {chromium.MISSING}", yellow=True)
