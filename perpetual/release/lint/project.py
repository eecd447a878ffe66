"""A Mix project as the rules see it: its files, and what they say together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from perpetual.release.lint import dockerfile
from perpetual.release.lint.files import File, Kind, Term
from perpetual.release.lint.terms import Span

HEALTH: Final = "/health"
"""Path that the target group asks, unless told otherwise."""

_DEPENDENCY: Final = re.compile(r"\{\s*:(\w+)\s*,")
_APP: Final = re.compile(r"(?<!\w)app:\s+:(\w+)")
_MODULE: Final = re.compile(r"\bdefmodule\s+([A-Z][\w.]*)")
_REPO: Final = re.compile(r"^[ \t]*use\s+Ecto\.Repo\b", re.MULTILINE)
_KEY: Final = re.compile(r"(\w+):\s")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Mix project; an umbrella's applications belong to it."""

    files: tuple[File, ...]
    health: str = HEALTH

    def of(self, *kinds: Kind) -> Iterator[File]:
        """Yield the files of some kinds."""
        return (file for file in self.files if file.kind in kinds)

    @cached_property
    def mix(self) -> File:
        """Return the project's own mix.exs, where what is missing is reported."""
        return next(file for file in self.files if file.path == "mix.exs")

    @cached_property
    def anchor(self) -> Term:
        """Return the line of mix.exs that names the project."""
        found = _APP.search(self.mix.code) or re.search(r"\bdefmodule\b", self.mix.code)
        at = found.start() if found else 0
        return Term(self.mix, at, Span(at, at))

    @cached_property
    def dependencies(self) -> dict[str, Term]:
        """Return the dependencies of all mix.exs, by name."""
        return {
            name[1]: Term(file, name.start(), Span(*name.span()))
            for file in self.of(Kind.MIX)
            for name in _DEPENDENCY.finditer(file.code)
        }

    @property
    def phoenix(self) -> bool:
        """Tell whether Phoenix serves it."""
        return "phoenix" in self.dependencies

    @property
    def postgres(self) -> bool:
        """Tell whether Ecto keeps its data in Postgres."""
        return "postgrex" in self.dependencies and "ecto_sql" in self.dependencies

    @cached_property
    def releases(self) -> tuple[str, ...]:
        """Return the names of the releases, the application's own where none is configured."""
        named = [
            key[1]
            for value in (
                *self.mix.whole.keywords("releases"),
                *self.mix.after(r"\bdefp?\s+releases\s+do\b"),
            )
            if value.code.startswith("[")
            for part in value.arguments
            if (key := _KEY.match(part.code))
        ]
        app = _APP.search(self.mix.code)
        return tuple(named) or ((app[1],) if app else ())

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Return the first parts of the modules that are the project's own."""
        names = (found[1] for file in self.of(Kind.MIX) for found in _APP.finditer(file.code))
        return frozenset(
            "".join(part[:1].upper() + part[1:] for part in name.split("_")) for name in names
        )

    @cached_property
    def modules(self) -> dict[str, File]:
        """Return the modules that sources define, by name."""
        return {name: file for file in self.of(Kind.SOURCE) for name in _MODULE.findall(file.code)}

    @cached_property
    def repositories(self) -> dict[str, File]:
        """Return Ecto's repositories by the names of their modules."""
        return {name: file for name, file in self.modules.items() if _REPO.search(file.code)}

    def settings(self, *kinds: Kind) -> Iterator[tuple[str, Term]]:
        """Yield the calls of `config`, each with the key that it configures."""
        for file in self.of(*kinds):
            for call in file.calls("config"):
                parts = call.arguments
                yield parts[1].code if len(parts) > 1 else "", call

    def repository_settings(self, *kinds: Kind) -> Iterator[tuple[str, Term]]:
        """Yield the calls of `config` that configure a repository, each with its name."""
        for key, call in self.settings(*kinds):
            if key in self.repositories or re.fullmatch(r"[A-Z][\w.]*\.Repo", key):
                yield key, call

    @cached_property
    def docker(self) -> tuple[File, dockerfile.Dockerfile] | None:
        """Return the Dockerfile, if there is one."""
        for file in self.of(Kind.DOCKERFILE):
            return file, dockerfile.parse(file.text)
        return None
