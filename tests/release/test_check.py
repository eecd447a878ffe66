"""`release check`: a receipt of what was checked, and nothing left of how."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import build, docker, receipt
from tests.release import command, support
from tests.release.command import Ran
from tests.release.conftest import Measured
from tests.release.support import until
from tests.release.variants import edited

DRAIN = ("--drain-seconds", "10")
PREFIX = "perpetual-check-"
KINDS = ("container", "network", "volume")


def folders(checkout: Path) -> list[str]:
    """Return the environments of which a checkout knows."""
    return [folder.name for folder in (checkout / ".perpetual").glob(f"{PREFIX}*")]


def left(name: str) -> list[str]:
    """Return what Docker has of an environment."""
    label = f"label=com.docker.compose.project={name}"
    return [
        found
        for kind in KINDS
        for found in docker.run(kind, "ls", "--quiet", "--filter", label).split()
    ]


def begun(checkout: Path, image: str) -> tuple[subprocess.Popen[str], str]:
    """Start a check, wait until there is something of it, and return it with its name."""
    process = command.begun(checkout, "check", image, *DRAIN)
    until("it has an environment", lambda: folders(checkout))
    (name,) = folders(checkout)
    until("it has begun", lambda: left(name))
    return process, name


@dataclass(frozen=True, kw_only=True)
class AtOnce:
    """Two checks that ran at the same time in one checkout, after a third that was killed."""

    checkout: Path
    good: Ran
    bad: Ran
    good_image: str
    bad_image: str
    killed: str


@pytest.fixture(scope="module")
def at_once(
    built: build.Built, options: build.Options, tmp_path_factory: pytest.TempPathFactory
) -> AtOnce:
    """Kill a check; then check the example, and the same with a fault, at the same time."""
    checkout = support.checkout(tmp_path_factory.mktemp("checkout"))
    folder = tmp_path_factory.mktemp("unhealthy")
    fault = ('paths: ["/health", "/ready"]', 'paths: ["/ready"]')
    bad = edited(options, folder, {"config/prod.exs": fault})
    process, killed = begun(checkout, built.reference)
    process.kill()
    process.communicate()
    assert left(killed)
    previous = ("--previous", built.reference, "--path", "/orders")
    good_run = command.begun(checkout, "check", built.reference, *previous, *DRAIN)
    bad_run = command.begun(checkout, "check", bad, *DRAIN)
    return AtOnce(
        checkout=checkout,
        good=command.ended(good_run),
        bad=command.ended(bad_run),
        good_image=built.id,
        bad_image=bad,
        killed=killed,
    )


def test_an_image_that_passes_has_a_receipt(at_once: AtOnce, measured: Measured) -> None:
    """Of which every check says something, old code under the new schema among them."""
    assert (at_once.good.code, at_once.good.err) == (0, "")
    found = receipt.demand(at_once.checkout, at_once.good_image)
    measured(f"check: {found.seconds:g} s, at the same time as another")
    assert {result.passed for result in found.results} == {True}
    assert len(found.results) == 11
    assert found.backward_compatible is True
    assert len(found.migrations) == 3
    for result in found.results:
        assert f"ok  {result.name}: {result.said}" in at_once.good.out
    assert f"passed in {found.seconds:g} s   receipt " in at_once.good.out


def test_a_changed_image_has_none(at_once: AtOnce, tmp_path: Path) -> None:
    """However little was changed."""
    (tmp_path / "Dockerfile").write_text(f"FROM {at_once.good_image}\nLABEL changed=yes\n")
    changed = docker.run("build", "--quiet", str(tmp_path)).strip()
    with pytest.raises(OperatorError, match="was never checked"):
        receipt.demand(at_once.checkout, changed)
    docker.run("image", "rm", changed)


def test_an_image_that_fails_has_one_that_says_so(at_once: AtOnce) -> None:
    """The one claim that does not hold is named, with what was seen; the others were tried, too."""
    assert at_once.bad.code == 1
    with pytest.raises(OperatorError, match=r"failed its check of [^:]*:[^:]*:[^:]*:00: health\n"):
        receipt.demand(at_once.checkout, at_once.bad_image)
    found = receipt.read(at_once.checkout, at_once.bad_image)
    assert found is not None
    failed = [result for result in found.results if result.passed is False]
    assert [result.name for result in failed] == ["health"]
    assert "was answered 301: exclude the path from force_ssl" in failed[0].said
    assert f"no  health: {failed[0].said}" in at_once.bad.out
    assert f"failed in {found.seconds:g} s" in at_once.bad.out


def test_neither_leaves_anything_and_what_was_left_before_is_gone(at_once: AtOnce) -> None:
    """Not on disk, nor in Docker; but for the receipts."""
    assert folders(at_once.checkout) == []
    assert left(at_once.killed) == []
    names = docker.run("ps", "--all", "--format", "{{.Image}} {{.Names}}").splitlines()
    for image in (at_once.good_image, at_once.bad_image):
        assert not [name for name in names if name.startswith(image)]
    kept = sorted(one.name for one in (at_once.checkout / ".perpetual").iterdir())
    assert kept == ["receipts", "temporary.lock"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_leaves_nothing(
    checkout: Path, built: build.Built, number: signal.Signals
) -> None:
    """Whether the terminal's Ctrl-C, which goes to the whole group, or a signal to it alone."""
    process, name = begun(checkout, built.reference)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ok  migrations stand alone")
        process.send_signal(number)
    ran = command.ended(process)
    assert ran.code == 128 + number
    assert "perpetual: interrupted; removing what was started\n" in ran.err
    assert left(name) == []
    assert folders(checkout) == []
    assert receipt.read(checkout, built.id) is None


def test_a_second_signal_does_not_hurt(checkout: Path, built: build.Built) -> None:
    """What is removed is removed whole."""
    process, name = begun(checkout, built.reference)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert "interrupted; removing what was started" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert command.ended(process).code == 128 + signal.SIGTERM
    assert (left(name), folders(checkout)) == ([], [])
