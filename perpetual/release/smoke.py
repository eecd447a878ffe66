"""What has to hold of a running environment, one function a claim.

A claim returns what it saw, and raises `CheckError` with a sentence where it does not hold.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import psycopg

from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.release.claims import CheckError, telling
from perpetual.release.environment import NODES, Environment
from perpetual.release.web import Client, Load, Unfinished

_RATE: Final = 50.0
"""Requests a second while a node drains."""
_PATIENCE: Final = 30.0
"""Seconds after which a request counts as lost; above what any node takes to end."""
_UNFINISHED: Final = 1.0
"""Seconds that a request goes on after SIGTERM; a VM without a drain has ended its part by then."""
_STRANGER: Final = "/certificates/stranger.pem"
"""An authority that has not signed the database's certificate."""
_KILLED: Final = 137
"""Exit code of a container that did not end by itself."""


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
    led = urlsplit(forwarded.headers.get("location", ""))
    if led.scheme == "https" and led.path in {"", "/"}:
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
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise CheckError(f"GET / through the balancer was answered {answer.status}")
    return f"/health 200 at {len(NODES)} nodes, / {answer.status} through the balancer"


def encrypted(environment: Environment) -> str:
    """Each connection of the release to Postgres is TLS, and plain ones are refused."""
    seen: list[tuple[bool, str]] = []

    def connected() -> bool:
        seen[:] = _connections(environment)
        return bool(seen)

    try:
        environment.until("the release has a connection to the database", connected, NODES[0])
    except OperatorError as error:
        raise CheckError(f"{error.message}: is its repository started?") from error
    if not all(tls for tls, _ in seen):
        raise CheckError("the release talks to the database without TLS")
    _refused_plainly(environment)
    return f"{len(seen)} connections, {seen[0][1]}; plain ones are refused"


def verifying(environment: Environment) -> str:
    """The release does not talk to a server whose certificate nobody signed whom it knows."""
    try:
        environment.one_off("migrate", variables={"PGSSLROOTCERT": _STRANGER})
    except OperatorError as error:
        return f"with a stranger for authority: {telling(error)}"
    raise CheckError(
        "the release talks to a server whose certificate none of the authorities in PGSSLROOTCERT "
        "signed: it does not verify, or not with that file"
    )


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
    """A node that is stopped under load loses no request, and ends by itself.

    It stays stopped.
    """
    address = environment.project.address(NODES[0])
    with Load(replace(environment.client, seconds=_PATIENCE), "/", _RATE) as load:
        environment.until(
            "both nodes have load", lambda: len(set(load.answered)) == len(NODES), NODES[0]
        )
        seconds, answer = _stopped(environment)
    code = environment.project.exit_code(NODES[0])
    if not answer.startswith("HTTP/"):
        raise CheckError(
            f"a request that {NODES[0]} was busy with when SIGTERM came was cut: it has to finish "
            "what it has begun before it ends"
        )
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
    own = sum(node.startswith(f"{address}:") for node in load.answered)
    return (
        f"{load.sent} requests, {own} of them to the node that stopped, none lost; "
        f"exit code 0 after {seconds:.1f} s"
    )


def _stopped(environment: Environment) -> tuple[float, str]:
    """Stop the first node amid a request; return the seconds, and how it was answered."""
    unfinished = Unfinished(replace(environment.node(0), seconds=_PATIENCE))
    container = environment.project.container(NODES[0])
    start = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as pool:
        stopping = pool.submit(docker.run, "stop", container)
        time.sleep(_UNFINISHED)
        answer = unfinished.finished()
        stopping.result()
    return time.monotonic() - start, answer


def _connections(environment: Environment) -> list[tuple[bool, str]]:
    """Return of each connection of the application whether it is TLS, and the version."""
    with connect(environment.server()) as connection:
        return connection.execute(
            "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE usename = %s",
            (environment.wanted().rw,),
        ).fetchall()


def _refused_plainly(environment: Environment) -> None:
    server = environment.server()
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
            raise OperatorError("the database does not answer", detail=str(error)) from error
        return
    raise CheckError("the database takes connections without TLS")


def _connected(environment: Environment, node: str) -> str:
    """Return the nodes that one is connected to, none where it cannot be asked yet."""
    try:
        said = docker.run("exec", environment.project.container(node), "/app/bin/observe")
    except OperatorError:
        return ""
    found = re.search(r"^connected ?(.*)$", said, re.MULTILINE)
    return found[1] if found else ""
