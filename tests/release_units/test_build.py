"""What is built: by which arguments, of which revision, under which name."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import build, revision
from perpetual.release.revision import Revision

CLEAN = Revision("a" * 40, ())
DIRTY = Revision("a" * 40, ("lib/shop.ex",))
OPTIONS = build.Options(context=Path("shop"), arguments={"RUNNER_IMAGE": "debian:1"})


def test_an_image_says_which_revision_it_is_of() -> None:
    """By tag and label; one that holds more than its commit says so in both."""
    assert (CLEAN.tag, CLEAN.label) == ("a" * 12, "a" * 40)
    assert (DIRTY.tag, DIRTY.label) == ("a" * 12 + "-dirty", "a" * 40 + "-dirty")
    assert f"REVISION={DIRTY.label}" in build.command(OPTIONS, DIRTY, "shop:1")


def test_the_arguments_of_docker() -> None:
    """The context comes last."""
    assert build.command(OPTIONS, CLEAN, "shop:1") == [
        "build",
        "--force-rm",
        "--build-arg",
        "RUNNER_IMAGE=debian:1",
        "--build-arg",
        f"REVISION={'a' * 40}",
        "--label",
        f"perpetual.arguments={build.fingerprint(OPTIONS)}",
        "--file",
        "shop/Dockerfile",
        "--tag",
        "shop:1",
        "--quiet",
        "shop",
    ]


def test_a_stage_on_the_way_has_no_name() -> None:
    """A build that ends half-way must not leave it under the release's."""
    asked = build.command(replace(OPTIONS, target=build.BUILDER), CLEAN)
    assert "--tag" not in asked
    assert asked[asked.index("--target") + 1] == build.BUILDER


@pytest.mark.parametrize(
    "other",
    [
        replace(OPTIONS, arguments={"RUNNER_IMAGE": "debian:2"}),
        replace(OPTIONS, platform="linux/arm64"),
        replace(OPTIONS, dockerfile="other/Dockerfile"),
    ],
)
def test_builds_with_other_arguments_are_told_apart(other: build.Options) -> None:
    """Though they are of one revision."""
    assert build.fingerprint(other) != build.fingerprint(OPTIONS)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit, and a folder beside the application."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for name in ("shop/mix.exs", "docs/index.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("one\n")
    (tmp_path / ".gitignore").write_text("_build/\n")
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "one"]):
        subprocess.run([*git, *arguments], check=True)
    return tmp_path


def test_only_the_context_counts(repository: Path) -> None:
    """What else the repository holds may change, and what git ignores."""
    (repository / "docs" / "index.md").write_text("two\n")
    (repository / "shop" / "_build").mkdir()
    (repository / "shop" / "_build" / "shop.beam").touch()
    assert revision.of(repository / "shop").dirty == ()
    (repository / "shop" / "new.ex").touch()
    (repository / "shop" / "mix.exs").write_text("two\n")
    assert revision.of(repository / "shop").dirty == ("shop/mix.exs", "shop/new.ex")


def test_a_tree_that_differs_is_not_built(repository: Path) -> None:
    """Each file is named, up to a few."""
    (repository / "shop" / "Dockerfile").touch()
    for number in range(9):
        (repository / "shop" / f"{number}.ex").touch()
    with pytest.raises(OperatorError, match=r"shop/0\.ex, .* and 5 more") as caught:
        build.build(replace(OPTIONS, context=repository / "shop"))
    assert "--dirty" in caught.value.hint
