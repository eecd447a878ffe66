"""The recipe for Phoenix keeps in step with the example that is tested on containers."""

import re
import shutil
import subprocess
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from perpetual.release.lint import reading
from perpetual.shutdown import DEFAULT, LINGER
from settings.models import Balancer
from tests.release_units.lint.good import AROUND, found

RELEASE = Path(__file__).parents[2] / "release"
EXAMPLE = RELEASE / "example"
PHOENIX = RELEASE / "phoenix"

SAME = (
    ".dockerignore",
    "certs/README.md",
    "rel/env.sh.eex",
    "rel/overlays/bin/migrate",
    "rel/overlays/bin/observe",
    "rel/overlays/bin/rollback",
    "rel/overlays/bin/seed",
    "rel/overlays/bin/server",
    "rel/overlays/bin/status",
    "rel/remote.vm.args.eex",
    "rel/vm.args.eex",
)
"""What knows nothing of Phoenix; the example's tests hold for it word by word."""

AUTHORITIES = "# The authorities that sign"
"""Where both Dockerfiles have what they build with: Debian's packages, or Phoenix's usual image."""

RUNTIME = {
    "Postgrex verifies by itself, given authorities; the example's driver is told so elsewhere": (
        """\
    cacertfile: env.("PGSSLROOTCERT"),
""",
        """\
    ssl: [cacertfile: env.("PGSSLROOTCERT")],
""",
    ),
    "and that deserves to be said": (
        "",
        """\
  # Given authorities, Postgrex verifies the certificate and that it is for the host of the URL.
""",
    ),
    "dns_cluster takes the place of the example's own discovery, which falls back to a table": (
        """\
  config :shop, Shop.Cluster, strategy: if(query == "", do: :heartbeat, else: :dns), query: query
""",
        """\
  config :shop, dns_cluster_query: if(query == "", do: nil, else: query)
""",
    ),
    "Bandit takes the place of the example's own server": (
        """\
      host: env.("PHX_HOST"),
      port: number.("PORT", "5000"),
""",
        """\
      url: [scheme: "https", host: env.("PHX_HOST"), port: 443],
      http: [
        # All addresses, of IPv4 and IPv6.
        ip: {0, 0, 0, 0, 0, 0, 0, 0},
        port: number.("PORT", "5000"),
        thousand_island_options: [
          # Longer than the balancer keeps an idle connection, 60 s: who closes first must be the
          # balancer, or it sends a request into a connection that has just ended.
          read_timeout: 75_000,
          # Shop.Drainer has waited for the requests; what still runs then is cut, a pool of
          # connections after the other.
          shutdown_timeout: 100
        ]
      ],
""",
    ),
}
"""Every difference of runtime.exs, by its reason: the example's lines, and the recipe's."""


def text(folder: Path, path: str) -> str:
    """Return the text of a file."""
    return (folder / path).read_text()


def files(folder: Path, below: str) -> set[str]:
    """Return the files below a folder."""
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / below).rglob("*")
        if path.is_file()
    }


def definition(source: str, name: str) -> str:
    """Return the lines of a function, from its head to the `end` at the same column."""
    found = re.search(rf"(?ms)^  def {re.escape(name)}(?!\w).*?^  end$", source)
    assert found, name
    return found[0]


def figure(pattern: str, source: str) -> int:
    """Return the one number that a pattern captures."""
    (found,) = re.findall(pattern, source)
    return int(found.replace("_", ""))


def test_the_images_are_built_alike_from_different_builders() -> None:
    """The example makes do with Debian; a Phoenix project wants versions that Debian lacks."""
    example, phoenix = ((folder / "Dockerfile").read_text() for folder in (EXAMPLE, PHOENIX))
    assert example.partition(AUTHORITIES)[2] == phoenix.partition(AUTHORITIES)[2] != ""
    for name in ("DEBIAN_VERSION", "RUNNER_IMAGE"):
        line = re.compile(rf"^ARG {name}=.*$", re.MULTILINE)
        assert line.findall(example) == line.findall(phoenix) != []
    assert "FROM ${BUILDER_IMAGE} AS builder" in example
    assert "FROM ${BUILDER_IMAGE} AS builder" in phoenix
    assert "p1_pgsql" not in phoenix


@pytest.mark.parametrize("path", SAME)
def test_what_can_be_the_same_is_the_same(path: str) -> None:
    """To the byte, and as executable."""
    one, other = EXAMPLE / path, PHOENIX / path
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_mode == other.stat().st_mode


def test_no_file_of_the_release_is_left_out() -> None:
    """What is new in one is new in the other, or named here."""
    assert (
        files(EXAMPLE, "rel") == files(PHOENIX, "rel") == {p for p in SAME if p.startswith("rel/")}
    )


def test_settings_of_the_start_differ_only_where_they_have_to() -> None:
    """Each line that does is in the table above, with its reason."""
    one = text(EXAMPLE, "config/runtime.exs").splitlines(keepends=True)
    other = text(PHOENIX, "config/runtime.exs").splitlines(keepends=True)
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    found = {
        ("".join(one[a:b]), "".join(other[c:d])) for kind, a, b, c, d in changes if kind != "equal"
    }
    assert found == set(RUNTIME.values())


@pytest.mark.parametrize(
    ("path", "name"), [("lib/shop/application.ex", "serving?"), ("lib/shop/release.ex", "seed")]
)
def test_functions_that_ask_nothing_of_phoenix_are_the_same(path: str, name: str) -> None:
    """But for what the repository hands them."""
    one, other = (definition(text(folder, path), name) for folder in (EXAMPLE, PHOENIX))
    assert one == other.replace("fn _repo ->", "fn ->")


def test_nodes_are_observed_alike() -> None:
    """What prints a node's state knows nothing of who serves."""
    one, other = (
        definition(text(folder, "lib/shop/release.ex"), "observe") for folder in (EXAMPLE, PHOENIX)
    )
    assert one == other


def test_the_seconds_of_a_drain_are_those_of_the_stack() -> None:
    """`perpetual.shutdown` computes them; where nothing is set, they are its own."""
    drainer = text(PHOENIX, "lib/shop/drainer.ex")
    assert figure(r"@linger_ms ([\d_]+)", drainer) == LINGER * 1_000
    assert "min(@linger_ms, div(drain_ms(), 2))" in drainer
    assert figure(r"Keyword\.get\(:drain_seconds, (\d+)\)", drainer) == DEFAULT.drain
    runtime = text(PHOENIX, "config/runtime.exs")
    assert figure(r'"DRAIN_SECONDS", "(\d+)"', runtime) == DEFAULT.drain


def test_a_connection_outlives_the_balancers_patience() -> None:
    """It is the balancer that closes an idle one."""
    idle = Balancer.model_fields["idle_seconds"].default
    assert figure(r"read_timeout: ([\d_]+)", text(PHOENIX, "config/runtime.exs")) > idle * 1_000


def test_the_manual_names_every_file() -> None:
    """A user goes through its table, and has everything."""
    manual = text(PHOENIX, "README.md")
    unnamed = [
        path
        for path in files(PHOENIX, ".")
        if path != "README.md"
        and f"`{path}`" not in manual
        and f"`{Path(path).parent}/`" not in manual
    ]
    assert unnamed == []


def test_the_manual_renames_everything(tmp_path: Path) -> None:
    """Its commands run as they stand, and what they make is a good project of another name."""
    manual = text(PHOENIX, "README.md")
    commands = re.search(r"```sh\n(.*?)```", manual, re.DOTALL)
    assert commands
    checkout = tmp_path / "checkout"
    shutil.copytree(PHOENIX, checkout / "release" / "phoenix")
    subprocess.run(["sh", "-euc", commands[1]], cwd=checkout, check=True)  # noqa: S607 - the system's shell
    made = tmp_path / "my_app.recipe"
    for path, content in AROUND.items():
        file = made / path.replace("shop", "my_app")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.replace("Shop", "MyApp").replace("shop", "my_app"))
    left = [
        path for path in made.rglob("*") if path.is_file() and b"shop" in path.read_bytes().lower()
    ]
    assert left == []
    assert found(reading.read(made)) == []
