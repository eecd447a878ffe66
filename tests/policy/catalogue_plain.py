"""Cases of the rules on secrets in plain text."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, containers, twin

TASK = "aws:ecs/taskDefinition:TaskDefinition"
FUNCTION = "aws:lambda/function:Function"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "AKIA" + "ABCDEFGH12345678"


def variables(**held: Any) -> Any:
    """Return a function with this environment."""
    return {"environment": {"variables": held}}


PLAIN = [
    Case(
        rule="ecs-no-secrets-in-commands",
        type=TASK,
        good=(
            containers({"name": "a", "command": ["start", "--password", "$DB_PASSWORD"]}),
            containers({"name": "a", "dockerLabels": {"team": "web"}, "entryPoint": ["/app"]}),
        ),
        bad=(
            containers({"name": "a", "command": ["start", "--password", "hunter2"]}),
            containers({"name": "a", "command": ["sh", "-c", "TOKEN=hunter2 start"]}),
            containers({"name": "a", "dockerLabels": {"apiKey": "hunter2"}}),
            containers({"name": "a", "entryPoint": ["curl", "https://a:hunter2@example.com"]}),
            containers({"name": "a", "healthCheck": {"command": ["CMD-SHELL", KEY]}}),
        ),
        unknown=({"containerDefinitions": UNKNOWN}, twin({"name": "a", "command": UNKNOWN})),
    ),
    Case(
        rule="lambda-no-plain-secrets",
        type=FUNCTION,
        good=(
            {},
            variables(STAGE="prod", SECRET_ARN="arn:a"),  # noqa: S106 - a reference
            variables(STAGE=UNKNOWN),
        ),
        bad=(
            variables(DB_PASSWORD="hunter2"),  # noqa: S106 - the secret that is found
            variables(DATABASE="postgres://a:hunter2@db/app"),
            variables(AWS=KEY),
        ),
        unknown=({"environment": UNKNOWN}, variables(API_KEY=UNKNOWN)),
    ),
    Case(
        rule="stack-outputs-no-secrets",
        type="pulumi:pulumi:Stack",
        good=(
            {
                "url": "https://example.com",
                "secrets": {"PASSWORD": "arn:aws:ssm:a"},
                "password": UNKNOWN,
            },
        ),
        bad=(
            {"databasePassword": "hunter2"},
            {"contract": '{"database": {"url": "postgres://a:hunter2@db/app"}}'},
            {"keys": [KEY]},
        ),
    ),
    Case(
        rule="tags-no-secrets",
        type=BUCKET,
        good=(
            {"tags": {"purpose": "token", "password": "none"}},
            {"description": "Holds the password of nobody"},
            {"tags": UNKNOWN},
        ),
        bad=({"tags": {"note": KEY}}, {"description": f"made with {KEY}"}, {"tagsAll": {"a": KEY}}),
    ),
]
