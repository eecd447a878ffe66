"""Rules on what stands behind the balancer: forced TLS, origins, the host of links, health."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import Kind, Term
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, at

_SETTINGS: Final = (Kind.COMPILE, Kind.RUNTIME)
_OFF: Final = frozenset({"false", "nil"})
_CALLBACK: Final = re.compile(r"\{\s*[A-Z_]\w*")


def _forced(project: Project) -> Iterator[tuple[Term, Term]]:
    """Yield where TLS is forced when the release is compiled, and the call around it."""
    for _, call in project.settings(Kind.COMPILE):
        for value in call.keywords("force_ssl"):
            if value.code not in _OFF:
                yield value, call
    for file in project.of(Kind.SOURCE):
        for call in file.after(r"(?m)^[ \t]*plug\s+Plug\.SSL\b,?", commas=True):
            yield call, call


def _health_excluded(project: Project) -> Iterator[Fault]:
    for value, call in _forced(project):
        exclusions = list(value.keywords("exclude"))
        paths = [
            text for item in exclusions for part in item.keywords("paths") for text in part.texts
        ]
        decided = any(
            _CALLBACK.match(item.code) or list(item.keywords("conn")) for item in exclusions
        )
        if project.health in paths or decided:
            continue
        outside = [part for part in call.arguments if re.match(r"exclude:\s", part.code)]
        if outside and value is not call:
            yield at(outside[0], "exclude stands next to force_ssl, where nothing reads it")
        elif any(project.health in item.texts for item in exclusions):
            yield at(value, f"force_ssl takes {project.health} for the name of a host")
        else:
            yield at(value, f"force_ssl answers {project.health} with a redirect")


def _proxied(project: Project) -> Iterator[Fault]:
    for value, _ in _forced(project):
        if not any(":x_forwarded_proto" in item.code for item in value.keywords("rewrite_on")):
            yield at(value, "force_ssl does not ask the balancer's header X-Forwarded-Proto")


def _at_runtime(project: Project) -> Iterator[Fault]:
    for _, call in project.settings(Kind.RUNTIME):
        for value in call.keywords("force_ssl"):
            yield at(value, "force_ssl is set when the release starts")


def _origins(project: Project) -> Iterator[Fault]:
    for file in project.of(*_SETTINGS, Kind.SOURCE):
        for value in file.whole.keywords("check_origin"):
            plain = [text for text in value.texts if text.startswith("http://")]
            if value.code == "false":
                yield at(value, "check_origin is off: any site may open a user's socket")
            elif plain:
                yield at(value, f"check_origin lets in {plain[0]}, but browsers come by https")
            elif value.texts and file.kind is not Kind.RUNTIME:
                yield at(
                    value, f"check_origin is fixed to {value.texts[0]} when the release is compiled"
                )


def _host(project: Project) -> Iterator[Fault]:
    if not project.phoenix:
        return
    hosts = [
        host
        for _, call in project.settings(Kind.RUNTIME)
        for url in call.keywords("url")
        for host in url.keywords("host")
    ]
    if not hosts:
        yield at(project.anchor, "no runtime.exs says which host users open, in the endpoint's url")
    for host in hosts:
        if host.literal is not None:
            yield at(host, f"the host of links is fixed to {host.literal}, on every stack")


def _route(project: Project) -> Iterator[Fault]:
    if not project.phoenix:
        return
    wanted = {project.health, project.health.strip("/")}
    sources = project.of(Kind.SOURCE)
    if not any(text in wanted for file in sources for _, text in file.texts):
        yield at(project.anchor, f"nothing in lib answers {project.health}")


RULES: Final = (
    Rule(
        name="force-ssl-health",
        why="the balancer asks for the health path by plain HTTP, and takes a redirect for an "
        "illness: no task ever becomes healthy",
        fix='inside force_ssl: exclude: [paths: ["/health"], hosts: ["localhost", "127.0.0.1"]]; '
        "paths need Plug 1.19",
        check=_health_excluded,
    ),
    Rule(
        name="force-ssl-proxy",
        why="the balancer ends TLS, so every request arrives by plain HTTP and is redirected, for "
        "ever",
        fix="inside force_ssl: rewrite_on: [:x_forwarded_proto]",
        check=_proxied,
    ),
    Rule(
        name="force-ssl-runtime",
        why="the endpoint reads force_ssl when it is compiled; in runtime.exs it changes nothing",
        fix="move it to config/prod.exs",
        check=_at_runtime,
    ),
    Rule(
        name="check-origin",
        why="it decides which sites may open a socket in a user's name; wrong, it refuses every "
        "LiveView, or protects nobody",
        fix='in config/runtime.exs: check_origin: ["https://" <> host], with the host of PHX_HOST',
        check=_origins,
    ),
    Rule(
        name="url-host",
        why="links and the check of origins go by it, and it is another one on each stack; wrong, "
        "pages load and their sockets are refused",
        fix='in config/runtime.exs: url: [scheme: "https", host: System.fetch_env!("PHX_HOST"), '
        "port: 443]",
        check=_host,
    ),
    Rule(
        name="health-route",
        why="the balancer takes only 200 for health; without an answer every task is replaced",
        fix="answer it in a plug before the router, without session and database",
        check=_route,
    ),
)
