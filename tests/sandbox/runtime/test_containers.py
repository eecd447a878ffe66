"""From task definition to Docker's request: a table, and no daemon."""

from pathlib import Path
from typing import Any

import pytest

from perpetual.sandbox.ecs.world import TaskStart
from perpetual.sandbox.runtime import containers
from perpetual.sandbox.runtime.containers import Place, Wanted
from perpetual.sandbox.runtime.labels import Labels

TASK = "arn:aws:ecs:eu-west-1:444455556666:task/perpetual-dev/0123456789abcdef0123456789abcdef"
PLACE = Place(
    labels=Labels("s"),
    network="net",
    registry="127.0.0.1:5000",
    metadata="http://10.0.0.1:9",
    names=("web.dev.perpetual.internal",),
    authority=Path("/sandbox/ca.pem"),
)


def body(**fields: Any) -> Any:
    """Return Docker's request for a container with some fields."""
    return made(**fields).body


def made(*, joins: str | None = None, task_memory: str | None = None, **fields: Any) -> Wanted:
    """Return a container with some fields."""
    definition = {"name": "release", "image": "debian", **fields}
    start = TaskStart(
        task=TASK,
        cluster="arn:aws:ecs:eu-west-1:444455556666:cluster/perpetual-dev",
        host="i-0",
        definition={"family": "web", "revision": 7, "memory": task_memory},
        containers=(definition,),
        group="service:web",
    )
    secrets = {one["name"]: f"value of {one['name']}" for one in fields.get("secrets", ())}
    return containers.wanted(start, definition, PLACE, secrets, joins=joins)


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"memory": 1792}, "Memory", 1792 * 1_048_576),
        ({"memoryReservation": 896}, "MemoryReservation", 896 * 1_048_576),
        ({"cpu": 512}, "CpuShares", 512),
        ({}, "CpuShares", 2),
        ({"linuxParameters": {"initProcessEnabled": True}}, "Init", True),
        ({"readonlyRootFilesystem": True}, "ReadonlyRootfs", True),
        (
            {"ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]},
            "Ulimits",
            [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        ),
        ({"linuxParameters": {"capabilities": {"drop": ["ALL"]}}}, "CapDrop", ["ALL"]),
        (
            {"linuxParameters": {"tmpfs": [{"containerPath": "/t", "size": 8}]}},
            "Tmpfs",
            {"/t": "size=8m"},
        ),
        (
            {"extraHosts": [{"hostname": "a", "ipAddress": "10.0.0.9"}]},
            "ExtraHosts",
            ["a:10.0.0.9"],
        ),
        (
            {"portMappings": [{"containerPort": 5000, "hostPort": 5000}]},
            "PortBindings",
            {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        ),
        ({}, "NetworkMode", "net"),
        ({"joins": "abc"}, "NetworkMode", "container:abc"),
        ({"task_memory": "512"}, "Memory", 512 * 1_048_576),
        (
            {"environment": [{"name": "PGSSLROOTCERT", "value": "/app/bundle.pem"}]},
            "Binds",
            ["/sandbox/ca.pem:/app/bundle.pem:ro"],
        ),
    ],
)
def test_how_a_container_is_bounded(fields: Any, name: str, expected: object) -> None:
    """Each field of ECS is one of Docker's."""
    assert body(**fields)["HostConfig"][name] == expected


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"command": ["/app/bin/migrate"]}, "Cmd", ["/app/bin/migrate"]),
        ({"entryPoint": ["sh"]}, "Entrypoint", ["sh"]),
        ({"user": "nobody"}, "User", "nobody"),
        ({"workingDirectory": "/app"}, "WorkingDir", "/app"),
        ({"pseudoTerminal": True}, "Tty", True),
        (
            {"healthCheck": {"command": ["CMD", "true"], "interval": 7}},
            "Healthcheck",
            {
                "Test": ["CMD", "true"],
                "Interval": 7_000_000_000,
                "Timeout": 5_000_000_000,
                "Retries": 3,
                "StartPeriod": 0,
            },
        ),
    ],
)
def test_what_runs_in_it(fields: Any, name: str, expected: object) -> None:
    """As the definition says."""
    assert body(**fields)[name] == expected


def test_what_the_definition_leaves_out_is_the_images() -> None:
    """No empty command or user takes the place of the image's own."""
    assert not {"Cmd", "Entrypoint", "User", "WorkingDir"} & body().keys()


def test_variables_are_plain_secret_and_the_agents() -> None:
    """A secret has its value here and nowhere else; nothing shows the whole request."""
    found = body(
        environment=[{"name": "PLAIN", "value": "a=b"}, {"name": "EMPTY"}],
        secrets=[{"name": "SECRET", "valueFrom": "/x"}],
    )["Env"]
    assert "PLAIN=a=b" in found
    assert "EMPTY=" in found
    assert "SECRET=value of SECRET" in found
    whose = "0123456789abcdef0123456789abcdef-release"
    assert f"ECS_CONTAINER_METADATA_URI_V4=http://10.0.0.1:9/v4/{whose}" in found
    shown = repr(made(secrets=[{"name": "SECRET", "valueFrom": "/x"}]))
    assert "value of" not in shown


def test_it_has_the_labels_of_ecs_and_of_the_sandbox() -> None:
    """Other tools find ECS's containers by the agent's labels."""
    labels = body(dockerLabels={"own": "1"})["Labels"]
    assert labels["com.amazonaws.ecs.task-arn"] == TASK
    assert labels["com.amazonaws.ecs.task-definition-version"] == "7"
    assert labels["perpetual.sandbox"] == "s"
    assert labels["own"] == "1"


def test_its_names_are_those_of_cloud_map() -> None:
    """Docker's DNS answers with all containers of a name; one that joins has none of its own."""
    network = body()["NetworkingConfig"]["EndpointsConfig"]["net"]
    assert network == {"Aliases": ["web.dev.perpetual.internal"]}
    assert "NetworkingConfig" not in body(joins="abc")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com/perpetual/dev@sha256:0",
            "127.0.0.1:5000/perpetual/dev@sha256:0",
        ),
        ("444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn/a:b", "127.0.0.1:5000/a:b"),
        ("debian:trixie", "debian:trixie"),
        ("public.ecr.aws/docker/library/debian", "public.ecr.aws/docker/library/debian"),
    ],
)
def test_images_of_ecr_are_here(image: str, expected: str) -> None:
    """Those of other registries are where they were."""
    assert containers.reference(image, "127.0.0.1:5000") == expected


def test_containers_follow_what_they_depend_on() -> None:
    """The rest keep their order; a circle, which ECS refuses, still ends."""

    def one(name: str, *needs: str) -> Any:
        return {"name": name, "dependsOn": [{"containerName": need} for need in needs]}

    found = containers.ordered([one("a", "c"), one("b"), one("c", "d"), one("d")])
    assert [item["name"] for item in found] == ["b", "d", "c", "a"]
    circle = containers.ordered([one("a", "b"), one("b", "a")])
    assert [item["name"] for item in circle] == ["a", "b"]


def test_limits_can_be_left_out() -> None:
    """For a daemon that may not raise them; nothing else changes."""
    limited = body(ulimits=[{"name": "nofile", "softLimit": 1, "hardLimit": 1}], memory=8)
    found = containers.without_limits(limited)
    assert "Ulimits" not in found["HostConfig"]
    assert found["HostConfig"]["Memory"] == 8 * 1_048_576
    assert "Ulimits" in limited["HostConfig"]
