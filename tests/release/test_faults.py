"""What goes wrong: each fault is a sentence, leaves a clean state, and a second run completes."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.sql import SQL

from perpetual.database.connection import connect
from perpetual.errors import OperatorError
from perpetual.release import build, docker
from perpetual.release.environment import Environment
from perpetual.release.ports import Ports
from perpetual.release.project import Project
from perpetual.release.temporary import temporary, unique
from tests.release import command, support
from tests.release.conftest import Measured, commit
from tests.release.support import BASES, example, until

COMMANDS = {
    "build": ("build", "--context", "."),
    "up": ("up", "an/image:1"),
    "down": ("down",),
    "check": ("check", "an/image:1"),
    "sanity": ("sanity", "an/image:1"),
}

# --- Docker


@pytest.mark.parametrize("name", COMMANDS)
def test_a_daemon_that_does_not_run(checkout: Path, name: str) -> None:
    """Each command says so, and leaves nothing."""
    (checkout / "Dockerfile").write_text("FROM scratch\n")
    commit(checkout, "one")
    gone = {"DOCKER_HOST": f"unix://{checkout}/no.sock"}
    ran = command.run(checkout, *COMMANDS[name], variables=gone)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("perpetual: the Docker daemon does not answer\n")
    assert "`docker info`" in ran.err
    assert not list((checkout / ".perpetual").glob("perpetual-check-*"))


@pytest.mark.parametrize("name", ["up", "down", "check", "sanity"])
def test_no_docker_at_all(checkout: Path, name: str) -> None:
    """The command's name stands in the sentence."""
    ran = command.run(checkout, *COMMANDS[name], variables={"PATH": str(checkout)})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "perpetual: there is no command `docker`\nInstall Docker, with its command line.\n"
    )


def test_a_folder_that_is_no_checkout(tmp_path: Path, built: build.Built) -> None:
    """Nothing can be started from there."""
    ran = command.run(tmp_path, "sanity", built.reference)
    assert ran.code == 2
    assert ran.err.startswith(f"perpetual: there is no release/compose.yaml in {tmp_path}\n")


def test_a_build_that_is_killed(options: build.Options, tmp_path: Path) -> None:
    """The daemon ends what it was at; the next build is whole."""
    made = example(tmp_path / "shop", options.context / "certs" / "rds-global-bundle.pem")
    with (made.context / "lib" / "shop.ex").open("w") as file:
        file.write("defmodule Shop, do: @moduledoc false\n")
    commit(made.context, "one")
    digest = made.arguments["RDS_BUNDLE_SHA256"]
    arguments = [f"--build-arg={name}={value}" for name, value in made.arguments.items()]
    asked = ("build", "--context", str(made.context), "--name", "perpetual-test/killed")
    process = command.begun(tmp_path, *asked, "--again", *arguments)
    until("a step of it runs", lambda: _steps(digest) or process.poll() is not None)
    process.kill()
    process.communicate()
    until("the step ends", lambda: not _steps(digest))
    ran = command.run(tmp_path, *asked, *arguments)
    assert (ran.code, ran.err) == (0, "")
    assert "nothing changed" not in ran.out
    assert "nothing changed" in command.run(tmp_path, *asked, *arguments).out


def _steps(digest: str) -> list[str]:
    """Return the steps of a build that run now, told by one of its arguments."""
    running = docker.run("ps", "--quiet").split()
    found = [docker.container(one) for one in running]
    return [
        one["Id"]
        for one in found
        if one and f"RDS_BUNDLE_SHA256={digest}" in (one["Config"]["Env"] or [])
    ]


# --- an environment that is to stay


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout that the tests of this part share, as they share its environment."""
    return support.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """Return the environment's name; whatever there is of it is removed in the end."""
    made = unique("perpetual-test")
    yield made
    Project(made).remove(volumes=True, gracefully=False)


@pytest.fixture(scope="module")
def up(built: build.Built, name: str) -> tuple[str, ...]:
    """Return the command that starts it."""
    ports = Ports.free()
    return (
        *("up", built.reference, "--name", name, "--http-port", str(ports.http)),
        *("--https-port", str(ports.https), "--database-port", str(ports.database)),
    )


def test_a_port_that_is_taken(place: Path, name: str, up: tuple[str, ...]) -> None:
    """It is told before anything is started, with the option that names another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for option in ("--http-port", "--https-port", "--database-port"):
            ran = command.run(place, *up, option, port)
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith(f"perpetual: port {port} is taken")
            assert f"choose another with {option}" in ran.err
    assert docker.run("ps", "--all", "--quiet", "--filter", f"name={name}") == ""


def test_a_database_that_does_not_start(place: Path, up: tuple[str, ...]) -> None:
    """Its own last words say why."""
    ran = command.run(place, *up, variables={"POSTGRES_IMAGE": BASES["RUNNER_IMAGE"]})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("perpetual: database ended before the database answers\n")
    assert "/usr/lib/postgresql" in ran.err


DEAF = r"""
FROM perpetual-test/postgres:trixie
RUN cd /usr/lib/postgresql/*/bin && mv postgres real && printf '%s\n' '#!/bin/sh' \
    'case "$*" in *listen_addresses*) exec sleep 600 ;; *) exec "${0%/*}/real" "$@" ;; esac' \
    >postgres && chmod 755 postgres
"""
"""A server that starts, and never listens."""


def test_a_database_that_never_answers(
    built: build.Built, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, and not for ever; nothing of it is left."""
    image = docker.run("build", "--quiet", "-", given=DEAF).strip()
    monkeypatch.setenv("POSTGRES_IMAGE", image)
    name = unique("perpetual-test")
    never = Environment(root=checkout, image=built.id, name=name, ports=Ports.free(), seconds=3.0)
    with (
        pytest.raises(OperatorError, match=r"not after 3 s: the database answers"),
        temporary(never),
    ):
        never.up_database()
    assert docker.run("ps", "-aq", "--filter", f"name={name}") == ""


def test_an_image_that_nobody_has(place: Path, up: tuple[str, ...]) -> None:
    """Be it fetched from wherever."""
    ran = command.run(place, *up, variables={"POSTGRES_IMAGE": "127.0.0.1:9/nobody/has:1"})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("perpetual: an image cannot be fetched\n")


def begun(place: Path, name: str, up: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start it, and return its process once it is at work: then it writes its variables anew."""
    file = place / ".perpetual" / name / "release.env"
    before = file.stat().st_ino if file.exists() else None
    process = command.begun(place, *up)
    until("it is at work", lambda: file.exists() and file.stat().st_ino != before)
    return process


def test_an_interruption(place: Path, name: str, up: tuple[str, ...]) -> None:
    """At once, wherever it is: what is there then is what the next run goes on from."""
    process = begun(place, name, up)
    os.killpg(process.pid, signal.SIGINT)
    ran = command.ended(process)
    assert (ran.code, ran.out) == (128 + signal.SIGINT, "")
    assert ran.err == "perpetual: interrupted\n"


def test_after_all_of_that_it_comes_up(
    place: Path, name: str, up: tuple[str, ...], measured: Measured
) -> None:
    """Two at once are one too many; again, later, is none."""
    start = time.monotonic()
    first = begun(place, name, up)
    second = command.run(place, *up)
    ran = command.ended(first)
    assert second.code == 2
    assert f"another run is at work on the environment {name}\n" in second.err
    assert (ran.code, ran.err) == (0, "")
    measured(f"up: {time.monotonic() - start:.1f} s")
    running = Environment(root=place, image="", name=name, ports=_ports(up))
    assert running.client.serves("/products")
    assert command.run(place, *up).code == 0
    assert running.client.serves("/products")


def test_a_database_whose_password_is_another(place: Path, name: str, up: tuple[str, ...]) -> None:
    """Somebody changed it; only whoever has it can change it back, so the way out is a new one."""
    running = Environment(root=place, image="", name=name, ports=_ports(up))
    with connect(running.server()) as held:
        held.execute(SQL("ALTER ROLE master PASSWORD 'another'"))
    ran = command.run(place, *up)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"perpetual: the database of {name} is another than ")
    assert "perpetual release down --volumes" in ran.err


def test_it_goes_down_and_its_rows_go_when_they_are_to(place: Path, name: str) -> None:
    """Again, it is down already."""
    volumes = ("volume", "ls", "--quiet", "--filter", f"name={name}")
    assert command.run(place, "down", "--name", name).code == 0
    assert docker.run("ps", "--all", "--quiet", "--filter", f"name={name}") == ""
    assert len(docker.run(*volumes).split()) == 2
    for _ in range(2):
        assert command.run(place, "down", "--name", name, "--volumes").code == 0
        assert docker.run(*volumes) == ""
        assert docker.run("network", "ls", "--quiet", "--filter", f"name={name}") == ""
    assert [one.name for one in (place / ".perpetual" / name).iterdir()] == ["work.lock"]


def _ports(up: tuple[str, ...]) -> Ports:
    http, https, database = (int(part) for part in up if part.isdecimal())
    return Ports(http=http, https=https, database=database)
