"""`rel/env.sh.eex`: the node's name, the same for each command, and a cookie that the VM takes."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / "release" / name / "rel" / "env.sh.eex" for name in ("example", "phoenix")]

COMMANDS = ("start", "eval", "rpc", "remote")
METADATA = '{"DockerId":"x","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.3.4"]}]}'
PRETTY = '{\n "Networks": [\n  {"IPv4Addresses": [\n   "10.0.3.4", "10.0.3.5"\n  ]}\n ]\n}'
TOOLS = ("cat", "env", "grep", "head", "sed", "sort", "tr")


class Machine:
    """A folder of commands that is all of PATH: no others are found."""

    def __init__(self, folder: Path) -> None:
        """Link the tools that every image has."""
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def command(self, name: str, script: str) -> None:
        """Put a command on the path."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def exports(self, script: Path, before: str = "", **variables: str) -> dict[str, str]:
        """Source the script as the release does, and return what a child of it gets."""
        finished = self.sourced(script, before, **variables)
        assert (finished.returncode, finished.stderr) == (0, "")
        lines = (line.partition("=") for line in finished.stdout.splitlines())
        return {name: value for name, _, value in lines if name not in {"PATH", "PWD", "_"}}

    def sourced(
        self, script: Path, before: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Source the script, and return how that ended."""
        source = script.read_text().replace("<%= @release.name %>", "shop")
        assert "<%" not in source
        return subprocess.run(
            [shutil.which("dash") or "sh", "-c", f"{before}\n{source}\nenv"],
            env={"PATH": str(self.bin), **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without address and without curl."""
    return Machine(tmp_path)


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.parts[-3])
def script(request: pytest.FixtureRequest) -> Path:
    """Return the script of the example, or of the Phoenix recipe."""
    return Path(str(request.param))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_gets_the_same_answer(machine: Machine, script: Path, command: str) -> None:
    """A console finds the node it is for; and nothing else is exported."""
    machine.command("hostname", "echo 10.0.1.2")
    assert machine.exports(script, RELEASE_COMMAND=command) == {
        "RELEASE_COMMAND": command,
        "RELEASE_DISTRIBUTION": "name",
        "RELEASE_NODE": "shop@10.0.1.2",
        "ERL_ZFLAGS": "-erl_epmd_port 9100 ",
        "ERL_CRASH_DUMP_SECONDS": "0",
    }


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        ("10.0.1.2", "10.0.1.2"),
        ("10.0.1.2 172.17.0.1", "10.0.1.2"),
        ("127.0.1.1 10.0.1.2", "10.0.1.2"),
        ("::1 fe80::1 2001:db8::2 10.0.1.2", "10.0.1.2"),
        ("::1 fe80::1 2001:db8::2", "2001:db8::2"),
        ("2001:db8::2 2001:db8::3", "2001:db8::2"),
        ("127.0.0.1 ::1", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_address_is_one_that_others_reach(
    machine: Machine, script: Path, addresses: str, chosen: str
) -> None:
    """Of IPv4, if there is any; the first, so that it is always the same one."""
    machine.command("hostname", f"echo '{addresses}'")
    exported = machine.exports(script)
    assert exported["RELEASE_NODE"] == f"shop@{chosen}"
    # Distribution speaks one of the two: https://www.erlang.org/doc/apps/erts/erl_cmd.html
    assert ("-proto_dist inet6_tcp" in exported["ERL_ZFLAGS"]) is (":" in chosen)


@pytest.mark.parametrize("answer", [METADATA, PRETTY])
def test_the_metadata_answers_where_the_hosts_file_does_not(
    machine: Machine, script: Path, answer: str
) -> None:
    """An image may come without `hostname`, and a host without an entry."""
    machine.command("curl", f"cat <<'END'\n{answer}\nEND")
    exported = machine.exports(script, ECS_CONTAINER_METADATA_URI_V4="http://169.254.170.2/v4/x")
    assert exported["RELEASE_NODE"] == "shop@10.0.3.4"


def test_the_metadata_is_asked_only_when_it_is_needed(machine: Machine, script: Path) -> None:
    """It costs a request for each command."""
    machine.command("hostname", "echo 10.0.1.2")
    machine.command("curl", "echo asked >&2")
    exported = machine.exports(script, ECS_CONTAINER_METADATA_URI_V4="http://169.254.170.2/v4/x")
    assert exported["RELEASE_NODE"] == "shop@10.0.1.2"


@pytest.mark.parametrize("curl", ["exit 22", "echo '{}'", "echo '<html>'", None])
def test_without_any_address_it_is_the_loopback(
    machine: Machine, script: Path, curl: str | None
) -> None:
    """The node starts, and serves, but joins nobody."""
    if curl is not None:
        machine.command("curl", curl)
    exported = machine.exports(script, ECS_CONTAINER_METADATA_URI_V4="http://169.254.170.2/v4/x")
    assert exported["RELEASE_NODE"] == "shop@127.0.0.1"


def test_a_suffix_keeps_releases_apart(machine: Machine, script: Path) -> None:
    """Nodes of another base name are not connected."""
    machine.command("hostname", "echo 10.0.1.2")
    exported = machine.exports(script, RELEASE_NODE_SUFFIX="3f2a")
    assert exported["RELEASE_NODE"] == "shop-3f2a@10.0.1.2"


def test_what_is_given_is_kept(machine: Machine, script: Path) -> None:
    """Whoever sets a variable means it."""
    machine.command("hostname", "echo 10.0.1.2")
    given = {
        "RELEASE_NODE": "other@10.9.9.9",
        "RELEASE_NODE_SUFFIX": "3f2a",
        "RELEASE_DISTRIBUTION": "none",
        "ERL_DIST_PORT": "9200",
        "ERL_ZFLAGS": "-kernel net_ticktime 10",
        "ERL_CRASH_DUMP_SECONDS": "5",
    }
    assert machine.exports(script, **given) == {
        **given,
        "ERL_ZFLAGS": "-erl_epmd_port 9200 -kernel net_ticktime 10",
    }


@pytest.mark.parametrize("addresses", ["10.0.1.2", "2001:db8::2", ""])
def test_a_strict_shell_survives_it(machine: Machine, script: Path, addresses: str) -> None:
    """The release's own script sets -e; and a variable that is not set is no mistake."""
    machine.command("hostname", f"echo '{addresses}'")
    assert machine.exports(script, "set -eu")["RELEASE_NODE"].startswith("shop@")


@pytest.mark.parametrize("cookie", ["", "a-b+c=/", "@a", "a b", "a" * 255])
def test_a_cookie_that_the_vm_takes(machine: Machine, script: Path, cookie: str) -> None:
    """Without one, the release has its own in a file."""
    assert machine.exports(script, "set -eu", RELEASE_COOKIE=cookie)["RELEASE_COOKIE"] == cookie


@pytest.mark.parametrize(
    ("cookie", "fault"),
    [
        ("-a", "begins with - or +"),
        ("--", "begins with - or +"),
        ("+S", "begins with - or +"),
        ("a" * 256, "is longer than 255 characters"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_cookie_that_the_vm_does_not_take(
    machine: Machine, script: Path, command: str, cookie: str, fault: str
) -> None:
    """A sentence says so, and it is not in it; the VM would crash over another file."""
    finished = machine.sourced(script, RELEASE_COMMAND=command, RELEASE_COOKIE=cookie)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr == (
        f"RELEASE_COOKIE {fault}, which the VM does not take: 64 hexadecimal digits would do\n"
    )
