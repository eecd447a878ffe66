"""`--policy-config`: the file, and how it is put over what the pack brings."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2

from perpetual.errors import OperatorError
from perpetual.offline import configuring, pack_config
from perpetual.offline.pack_config import PackConfig
from tests.offline.tiny import judged, project, run

INITIAL = """
    from pulumi_policy import (
        EnforcementLevel, PolicyConfigSchema, PolicyPack, StackValidationPolicy,
    )

    def said(args, report):
        report(str(sorted(args.get_config().items())))

    schema = PolicyConfigSchema(properties={
        "schema": {"type": "integer", "default": 1},
        "initial": {"type": "integer", "default": 1},
        "file": {"type": "integer", "default": 1},
    })
    PolicyPack(
        name="asked",
        policies=[StackValidationPolicy("said", "Says it.", said, config_schema=schema)],
        initial_config={
            "said": {
                "enforcementLevel": EnforcementLevel.ADVISORY, "initial": 2, "file": 2,
            }
        },
    )
"""


def written(folder: Path, content: Any) -> Path:
    """Write a configuration as JSON."""
    path = folder / "policy.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_file_goes_over_the_pack_s_own_and_that_over_the_schema(tmp_path: Path) -> None:
    """Property by property; and the level likewise."""
    folder = project(tmp_path, pack=INITIAL)
    before = judged(folder)["findings"][0]
    assert (before["level"], before["witness"]) == (
        "advisory",
        "[('file', 2.0), ('initial', 2.0), ('schema', 1.0)]",
    )
    path = written(folder, {"said": {"enforcementLevel": "mandatory", "file": 3}})
    after = judged(folder, "--policy-config", str(path))["findings"][0]
    assert (after["level"], after["witness"]) == (
        "mandatory",
        "[('file', 3.0), ('initial', 2.0), ('schema', 1.0)]",
    )


@pytest.mark.parametrize(
    ("content", "level"),
    [
        ({}, analyzer_pb2.ADVISORY),
        ({"one": "mandatory"}, analyzer_pb2.MANDATORY),
        ({"all": "disabled"}, analyzer_pb2.DISABLED),
        ({"all": "disabled", "one": "mandatory"}, analyzer_pb2.MANDATORY),
        ({"all": {"enforcementLevel": "mandatory"}, "one": {"size": 3}}, analyzer_pb2.MANDATORY),
    ],
)
def test_a_level_is_the_policy_s_or_else_that_of_all(
    tmp_path: Path, content: Any, level: int
) -> None:
    """Or else the pack's."""
    info = analyzer_pb2.AnalyzerInfo(name="tiny")
    info.policies.add(name="one", enforcementLevel=analyzer_pb2.ADVISORY)
    config = configuring.request(info, pack_config.read(written(tmp_path, content)))
    assert config.policyConfig["one"].enforcementLevel == level
    properties = json_format.MessageToDict(config.policyConfig["one"].properties)
    assert properties == ({"size": 3} if isinstance(content.get("one"), dict) else {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not valid JSON: "),
        ("\xff", "is not valid JSON: "),
        ("[" * 100_000, "is not valid JSON: "),
        ([], "holds a list, not an object of policies"),
        ({"one": "off"}, "sets one to 'off', which is no level"),
        ({"one": 3}, "sets one to 3, which is no level"),
        ({"one": None}, "sets one to None, which is no level"),
        ({"one": {"enforcementLevel": ["mandatory"]}}, "which is no level"),
        ({"all": {"size": 3}}, "sets size for all policies, not only a level"),
    ],
    ids=range(9),
)
def test_a_file_that_is_wrong_is_one_sentence(tmp_path: Path, content: Any, says: str) -> None:
    """It names the file and what is accepted."""
    path = written(tmp_path, content)
    with pytest.raises(OperatorError) as raised:
        pack_config.read(path)
    assert raised.value.message.startswith(str(path))
    assert says in raised.value.message
    assert raised.value.hint


def test_an_empty_file_configures_nothing(tmp_path: Path) -> None:
    """As with the engine."""
    read = pack_config.read(written(tmp_path, ""))
    assert (read.levels, read.properties) == ({}, {})


def test_a_missing_file_and_an_unknown_policy_are_refused_by_the_command(tmp_path: Path) -> None:
    """Exit code 2: there is no verdict."""
    folder = project(tmp_path)
    missing = run(folder, "--policy-config", "nowhere.json")
    assert missing.returncode == 2
    assert "nowhere.json could not be read: No such file or directory" in missing.stderr
    path = written(folder, {"lenght": "disabled"})
    unknown = run(folder, "--policy-config", str(path))
    assert unknown.returncode == 2
    assert "configures policy 'lenght', which tiny does not have" in unknown.stderr
    assert "length" in unknown.stderr


def test_a_default_configuration_asks_for_nothing() -> None:
    """A pack is configured by its own means then."""
    info = analyzer_pb2.AnalyzerInfo(name="tiny")
    info.policies.add(name="one", enforcementLevel=analyzer_pb2.MANDATORY, tags=["fixed-level"])
    config = configuring.request(info, PackConfig())
    assert config.policyConfig["one"].enforcementLevel == analyzer_pb2.MANDATORY
