"""A good project, `release/phoenix` and the minimum around it; and that with something changed."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from perpetual.release.lint import reading, run
from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import Project

ROOT: Final = Path(__file__).resolve().parents[3]
PHOENIX: Final = ROOT / "release" / "phoenix"

AROUND: Final = {
    "mix.lock": "%{}\n",
    "config/dev.exs": "import Config\nconfig :shop, ShopWeb.Endpoint, check_origin: false\n",
    "priv/repo/seeds.exs": "# Script for populating the database.\n",
    "priv/repo/migrations/20260101000000_create_products.exs": """\
defmodule Shop.Repo.Migrations.CreateProducts do
  use Ecto.Migration

  def change do
    create table(:products) do
      add :name, :text, null: false
      add :price_cents, :integer, null: false
    end

    create unique_index(:products, [:name])
  end
end
""",
    "lib/shop_web/router.ex": """\
defmodule ShopWeb.Router do
  use Phoenix.Router

  get "/", ShopWeb.PageController, :home
end
""",
}
MIGRATION: Final = "priv/repo/migrations/20260101000000_create_products.exs"


def write(folder: Path) -> Path:
    """Write the good project into a folder."""
    shutil.copytree(PHOENIX, folder, dirs_exist_ok=True)
    for path, text in AROUND.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def _read() -> Project:
    with TemporaryDirectory() as folder:
        return reading.read(write(Path(folder)))


GOOD: Final = _read()
"""The good project, read once."""

Change = str | None | Mapping[str, str]
"""A file's new text, nothing for a file that goes, or what in it is replaced by what."""


def changed(changes: Mapping[str, Change], project: Project = GOOD) -> Project:
    """Return the project with files changed, added or taken away."""
    files = {file.path: file for file in project.files}
    for path, change in changes.items():
        if change is None:
            del files[path]
        elif isinstance(change, str):
            kind = Kind.DOCKERFILE if path == "Dockerfile" else reading.kind_of(path)
            assert kind is not None, path
            files[path] = File(path=path, kind=kind, text=change, executable=True)
        else:
            files[path] = replace(files[path], text=_replaced(files[path].text, change))
    return Project(files=tuple(files.values()), health=project.health)


def found(project: Project) -> list[tuple[str, str, int]]:
    """Return rule, file and line of each finding."""
    return [(item.rule, item.file, item.line) for item in run.judge(project).findings]


def line_of(project: Project, path: str, text: str) -> int:
    """Return the first line of a file that holds a text."""
    file = next(file for file in project.files if file.path == path)
    lines = file.text.split("\n")
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def trap(rule: str, file: str, text: str, changes: Mapping[str, Change], at: str = "") -> Any:
    """Return a case: the rule, and the line that it finds, by a text in it."""
    return pytest.param(rule, file, text, changes, id=f"{rule}{at and '-'}{at}")


def edit(rule: str, file: str, old: str, new: str, text: str = "", at: str = "") -> Any:  # noqa: PLR0913, PLR0917 - a row of a table
    """Return a case that changes one file; what is found stands where the change is."""
    return trap(rule, file, text or new.partition("\n")[0], {file: {old: new}}, at)


def _replaced(text: str, change: Mapping[str, str]) -> str:
    for old, new in change.items():
        assert old in text, f"there is no {old!r} to change"
        text = text.replace(old, new, 1)
    return text
