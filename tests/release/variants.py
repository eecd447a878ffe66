"""The example with something changed: most faults are one migration more, laid over the image."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from perpetual.release import build, docker
from tests.release.conftest import commit
from tests.release.support import EXAMPLE

MIGRATIONS = "/app/lib/shop-0.1.0/priv/repo/migrations/"
LATEST = 20270101000000


def migration(up: str, down: str = "[]", *, module: str = "Planted") -> str:
    """Return the source of a migration, of the Elixir that its two functions are made of."""
    return f"""
defmodule Shop.Repo.Migrations.{module} do
  use Shop.Migration

  def up, do: {up}
  def down, do: {down}
end
"""


def migrating(folder: Path, image: str, *sources: str) -> str:
    """Return an image that holds further migrations, and is the same otherwise.

    Migrations are in the image as sources, so this is what a build with those files makes.
    """
    for number, source in enumerate(sources):
        (folder / f"{LATEST + number}_planted_{number}.exs").write_text(source)
    file = folder / "Dockerfile"
    file.write_text(f"FROM {image}\nCOPY *.exs {MIGRATIONS}\n")
    return docker.run("build", "--quiet", str(folder)).strip()


def edited(options: build.Options, folder: Path, edits: Mapping[str, tuple[str, str]]) -> str:
    """Return an image of the example with something replaced in files of its code, each by name."""
    shutil.copytree(options.context, folder, dirs_exist_ok=True)
    shutil.rmtree(folder / ".git")
    for name, (old, new) in edits.items():
        source = (EXAMPLE / name).read_text()
        assert old in source, (name, old)
        (folder / name).write_text(source.replace(old, new))
    commit(folder, "edited")
    return build.build(replace(options, context=folder)).id
