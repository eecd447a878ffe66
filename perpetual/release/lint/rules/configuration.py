"""Rules on settings: what is known only where the release runs, secrets, the form of logs."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import Kind, Term
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, Severity, at

_ENVIRONMENT: Final = re.compile(r"\bSystem\.(?:get_env|fetch_env!?)(?![\w?!])|\{\s*:system\s*,")
_SECRETS: Final = (
    "secret_key_base",
    "password",
    "secret",
    "secret_key",
    "secret_access_key",
    "api_key",
    "private_key",
    "access_token",
    "auth_token",
)
_JSON: Final = re.compile(r"json", re.IGNORECASE)


def _frozen(project: Project) -> Iterator[Fault]:
    for file in project.of(Kind.COMPILE):
        for found in file.find(_ENVIRONMENT):
            yield at(found, "the environment is read when the release is compiled")
    for _, call in project.settings(Kind.COMPILE):
        for url in call.keywords("url"):
            for host in url.keywords("host"):
                if host.literal not in {None, "localhost"}:
                    yield at(host, f"the host of links is {host.literal} from the compiler on")
    for _, call in project.repository_settings(Kind.COMPILE):
        for value in call.keywords("url", "hostname", "database", "username"):
            if value.literal is not None:
                yield at(value, "the address of the database is fixed when the release is compiled")


def _secrets(project: Project) -> Iterator[Fault]:
    for _, call in project.settings(Kind.COMPILE, Kind.RUNTIME):
        for key in _SECRETS:
            for value in call.keywords(key):
                if value.literal:
                    yield at(value, f"{key} is in the source")
                elif _falls_back(value):
                    yield at(value, f"{key} falls back to a value in the source")


def _falls_back(value: Term) -> bool:
    """Tell whether a text other than a variable's name stands in for a variable that is not set."""
    others = set(value.texts) - set(value.variables) - {""}
    return bool(others and "System." in value.code and not re.search(r"\braise\b", value.code))


def _logs(project: Project) -> Iterator[Fault]:
    calls = [
        call
        for _, call in project.settings(Kind.COMPILE, Kind.RUNTIME)
        if re.match(r":logger\b", call.code)
    ]
    by_code = (file.code for file in project.of(Kind.SOURCE))
    if any(_JSON.search(call.code) for call in calls) or any(
        re.search(r"\bLoggerJSON\b|\blogger_formatter_json\b", code) for code in by_code
    ):
        return
    where = calls[-1] if calls else project.anchor
    yield at(where, "logs are lines for people")


RULES: Final = (
    Rule(
        name="compile-time-values",
        why="the image is built once and runs on every stack; what the build machine's environment "
        "said, or did not say, stays in it",
        fix="set it in config/runtime.exs, from the environment",
        check=_frozen,
    ),
    Rule(
        name="secret-in-source",
        why="whoever reads the repository, or the image, has it; and it is the same on every stack",
        fix="in config/runtime.exs: System.fetch_env!, without anything to fall back to; the value "
        "comes from SSM",
        check=_secrets,
    ),
    Rule(
        name="logger-json",
        severity=Severity.ADVICE,
        why="CloudWatch finds fields in JSON, and makes an event of each line of anything else: a "
        "stack trace becomes thirty",
        fix="in config/prod.exs: config :logger, :default_handler, formatter: "
        "{LoggerJSON.Formatters.Basic, metadata: {:all_except, [:conn]}}",
        check=_logs,
    ),
)
