"""Rules on the way to the database: over TLS, to a server that is verified by RDS's authorities."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import Kind, Term
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, at

BUNDLE: Final = "rds-global-bundle.pem"
"""Name of the file of authorities; tasks name `/app/` and this in PGSSLROOTCERT."""

_SETTINGS: Final = (Kind.COMPILE, Kind.RUNTIME)
_AUTHORITIES: Final = re.compile(r"(?<!\w)cacert(?:file|s):\s|\bAwsRdsCAStore\b")
_PUBLIC: Final = re.compile(r"\bCAStore\b|:certifi\b|\bcacerts_get\b")
_FETCHED: Final = re.compile(r"truststore\.pki\.rds\.amazonaws\.com")
_CHECKED: Final = re.compile(r"sha256sum|shasum|--check|openssl\s+dgst")


def _encrypted(project: Project) -> Iterator[Fault]:
    if not project.postgres:
        return
    calls: dict[str, list[Term]] = {name: [] for name in project.repositories}
    for name, call in project.repository_settings(*_SETTINGS):
        calls.setdefault(name, []).append(call)
        for value in call.keywords("ssl"):
            what = _wrong(value)
            if what:
                yield at(value, what)
        for value in call.keywords("ssl_opts"):
            yield at(value, "ssl_opts is what Postgrex took before 0.18")
    for name, own in calls.items():
        source = project.repositories.get(name)
        by_code = source is not None and _AUTHORITIES.search(source.code)
        if not by_code and not any(True for call in own for _ in call.keywords("ssl", "ssl_opts")):
            where = [call for call in own if call.file.kind is Kind.RUNTIME] or own
            yield at(where[-1] if where else project.anchor, f"{name} connects without TLS")


def _wrong(value: Term) -> str:
    """Return what is wrong with the value of `ssl`, if anything is."""
    if value.code == "true":
        return "ssl: true asks the operating system for authorities, which has none of RDS's"
    if value.code in {"false", "nil"}:
        return "the repository connects without TLS"
    value = _meant(value)
    # What a function returns is looked for where it is called.
    code = value.code if value.code.startswith("[") else value.file.code
    if not _AUTHORITIES.search(code):
        return "ssl names no authorities, so that those of the operating system are asked"
    if _PUBLIC.search(value.code) or any("ca-certificates" in text for text in value.texts):
        return "ssl names the authorities of the web, which did not sign RDS's certificates"
    return ""


def _meant(value: Term) -> Term:
    """Return what a variable was set to, and anything else as it is."""
    if not re.fullmatch(r"[a-z_]\w*", value.code):
        return value
    return next(value.file.after(rf"(?m)^[ \t]*{value.code}\s*=(?!=)"), value)


def _verified(project: Project) -> Iterator[Fault]:
    files = (*project.of(*_SETTINGS), *set(project.repositories.values()))
    for file in files:
        for found in file.find(r"(?<!\w):verify_none\b"):
            yield at(found, "the other side's certificate is not verified")


def _bundled(project: Project) -> Iterator[Fault]:
    if not project.postgres or not project.docker or "aws_rds_castore" in project.dependencies:
        return
    file, docker = project.docker
    if docker.stages and not any(BUNDLE in item.value for item in docker.final):
        start = docker.stages[-1].instructions[0]
        yield Fault(file, start.line, f"the image holds no /app/{BUNDLE}")
    for stage in docker.stages:
        for item in stage.instructions:
            fetched = item.keyword in {"ADD", "RUN"} and _FETCHED.search(item.value)
            if fetched and not (_CHECKED.search(item.value) or "checksum" in item.flags):
                yield Fault(file, item.line, "the authorities are taken from the net unchecked")


RULES: Final = (
    Rule(
        name="database-tls",
        why="Postgres takes TLS only, and RDS's certificates are signed by authorities of its own: "
        "connections fail with unknown_ca, or go to whoever answers",
        fix='in config/runtime.exs: ssl: [cacertfile: System.fetch_env!("PGSSLROOTCERT")]; from '
        "Postgrex 0.21 on that verifies certificate and host name",
        check=_encrypted,
    ),
    Rule(
        name="database-verify",
        why="without verification TLS protects from nobody who can answer in the other's place",
        fix="remove verify: :verify_none, and name the authorities in cacertfile",
        check=_verified,
    ),
    Rule(
        name="database-bundle",
        why="the task names that file as the database's authorities; without it nothing connects, "
        "and a file that nobody checked can hold anybody's authority",
        fix="fetch https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem in the "
        f"builder, check its sha256sum, and copy it to /app/{BUNDLE}",
        check=_bundled,
    ),
)
