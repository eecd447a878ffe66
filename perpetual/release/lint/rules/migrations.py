"""Rules on migrations, seeds and the module that runs them in a release."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release import elixir
from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, at

_MIX: Final = re.compile(r"(?<![\w.:@])Mix\.[a-z]")
_MIGRATES: Final = re.compile(r"\bEcto\.Migrator\b|\bMigrator\.(?:run|with_repo)\b")
_SEEDS: Final = re.compile(r"\bdef\s+seed\w*")


def _calls(project: Project) -> Iterator[Fault]:
    for file in project.of(Kind.MIGRATION):
        for line, module in elixir.application_calls(file.text, project.namespaces):
            yield Fault(file, line, f"the migration calls {module}")


def _locked(project: Project) -> Iterator[Fault]:
    if not project.postgres:
        return
    calls = [call for _, call in project.repository_settings(Kind.COMPILE, Kind.RUNTIME)]
    locks = [value for call in calls for value in call.keywords("migration_lock")]
    for value in locks:
        if value.code != ":pg_advisory_lock":
            yield at(value, f"migration_lock is {value.code}")
    if not locks:
        yield at(
            calls[0] if calls else project.anchor,
            "migrations lock the table of versions, which the first of them has yet to make",
        )
    for file in project.of(Kind.MIGRATION):
        for found in file.find(r"@disable_migration_lock\s+true"):
            yield at(found, "the migration runs without the lock")


def _at_start(project: Project) -> Iterator[Fault]:
    for file in project.of(Kind.SOURCE):
        for found in file.find(r"\{\s*Ecto\.Migrator\s*,"):
            yield at(found, "the application migrates whenever it starts")
    for file in project.of(Kind.OVERLAY):
        if file.path.endswith("/bin/server"):
            for found in file.find(r"\bmigrate\b"):
                yield at(found, "the server migrates whenever it starts")
    if project.docker:
        file, docker = project.docker
        for item in docker.final:
            if item.keyword in {"CMD", "ENTRYPOINT"} and "migrate" in item.value:
                yield Fault(file, item.line, "the container migrates whenever it starts")


def _releases(project: Project) -> list[File]:
    """Return the sources that migrate."""
    return [file for file in project.of(Kind.SOURCE) if _MIGRATES.search(file.code)]


def _module(project: Project) -> Iterator[Fault]:
    if project.postgres and not any(
        re.search(r"\bdef\s+migrate\b", file.code) for file in _releases(project)
    ):
        yield at(project.anchor, "no module in lib migrates: Mix, which does, is not in a release")


def _seeds(project: Project) -> Iterator[Fault]:
    releases = _releases(project)
    for file in releases:
        for found in file.find(_MIX):
            yield at(found, "the release's module calls Mix")
    seeded = any(_SEEDS.search(file.code) for file in releases)
    for file in project.of(Kind.SEEDS):
        first = re.search(r"\S", file.code)
        if not first:
            continue
        if not seeded:
            yield Fault(
                file, file.line(first.start()), "nothing in the release's module runs the seeds"
            )
        for found in file.find(_MIX):
            yield at(found, "the seeds call Mix")


RULES: Final = (
    Rule(
        name="migration-calls-application",
        why="the module will have changed, or gone, when the migration runs on a new stack next "
        "year: it has to do then what it does today",
        fix="write in SQL what it needs, or copy the code into the migration",
        check=_calls,
    ),
    Rule(
        name="migration-lock",
        why="of two tasks that migrate an empty database at once, one fails; and an advisory lock "
        "lets indexes be built concurrently, too",
        fix="in config/config.exs: config :app, App.Repo, migration_lock: :pg_advisory_lock; in "
        "migrations, @disable_ddl_transaction alone then suffices",
        check=_locked,
    ),
    Rule(
        name="migrate-at-start",
        why="every task of a deployment, and every restart, would migrate: a migration that fails "
        "takes down what runs",
        fix="leave it to `perpetual deploy`, which runs bin/migrate once, before the service",
        check=_at_start,
    ),
    Rule(
        name="release-module",
        why="a deployment migrates by bin/migrate in the image, where there is no Mix",
        fix="add a module with migrate, rollback and seed over Ecto.Migrator.with_repo, as "
        "release/phoenix/lib/shop/release.ex",
        check=_module,
    ),
    Rule(
        name="seeds",
        why="priv/repo/seeds.exs is for `mix run`; the image has no Mix, so that new stacks start "
        "empty",
        fix="move them to a module that may run again, called by `seed` of the release's module",
        check=_seeds,
    ),
)
