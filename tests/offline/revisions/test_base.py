"""`perpetual preview --base` as a process, on tiny projects in git repositories."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from tests.offline.revisions.repository import commit, git
from tests.offline.tiny import CLEAN, ENVIRONMENT, project, run

SHAPE: Final = json.loads(files("perpetual.offline.revisions").joinpath("schema.json").read_text())
LONGER: Final = CLEAN.replace("length=2", "length=3")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a project in a repository, with one commit."""
    commit(project(tmp_path), "one")
    return tmp_path


def _compared(folder: Path, *options: str) -> dict[str, Any]:
    done = run(folder, "--base", "HEAD", "--json", *options)
    assert done.returncode in {0, 1}, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(result, SHAPE, jsonschema.Draft202012Validator)
    return result


def test_equal_revisions_have_no_change(repository: Path) -> None:
    """And nothing is printed but that, and the verdict."""
    done = run(repository, "--base", "main")
    assert done.returncode == 0, done.stderr
    first, second, _, verdict = done.stdout.splitlines()
    assert first.startswith("shop / dev since main (")
    assert second == "no change"
    assert "dev: no finding" in verdict
    result = _compared(repository)
    assert (result["changed"], result["entries"], result["counts"]) == (False, [], {})


def test_the_working_tree_is_the_head_and_stays_as_it_is(repository: Path) -> None:
    """Uncommitted and untracked files count; neither index nor files are touched."""
    (repository / "__main__.py").write_text(
        "from extra import LENGTH\n"
        + CLEAN.replace("\n    ", "\n").replace("length=2", "length=LENGTH")
    )
    (repository / "extra.py").write_text("LENGTH = 3\n")
    before = git(repository, "status", "--porcelain")
    result = _compared(repository)
    assert git(repository, "status", "--porcelain") == before
    assert [entry["message"] for entry in result["entries"]] == [
        "random.RandomPet one-pet is changed"
    ]
    assert result["entries"][0]["details"] == ["length: 2 -> 3"]


def test_the_base_runs_with_its_own_files(repository: Path) -> None:
    """Its modules, its stack file; not those of the working tree."""
    reader = "\n    import pulumi, sizes\n" + CLEAN.replace("length=2", "length=sizes.LENGTH")
    (repository / "__main__.py").write_text(reader.replace("\n    ", "\n"))
    (repository / "sizes.py").write_text("LENGTH = 5\n")
    commit(repository, "two")
    (repository / "sizes.py").write_text("LENGTH = 7\n")
    (entry,) = _compared(repository)["entries"]
    assert entry["details"] == ["length: 5 -> 7"]


def test_a_project_may_be_a_folder_of_its_repository(tmp_path: Path) -> None:
    """As in a repository of an application with its infrastructure."""
    folder = tmp_path / "infrastructure" / "aws"
    folder.mkdir(parents=True)
    project(folder)
    commit(tmp_path, "one")
    (folder / "__main__.py").write_text(LONGER.replace("\n    ", "\n"))
    assert _compared(folder)["counts"] == {"changed": 1}


def test_findings_are_new_or_fixed_by_the_heads_pack(repository: Path) -> None:
    """The verdict is the head's; so is the exit code."""
    shorter = CLEAN.replace("length=2", "length=1").replace("\n    ", "\n")
    (repository / "__main__.py").write_text(shorter)
    done = run(repository, "--base", "HEAD")
    assert done.returncode == 1
    assert "1 new finding" in done.stdout
    assert done.stdout.index("New findings") < done.stdout.index("Changed")
    commit(repository, "short")
    (repository / "__main__.py").write_text(CLEAN.replace("\n    ", "\n"))
    result = _compared(repository)
    assert result["counts"] == {"changed": 1, "finding-fixed": 1}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 0),
        (("--fail-on", "changed"), 1),
        (("--fail-on", "loss", "--fail-on", "exposure"), 0),
        (("--fail-on", "loss", "--fail-on", "changed"), 1),
    ],
)
def test_differences_fail_only_where_they_are_named(
    repository: Path, options: tuple[str, ...], code: int
) -> None:
    """By their kind, as JSON spells it."""
    (repository / "__main__.py").write_text(LONGER.replace("\n    ", "\n"))
    assert run(repository, "--base", "HEAD", *options).returncode == code


# --- what cannot be compared


def _refused(folder: Path, *options: str) -> str:
    done = run(folder, *options)
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def test_a_revision_that_does_not_exist(repository: Path) -> None:
    """With the way to get it."""
    said = _refused(repository, "--base", "origin/main")
    assert "there is no revision 'origin/main'" in said
    assert "git fetch" in said


def test_a_revision_that_reads_like_an_option(repository: Path) -> None:
    """It is no option of git's."""
    assert "there is no revision '--help'" in _refused(repository, "--base=--help")


def test_a_project_outside_of_any_repository(tmp_path: Path) -> None:
    """One sentence, not git's."""
    said = _refused(project(tmp_path), "--base", "main")
    assert "is in no git repository" in said


def test_a_base_without_the_project(tmp_path: Path) -> None:
    """The folder came later."""
    (tmp_path / "README").write_text("nothing yet\n")
    commit(tmp_path, "one")
    said = _refused(project(tmp_path), "--base", "HEAD")
    assert "revision 'HEAD' has no project to compare with: there is no Pulumi.yaml in it" in said


def test_a_base_without_the_stack(repository: Path) -> None:
    """Its stacks are named."""
    (repository / "Pulumi.prod.yaml").write_text("config: {}\n")
    said = _refused(repository, "--stack", "prod", "--base", "HEAD")
    assert "has no stack 'prod' to compare with" in said
    assert "It has dev." in said


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise ValueError('no luck')\n", "__main__.py:1: ValueError: no luck"),
        ("import os; os._exit(3)\n", "ended without a result"),
    ],
)
def test_a_base_whose_program_fails(repository: Path, program: str, says: str) -> None:
    """Never half a comparison."""
    (repository / "__main__.py").write_text(program)
    commit(repository, "broken")
    (repository / "__main__.py").write_text(CLEAN.replace("\n    ", "\n"))
    said = _refused(repository, "--base", "HEAD")
    assert "the program at HEAD (" in said
    assert says in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--base", "HEAD", "--format", "sarif"), "--format sarif is about findings"),
        (("--base", "HEAD", "--format", "junit"), "--format junit is about findings"),
        (("--base", "HEAD", "--format", "html"), "--format html is about findings"),
        (("--base", "HEAD", "--watch"), "--watch judges every save by itself"),
        (("--fail-on", "loss"), "there is no --base"),
    ],
)
def test_options_that_contradict_each_other(
    repository: Path, options: tuple[str, ...], says: str
) -> None:
    """Said before anything runs."""
    assert says in _refused(repository, *options)


def test_nothing_is_left_behind(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base's files go with the command."""
    place = tmp_path_factory.mktemp("places")
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(place))
    assert run(repository, "--base", "HEAD").returncode == 0
    assert not list(place.iterdir())
