"""`perpetual policy check --state`: the verdict on an exported state, in every form."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from perpetual.errors import OperatorError
from tests.commands.policy.running import run
from tests.support.stacks import captured
from tests.support.state import exported

Capsys = pytest.CaptureFixture[str]


def deployed() -> dict[str, Any]:
    """Return the export of this project's prod stack."""
    return exported(captured("prod", known=True), stack="prod")


def written(folder: Path, state: dict[str, Any]) -> str:
    """Return the path of a file that holds a state."""
    file = folder / "state.json"
    file.write_text(json.dumps(state))
    return str(file)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file with prod's state whose database is public."""
    state = deployed()
    listed = state["deployment"]["resources"]
    database = next(item for item in listed if item["urn"].endswith("::database-primary"))
    database["inputs"]["publiclyAccessible"] = True
    return written(tmp_path_factory.mktemp("broken"), state)


def test_a_deployed_stack_that_is_fine_has_no_finding(capsys: Capsys, tmp_path: Path) -> None:
    """Exit code 0, and every resource shown."""
    code, out = run(capsys, "check", "--state", written(tmp_path, deployed()))
    assert code == 0
    assert "database-primary" in out
    assert "prod: no finding" in out


def test_a_state_comes_by_stdin_too(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pulumi stack export | perpetual policy check --state -`."""

    class Stdin:
        buffer = io.BytesIO(json.dumps(deployed()).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    assert run(capsys, "check", "--state", "-")[0] == 0


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "markdown"])
def test_a_finding_is_in_every_form_of_the_report(capsys: Capsys, broken: str, form: str) -> None:
    """Exit code 1; the rule, the resource, and the line that made it."""
    code, out = run(capsys, "check", "--state", broken, "--format", form)
    assert code == 1
    assert "no-public-rds" in out
    assert "database-primary" in out
    if form == "json":
        assert "no-public-rds" in {item["rule"] for item in json.loads(out)["findings"]}
    elif form == "sarif":
        results = json.loads(out)["runs"][0]["results"]
        result = next(item for item in results if item["ruleId"] == "no-public-rds")
        region = result["locations"][0]["physicalLocation"]
        assert region["artifactLocation"]["uri"].endswith(".py")
        assert region["region"]["startLine"] > 1
    elif form == "junit":
        assert list(ET.fromstring(out).iter("failure"))  # noqa: S314 - our own output


def test_what_is_no_state_is_refused(capsys: Capsys, tmp_path: Path) -> None:
    """Before the pack starts."""
    with pytest.raises(OperatorError, match="holds no resources"):
        run(capsys, "check", "--state", written(tmp_path, {"version": 3, "deployment": {}}))


def test_a_pack_may_be_named(capsys: Capsys, broken: str, tmp_path: Path) -> None:
    """One that is none is refused."""
    with pytest.raises(OperatorError, match="no policy pack"):
        run(capsys, "check", "--state", broken, "--policy", str(tmp_path))
