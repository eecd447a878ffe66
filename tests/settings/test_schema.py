"""The generated schema: in step with the models, and of a form the engine takes."""

from pathlib import Path

import pytest
import yaml

from components.ecs import task
from perpetual import contract
from settings import models, rules, schema, translation
from settings.rules.service import RESERVED_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


def test_the_project_file_is_in_step() -> None:
    """Whoever changes a model runs `make schema`."""
    text = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    assert schema.replaced(text, schema.PROJECT, schema.project_section()) == text


def test_the_readme_is_in_step() -> None:
    """The table is the same schema, for people."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if schema.README.begin not in text:
        pytest.skip("README.md has no settings table yet")
    assert schema.replaced(text, schema.README, schema.readme_section()) == text


def test_every_declaration_is_one_the_engine_reads() -> None:
    """Known types, items for lists only, a description each, a default but where required."""
    declared = yaml.safe_load(schema.project_section())["config"]
    required = {key for key, entry in declared.items() if "default" not in entry}
    assert required == {"account", "balancer.domain"}
    for entry in declared.values():
        assert entry.keys() <= {"type", "items", "description", "default"}
        assert entry["type"] in {"string", "integer", "boolean", "array", "object"}
        assert ("items" in entry) == (entry["type"] == "array")
        assert entry["description"].endswith(".")


def test_a_default_is_of_its_own_type() -> None:
    """The engine checks defaults like values."""
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    declared = yaml.safe_load(schema.project_section())["config"]
    for key, entry in declared.items():
        if "default" in entry:
            assert type(entry["default"]) is kinds[entry["type"]], key


def test_every_setting_is_declared_once_by_its_path() -> None:
    """Three levels included, the region left to the provider."""
    keys = [translation.dotted(location) for location, _ in schema.entries()]
    assert len(keys) == len(set(keys))
    assert {"account", "network.zones", "access.deployment.github"} <= set(keys)
    assert "region" not in keys


def test_the_template_asks_for_plain_keys_only() -> None:
    """`pulumi new` stores its answers literally: a path would become a key nobody reads."""
    template = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["template"]
    assert all("." not in key for key in template["config"])
    assert "pulumi config set --path balancer.domain" in template["quickstart"]


def test_a_file_without_markers_is_left_alone(tmp_path: Path) -> None:
    """Nothing is appended to a file that did not ask for it."""
    (tmp_path / "README.md").write_text("# Title\n", encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: x\n{schema.PROJECT.begin}\nold\n{schema.PROJECT.end}\ntail\n", encoding="utf-8"
    )
    results = schema.write(tmp_path)
    assert results["Pulumi.yaml"] == "written"
    assert "lacks the lines <!-- settings:begin -->" in results["README.md"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "# Title\n"
    assert (tmp_path / "Pulumi.yaml").read_text(encoding="utf-8").endswith("\ntail\n")
    assert schema.write(tmp_path)["Pulumi.yaml"] == "unchanged"


def test_the_table_has_a_row_for_every_setting() -> None:
    """And the region, which is not in the schema."""
    rows = schema.readme_section().splitlines()
    assert len(rows) == 3 + len(list(schema.entries()))
    assert "| `network.zones` | array | `[a, b]` |" in schema.readme_section()
    assert "| `balancer.domain` | string | required |" in schema.readme_section()


def test_every_rule_is_applied() -> None:
    """A rule that no list names would never judge anything."""
    modules = [module for module in vars(rules).values() if hasattr(module, "RULES")]
    written = {
        function
        for module in modules
        for function in vars(module).values()
        if callable(function)
        and getattr(function, "__module__", "") == module.__name__
        and getattr(function, "__annotations__", {}).get("return") is rules.Problems
        and not function.__name__.startswith("_")
        and function.__name__ != "reference"
    }
    assert len(modules) == 9
    assert written == set(rules.ALL)


def test_reserved_variables_are_those_the_task_sets() -> None:
    """The settings refuse every name that the task's document would set itself."""
    settings = models.Settings(
        account="111122223333",
        region="eu-west-1",
        balancer=models.Balancer(domain="app.example.com"),
    )
    stack = contract.Stack(name="prod", account="111122223333", region="eu-west-1")
    own = task.environment(stack=stack, settings=settings.service, host="app.example.com")
    assert {item["name"] for item in own} <= RESERVED_ENVIRONMENT
