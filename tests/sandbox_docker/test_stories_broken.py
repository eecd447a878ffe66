"""Broken releases: what served before serves on, and the words about it are true."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from perpetual.errors import OperatorError
from tests.release.support import EXAMPLE
from tests.release.variants import LATEST, MIGRATIONS, migration
from tests.sandbox_docker.example import PAGE, Example
from tests.sandbox_docker.project import STACK
from tests.sandbox_docker.stage import Ended, Stage

RUNTIME: Final = Path("config/runtime.exs")
INSTALLED: Final = "/app/releases/0.1.0/runtime.exs"
"""Where a release reads that file, as a source."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A release that must not stay: how it is made, in which phase it fails, and what is said."""

    make: Callable[[Example, str], str]
    phase: str
    says: tuple[str, ...]
    rolled_out: bool = True


def configured(name: str, old: str, new: str) -> Callable[[Example, str], str]:
    """Return how to make a release that is configured otherwise at its start."""

    def make(example: Example, image: str) -> str:
        source = (EXAMPLE / RUNTIME).read_text()
        assert old in source
        files = {"runtime.exs": source.replace(old, new, 1)}
        return example.laid_over(image, name, f"COPY runtime.exs {INSTALLED}", files=files)

    return make


def failing_migration(example: Example, image: str) -> str:
    """Return a release whose migration is refused by the database."""
    name = f"{LATEST}_broken.exs"
    source = migration('["ALTER TABLE nowhere ADD COLUMN nothing int"]')
    return example.laid_over(image, "migration", f"COPY {name} {MIGRATIONS}", files={name: source})


BROKEN: Final = {
    "crash at boot": Broken(
        make=configured("crash", "  needed =", "  if serves?, do: System.halt(7)\n\n  needed ="),
        phase="serve",
        says=("exit code 7", "rolled back", "as it was"),
    ),
    "typo": Broken(
        make=configured("typo", 'env.("DATABASE_URL")', 'env.("DATABSE_URL")'),
        phase="migrate",
        says=("DATABSE_URL", "not touched"),
        rolled_out=False,
    ),
    "red health": Broken(
        make=lambda example, _: example.edited(PAGE, '{200, [], "ok\\n"}', '{500, [], "ill\\n"}'),
        phase="serve",
        says=("health checks", "rolled back"),
    ),
    "wrong port": Broken(
        make=configured("port", 'number.("PORT", "5000")', "5001"),
        phase="serve",
        says=("health checks", "rolled back"),
    ),
    "failing migration": Broken(
        make=failing_migration,
        phase="migrate",
        says=("exit code 1", "nowhere", "not touched"),
        rolled_out=False,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_release_does_not_stay(
    name: str, stage: Stage, example: Example, first: str
) -> None:
    """Not one request is lost, the old release is back, and everything is told as it is."""
    broken = BROKEN[name]
    image = broken.make(example, first)
    page, serves = stage.page(), stage.service()["taskDefinition"]
    named = stage.parameter(STACK.release_parameter)
    with stage.load() as load:
        done = stage.deploy(image)
        stage.settle()
    assert load.lost == []
    _told(done, broken)
    assert stage.page() == page
    assert stage.service()["taskDefinition"] == serves
    assert stage.parameter(STACK.release_parameter) == named
    assert stage.releases()[0]["result"] == "failed"


def _told(done: Ended, broken: Broken) -> None:
    """Hold what it says against what is true."""
    assert done.code == 3, done.told
    assert (done.said["result"], done.said["phase"]) == ("failed", broken.phase)
    assert not [one for one in broken.says if one not in done.words], done.words
    assert ("rolled back" in done.words) == broken.rolled_out


def test_what_does_not_compile_is_never_an_image(example: Example) -> None:
    """A name that nobody has given is found by the build, long before there is a release."""
    with pytest.raises(OperatorError) as raised:
        example.edited(PAGE, "Catalog.orders_count()})", "Catalog.orders_cuont()})")
    assert "orders_cuont" in f"{raised.value.message} {raised.value.detail}"
