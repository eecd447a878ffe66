"""Environments: files for their owner's eyes, removed again, by whoever comes next if need be."""

import re
import stat
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import files
from perpetual.release.environment import Environment
from perpetual.release.temporary import alone, temporary, unique


@pytest.fixture(autouse=True)
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `docker` before all others that notes its arguments, and finds nothing."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    note = tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$@" >>{note}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return note


def environment(root: Path, name: str = "shop-1") -> Environment:
    """Return an environment in a folder."""
    return Environment(root=root, image="shop:1", name=name)


def test_names_are_never_the_same() -> None:
    """So that two checks at once know nothing of each other."""
    assert len({unique("shop") for _ in range(1_000)}) == 1_000


def test_its_files_are_for_its_owner_and_go_with_it(tmp_path: Path) -> None:
    """Secrets among them."""
    with temporary(environment(tmp_path)) as made:
        kept = sorted(made.folder.iterdir())
        assert [file.name for file in kept] == [
            "database.env",
            "release.env",
            "secrets.json",
            "temporary.lock",
        ]
        for file in kept[:3]:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not made.folder.exists()


def test_it_goes_whatever_happens(tmp_path: Path) -> None:
    """An error passes through."""
    made = environment(tmp_path)
    with pytest.raises(ZeroDivisionError), temporary(made):
        raise ZeroDivisionError
    assert not made.folder.exists()


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not(
    tmp_path: Path, calls: Path
) -> None:
    """The kernel knows who lives: a lock goes with its process."""
    with temporary(environment(tmp_path, "shop-living")) as living:
        dead = tmp_path / ".perpetual" / "shop-dead"
        dead.mkdir()
        (dead / "temporary.lock").touch()
        (dead / "secrets.json").touch()
        stays = environment(tmp_path, "shop-stays")
        stays.prepare_files()
        calls.write_text("")
        with temporary(environment(tmp_path, "shop-new")):
            assert not dead.exists()
            assert living.folder.exists()
            assert stays.folder.exists()
        asked = calls.read_text()
    assert "shop-dead" in asked
    assert "shop-living" not in asked
    assert "shop-stays" not in asked


def test_a_name_is_one_environments(tmp_path: Path) -> None:
    """At a time."""
    with (
        temporary(environment(tmp_path)),
        pytest.raises(OperatorError, match="there is an environment shop-1 already"),
        temporary(environment(tmp_path)),
    ):
        pass
    with temporary(environment(tmp_path)):
        pass


def test_one_that_stays_is_one_persons_work_at_a_time(tmp_path: Path) -> None:
    """The next is told to wait; the lock goes with whoever has it, not with the file."""
    made = environment(tmp_path)
    with (
        alone(made),
        pytest.raises(OperatorError, match="another run is at work on the environment shop-1"),
        alone(made),
    ):
        pass
    with alone(made):
        pass


def test_secrets_are_made_once_and_are_nobodys_arguments(tmp_path: Path, calls: Path) -> None:
    """A one-off task has its address by name only."""
    made = environment(tmp_path)
    made.prepare_files()
    made.one_off("migrate")
    held = files.secrets(made.folder / "secrets.json", ())
    assert len(set(held.values())) == 5
    # Whatever it is used for: the VM takes a cookie that begins with a hyphen for a flag.
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in held.values())
    asked = calls.read_text()
    assert "--env DATABASE_URL" in asked
    assert not [secret for secret in held.values() if secret in asked]
    made.prepare_files()
    assert files.secrets(made.folder / "secrets.json", ()) == held


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Whatever an interruption left of it before."""
    file = tmp_path / "secrets.json"
    file.with_suffix(".new").write_text("half")
    files.private(file, "whole")
    assert file.read_text() == "whole"
    assert [one.name for one in tmp_path.glob("secrets.*")] == ["secrets.json"]
