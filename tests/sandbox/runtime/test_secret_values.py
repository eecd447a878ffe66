"""Secrets as the agent fetches them: by name or ARN, from either service, or with its error."""

from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime import secret_values
from perpetual.sandbox.runtime.docker_api import Failed

REGION = "eu-west-1"
ARN = f"arn:aws:secretsmanager:{REGION}:444455556666:secret:db-AbCdEf"
PATH = f"arn:aws:ssm:{REGION}:444455556666:parameter"


class Services:
    """SSM with some parameters, and Secrets Manager with one secret."""

    def __init__(self, *parameters: str) -> None:
        """Have these."""
        self.parameters = parameters
        self.asked: list[int] = []

    def __call__(self, _service: str) -> Any:
        """Be every service."""
        return self

    def get_parameters(self, *, Names: list[str], WithDecryption: bool) -> Any:  # noqa: N803 - AWS's names
        """Return those that are there."""
        assert WithDecryption
        self.asked.append(len(Names))
        found = [{"Name": name, "Value": f"<{name}>"} for name in Names if name in self.parameters]
        missing = [name for name in Names if name not in self.parameters]
        return {"Parameters": found, "InvalidParameters": missing}

    def get_secret_value(self, *, SecretId: str, **more: str) -> Any:  # noqa: N803 - AWS's names
        """Return a secret, or that there is none."""
        if SecretId != ARN:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": f'{{"password": "p", "more": "{sorted(more.items())}"}}'}


def secrets(**values: str) -> Any:
    """Return a container with secrets."""
    return {"secrets": [{"name": name, "valueFrom": at} for name, at in values.items()]}


def test_parameters_come_by_name_or_arn() -> None:
    """An ARN's name begins with a slash if it has several parts."""
    found = secret_values.fetch(
        Services("/perpetual/dev/secrets/A", "plain"),
        REGION,
        secrets(A=f"{PATH}/perpetual/dev/secrets/A", B="/perpetual/dev/secrets/A", C="plain"),
    )
    assert found["A"] == found["B"] == "</perpetual/dev/secrets/A>"
    assert found["C"] == "<plain>"


def test_ten_parameters_a_request() -> None:
    """AWS takes no more."""
    names = [f"/p/{number:02}" for number in range(23)]
    services = Services(*names)
    wanted = secrets(**{f"V{number}": name for number, name in enumerate(names)})
    assert len(secret_values.fetch(services, REGION, wanted)) == 23
    assert services.asked == [10, 10, 3]


def test_a_missing_parameter_is_the_agents_error() -> None:
    """It names the parameter and the region."""
    with pytest.raises(
        Failed,
        match=r"^ResourceInitializationError: .* in eu-west-1: invalid parameters: /missing$",
    ):
        secret_values.fetch(Services(), REGION, secrets(A="/missing"))


@pytest.mark.parametrize(
    ("value_from", "expected"),
    [
        (f"{ARN}:password::", "p"),
        (f"{ARN}:more:AWSPREVIOUS:", "[('VersionStage', 'AWSPREVIOUS')]"),
        (ARN, '{"password": "p", "more": "[]"}'),
    ],
)
def test_secrets_manager_has_keys_and_versions(value_from: str, expected: str) -> None:
    """Whole, or one key of it, in the stage that is asked for."""
    assert secret_values.fetch(Services(), REGION, secrets(A=value_from))["A"] == expected


@pytest.mark.parametrize(
    ("value_from", "says"),
    [
        (f"{ARN}:absent::", "key not found"),
        (ARN.replace("db", "no"), "ResourceNotFoundException"),
    ],
)
def test_what_secrets_manager_lacks_is_told_without_quoting_it(value_from: str, says: str) -> None:
    """The secret's own text may be in the error of whoever read it, but not here."""
    with pytest.raises(Failed, match=f"ResourceInitializationError: .*{says}") as raised:
        secret_values.fetch(Services(), REGION, secrets(A=value_from))
    assert "password" not in str(raised.value)
