"""Nodes find each other, by DNS and one port, and tell who does not belong."""

import re
import time

from perpetual.release import docker
from tests.release.conftest import Start
from tests.release.support import Node, until

QUERY = {"DNS_CLUSTER_QUERY": "release.internal"}


def meshed(nodes: list[Node]) -> bool:
    """Tell whether each node is connected to all others."""
    return all(len(node.connected()) == len(nodes) - 1 for node in nodes)


def listening(node: Node) -> set[int]:
    """Return the ports that something in a container listens on, loopback aside."""
    table = node.run("cat", "/proc/net/tcp", "/proc/net/tcp6")
    rows = [line.split() for line in table.splitlines() if re.match(r"\s*\d+:", line)]
    local = [row[1].rsplit(":", 1) for row in rows if row[3] == "0A"]
    # Docker's own resolver listens on 127.0.0.11.
    return {int(port, 16) for address, port in local if not address.endswith("7F")}


def test_three_nodes_mesh_by_one_port_without_epmd(start: Start) -> None:
    """Soon after the last start; only HTTP and distribution listen."""
    nodes = [start(variables=QUERY) for _ in range(3)]
    until("the last node is up", lambda: "listening" in nodes[-1].log)
    until("three nodes are connected", lambda: meshed(nodes))
    for node in nodes:
        assert listening(node) == {5000, 9100}
        assert "epmd" not in docker.run("top", node.name, "-o", "pid,comm")
        assert re.fullmatch(
            r"shop@[0-9.]+", node.run("/app/bin/shop", "rpc", "IO.puts(node())").strip()
        )


def test_a_killed_node_leaves_and_its_successor_joins(start: Start) -> None:
    """Nobody has to be told."""
    nodes = [start(variables=QUERY) for _ in range(2)]
    until("two nodes are connected", lambda: meshed(nodes))
    docker.run("kill", nodes[1].name)
    until("it has left", lambda: nodes[0].connected() == [], seconds=20)
    nodes[1] = start(variables=QUERY)
    until("its successor has joined", lambda: meshed(nodes))


def test_a_wrong_cookie_is_refused_and_reported_on_both_sides(start: Start) -> None:
    """The VM tells only the one who refuses; the release tells the other."""
    one = start(variables=QUERY)
    other = start(variables={**QUERY, "RELEASE_COOKIE": "another"})
    until("the newcomer says so", lambda: "the cookies differ" in other.log)
    until("the other says so", lambda: "Invalid challenge reply" in one.log)
    assert one.connected() == []


def test_releases_that_must_not_join_are_kept_apart_by_a_suffix(start: Start) -> None:
    """The base name tells versions apart."""
    old = start(variables={**QUERY, "RELEASE_NODE_SUFFIX": "abc1234"})
    new = start(variables={**QUERY, "RELEASE_NODE_SUFFIX": "def5678"})
    until("both are up", lambda: "listening" in old.log and "listening" in new.log)
    time.sleep(2)
    assert (old.connected(), new.connected()) == ([], [])
    assert old.run("/app/bin/shop", "rpc", "IO.puts(node())").startswith("shop-abc1234@")


def test_rpc_runs_in_the_node_and_eval_beside_it(start: Start) -> None:
    """Eval is not distributed and starts nothing of the application's own accord."""
    node = start()
    until("it is up", lambda: "listening" in node.log)
    assert node.run("/app/bin/shop", "rpc", "IO.puts(Node.alive?())").strip() == "true"
    started = "Application.started_applications() |> Enum.any?(&elem(&1, 0) == :shop) |> IO.puts()"
    assert node.run("/app/bin/shop", "eval", started).strip() == "false"
    assert node.run("/app/bin/shop", "eval", "IO.puts(Node.alive?())").strip() == "false"
    wrong = {"RELEASE_COOKIE": "another"}
    assert "RPC failed with reason" in node.refused("/app/bin/shop", "rpc", "1", variables=wrong)


def test_a_console_starts_no_work(start: Start) -> None:
    """Whoever starts the application in a one-off command gets the repository, and no more."""
    node = start()
    until("it is up", lambda: "listening" in node.log)
    script = (
        "Application.ensure_all_started(:shop); "
        "Supervisor.which_children(Shop.Supervisor) |> Enum.map(&elem(&1, 0)) |> IO.inspect()"
    )
    assert "[Shop.Repo]" in node.run("/app/bin/shop", "eval", script)


def test_observe_prints_what_the_node_is_busy_with(start: Start) -> None:
    """Processes, memory, run queue and connected nodes, by rpc; the node goes on."""
    node = start()
    until("it is up", lambda: "listening" in node.log)
    said = dict(
        line.split(maxsplit=1)
        for line in node.run("/app/bin/observe").splitlines()
        if " " in line.strip()
    )
    assert int(said["processes"].split()[0]) > 50
    assert float(said["memory_mib"]) > 10
    assert said["draining"] == "false"
    assert node.running
