"""A branch of this project that does four risky things: they come first, in every form."""

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from perpetual.offline.reports.markdown import LIMIT
from tests.contracts.test_source import tracked
from tests.offline.revisions.repository import commit
from tests.offline.revisions.test_base import SHAPE
from tests.offline.tiny import ENVIRONMENT
from tests.support.stacks import ROOT

EDITS: Final = {
    "components/network/network.py": (
        'f"{name}-{planned.key}",\n',
        'f"{name}-{planned.key}" + ("-tier" if planned.key == "private-a" else ""),\n',
    ),
    "components/network/security_groups.py": (
        "def _balancer_rules(settings: models.Settings) -> Iterable[Rule]:\n",
        (
            "def _balancer_rules(settings: models.Settings) -> Iterable[Rule]:\n"
            '    yield Rule(Role.BALANCER, Direction.IN, ANYWHERE, 8443, "Debugging")\n'
        ),
    ),
    "Pulumi.prod.yaml": (
        "    storageGib: 100\n",
        "    storageGib: 50\n",
    ),
}
UNPROTECTED: Final = ("config:\n", "config:\n  protect: false\n")

ORDER: Final = (
    "rds.Instance database-primary is asked to shrink its storage from 100 to 50 GiB",
    "to loadbalancer balancer-balancer by tcp 8443",
    "rds.Instance database-primary can be deleted by Pulumi: its `protect` is gone",
    "ec2.Subnet network-private-a-tier is replaced: it was called network-private-a",
    "rds.Instance database-primary is changed",
    "vpc.SecurityGroupIngressRule groups-balancer-in-0.0.0.0-0-8443 is added",
)
"""What the branch does, from the riskiest on."""


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of this project as a repository, whose working tree is the branch."""
    folder = tmp_path_factory.mktemp("branch")
    for path in tracked("*"):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    commit(folder, "base")
    for name, (before, after) in EDITS.items():
        _edit(folder / name, before, after)
    _edit(folder / "Pulumi.prod.yaml", *UNPROTECTED)
    return folder


def _edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def _run(folder: Path, form: str) -> str:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "perpetual", "preview", "--stack", "prod"),
            *("--base", "main", "--format", form, "--fail-on", "loss"),
        ],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


def _in_order(text: str) -> None:
    places = [text.index(sentence) for sentence in ORDER]
    assert places == sorted(places)


def test_the_text_names_the_risky_first(branch: Path) -> None:
    """The first lines count them, and each is there with what it means."""
    text = _run(branch, "text")
    _in_order(text)
    summary = text.splitlines()[1]
    for part in ("1 loss", "1 new way from the internet", "protections dropped", "replacements"):
        assert part in summary
    assert "AWS refuses the new one while the old one has the same cidrBlock" in text
    assert "under storage autoscaling the provider ignores it, and nothing shrinks" in text
    assert "ec2.RouteTableAssociation network-routes-private-a-association is replaced" in text


def test_the_json_names_the_risky_first(branch: Path) -> None:
    """In the shape of its schema; where the risk is made is said as well."""
    result: dict[str, Any] = json.loads(_run(branch, "json"))
    jsonschema.validate(result, SHAPE, jsonschema.Draft202012Validator)
    _in_order("\n".join(entry["message"] for entry in result["entries"]))
    risks = [entry["risk"] for entry in result["entries"]]
    assert risks == sorted(risks, reverse=True)
    kinds = [entry["kind"] for entry in result["entries"] if entry["risk"]]
    assert {"loss", "exposure", "protection", "replacement"} <= set(kinds)
    (subnet,) = [
        entry
        for entry in result["entries"]
        if entry["resource"] == "network-private-a-tier" and entry["kind"] == "replacement"
    ]
    assert subnet["source"]["file"] == "components/network/network.py"


def test_the_markdown_names_the_risky_first(branch: Path) -> None:
    """In what GitHub takes for a comment."""
    text = _run(branch, "markdown")
    assert len(text.encode()) <= LIMIT
    assert text.startswith("### perpetual / prod since ")
    _in_order(html.unescape(text).replace("<!-- -->", ""))
