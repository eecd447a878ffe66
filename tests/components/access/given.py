"""An access layer with everybody configured, and calls as the role tests write them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from components.access import Access, AccessArgs
from perpetual import contract
from perpetual.offline.capture import Capture, capture
from settings import models
from tests.support.iam import Context

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
LONGEST = contract.Stack(
    name="a" * 30, account="111122223333", region="ap-southeast-3", partition="aws-us-gov"
)
OTHER = contract.Stack(name="prod-blue", account="111122223333", region="eu-central-1")
"""A neighbour whose name begins like this stack's: every name pattern of this stack fits it."""

ZONE = "Z0123456789ABCDEFGHIJ"
EVERYBODY = models.Access(
    deployment=models.Role(github=("repo:acme/shop:environment:prod",)),
    development=models.Role(principals=("arn:aws:iam::111122223333:role/people",)),
    infrastructure=models.Role(principals=("arn:aws:iam::111122223333:user/ada",)),
)

OWN = {f"aws:ResourceTag/{contract.STACK_TAG}": "prod"}
OTHERS = {f"aws:ResourceTag/{contract.STACK_TAG}": "prod-blue"}
NEW = {f"aws:RequestTag/{contract.STACK_TAG}": "prod"}
NEW_OTHERS = {f"aws:RequestTag/{contract.STACK_TAG}": "prod-blue"}
HERE = {"aws:RequestedRegion": "eu-central-1"}
CLUSTER = {"ecs:cluster": "arn:aws:ecs:eu-central-1:111122223333:cluster/perpetual-prod"}
OTHER_CLUSTER = {"ecs:cluster": "arn:aws:ecs:eu-central-1:111122223333:cluster/perpetual-prod-blue"}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/0f1e"
OWN_KEY: Context = {"kms:ResourceAliases": ["alias/other", "alias/perpetual-prod"]}


def arn(service: str, resource: str) -> str:
    """Return an ARN in the stack's account and region."""
    return f"arn:aws:{service}:eu-central-1:111122223333:{resource}"


def role(name: str) -> str:
    """Return the ARN of a role of the account."""
    return f"arn:aws:iam::111122223333:role/{name}"


@dataclass(frozen=True)
class Network:
    """A network of two zones."""

    public_subnet_ids: list[Any] = field(default_factory=lambda: ["subnet-1", "subnet-2"])
    private_subnet_ids: list[Any] = field(default_factory=lambda: ["subnet-3", "subnet-4"])


def access(
    settings: models.Access = EVERYBODY,
    *,
    stack: contract.Stack = STACK,
    balancer: models.Balancer | None = None,
    architecture: models.Architecture = models.Architecture.ARM64,
) -> Access:
    """Make the component; only within a program."""
    return Access(
        "access",
        AccessArgs(
            stack=stack,
            settings=settings,
            balancer=balancer or models.Balancer(domain="app.example.com", zone_id=ZONE),
            architecture=architecture,
            network=Network(),
            tags={"environment": "test"},
            security_group_id=None if settings.bastion is models.Bastion.NONE else "sg-1",
        ),
    )


def register(settings: models.Access = EVERYBODY, **given: Any) -> Capture:
    """Run the component as a stack does and return what it registered."""
    return _run(lambda: access(settings, **given))


def published(settings: models.Access) -> dict[str, Any]:
    """Return what the component publishes."""
    found: dict[str, Any] = {}
    _run(lambda: found.update(access(settings).fields))
    return found


def _run(program: Callable[[], object]) -> Capture:
    def run() -> None:
        program()

    return capture(run, project="perpetual", stack="prod", config={}, invokes={})


@cache
def registered(bastion: models.Bastion = models.Bastion.NONE) -> Capture:
    """Return the layer with everybody configured and this bastion, captured once."""
    return register(EVERYBODY.model_copy(update={"bastion": bastion}))
