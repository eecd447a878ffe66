"""A build's tag follows from what Docker is given."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.image.ignore import rules
from components.image.tag import build_tag, sent

Change = Callable[[Path], object]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Return a small application: sources, an ignore file, and things it leaves out."""
    root = tmp_path / "shop"
    for name, text in {
        "Dockerfile": "FROM scratch\n",
        ".dockerignore": "_build\n*.md\n!CHANGELOG.md\n",
        "mix.exs": "one",
        "lib/shop.ex": "two",
        "README.md": "three",
        "CHANGELOG.md": "four",
        "_build/prod/shop.beam": "five",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    (root / "current").symlink_to("lib")
    return root


def tag(context: Path, dockerfile: str = "Dockerfile", **changes: Any) -> str:
    """Return the tag of the context, built as usual but for `changes`."""
    given: dict[str, Any] = {"platform": "linux/arm64", "target": None, "arguments": {}}
    return build_tag(context, context / dockerfile, **(given | changes))


def test_a_tag_is_one_that_a_repository_accepts(context: Path) -> None:
    """Lower case, at most 128 characters, no leading dot or hyphen."""
    assert re.fullmatch(r"[0-9a-f]{16}", tag(context))


def test_the_same_inputs_have_the_same_tag_wherever_they_lie(context: Path, tmp_path: Path) -> None:
    """Neither the place nor the time of the checkout counts."""
    before = tag(context)
    moved = context.rename(tmp_path / "elsewhere")
    (moved / "mix.exs").touch()
    assert tag(moved) == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "mix.exs").write_text("1"), id="content"),
        pytest.param(lambda root: (root / "mix.exs").rename(root / "mix.ex"), id="name"),
        pytest.param(lambda root: (root / "mix.exs").chmod(0o755), id="mode"),
        pytest.param(lambda root: (root / "lib/new.ex").touch(), id="a new file"),
        pytest.param(lambda root: (root / "lib/shop.ex").unlink(), id="a file less"),
        pytest.param(lambda root: (root / "Dockerfile").write_text("FROM x"), id="Dockerfile"),
        pytest.param(lambda root: (root / "CHANGELOG.md").write_text("4"), id="taken back"),
        pytest.param(lambda root: (root / ".dockerignore").write_text(""), id="ignore file"),
        pytest.param(lambda root: relink(root / "current", "_build"), id="a link's target"),
    ],
)
def test_whatever_changes_the_image_changes_the_tag(context: Path, change: Change) -> None:
    """A tag that stayed would be refused by the repository, or run the old release."""
    before = tag(context)
    change(context)
    assert tag(context) != before


def relink(link: Path, target: str) -> None:
    """Point a link elsewhere."""
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "README.md").write_text("new"), id="ignored file"),
        pytest.param(
            lambda root: (root / "_build/prod/shop.beam").write_text("new"), id="ignored folder"
        ),
        pytest.param(lambda root: (root / "empty").mkdir(), id="empty folder"),
    ],
)
def test_what_docker_is_not_given_does_not_count(context: Path, change: Change) -> None:
    """Else every compilation on a laptop would be another release."""
    before = tag(context)
    change(context)
    assert tag(context) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"platform": "linux/amd64"},
        {"target": "release"},
        {"arguments": {"MIX_ENV": "prod"}},
        {"arguments": {"MIX_ENV": "dev"}},
        {"arguments": {"MIX": "ENV dev"}},
    ],
)
def test_how_the_image_is_built_counts_too(context: Path, changes: dict[str, Any]) -> None:
    """Platform, stage and arguments; each of these differs from all others."""
    assert tag(context, **changes) != tag(context)


def test_neighbouring_inputs_are_kept_apart(context: Path) -> None:
    """Two lists of arguments never read as one."""
    one = tag(context, arguments={"A": "1", "B": "2"})
    assert one != tag(context, arguments={"A": "1argument B2"})
    assert one == tag(context, arguments={"B": "2", "A": "1"})


def test_a_file_and_a_link_of_the_same_content_differ(context: Path) -> None:
    """A link is what it points to, not what is found there."""
    before = tag(context)
    (context / "current").unlink()
    (context / "current").write_text("lib")
    assert tag(context) != before


def test_another_dockerfile_has_its_own_ignore_file(context: Path) -> None:
    """`Slim` is read with `Slim.dockerignore`, and not with `.dockerignore`."""
    (context / "Slim").write_text("FROM scratch\n")
    before = tag(context, "Slim")
    (context / "README.md").write_text("counts now")
    changed = tag(context, "Slim")
    (context / "Slim.dockerignore").write_text("*.md\n")
    ignoring = tag(context, "Slim")
    (context / "README.md").write_text("no longer")
    assert len({before, changed, ignoring}) == 3
    assert tag(context, "Slim") == ignoring


def test_a_dockerfile_may_lie_outside_the_context(context: Path, tmp_path: Path) -> None:
    """And counts all the same."""
    outside = tmp_path / "Dockerfile"
    outside.write_text("FROM scratch\n")
    before = tag(context, "../Dockerfile")
    outside.write_text("FROM busybox\n")
    assert tag(context, "../Dockerfile") != before


def test_what_is_sent_is_sorted_and_holds_links(context: Path) -> None:
    """Folders are there for their files' sake only."""
    given = rules(["_build", "*.md"])
    assert sent(context, given) == [
        ".dockerignore",
        "Dockerfile",
        "current",
        "lib/shop.ex",
        "mix.exs",
    ]
    assert "_build/prod/shop.beam" in sent(context, rules(["_build", "!_build/prod"]))


def test_a_missing_context_is_said(tmp_path: Path) -> None:
    """Users point it at their own checkout, which may not be there."""
    with pytest.raises(pulumi.RunError, match=r"image\.context .*nowhere.* no such folder"):
        tag(tmp_path / "nowhere")


def test_a_missing_dockerfile_is_said(context: Path) -> None:
    """Relative to the context, not to the project."""
    with pytest.raises(pulumi.RunError, match=r"image\.dockerfile .*relative to image\.context"):
        tag(context, "release/Dockerfile")


def test_a_broken_ignore_file_is_said(context: Path) -> None:
    """With its own name, and the line."""
    (context / ".dockerignore").write_text("deps\n[z-a]\n")
    with pytest.raises(pulumi.RunError, match=r"\.dockerignore: '\[z-a\]'"):
        tag(context)
