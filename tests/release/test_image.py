"""The image: what it holds, as whom it runs, and what a change of it costs."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import build, docker
from tests.release.conftest import Measured, Start, commit
from tests.release.support import layers, until

MIB = 1_048_576


@pytest.mark.core
def test_it_is_small_and_holds_neither_compiler_nor_source(built: build.Built) -> None:
    """Under 200 MB; no Elixir, no Erlang compiler beside the release, no source, no build tools."""
    assert built.size < 200 * 1_000_000
    found = docker.run(
        "run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", built.id, "-c",
        "command -v elixir mix erlc gcc make git;"
        "find / -xdev '(' -name '*.ex' -o -name '*.[exy]rl' -o -name '*.c' ')' 2>/dev/null; id -u",
    )  # fmt: skip
    assert found.splitlines() == ["65534"]


def test_nothing_in_it_belongs_to_the_release(built: build.Built) -> None:
    """The release cannot change its own code."""
    found = docker.run(
        "run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", built.id, "-c",
        "find /app -writable | head; find /app ! -user root | head",
    )  # fmt: skip
    assert found == ""


@pytest.mark.core
def test_it_starts_on_a_read_only_root_and_says_what_it_is(
    built: build.Built, start: Start
) -> None:
    """As user nobody, by the exec form: no shell is left that would keep signals from the VM."""
    node = start()
    until("it serves", lambda: node.client.serves("/health"))
    running = docker.run("top", node.name, "-o", "pid,comm")
    assert "beam.smp" in running
    assert not re.search(r"\b(ba|da)?sh$", running, re.MULTILINE)
    found = docker.image(built.id)
    assert found is not None
    assert found["Config"]["Cmd"] == ["/app/bin/server"]
    assert found["Config"]["User"] == "65534:65534"
    assert found["Config"]["Labels"]["org.opencontainers.image.revision"] == built.commit


def test_a_missing_variable_is_a_sentence(start: Start) -> None:
    """It names each, ends with 1, and leaves no dump."""
    node = start(variables={"PHX_HOST": "", "SECRET_KEY_BASE": ""})
    until("it ends", lambda: not node.running)
    assert node.exit_code == 1
    assert "not set in its environment: PHX_HOST, SECRET_KEY_BASE" in node.log
    assert "crash" not in node.log.lower()


def test_the_same_revision_is_not_built_again(options: build.Options, built: build.Built) -> None:
    """Nothing changed, and it says so."""
    again = build.build(options)
    assert (again.id, again.fresh) == (built.id, False)
    assert "compile" not in again.seconds


def test_a_dirty_tree_is_refused_unless_allowed(options: build.Options, built: build.Built) -> None:
    """The image of a revision holds what the revision holds."""
    extra = options.context / "lib" / "extra.ex"
    extra.write_text("defmodule Extra, do: nil\n")
    try:
        with pytest.raises(OperatorError, match=r"differs from its last commit.*lib/extra\.ex"):
            build.build(options)
        allowed = build.build(replace(options, dirty=True))
    finally:
        extra.unlink()
    assert allowed.reference.endswith("-dirty")
    assert allowed.id != built.id


def test_a_change_of_one_line_is_one_new_layer(
    options: build.Options, built: build.Built, registry: str, measured: Measured
) -> None:
    """What is pushed and pulled for it is the release alone."""
    first = pushed(built.reference, registry)
    assert first == {"Pushed": len(layers(built.reference))}
    router = options.context / "lib" / "shop_web" / "router.ex"
    router.write_text(router.read_text().replace("a shop", "one shop"))
    commit(options.context, "one line")
    changed = build.build(options)
    assert changed.fresh
    one, other = layers(built.reference), layers(changed.reference)
    assert one[:-1] == other[:-1]
    assert one[-1] != other[-1]
    assert changed.layers[-1].size < 20 * MIB
    again = pushed(changed.reference, registry)
    assert again == {"Layer already exists": len(one) - 1, "Pushed": 1}
    seconds = sum(changed.seconds.values())
    measured(
        f"image: {changed.size / MIB:.0f} MiB, of which a change of one line renews "
        f"{changed.layers[-1].size / MIB:.1f} MiB; built in {seconds:.1f} s"
    )


def pushed(reference: str, registry: str) -> Counter[str]:
    """Push an image, and return what became of its layers."""
    there = f"{registry}/shop:{reference.rpartition(':')[2]}"
    docker.run("tag", reference, there)
    try:
        said = docker.run("push", there)
    finally:
        docker.run("image", "rm", "--no-prune", there)
    return Counter(re.findall(r"^[0-9a-f]{12}: (Pushed|Layer already exists)", said, re.MULTILINE))


def test_a_context_without_dockerfile_is_a_sentence(tmp_path: Path) -> None:
    """And so is a folder without a revision."""
    with pytest.raises(OperatorError, match="holds no Dockerfile"):
        build.build(build.Options(context=tmp_path, arguments={}))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(OperatorError, match="has no revision to name an image after"):
        build.build(build.Options(context=tmp_path, arguments={}))


def test_the_bundle_of_authorities_is_pinned(options: build.Options) -> None:
    """Another file than the one whose checksum is pinned ends the build."""
    wrong = replace(options, arguments={**options.arguments, "RDS_BUNDLE_SHA256": "0" * 64})
    with pytest.raises(OperatorError) as refused:
        build.build(wrong)
    assert "rds-global-bundle.pem: FAILED" in refused.value.detail
