"""What holds for the specification as a whole: references, purity, size."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.stacks import ROOT

PACKAGE: Final = ROOT / "perpetual/sandbox/ecs"
BEHAVIOUR: Final = ROOT / "tests/sandbox/ecs/behaviour"
REFERENCE: Final = re.compile(r"https://(docs\.)?aws\.amazon\.com/\S+")
LEAST_BEHAVIOURS: Final = 40

IMPURE: Final = frozenset(
    {
        "asyncio",
        "boto3",
        "botocore",
        "datetime",
        "docker",
        "moto",
        "os",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "threading",
        "time",
        "uuid",
    }
)
"""Clocks, chance, threads and the outside: time is only ever an argument here."""


def modules() -> list[Path]:
    """Return the package's modules."""
    return sorted(PACKAGE.rglob("*.py"))


def behaviours() -> list[tuple[str, str]]:
    """Return every behaviour test with its docstring."""
    return [
        (f"{path.name}::{node.name}", ast.get_docstring(node) or "")
        for path in sorted(BEHAVIOUR.glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_there_are_as_many_behaviours_as_were_asked_for() -> None:
    """Each a sentence."""
    assert len(behaviours()) >= LEAST_BEHAVIOURS


@pytest.mark.parametrize(("name", "doc"), behaviours(), ids=[name for name, _ in behaviours()])
def test_every_behaviour_names_the_page_it_follows(name: str, doc: str) -> None:
    """A page of AWS's, so that whoever doubts a behaviour can read it up."""
    assert REFERENCE.search(doc), name


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_knows_no_clock_no_chance_and_no_outside(path: Path) -> None:
    """The same history gives the same cluster, anywhere."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & IMPURE


@pytest.mark.parametrize(
    "name",
    [
        "rollout",
        "breaker",
        "health",
        "placement",
        "constraints",
        "lifecycle",
        "ending",
        "deployments",
        "fleet",
    ],
)
def test_what_decides_names_the_pages_it_follows(name: str) -> None:
    """The modules that say what ECS does are a specification, and say from where they know."""
    assert REFERENCE.search((PACKAGE / f"{name}.py").read_text())
