"""The values behind a container's secrets, as ECS's agent fetches them; they are never logged."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime.docker_api import Failed

Clients = Callable[[str], Any]
"""boto3's client of a service, by its name."""

PAGE: Final = 10
"""Parameters that one request may ask for.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
"""


def fetch(clients: Clients, region: str, definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the secret variables of a container, by name.

    Raises:
        Failed: One of them is not there; the agent's sentence names it.
    """
    wanted = {one["name"]: one["valueFrom"] for one in definition.get("secrets", ())}
    parameters = {name: path(at) for name, at in wanted.items() if ":secretsmanager:" not in at}
    values = _parameters(clients, sorted(set(parameters.values())), region)
    found = {name: values[at] for name, at in parameters.items()}
    for name in wanted.keys() - parameters.keys():
        found[name] = _secret(clients, wanted[name], region)
    return found


def path(value_from: str) -> str:
    """Return the name of a parameter, given as name or ARN."""
    _, arn, name = value_from.partition(":parameter/")
    return f"/{name}" if arn and "/" in name else name or value_from


def _parameters(clients: Clients, names: list[str], region: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(names), PAGE):
        said = clients("ssm").get_parameters(Names=names[start : start + PAGE], WithDecryption=True)
        if said["InvalidParameters"]:
            missing = ", ".join(said["InvalidParameters"])
            raise Failed(
                "ResourceInitializationError: Fetching secret data from SSM Parameter Store in "
                f"{region}: invalid parameters: {missing}"
            )
        found |= {one["Name"]: one["Value"] for one in said["Parameters"]}
    return found


def _secret(clients: Clients, value_from: str, region: str) -> str:
    """Return a secret, or one key of it: `<arn>[:key:[stage]:[version]]`.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """
    parts = value_from.split(":")
    arn, rest = ":".join(parts[:7]), [*parts[7:], "", "", ""]
    key, stage, version = rest[:3]
    more = {"VersionStage": stage} if stage else {}
    more |= {"VersionId": version} if version else {}
    try:
        text = str(clients("secretsmanager").get_secret_value(SecretId=arn, **more)["SecretString"])
        return str(json.loads(text)[key]) if key else text
    except (ClientError, KeyError, ValueError) as error:
        # Not the error's own words: those of a malformed secret may quote it.
        code = (
            error.response["Error"]["Code"] if isinstance(error, ClientError) else "key not found"
        )
        raise Failed(
            "ResourceInitializationError: Fetching secret data from AWS Secrets Manager in region "
            f"{region}: secret {arn}: {code}"
        ) from error
