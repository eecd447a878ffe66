"""What has to hold of a running environment, one function a claim.

A check returns what it saw. It raises `CheckError` with a sentence where the claim does not hold,
and `NothingToCheckError` where there is nothing to hold it against.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import psycopg

from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.release.environment import NODES, Environment
from perpetual.release.web import Client, Load

Check = Callable[[Environment], str]

_RATE: Final = 50.0
"""Requests a second while a node drains."""
_KILLED: Final = 137
"""Exit code of a container that did not end by itself."""


class CheckError(Exception):
    """A claim that does not hold, as a sentence."""


class NothingToCheckError(Exception):
    """There is nothing to check, for the reason given."""


def redirects(environment: Environment) -> str:
    """Plain HTTP leads to HTTPS: at the balancer, and at a node that was asked plainly."""
    plain = Client(port=environment.ports.http)
    seen = []
    for where, client, method, wanted in (
        ("balancer", plain, "GET", {HTTPStatus.MOVED_PERMANENTLY}),
        ("node", environment.node(0), "GET", {HTTPStatus.MOVED_PERMANENTLY}),
        ("node", environment.node(0), "POST", {HTTPStatus.TEMPORARY_REDIRECT}),
    ):
        answer = client.ask("/", method=method)
        location = answer.headers.get("location", "")
        if answer.status not in wanted or not location.startswith("https://"):
            raise CheckError(
                f"{method} / to the {where} by plain HTTP was answered {answer.status} and led to "
                f"{location or 'nowhere'}; it has to lead to HTTPS"
            )
        seen.append(f"{where} {method} {answer.status}")
    forwarded = environment.node(0).ask("/", headers={"x-forwarded-proto": "https"})
    if forwarded.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise CheckError(
            f"GET / with X-Forwarded-Proto: https was answered {forwarded.status}: the release "
            "does not take the balancer's word that the request came by HTTPS"
        )
    return ", ".join([*seen, f"with X-Forwarded-Proto {forwarded.status}"])


def healthy(environment: Environment) -> str:
    """The health path answers 200, whichever way it is asked."""
    for number, node in enumerate(NODES):
        status = environment.node(number).status("/health")
        if status != HTTPStatus.OK:
            raise CheckError(
                f"GET /health to {node} by plain HTTP, as the balancer asks, was answered "
                f"{status}: exclude the path from force_ssl"
            )
    answer = environment.client.ask("/")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise CheckError(f"GET / through the balancer was answered {answer.status}")
    return f"/health 200 at {len(NODES)} nodes, / {answer.status} through the balancer"


def encrypted(environment: Environment) -> str:
    """Each connection of the release to Postgres is TLS, and plain ones are refused."""
    server = environment.server()
    with connect(server) as connection:
        rows = connection.execute(
            "SELECT usename, ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE usename = %s",
            (environment.wanted().rw,),
        ).fetchall()
    if not rows:
        raise CheckError("the release has no connection to the database")
    if not all(tls for _, tls, _ in rows):
        raise CheckError("the release talks to the database without TLS")
    try:
        psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=server.database,
            sslmode="disable",
            connect_timeout=10,
        ).close()
    except psycopg.OperationalError as error:
        if "no encryption" not in str(error):
            raise
        return f"{len(rows)} connections, {rows[0][2]}; plain ones are refused"
    raise CheckError("the database takes connections without TLS")


def clustered(environment: Environment) -> str:
    """Each node is connected to every other."""
    seen: list[str] = []

    def meshed() -> bool:
        seen[:] = [_connected(environment, node) for node in NODES]
        return all(len(names.split()) == len(NODES) - 1 for names in seen)

    try:
        environment.until("the nodes are connected", meshed, NODES[0])
    except OperatorError as error:
        held = ", ".join(
            f"{node} sees {names or 'nobody'}" for node, names in zip(NODES, seen, strict=False)
        )
        raise CheckError(
            f"the nodes do not cluster: {held}; base name, cookie or port differ"
        ) from error
    return ", ".join(f"{node} sees {names}" for node, names in zip(NODES, seen, strict=True))


def drains(environment: Environment) -> str:
    """A node that is stopped under load loses no request, and ends by itself."""
    stopped = environment.container(NODES[0])
    with Load(environment.client, "/", _RATE) as load:
        environment.until("the load has begun", lambda: load.sent > _RATE, NODES[1])
        docker.run("stop", "--time", str(environment.stop_seconds), stopped)
    found = docker.container(stopped) or {}
    code = found["State"]["ExitCode"]
    if load.lost:
        raise CheckError(
            f"{len(load.lost)} of {load.sent} requests were lost while {NODES[0]} stopped: "
            f"{load.lost[0]}"
        )
    if code == _KILLED:
        raise CheckError(
            f"{NODES[0]} was killed after {environment.stop_seconds} s: SIGTERM does not reach the "
            "release, or its drainers take longer"
        )
    if code:
        raise CheckError(f"{NODES[0]} ended with exit code {code}")
    environment.start()
    return f"{load.sent} requests, none lost, exit code 0"


def _connected(environment: Environment, node: str) -> str:
    said = docker.run("exec", environment.container(node), "/app/bin/observe")
    found = re.search(r"^connected ?(.*)$", said, re.MULTILINE)
    return found[1] if found else ""
