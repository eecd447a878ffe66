"""A stack's configuration, as the engine puts it together."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from perpetual.errors import OperatorError
from perpetual.offline.config import UNREADABLE, Config, load
from perpetual.offline.project import choose_stack, find_root, read_project, read_stack


def _write(folder: Path, declared: object, stack: object = None, **project: object) -> None:
    content = {"name": "shop", "runtime": "python", "config": declared, **project}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    if stack is not None:
        (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": stack}))


def _load(folder: Path, declared: object, stack: object, *overrides: str) -> Config:
    _write(folder, declared, stack)
    return load(read_project(folder), "dev", overrides)


STRINGS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("declared", "stack", "values"),
    [
        pytest.param({}, {"a": "x"}, {"shop:a": "x"}, id="a key without namespace is ours"),
        pytest.param({}, {"shop:a": "x"}, {"shop:a": "x"}, id="our namespace may be spelt out"),
        pytest.param({}, {"aws:region": "r"}, {"aws:region": "r"}, id="others keep theirs"),
        pytest.param({}, {"aws:config:region": "r"}, {"aws:region": "r"}, id="older spelling"),
        pytest.param({}, {"a": 5}, {"shop:a": "5"}, id="numbers are text"),
        pytest.param({}, {"a": True}, {"shop:a": "true"}, id="booleans are lower case"),
        pytest.param({}, {"a": 1.5}, {"shop:a": "1.5"}, id="fractions are text"),
        pytest.param({}, {"a": [1, "b"]}, {"shop:a": '[1,"b"]'}, id="lists are JSON"),
        pytest.param({}, {"a": {"b": True}}, {"shop:a": '{"b":true}'}, id="mappings are JSON"),
        pytest.param({"a": {"type": "integer", "default": 5}}, {}, {"shop:a": "5"}, id="default"),
        pytest.param({"a": 5}, {}, {"shop:a": "5"}, id="a bare value of ours is a default"),
        pytest.param({"a": 5}, {"a": 6}, {"shop:a": "6"}, id="the stack wins"),
        pytest.param({"aws:region": "r"}, {}, {"aws:region": "r"}, id="bare value of others"),
        pytest.param({"aws:region": {"value": "r"}}, {}, {"aws:region": "r"}, id="value"),
        pytest.param(
            {"net.zones": STRINGS | {"default": ["a"]}, "net.nat": {"default": "one"}},
            {"net": {"nat": "none"}},
            {"shop:net": '{"nat":"none","zones":["a"]}'},
            id="a path's default joins the stack's structured value",
        ),
        pytest.param(
            {"net.size": {"default": "7"}, "net.on": {"default": "true"}, "n.z": {"default": "07"}},
            {},
            {"shop:net": '{"on":true,"size":7}', "shop:n": '{"z":"07"}'},
            id="text set by a path becomes boolean or integer, unless it has a leading zero",
        ),
        pytest.param(
            {"net.tags": {"type": "object", "default": {"n": "7"}}},
            {},
            {"shop:net": '{"tags":{"n":"7"}}'},
            id="what is inside a structured default stays as it is",
        ),
        pytest.param(
            {"net.nat": {"default": "one"}},
            {"net": "oops"},
            {"shop:net": '{"nat":"one"}'},
            id="a plain value in a container's place gives way",
        ),
    ],
)
def test_values_reach_the_program_as_the_engine_would_pass_them(
    tmp_path: Path, declared: dict[str, Any], stack: dict[str, Any], values: dict[str, str]
) -> None:
    """Flat text by full key."""
    assert dict(_load(tmp_path, declared, stack).values) == values


@pytest.mark.parametrize(
    ("override", "key", "text"),
    [
        ("a=x", "shop:a", "x"),
        ("a=5", "shop:a", "5"),
        ("aws:region=eu-west-1", "aws:region", "eu-west-1"),
        ("net.nat=none", "shop:net", '{"nat":"none","zones":["a"]}'),
        ("net.zones[1]=b", "shop:net", '{"zones":["a","b"]}'),
        ("net.size=7", "shop:net", '{"size":7,"zones":["a"]}'),
        ("a=b=c", "shop:a", "b=c"),
        ("a=", "shop:a", ""),
    ],
)
def test_an_override_sets_what_config_set_path_would(
    tmp_path: Path, override: str, key: str, text: str
) -> None:
    """And wins over the file."""
    config = _load(tmp_path, {}, {"a": "file", "net": {"zones": ["a"]}}, override)
    assert config.values[key] == text


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"type": "string"}, "x"),
        ({"type": "string"}, 5),
        ({"type": "string"}, True),
        ({"type": "integer"}, 5),
        ({"type": "integer"}, "5"),
        ({"type": "integer"}, -5),
        ({"type": "boolean"}, True),
        ({"type": "boolean"}, "true"),
        ({"type": "object"}, {"a": 1}),
        (STRINGS, ["a"]),
        (STRINGS, []),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2", 3.0]),
        ({"type": "array", "items": STRINGS}, [["a"], []]),
    ],
)
@pytest.mark.parametrize("key", ["a", "net.a"])
def test_a_value_of_the_declared_type_passes(
    tmp_path: Path, key: str, declared: dict[str, Any], value: object
) -> None:
    """Scalars are text to begin with, so any scalar is a string."""
    stack = {"a": value} if key == "a" else {"net": {"a": value}}
    assert _load(tmp_path, {key: declared}, stack).values


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ({"type": "string"}, ["x"], "string"),
        ({"type": "string"}, {"x": 1}, "string"),
        ({"type": "string"}, None, "string"),
        ({"type": "integer"}, "5x", "integer"),
        ({"type": "integer"}, 5.5, "integer"),
        ({"type": "integer"}, True, "integer"),
        ({"type": "boolean"}, "yes", "boolean"),
        ({"type": "boolean"}, 1, "boolean"),
        ({"type": "object"}, "x", "object"),
        (STRINGS, "x", "array<string>"),
        (STRINGS, [1], "array<string>"),
        ({"type": "array", "items": STRINGS}, [["a"], "b"], "array<array<string>>"),
    ],
)
@pytest.mark.parametrize("key", ["a", "net.a"])
def test_a_value_of_another_type_is_refused_in_the_engine_s_words(
    tmp_path: Path, key: str, declared: dict[str, Any], value: object, kind: str
) -> None:
    """The sentence names stack, key and type."""
    stack = {"a": value} if key == "a" else {"net": {"a": value}}
    sentence = f"Stack 'dev' with configuration key '{key}' must be of type '{kind}'"
    with pytest.raises(OperatorError) as caught:
        _load(tmp_path, {key: declared}, stack)
    assert caught.value.message == sentence


def test_all_missing_values_of_ours_are_named_at_once(tmp_path: Path) -> None:
    """In the engine's words."""
    declared = {key: {"type": "string"} for key in ("a", "b", "net.c")}
    with pytest.raises(OperatorError) as caught:
        _load(tmp_path, declared, {})
    expected = "Stack 'dev' is missing configuration values 'a', 'b' and 'net.c'"
    assert caught.value.message == expected
    with pytest.raises(OperatorError, match=r"is missing configuration value 'a'\n") as caught:
        _load(tmp_path, {"a": {"type": "string"}}, {})
    assert "--config a=" in caught.value.hint


def test_a_stack_environment_is_named_where_values_are_missing(tmp_path: Path) -> None:
    """It may hold them, but cannot be read offline."""
    _write(tmp_path, {"a": {"type": "string"}})
    (tmp_path / "Pulumi.dev.yaml").write_text("environment: [shared]\n")
    with pytest.raises(OperatorError) as caught:
        load(read_project(tmp_path), "dev")
    assert "cannot be read offline" in caught.value.hint


def test_an_encrypted_value_is_an_unknown_secret_wherever_it_is(tmp_path: Path) -> None:
    """Its type cannot be checked, and its key is secret."""
    declared = {"pin": {"type": "integer", "secret": True}, "net.keys": STRINGS}
    stack = {"pin": {"secure": "v1:x"}, "net": {"keys": ["a", {"secure": "v1:y"}]}, "open": "o"}
    config = _load(tmp_path, declared, stack)
    assert config.values["shop:pin"] == UNREADABLE
    assert json.loads(config.values["shop:net"]) == {"keys": ["a", UNREADABLE]}
    assert config.secrets == {"shop:pin", "shop:net"}


def test_a_secret_that_is_not_encrypted_is_refused(tmp_path: Path) -> None:
    """As the engine does."""
    with pytest.raises(OperatorError, match="'pin' must be encrypted as it's secret"):
        _load(tmp_path, {"pin": {"type": "string", "secret": True}}, {"pin": "1234"})


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("a", "--config 'a' has no value"),
        ("a..b=1", "is no property path"),
        ("a:b:c=1", "is no configuration key"),
        ("net.zones.x=1", "cannot be set: 'x' needs keys with values"),
    ],
)
def test_a_bad_override_is_one_sentence(tmp_path: Path, override: str, sentence: str) -> None:
    """It quotes what was given."""
    with pytest.raises(OperatorError, match=sentence):
        _load(tmp_path, {}, {"net": {"zones": ["a"]}}, override)


@pytest.mark.parametrize(
    ("project", "sentence"),
    [
        ({"colour": 1}, r"Pulumi\.yaml has `colour`, unknown here: .* from a newer version"),
        ({"options": {"refrsh": "always"}}, r"`options\.refrsh`"),
        ({"config": {"a": {"typ": "string"}}}, r"`config\.a\.typ`"),
        ({"config": {"a": {"type": "text"}}}, "has the type 'text': it can be array, boolean"),
        ({"config": {"a": {"type": "array"}}}, "is an array and needs `items`"),
        ({"config": {"a": {"default": 1, "value": 1}}}, "both `default` and `value`"),
        ({"config": {"aws:region": {"type": "string"}}}, "another namespace"),
        ({"config": [1]}, "`config` in Pulumi.yaml is a list"),
        ({"name": ""}, "has no `name`"),
        ({"runtime": "nodejs"}, "runtime 'nodejs'"),
        ({"runtime": {"name": "go"}}, "runtime 'go'"),
    ],
)
def test_a_project_that_means_something_unknown_is_refused(
    tmp_path: Path, project: dict[str, object], sentence: str
) -> None:
    """One sentence that names the key."""
    content = {"name": "shop", "runtime": "python", **project}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(OperatorError, match=sentence) as caught:
        read_project(tmp_path)
    assert "\n" not in caught.value.message


def test_a_stack_file_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Keys that the engine writes itself are known."""
    _write(tmp_path, {})
    project = read_project(tmp_path)
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("secretsprovider: passphrase\nencryptionsalt: v1:x\nenvironment: [a]\n")
    assert read_stack(project, "dev")["secretsprovider"] == "passphrase"
    path.write_text("config: {}\nlayers: []\n")
    with pytest.raises(OperatorError, match=r"Pulumi\.dev\.yaml has `layers`, unknown here"):
        read_stack(project, "dev")
    path.write_text("confg: {}\n")
    with pytest.raises(OperatorError) as caught:
        read_stack(project, "dev")
    assert caught.value.hint == "Did you mean `config`?"
    path.write_text("config: [1]\n")
    with pytest.raises(OperatorError, match=r"`config` in Pulumi\.dev\.yaml is a list"):
        read_stack(project, "dev")


def test_the_only_stack_needs_no_name_and_an_unknown_one_gets_the_nearest(tmp_path: Path) -> None:
    """And the sentence lists those there are."""
    _write(tmp_path, {})
    project = read_project(tmp_path)
    with pytest.raises(OperatorError, match="no stack has a configuration"):
        choose_stack(project, None)
    (tmp_path / "Pulumi.production.yaml").touch()
    assert choose_stack(project, None) == "production"
    (tmp_path / "Pulumi.dev.yaml").touch()
    with pytest.raises(OperatorError, match="which stack") as caught:
        choose_stack(project, None)
    assert caught.value.hint == "This project has dev, production."
    with pytest.raises(OperatorError, match=r"'prodution'; did you mean 'production'\?"):
        choose_stack(project, "prodution")
    with pytest.raises(OperatorError, match=r"there is no stack 'xyz'\n"):
        choose_stack(project, "xyz")


def test_stacks_may_live_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """`stackConfigDir`, and its older spelling `config: folder`."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {a: x}\n")
    for project in ({"stackConfigDir": "stacks"}, {"config": "stacks"}):
        content = {"name": "shop", "runtime": {"name": "python"}, **project}
        (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(content))
        assert dict(load(read_project(tmp_path), "dev").values) == {"shop:a": "x"}


def test_the_project_is_found_from_any_folder_inside(tmp_path: Path) -> None:
    """As with the engine."""
    _write(tmp_path, {})
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find_root(inside) == tmp_path
    (tmp_path / "Pulumi.yaml").unlink()
    with pytest.raises(OperatorError, match=r"there is no Pulumi\.yaml in"):
        find_root(inside)
