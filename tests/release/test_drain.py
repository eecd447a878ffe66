"""A node that is told to end: what it still does, what it no longer does, and how long it takes."""

import time
from dataclasses import replace
from functools import partial

import pytest

from perpetual.release import docker
from perpetual.release.environment import NODES, Environment
from perpetual.release.web import Client, Load
from tests.release import raw
from tests.release.conftest import Measured, Start
from tests.release.support import Node, until

IN_FLIGHT = 200
RATE = 100.0
"""Requests a second; each takes `SLOW` milliseconds, so that a few more than `IN_FLIGHT` are."""
SLOW = 2_500
STOPPED_BY_SIGNAL = 143
"""Exit code of a shell that SIGTERM ends, before the VM has taken its place."""


def slow(milliseconds: int) -> bytes:
    """Return a request that takes its time, on a connection that may go on."""
    path = f"/slow?ms={milliseconds}"
    return f"GET {path} HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: https\r\n\r\n".encode()


def up(node: Node) -> Client:
    """Wait until a node serves, and return a client of it."""
    until("it serves", lambda: node.running and "listening" in node.log)
    until("it is healthy", lambda: node.client.serves("/health"))
    return node.client


def told(node: Node) -> None:
    """Send SIGTERM, and wait until the node has heard it."""
    docker.run("kill", "--signal", "TERM", node.name)
    until("it drains", lambda: '"draining"' in node.log)


def over(node: Node) -> bool:
    """Tell whether a node has ended."""
    return not node.running


def ended(node: Node) -> float:
    """Wait until a node has ended by itself, and return after how many seconds."""
    seconds = until("it ends", partial(over, node))
    assert node.exit_code == 0, node.log
    return seconds


@pytest.mark.core
def test_200_requests_in_flight_survive_the_end_of_a_node(
    environment: Environment, measured: Measured
) -> None:
    """At a steady rate behind the balancer: none is lost, nor cut and asked again elsewhere."""
    node = environment.project.container(NODES[0])
    address = environment.project.address(NODES[0])
    client = replace(environment.client, seconds=raw.SECONDS)
    with Load(client, f"/slow?ms={SLOW}", RATE) as load:
        until("enough are in flight", lambda: load.under_way >= IN_FLIGHT)
        in_flight, start = load.under_way, time.monotonic()
        docker.run("stop", node)
        seconds = time.monotonic() - start
    found = docker.container(node) or {}
    environment.start()
    own = sum(one.startswith(f"{address}:") for one in load.answered)
    measured(
        f"drain: {in_flight} requests in flight, {load.sent} in all, {own} answered by the node "
        f"that ended, after {seconds:.1f} s; the latest was sent {load.late:.2f} s behind its time"
    )
    assert load.lost == []
    assert len(load.answered) == load.sent
    assert found["State"]["ExitCode"] == 0
    assert own > IN_FLIGHT / 4


def test_a_node_that_is_killed_loses_requests_and_they_are_counted(
    environment: Environment,
) -> None:
    """Though the balancer asks the other node, and every client gets its answer."""
    node = environment.project.container(NODES[1])
    client = replace(environment.client, seconds=raw.SECONDS)
    with Load(client, "/slow?ms=1000", 40) as load:
        until("some are in flight", lambda: load.under_way >= 30)
        docker.run("kill", node)
        until("some are lost", lambda: load.lost)
    environment.start()
    assert any("not answered by the first" in one for one in load.lost)
    assert len(load.answered) + len(load.lost) == load.sent


def test_ready_turns_red_while_health_stays_green(start: Start) -> None:
    """From SIGTERM until the node no longer listens; nothing in between is refused."""
    node = start()
    client = up(node)
    assert client.status("/ready") == 200
    docker.run("kill", "--signal", "TERM", node.name)
    ready: list[int | None] = []
    health: list[int | None] = []
    while client.status("/health") is not None or not ready:
        ready.append(client.status("/ready"))
        health.append(client.status("/health"))
    assert 503 in ready
    # The node may stop listening between the two questions: then neither has an answer any more.
    assert [status for status in ready if status] == sorted(filter(None, ready))
    assert set(filter(None, health)) == {200}
    ended(node)


def test_a_connection_is_told_to_close(start: Start) -> None:
    """One that was to go on, and does until the node drains."""
    node = start()
    client = up(node)
    with raw.connected(client.port) as held:
        held.sendall(slow(0))
        assert "connection: keep-alive" in raw.answer(held)
        told(node)
        held.sendall(slow(0))
        assert "connection: close" in raw.answer(held)
        assert raw.rest(held) == b""
    ended(node)


def test_an_idle_connection_does_not_keep_a_node(start: Start, measured: Measured) -> None:
    """It is let go once the node no longer listens, long before its time is up."""
    node = start(variables={"DRAIN_SECONDS": "60"})
    client = up(node)
    with raw.connected(client.port) as idle, raw.connected(client.port) as used:
        used.sendall(slow(0))
        raw.answer(used)
        told(node)
        assert raw.rest(idle) == raw.rest(used) == b""
        seconds = ended(node)
    measured(f"drain: an idle node ended {seconds:.1f} s after its connections")
    assert '"drained"' in node.log


def test_a_request_is_finished_and_the_second_sigterm_changes_nothing(start: Start) -> None:
    """It takes longer than the node listens."""
    node = start(variables={"DRAIN_SECONDS": "30"})
    client = up(node)
    with raw.connected(client.port) as held:
        held.sendall(slow(4_000))
        until("it is under way", lambda: "requests 1\n" in node.run("/app/bin/observe"))
        told(node)
        docker.run("kill", "--signal", "TERM", node.name)
        head = raw.answer(held)
    assert "200 ok" in head
    assert "connection: close" in head
    ended(node)


def test_a_node_that_drains_can_be_asked_what_it_waits_for(start: Start) -> None:
    """By the same command as before."""
    node = start(variables={"DRAIN_SECONDS": "30"})
    client = up(node)
    with raw.connected(client.port) as held:
        held.sendall(slow(6_000))
        until("it is under way", lambda: "requests 1\n" in node.run("/app/bin/observe"))
        told(node)
        said = node.run("/app/bin/observe")
    assert "draining true" in said
    assert "requests 1\n" in said


def test_a_request_beyond_the_drain_is_cut_and_the_node_ends_by_itself(
    start: Start, measured: Measured
) -> None:
    """It says so; SIGKILL, which would come much later, is not needed."""
    node = start(variables={"DRAIN_SECONDS": "2"})
    client = up(node)
    with raw.connected(client.port) as held:
        held.sendall(slow(30_000))
        until("it is under way", lambda: "requests 1\n" in node.run("/app/bin/observe"))
        began = time.monotonic()
        docker.run("stop", "-t", "30", node.name)
        seconds = time.monotonic() - began
        assert raw.statuses(raw.rest(held)) == []
    measured(f"drain: with a longer request, and 2 s to drain, ended after {seconds:.1f} s")
    assert node.exit_code == 0
    assert "requests are cut" in node.log


def _decided(node: Node) -> bool:
    return over(node) or "listening" in node.log


def test_sigterm_while_it_starts_leaves_nothing_half_started(start: Start) -> None:
    """It ends at once, or it comes up whole, and ends when it is told again.

    Erlang/OTP catches SIGTERM before anybody in the VM listens to it, for as long as it loads its
    code; a node that was told then is killed in the end. It has no request yet that could be lost.
    """
    nodes = []
    for delay in (0.0, 0.1, 0.3, 0.5):
        node = start()
        time.sleep(delay)
        docker.run("kill", "--signal", "TERM", node.name)
        nodes.append(node)
    for node in nodes:
        until("it ends or serves", partial(_decided, node))
        if node.running and "SIGTERM received" not in node.log:
            docker.run("kill", "--signal", "TERM", node.name)
        until("it ends", partial(over, node))
        assert node.exit_code in {0, STOPPED_BY_SIGNAL}, node.log
