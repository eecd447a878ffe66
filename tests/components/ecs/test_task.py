"""The container document, whole, and what settings may and may not change in it."""

from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ecs import task
from perpetual import contract
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/perpetual/prod@sha256:" + "0" * 64
PARAMETERS = "arn:aws:ssm:eu-central-1:111122223333:parameter/perpetual/prod/secrets/"
OWN = set(contract.VARIABLES)

NAMES = st.text(ascii_uppercase + "_", min_size=1, max_size=12)


def release(**settings: Any) -> dict[str, Any]:
    """Return the one container of a stack whose service has these settings."""
    (container,) = task.containers(
        stack=STACK, settings=models.Service(**settings), host="app.example.com", image=IMAGE
    )
    return container


def test_a_task_is_the_release_alone_and_this_is_all_of_it() -> None:
    """The literal document with default settings."""
    assert release() == {
        "name": "release",
        "image": IMAGE,
        "essential": True,
        "user": "nobody",
        "cpu": 512,
        "memory": 1792,
        "memoryReservation": 896,
        "portMappings": [
            {"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"},
            {"containerPort": 9100, "hostPort": 9100, "protocol": "tcp"},
        ],
        "environment": [
            {"name": "AWS_REGION", "value": "eu-central-1"},
            {"name": "DNS_CLUSTER_QUERY", "value": "web.prod.perpetual.internal"},
            {"name": "DRAIN_SECONDS", "value": "45"},
            {"name": "ERL_DIST_PORT", "value": "9100"},
            {"name": "PERPETUAL_STACK", "value": "prod"},
            {"name": "PGSSLMODE", "value": "verify-full"},
            {"name": "PGSSLROOTCERT", "value": "/app/rds-global-bundle.pem"},
            {"name": "PHX_HOST", "value": "app.example.com"},
            {"name": "PHX_SERVER", "value": "true"},
            {"name": "PORT", "value": "5000"},
            {"name": "RELEASE_DISTRIBUTION", "value": "name"},
        ],
        "secrets": [
            {"name": "DATABASE_URL", "valueFrom": PARAMETERS + "DATABASE_URL"},
            {"name": "RELEASE_COOKIE", "valueFrom": PARAMETERS + "RELEASE_COOKIE"},
            {"name": "SECRET_KEY_BASE", "valueFrom": PARAMETERS + "SECRET_KEY_BASE"},
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/perpetual/prod/release",
                "awslogs-region": "eu-central-1",
                "awslogs-stream-prefix": "web",
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
        "linuxParameters": {"initProcessEnabled": True},
        "ulimits": [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
        "stopTimeout": 60,
        "readonlyRootFilesystem": False,
    }


@pytest.mark.parametrize(
    ("setting", "value", "changed"),
    [
        ("cpu", 256, {"cpu": 256}),
        ("memory_mib", 2048, {"memory": 2048}),
        ("memory_reservation_mib", 1024, {"memoryReservation": 1024}),
    ],
)
def test_a_size_changes_its_own_field_alone(
    setting: str, value: int, changed: dict[str, int]
) -> None:
    """Sizes appear once each."""
    assert release(**{setting: value}) == release() | changed


@pytest.mark.parametrize(
    ("setting", "position", "variable"),
    [("port", 0, "PORT"), ("distribution_port", 1, "ERL_DIST_PORT")],
)
def test_a_port_changes_its_mapping_and_the_variable_that_tells_the_release(
    setting: str, position: int, variable: str
) -> None:
    """A port known on one side only is a release nobody reaches."""
    container = release(**{setting: 4321})
    mapping = container["portMappings"][position]
    assert mapping == {"containerPort": 4321, "hostPort": 4321, "protocol": "tcp"}
    assert {"name": variable, "value": "4321"} in container["environment"]


def test_a_longer_drain_moves_the_end_that_follows_it() -> None:
    """The release learns the one, ECS the other."""
    container = release(drain_seconds=90)
    assert container["stopTimeout"] == 105
    assert {"name": "DRAIN_SECONDS", "value": "90"} in container["environment"]


def test_blocking_logs_have_no_buffer() -> None:
    """Docker refuses a buffer size in blocking mode."""
    options = release(log_mode="blocking")["logConfiguration"]["options"]
    assert options["mode"] == "blocking"
    assert "max-buffer-size" not in options


def test_an_additional_secret_is_read_from_the_stacks_own_path() -> None:
    """Its value never appears, and one that every release has anyway is not listed twice."""
    found = release(secrets=("STRIPE_KEY", "DATABASE_URL"))["secrets"]
    assert found == [
        {"name": name, "valueFrom": PARAMETERS + name}
        for name in ("DATABASE_URL", "RELEASE_COOKIE", "SECRET_KEY_BASE", "STRIPE_KEY")
    ]


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_variable_of_the_stack_cannot_be_replaced(name: str) -> None:
    """Neither in plain text nor as a secret; PGSSLMODE=disable would break the TLS law."""
    with pytest.raises(ValueError, match=f"service.environment sets {name}, .*remove it"):
        release(environment={name: "x"})
    with pytest.raises(ValueError, match=f"service.secrets names {name}, .*other names"):
        release(secrets=(name,))


def test_a_secret_cannot_be_given_in_plain_text() -> None:
    """ECS would refuse the name twice, after the plain value has entered the state."""
    with pytest.raises(ValueError, match="sets DATABASE_URL, but they are secrets"):
        release(environment={"DATABASE_URL": "ecto://…"})


@given(environment=st.dictionaries(NAMES, st.text()), secrets=st.sets(NAMES))
def test_names_are_sorted_and_unique_or_the_document_is_refused(
    environment: dict[str, str], secrets: set[str]
) -> None:
    """Whatever the settings, no name is given twice and the stack's variables keep their values."""
    hidden = secrets | set(contract.SECRETS)
    clash = (environment.keys() | hidden) & OWN or environment.keys() & hidden
    try:
        container = release(environment=environment, secrets=tuple(secrets))
    except ValueError:
        assert clash
        return
    assert not clash
    plain = [item["name"] for item in container["environment"]]
    concealed = [item["name"] for item in container["secrets"]]
    assert plain == sorted(OWN | environment.keys())
    assert concealed == sorted(hidden)
    assert not set(plain) & set(concealed)
    values = {item["name"]: item["value"] for item in container["environment"]}
    assert values == values | environment
    defaults = {item["name"]: item["value"] for item in release()["environment"]}
    assert values == values | defaults
