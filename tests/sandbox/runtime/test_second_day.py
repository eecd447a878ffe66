"""Two at once, killed half-way, another version: what a sandbox's files and process make of it."""

import fcntl
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perpetual import contract
from perpetual.errors import OperatorError
from perpetual.sandbox import commands, process, steps
from perpetual.sandbox.fronts.journal import Journal
from perpetual.sandbox.fronts.mocks import Deployed
from perpetual.sandbox.process import Ports
from perpetual.sandbox.runtime import docker_api
from perpetual.sandbox.runtime.files import FOLDER, Files, State
from perpetual.sandbox.runtime.labels import Labels
from tests.sandbox.resources import stories
from tests.sandbox.resources.client import GROUP

HOLDING = (
    "import sys, pathlib; from perpetual.sandbox.runtime.files import Files\n"
    "with Files(pathlib.Path(sys.argv[1])).held():\n"
    "    print('held', flush=True); sys.stdin.read()"
)
ANY = Ports(api=0, http=0, https=0)


def state(**fields: Any) -> State:
    """Return what a sandbox says of itself."""
    known = {
        "stack": "dev",
        "endpoint": "http://127.0.0.1:1",
        "account": "444455556666",
        "region": "eu-west-1",
        "http": 80,
        "https": 443,
        "registry": "127.0.0.1:2",
        "ca_file": "/ca.pem",
    }
    return State(**{**known, **fields})


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return the files of a sandbox that there is not yet."""
    found = Files.of(tmp_path)
    found.folder.mkdir(parents=True)
    return found


@pytest.fixture
def hold(files: Files) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Yield what starts a process that holds the folder, as a sandbox does that starts."""
    begun: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLDING, str(files.folder)]
        pipe = subprocess.PIPE
        other = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        begun.append(other)
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        return other

    yield start
    for one in begun:
        one.kill()
        one.communicate()


def start(files: Files) -> State:
    """Start a sandbox."""
    return process.start(files, stack="dev", account="4", region="eu-west-1", ports=ANY)


class TestFolder:
    """The lock, and what is believed of what lies there."""

    def test_who_looks_is_not_taken_for_who_holds(self, files: Files) -> None:
        """By another who looks: the number in the file may be anybody's by now."""
        (files.folder / "lock").write_text("1\n")
        with (files.folder / "lock").open("a+") as looking:
            fcntl.flock(looking, fcntl.LOCK_SH)
            assert files.holder() is None

    def test_who_looks_does_not_keep_a_sandbox_from_starting(self, files: Files) -> None:
        """`up` itself looks again and again until its process is ready."""
        over = threading.Event()

        def look() -> None:
            while not over.is_set():
                files.holder()

        lookers = [threading.Thread(target=look) for _ in range(3)]
        for one in lookers:
            one.start()
        try:
            for _ in range(200):
                with files.held():
                    pass
        finally:
            over.set()
            for one in lookers:
                one.join()

    def test_a_new_sandbox_is_empty_whatever_an_old_one_held(self, files: Files) -> None:
        """At the same port as always: the endpoint does not tell the two apart."""
        journal = Journal(files.deployed, "http://127.0.0.1:4566")
        journal["urn"] = Deployed(token=GROUP, id="i", state={}, inputs={})
        with files.held():
            assert not Journal(files.deployed, "http://127.0.0.1:4566")

    def test_another_version_s_sandbox_is_said_with_the_way_out(self, files: Files) -> None:
        """It says other things of itself than this one knows."""
        with files.held():
            files.state.write_text(json.dumps({"stack": "dev", "novel": 1}))
            with pytest.raises(OperatorError, match=r"another version's[\s\S]*sandbox down"):
                files.read()


class TestTwoAtOnce:
    """`up` while another `up` is under way."""

    def test_a_sandbox_that_somebody_starts_is_waited_for(
        self, files: Files, hold: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And no second one is begun."""
        hold()
        monkeypatch.setattr(process, "_started", pytest.fail)
        monkeypatch.setattr("time.sleep", lambda _: files.write(state()))
        assert start(files) == state()

    def test_who_was_slower_by_a_moment_waits_for_the_other(
        self, files: Files, hold: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its own process has found the folder taken, and ended."""

        def started(*_: Any) -> Any:
            hold()
            own = subprocess.Popen([sys.executable, "-c", ""])
            own.wait()
            return own

        monkeypatch.setattr(process, "_started", started)
        monkeypatch.setattr("time.sleep", lambda _: files.write(state()))
        assert start(files) == state()

    @pytest.mark.parametrize(
        ("log", "says"), [("bad luck\n", "bad luck"), (None, "was removed while it started")]
    )
    def test_one_that_ends_before_it_is_ready_is_told(
        self,
        log: str | None,
        says: str,
        files: Files,
        hold: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """By its log, which `down` may have removed meanwhile."""
        other = hold()
        if log:
            files.log.write_text(log)

        def sleep(_seconds: float) -> None:
            other.kill()
            other.wait()

        monkeypatch.setattr("time.sleep", sleep)
        with pytest.raises(OperatorError, match=says):
            start(files)

    def test_one_that_starts_is_not_said_to_be_none(
        self,
        files: Files,
        hold: Any,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Whoever reads that there is none would start another."""
        (files.root / "Pulumi.yaml").write_text("name: perpetual\nruntime: python\n")
        monkeypatch.chdir(files.root)
        assert commands.status() == commands.NOT_RUNNING
        assert "there is no sandbox; `perpetual sandbox up` starts one" in capsys.readouterr().out
        hold()
        assert commands.status() == commands.NOT_RUNNING
        assert "a sandbox starts, or ends; `perpetual sandbox up` waits" in capsys.readouterr().out
        with pytest.raises(OperatorError, match="a sandbox starts, or ends"):
            commands.provider()


class TestJournal:
    """What has been made, for a run that goes on from one that was killed."""

    FIRST = Deployed(token=GROUP, id="1", state={"a": 1}, inputs={"a": 1}, protect=True)
    OTHER = Deployed(token=GROUP, id="2", state={}, inputs={}, retain=True)

    def test_every_change_is_there_at_once_and_in_order(self, tmp_path: Path) -> None:
        """Nothing is written at the end: there may be none."""
        file = tmp_path / "deployed.json"
        journal = Journal(file, "here")
        journal["a"], journal["b"] = self.FIRST, self.OTHER
        assert Journal(file, "here") == {"a": self.FIRST, "b": self.OTHER}
        journal = Journal(file, "here")
        journal["a"] = journal.pop("a")
        assert list(Journal(file, "here")) == ["b", "a"]
        journal = Journal(file, "here")
        del journal["b"]
        assert journal.pop("b", None) is None
        assert Journal(file, "here") == {"a": self.FIRST}
        assert file.stat().st_mode & 0o777 == 0o600

    def test_another_endpoint_s_is_not_believed(self, tmp_path: Path) -> None:
        """It is another AWS."""
        file = tmp_path / "deployed.json"
        Journal(file, "here")["a"] = self.FIRST
        assert not Journal(file, "there")

    def test_an_unfinished_line_costs_no_other(self, tmp_path: Path) -> None:
        """It was the last thing that a killed run did."""
        file = tmp_path / "deployed.json"
        Journal(file, "here")["a"] = self.FIRST
        with file.open("a") as text:
            text.write('["b", {"tok')
        assert Journal(file, "here") == {"a": self.FIRST}
        Journal(file, "here")["b"] = self.OTHER
        assert Journal(file, "here") == {"a": self.FIRST, "b": self.OTHER}


def test_an_engine_s_resources_are_not_made_twice(files: Files) -> None:
    """`up` without --engine after a `pulumi up` would find every name taken."""
    with stories.fresh("dev") as found:
        here = state(endpoint=found.cloud.endpoint, account=found.cloud.account)
        steps.refuse_engines(files, here, "dev")
        name = contract.Stack(
            name="dev", account=here.account, region=here.region
        ).contract_parameter
        found.cloud.call("ssm", "put_parameter", Name=name, Value="{}", Type="String")
        with pytest.raises(OperatorError, match=r"Pulumi's engine[\s\S]*--engine"):
            steps.refuse_engines(files, here, "dev")
        Journal(files.deployed, here.endpoint)
        steps.refuse_engines(files, here, "dev")


class TestRenamed:
    """A checkout that has another name than when a sandbox last ran in it."""

    def test_what_the_old_place_left_is_found(self, tmp_path: Path) -> None:
        """Docker knows it by that place, and the process may have been killed there."""
        old, new = Files.of(tmp_path / "old"), Files.of(tmp_path / "new")
        with old.held():
            assert old.holder()
            assert old.moved_from() is None
        assert new.moved_from() is None
        (tmp_path / "old").rename(tmp_path / "new")
        assert new.moved_from() == old.folder
        with new.held():
            assert new.moved_from() is None

    def test_a_copy_leaves_its_original_alone(self, tmp_path: Path) -> None:
        """A sandbox may run there."""
        old, new = Files.of(tmp_path / "old"), Files.of(tmp_path / "new")
        with old.held():
            shutil.copytree(tmp_path / "old", tmp_path / "new")
            assert new.moved_from() is None

    def test_down_removes_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As `up` does before it starts."""
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "Pulumi.yaml").write_text("name: perpetual\nruntime: python\n")
        old = Files.of(tmp_path / "old")
        with old.held():
            pass
        (tmp_path / "old").rename(tmp_path / "new")
        monkeypatch.chdir(tmp_path / "new")
        swept: list[Labels] = []

        def sweep(_client: object, labels: Labels) -> list[str]:
            swept.append(labels)
            return []

        monkeypatch.setattr(docker_api, "connect", lambda: None)
        monkeypatch.setattr(docker_api, "sweep", sweep)
        assert commands.down() == 0
        assert swept == [Labels.at(tmp_path / "new" / FOLDER), Labels.at(old.folder)]
        assert not (tmp_path / "new" / FOLDER).exists()
