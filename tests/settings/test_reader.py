"""Reading the flat map: unknown keys, other namespaces, everything at once."""

import json
from pathlib import Path

import pulumi
import pytest

import settings
from perpetual.offline.capture import capture
from settings import SettingsError
from settings.reader import check
from settings.rules import Program
from tests.settings.configuration import PROGRAM, flat, problems


def messages(more: dict[str, str]) -> list[str]:
    """Return what is said about additional keys."""
    return [str(problem) for problem in problems(more=more)]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("netwrok", "network, the nearest"),
        ("Account", "account, the nearest"),
        ("databse", "database, the nearest"),
        ("multiAz", "database.multiAz, the nearest"),
        ("zzz", "network, database, hosts"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, nearest: str) -> None:
    """A typo at the top never passes for a setting; nor is a newer version's key a mystery."""
    (message,) = messages({f"shop:{key}": "x"})
    assert message.startswith(f"{key}: there is no such setting")
    assert nearest in message
    assert "newer version" in message


@pytest.mark.parametrize(
    ("changes", "key", "nearest"),
    [
        ({"network/zone": ["a"]}, "network.zone", "network.zones, the nearest"),
        ({"service/instanceTypes": []}, "service.instanceTypes", "hosts.instanceTypes"),
        ({"access/deployment/githb": []}, "access.deployment.githb", "access.deployment.github"),
        ({"access/deploy": {}}, "access.deploy", "access.deployment, the nearest"),
        ({"image/qqq": 1}, "image.qqq", "source, context"),
    ],
)
def test_an_unknown_key_in_a_group_names_the_nearest(
    changes: dict[str, object], key: str, nearest: str
) -> None:
    """In the same group first, then elsewhere."""
    (problem,) = problems(changes)
    assert problem.key == key
    assert nearest in str(problem)


def test_a_dotted_key_set_without_path_is_caught() -> None:
    """`pulumi config set image.source deployed` makes a literal key that nobody would read."""
    (message,) = messages({"shop:image.sorce": "deployed"})
    assert "image.source as a path" in message
    assert "pulumi config rm 'image.sorce'" in message
    assert "pulumi config set --path image.source VALUE" in message


def test_a_dotted_key_like_no_other_is_caught() -> None:
    """There is nothing near, so only the removal is told."""
    (message,) = messages({"shop:x.y.z": "1"})
    assert "pulumi config rm 'x.y.z'" in message


def test_the_region_belongs_to_the_provider() -> None:
    """A `region` of the project would be read by nobody."""
    (message,) = messages({"shop:region": "eu-west-1"})
    assert "aws:region" in message
    assert "pulumi config rm region" in message


@pytest.mark.parametrize("key", ["aws:profile", "aws:assumeRoles", "aws:defaultTags"])
def test_provider_settings_without_effect_are_refused(key: str) -> None:
    """They would change who asks for the account, and not who makes the resources."""
    (message,) = messages({key: "hunter2"})
    assert message.startswith(f"{key}: ")
    assert "hunter2" not in message


def test_other_namespaces_are_left_alone() -> None:
    """Keys of other providers and of the engine itself are not this program's."""
    assert messages({"pulumi:template": "x", "docker:host": "x", "aws:maxRetries": "5"}) == []


def test_an_encrypted_setting_is_refused_and_never_shown() -> None:
    """Settings go into documents that the policy pack must read."""
    found = problems({"tags": {"x": "hunter2"}}, secret={"shop:tags", "shop:account"})
    assert [problem.key for problem in found] == ["account", "tags"]
    assert all("plain values only" in str(problem) for problem in found)
    assert all("service.secrets" in str(problem) for problem in found)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("value", ["a", "[1]", "null", "7"])
def test_a_group_must_be_a_mapping(value: str) -> None:
    """`network: a` says what a group holds."""
    (message,) = messages({"shop:network": value})
    assert message.startswith("network: ")
    assert "a mapping with keys such as" in message


def test_all_errors_are_told_at_once_in_the_order_of_the_schema() -> None:
    """Fields, rules, unknown keys and the stack's name; a rule needs only its own settings."""
    found = problems(
        {
            "alarms/emails": ["ops"],
            "network/nat": "many",
            "network/cidr": "10.0.0.0/24",
            "database/replicas": 1,
            "database/port": 1,
            "database/backupRetentionDays": 0,
            "balancer/zoneId": None,
            "account": "1",
        },
        program=Program(project="shop", stack="Prod", root=Path()),
        more={"shop:databse": "x"},
    )
    assert [problem.key for problem in found] == [
        "databse",
        "stack",
        "account",
        "network.nat",
        "network.cidr",
        "database.port",
        "database.masterPassword",
        "database.backupRetentionDays",
        "balancer.zoneId",
        "alarms.emails[0]",
    ]


def test_the_error_is_one_text_with_a_line_for_each() -> None:
    """The engine prints a RunError's text without a trace."""
    with pytest.raises(pulumi.RunError) as caught:
        check(flat({"account": "1", "protect": "no one"}), program=PROGRAM)
    head, *lines = str(caught.value).splitlines()
    assert head == "The settings of stack prod have 2 errors:"
    assert [line.split(":")[0] for line in lines] == ["  - account", "  - protect"]


def test_a_long_value_is_cut() -> None:
    """A pasted certificate must not bury the sentence."""
    (problem,) = problems({"balancer/domain": "x" * 500})
    assert len(str(problem)) < 400


def run(stack: str, config: dict[str, str], project: str = "renamed") -> settings.Settings:
    """Return what a program called `project` loads."""
    found: list[settings.Settings] = []
    capture(
        lambda: found.append(settings.load()),
        project=project,
        stack=stack,
        config=config,
        invokes={},
    )
    return found[0]


def test_the_program_reads_its_own_project_namespace() -> None:
    """`pulumi new` renames the project, and keys follow."""
    config = {key.replace("shop:", "renamed:"): value for key, value in flat().items()}
    assert run("prod", config).balancer.domain == "app.example.com"


def test_the_program_refuses_a_stack_name_that_fits_nowhere() -> None:
    """Names of resources begin with it."""
    config = {key.replace("shop:", "renamed:"): value for key, value in flat().items()}
    with pytest.raises(SettingsError, match="stack: Review_42 is refused; accepted: 1 to 30"):
        run("Review_42", config)


def test_no_configuration_at_all_names_what_every_stack_must_set() -> None:
    """The first thing a newcomer sees."""
    with pytest.raises(SettingsError) as caught:
        run("dev", {"renamed:image": json.dumps({"source": "deployed"})})
    assert {problem.key for problem in caught.value.problems} == {
        "aws:region",
        "account",
        "balancer.domain",
        "balancer.zoneId",
    }
