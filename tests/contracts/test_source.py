"""Rules about the source itself, which no single component could test."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOKENS = {
    "perpetual:access:Access",
    "perpetual:access:Bastion",
    "perpetual:contract:Publication",
    "perpetual:data:Database",
    "perpetual:data:Encryption",
    "perpetual:ecs:AccessLogs",
    "perpetual:ecs:Alarms",
    "perpetual:ecs:Balancer",
    "perpetual:ecs:Certificate",
    "perpetual:ecs:Cluster",
    "perpetual:ecs:Discovery",
    "perpetual:ecs:Scaling",
    "perpetual:ecs:Service",
    "perpetual:image:Image",
    "perpetual:network:AccessLists",
    "perpetual:network:Endpoints",
    "perpetual:network:Existing",
    "perpetual:network:FlowLogs",
    "perpetual:network:Network",
    "perpetual:network:Routes",
    "perpetual:network:SecurityGroups",
}
"""Type tokens in users' state files. A change here needs an alias in the same commit."""


def tracked(pattern: str) -> list[Path]:
    """Return the files of the repository that match, whether committed yet or not."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],  # noqa: S607 - git is on the path
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def component_classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    """Yield every subclass of `Component`."""
    for path in tracked("components/**/*.py") + tracked("components/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id == "Component" for base in node.bases
            ):
                yield path, node


COMPONENTS = [
    pytest.param(node, id=node.name)
    for _, node in sorted(component_classes(), key=lambda found: found[1].name)
]


def token_of(node: ast.ClassDef) -> str:
    """Return the literal assigned to `token`."""
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="token")], value=ast.Constant(value=str(token))):
                return token
    raise AssertionError(f"{node.name} has no literal token")


def test_the_type_tokens_are_these() -> None:
    """Tokens live in state: adding one is a decision, changing one needs an alias."""
    assert {token_of(node) for _, node in component_classes()} == TOKENS


@pytest.mark.parametrize("node", COMPONENTS)
def test_a_token_ends_with_its_class(node: ast.ClassDef) -> None:
    """`perpetual:<layer>:<Class>`."""
    assert token_of(node).rpartition(":")[2] == node.name


@pytest.mark.parametrize("node", COMPONENTS)
def test_every_component_ends_by_registering_its_outputs(node: ast.ClassDef) -> None:
    """The SDK's mocks cannot see its absence, so the source is read instead."""
    constructor = next(
        item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"
    )
    match constructor.body[-1]:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="register_outputs"))):
            pass
        case other:
            raise AssertionError(f"{node.name}.__init__ ends with {ast.unparse(other)}")


def test_children_take_their_options_from_the_one_helper() -> None:
    """`ResourceOptions` is spelt out in component.py and the composition only."""
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked("components/*.py")
        if path.name != "component.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ResourceOptions")
    ]
    assert offenders == []


def test_every_test_file_is_collected() -> None:
    """A module with tests whose name pytest does not match would never run."""
    uncollected = [
        str(path.relative_to(ROOT))
        for path in tracked("tests/*.py")
        if not path.name.startswith("test_")
        and any(
            isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not any(
                ast.unparse(mark).startswith("pulumi.runtime") for mark in node.decorator_list
            )
            for node in ast.parse(path.read_text()).body
        )
    ]
    assert uncollected == []


def test_modules_stay_readable() -> None:
    """House rule: a file of the program, pack or command has at most 500 lines."""
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("components", "perpetual", "policy", "settings")
        for path in tracked(f"{folder}/*.py")
        if (count := len(path.read_text().splitlines())) > 500
    }
    assert long == {}


def test_locks_name_versions_and_hashes_only() -> None:
    """No address of a package registry belongs into the tree."""
    for path in tracked("requirements*.txt"):
        text = path.read_text()
        assert "://" not in text, path
        assert re.search(r"==\S+", text), path
        assert "--hash=sha256:" in text, path
