"""From folders to projects: umbrellas, and everything that a folder can hold against it."""

import os
import re
import shutil
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release.lint import reading, run
from perpetual.release.lint.files import Kind
from tests.release_units.lint.good import ROOT, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of the good project."""
    return write(tmp_path / "shop")


def found(project: Path) -> list[tuple[str, str, int]]:
    """Return rule, file and line of each finding."""
    return [(item.rule, item.file, item.line) for item in run.lint(project).findings]


def what(project: Path) -> list[str]:
    """Return what was found."""
    return [item.what for item in run.lint(project).findings]


def umbrella(folder: Path, project: Path) -> Path:
    """Turn a project into the only application of an umbrella."""
    shop = folder / "apps" / "shop"
    shop.mkdir(parents=True)
    for name in ("lib", "priv"):
        shutil.move(project / name, shop / name)
    for name in ("config", "rel", "certs", "Dockerfile", ".dockerignore", "mix.lock"):
        shutil.move(project / name, folder / name)
    mix = (project / "mix.exs").read_text()
    (shop / "mix.exs").write_text(
        mix.replace("app: :shop,", 'app: :shop,\n      lockfile: "../../mix.lock",')
    )
    (folder / "mix.exs").write_text(
        "defmodule Umbrella.MixProject do\n  use Mix.Project\n\n  def project do\n"
        '    [apps_path: "apps", version: "0.1.0", releases: [shop: [applications: '
        "[shop: :permanent]]]]\n  end\nend\n"
    )
    docker = folder / "Dockerfile"
    docker.write_text(
        docker.read_text()
        .replace(
            "COPY config/config.exs", "COPY apps/shop/mix.exs apps/shop/\nCOPY config/config.exs"
        )
        .replace("COPY priv/ priv/\nCOPY lib/ lib/", "COPY apps/ apps/")
    )
    return folder


def test_a_folder_is_read_as_it_is(project: Path) -> None:
    """What is nothing to the rules is not read, whatever it holds."""
    for path in ("deps/x/lib/a.ex", "lib/shop/template.heex", "priv/static/a.exs", "test/a.exs"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_bytes(b"\xff")
    assert found(project) == []


def test_the_example_is_clean() -> None:
    """It is shaped like a Phoenix project, but for Phoenix."""
    assert found(ROOT / "release" / "example") == []


def test_an_umbrella_is_read_with_its_applications(tmp_path: Path, project: Path) -> None:
    """Findings stand where they are, below the umbrella."""
    root = umbrella(tmp_path / "umbrella", project)
    assert found(root) == []
    release = root / "apps" / "shop" / "lib" / "shop" / "release.ex"
    release.write_text(release.read_text().replace("@app :shop", "@app Mix.env()"))
    health = root / "apps" / "shop" / "lib" / "shop_web" / "health.ex"
    health.write_text(health.read_text().replace('"/health"', '"/alive"'))
    assert found(root) == [
        ("seeds", "apps/shop/lib/shop/release.ex", 8),
        ("health-route", "mix.exs", 1),
    ]


def test_a_part_of_an_umbrella_is_refused(tmp_path: Path, project: Path) -> None:
    """Its settings are elsewhere, and it would seem to lack everything."""
    root = umbrella(tmp_path / "umbrella", project)
    with pytest.raises(OperatorError, match="is one application of an umbrella"):
        run.lint(root / "apps" / "shop")


def test_an_umbrella_without_its_folder_is_refused(tmp_path: Path) -> None:
    """A clean verdict on nothing would be none."""
    (tmp_path / "mix.exs").write_text('[apps_path: "apps"]')
    with pytest.raises(OperatorError, match="apps, where mix"):
        run.lint(tmp_path)


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    """A folder that is not there, a file, a folder without mix.exs, one that cannot be read."""
    with pytest.raises(OperatorError, match="is no folder"):
        run.lint(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="is no folder"):
        run.lint(tmp_path / "file")
    with pytest.raises(OperatorError, match=r"holds no mix\.exs"):
        run.lint(tmp_path)
    with pytest.raises(OperatorError, match="'health' is no path"):
        run.lint(tmp_path, health="health")
    (tmp_path / "mix.exs").write_bytes(b"\xff")
    with pytest.raises(OperatorError, match=r"has a mix\.exs that is not UTF-8 text, from byte 0"):
        run.lint(tmp_path)


def test_an_empty_project_lacks_what_it_needs(tmp_path: Path) -> None:
    """Everything that is missing is reported at mix.exs, and nothing fails."""
    (tmp_path / "mix.exs").write_text("")
    assert set(found(tmp_path)) == {("docker-missing", "mix.exs", 1), ("logger-json", "mix.exs", 1)}
    (tmp_path / "mix.exs").write_text("[app: :shop, deps: [{:phoenix, []}, {:ecto_sql, []}]]")
    assert {file for _, file, _ in found(tmp_path)} == {"mix.exs"}


@pytest.mark.parametrize("path", ["config/prod.exs", "rel/env.sh.eex", "Dockerfile", "lib/a.ex"])
def test_empty_files_are_files(project: Path, path: str) -> None:
    """They lack something, or nothing."""
    (project / path).write_text("")
    assert all(line == 1 for rule, file, line in found(project) if file == path)


def test_what_cannot_be_read_is_a_finding(project: Path) -> None:
    """Silence would say that it was judged."""
    lib = project / "lib"
    (lib / "latin.ex").write_bytes("# caf\xe9".encode("latin-1"))
    (lib / "large.ex").write_bytes(b"#" * (reading.LARGEST + 1))
    (lib / "largest.ex").write_bytes(b"#" * reading.LARGEST)
    (lib / "loop.ex").symlink_to("loop.ex")
    (lib / "nothing.ex").symlink_to("gone.ex")
    (lib / "folder.ex").mkdir()
    (lib / "link.ex").symlink_to("folder.ex")
    os.mkfifo(lib / "pipe.ex")
    assert [(file, rule) for rule, file, _ in found(project)] == [
        (f"lib/{name}.ex", "unreadable") for name in ("large", "latin", "loop", "nothing", "pipe")
    ]
    said = " ".join(what(project))
    for part in (
        "larger than",
        "not UTF-8 text, from byte 5",
        "link to nothing",
        "no regular file",
    ):
        assert part in said


def test_links_to_folders_are_not_followed(project: Path) -> None:
    """So that a loop has an end."""
    (project / "lib" / "again").symlink_to(project / "lib")
    (project / "lib" / "up").symlink_to("..")
    assert found(project) == []


def test_a_linked_file_is_read(project: Path) -> None:
    """Settings may be shared that way."""
    shutil.move(project / "config" / "runtime.exs", project.parent / "shared.exs")
    (project / "config" / "runtime.exs").symlink_to(project.parent / "shared.exs")
    assert found(project) == []


def test_the_shell_says_what_it_refuses(project: Path) -> None:
    """`elsif` is Ruby; the line is the script's own, tags that stretch over lines included."""
    script = project / "rel" / "env.sh.eex"
    wrong = "<%=\n  @release.name\n%>\nif true; then\n  :\nelsif [ a = b ]; then\n  :\nfi\n"
    script.write_text(script.read_text() + wrong)
    line = script.read_text().split("\n").index("elsif [ a = b ]; then") + 1
    (finding,) = run.lint(project).findings
    assert (finding.rule, finding.file, finding.line) == ("shell-syntax", "rel/env.sh.eex", line)
    assert re.search(r"the shell refuses the script: .*\bthen\b", finding.what)


def test_a_script_has_to_be_executable(project: Path) -> None:
    """A copy by way of an archive may have lost that."""
    scripts = project / "rel" / "overlays" / "bin"
    (scripts / "server.bat").write_text("call shop start\r\n")
    (scripts / "seed").chmod(0o644)
    assert found(project) == [("release-scripts", "rel/overlays/bin/seed", 3)]


def test_another_dockerfile_and_path_may_be_named(project: Path) -> None:
    """As the stack's settings can."""
    shutil.move(project / "Dockerfile", project / "Dockerfile.prod")
    assert found(project) == [("docker-missing", "mix.exs", 6)]
    assert run.lint(project, dockerfile="Dockerfile.prod").clean
    other = run.lint(project, dockerfile="Dockerfile.prod", health="/alive").findings
    assert [item.rule for item in other] == ["force-ssl-health", "health-route"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("config/config.exs", Kind.COMPILE),
        ("config/prod.secret.exs", Kind.COMPILE),
        ("config/dev.exs", None),
        ("config/test.exs", None),
        ("config/devices.exs", Kind.COMPILE),
        ("config/releases.exs", Kind.RUNTIME),
        ("priv/other_repo/migrations/1_a.exs", Kind.MIGRATION),
        ("priv/repo/tenant_migrations/1_a.exs", None),
        ("priv/repo/seeds_prod.exs", Kind.SEEDS),
        ("rel/overlays/bin/server.bat", Kind.OVERLAY),
        ("README.md", None),
    ],
)
def test_a_path_says_what_a_file_is(path: str, kind: Kind | None) -> None:
    """What development and tests read is not judged."""
    assert reading.kind_of(path) is kind
