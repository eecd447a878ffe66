"""A stack's contract, read once from SSM: all that a command knows of what the program made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from perpetual import contract
from perpetual.aws.calls import Call, attempt
from perpetual.aws.session import Clients, Identity
from perpetual.errors import OperatorError

_NOT_FOUND: Final = "ParameterNotFound"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Service:
    """The release as an ECS service; `secrets` are names of parameters by variable.

    `migration_secret` is the parameter that migrations connect to the database with.
    """

    cluster: str
    name: str
    family: str
    container: str
    port: int
    desired: int
    autoscaling: bool
    log_group: str
    log_stream_prefix: str
    capacity_provider: str
    subnets: Sequence[str]
    security_group: str
    secrets: Mapping[str, str]
    migration_family: str
    migration_secret: str


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """The way in; `name` is the balancer's for CloudWatch, `app/<name>/<id>`."""

    url: str
    dns_name: str
    name: str
    target_group: str


@dataclass(frozen=True, kw_only=True)
class Database:
    """The database as far as a command has to know it; `identifier` is the instance's."""

    identifier: str
    address: str
    port: int
    name: str
    replicas: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A stack as it describes itself.

    `stack` holds every name that follows from the stack's own; the rest is what the program chose
    or AWS gave. `roles` are ARNs of the access roles by kind, those there are. `protected` stacks
    are changed only when told twice. `content` is the whole contract.
    """

    stack: contract.Stack
    architecture: str
    protected: bool
    service: Service
    balancer: Balancer
    database: Database
    host_group: str
    repository: str
    image_source: str
    pull_document: str
    roles: Mapping[str, str]
    content: Mapping[str, Any]


def read(clients: Clients, stack: str) -> Published:
    """Return what a stack has published where the credentials lead.

    Raises:
        OperatorError: AWS cannot be asked, there is no such stack there, or its contract is of
            another version, account or region.
    """
    if not contract.STACK_NAME.fullmatch(stack):
        raise OperatorError(
            f"{stack!r} is no stack's name",
            hint="Names have 1 to 30 small letters, digits and single hyphens, such as `prod`.",
        )
    identity, region = clients.identity, clients.region_name
    here = contract.Stack(
        name=stack, account=identity.account, region=region, partition=identity.partition
    )
    request = {"Name": here.contract_parameter}
    call = Call(service="ssm", operation="GetParameter", request=request)
    said = attempt(clients, call, _NOT_FOUND)
    if said is None:
        raise _absent(stack, identity, region)
    return parse(said["Parameter"]["Value"], here)


def parse(text: str, here: contract.Stack) -> Published:
    """Return the contract in a parameter's text, which has to be that of `here`.

    Raises:
        OperatorError: It is none, or another one's.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _malformed(here, f"it is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise _malformed(here, "it is no JSON object")
    version = content.get(contract.Output.VERSION)
    if version != contract.VERSION:
        raise OperatorError(
            f"the contract of stack {here.name} has version {version!r}, and this command reads "
            f"version {contract.VERSION}",
            hint="Use the command of the checkout that the stack was made with.",
        )
    _is_here(content, here)
    try:
        return _view(content, here)
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(here, f"{type(error).__name__}: {error}") from error


def _is_here(content: Mapping[str, Any], here: contract.Stack) -> None:
    for key, expected, words in (
        (contract.Output.STACK, here.name, "stack"),
        (contract.Output.ACCOUNT, here.account, "account"),
        (contract.Output.REGION, here.region, "region"),
    ):
        found = content.get(key)
        if found != expected:
            raise OperatorError(
                f"the contract of stack {here.name} is about {words} {found}, and the "
                f"credentials lead to {words} {expected}",
                hint="Choose the right ones with --profile and --region.",
            )


def _view(content: Mapping[str, Any], here: contract.Stack) -> Published:
    service, access = content[contract.Output.SERVICE], content[contract.Output.ACCESS]
    image = content[contract.Output.IMAGE]
    return Published(
        stack=here,
        architecture=_a(str, service["architecture"]),
        protected=_a(bool, service["protected"]),
        service=_service(service),
        balancer=_balancer(service["balancer"]),
        database=_database(content[contract.Output.DATABASE]),
        host_group=_a(str, service["hosts"]["hostGroup"]),
        repository=_a(str, image["repository"]),
        image_source=_a(str, image["source"]),
        pull_document=_a(str, access["pullDocument"]),
        roles={
            key.removesuffix("Role"): _a(str, value)
            for key, value in access.items()
            if key.endswith("Role")
        },
        content=content,
    )


def _service(given: Mapping[str, Any]) -> Service:
    return Service(
        cluster=_a(str, given["cluster"]),
        name=_a(str, given["service"]),
        family=_a(str, given["family"]),
        container=_a(str, given["container"]),
        port=_a(int, given["port"]),
        desired=_a(int, given["desired"]),
        autoscaling=_a(bool, given["autoscaling"]),
        log_group=_a(str, given["logGroup"]),
        log_stream_prefix=_a(str, given["logStreamPrefix"]),
        capacity_provider=_a(str, given["capacityProvider"]),
        subnets=tuple(_a(str, item) for item in given["subnets"]),
        security_group=_a(str, given["securityGroup"]),
        secrets={name: _a(str, path) for name, path in given["secrets"].items()},
        migration_family=_a(str, given["migrationFamily"]),
        migration_secret=_a(str, given["migrationSecret"]),
    )


def _balancer(given: Mapping[str, Any]) -> Balancer:
    return Balancer(
        url=_a(str, given["url"]),
        dns_name=_a(str, given["dnsName"]),
        name=_a(str, given["balancer"]),
        target_group=_a(str, given["targetGroup"]),
    )


def _database(given: Mapping[str, Any]) -> Database:
    return Database(
        identifier=_a(str, given["identifier"]),
        address=_a(str, given["address"]),
        port=_a(int, given["port"]),
        name=_a(str, given["name"]),
        replicas=tuple(_a(str, item["identifier"]) for item in given["replicas"]),
    )


def _a(kind: type[T], value: Any) -> T:
    # `bool` is an `int` to Python, and is none here.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        message = f"{value!r} where {kind.__name__} belongs"
        raise TypeError(message)
    return value


def _absent(stack: str, identity: Identity, region: str) -> OperatorError:
    return OperatorError(
        f"account {identity.account} has no contract of a stack {stack} in {region}",
        hint="Choose the stack's account and region with --profile and --region; `pulumi up` "
        "publishes the contract of a new stack.",
        detail=f"asked as {identity.arn}",
    )


def _malformed(here: contract.Stack, why: str) -> OperatorError:
    return OperatorError(
        f"the contract of stack {here.name} cannot be read",
        hint="Run `pulumi up` with this checkout: it publishes the contract anew.",
        detail=f"{here.contract_parameter}: {why}",
    )
