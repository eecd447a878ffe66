"""Ports: taken is said before anything starts."""

import socket
from dataclasses import asdict

import pytest

from perpetual.errors import OperatorError
from perpetual.release.ports import Ports


def test_free_ports_are_three_and_can_be_had() -> None:
    """At least a moment later."""
    ports = Ports.free()
    assert len(set(asdict(ports).values())) == 3
    ports.check(lambda: pytest.fail("nobody has to be asked"))


@pytest.mark.parametrize("name", ["http", "https", "database"])
def test_a_port_that_is_taken_is_named_with_its_option(name: str) -> None:
    """Unless it is the environment's own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = Ports(**{**asdict(Ports.free()), name: port})
        ports.check(lambda: {port})
        with pytest.raises(OperatorError, match=f"port {port} is taken, so {name}") as caught:
            ports.check(set)
    assert f"--{name}-port" in caught.value.hint


def test_a_connection_that_has_ended_is_in_nobodys_way() -> None:
    """The kernel keeps its port in mind for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            held, _ = server.accept()
            held.close()
    Ports(http=port, https=Ports.free().https, database=Ports.free().database).check(set)
