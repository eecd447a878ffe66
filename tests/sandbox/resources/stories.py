"""What happens to both stacks through both fronts: told once for each process, judged by tests."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from perpetual.offline import preview
from perpetual.sandbox.fronts import attached, mocks
from perpetual.sandbox.fronts.mocks import Change, Deployed
from perpetual.sandbox.fronts.provider import Provider
from perpetual.sandbox.resources import values
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.table import TABLE
from tests.sandbox.resources import emulated
from tests.sandbox.resources.emulated import Emulated
from tests.sandbox.resources.engine import Engine, Outcome
from tests.sandbox.resources.engine_session import Resource, UpdateError
from tests.sandbox.resources.inventory import Inventory, inventory
from tests.support.stacks import ROOT, restored

_NUMBERS: Final = itertools.count(700000000001)
"""Account numbers: each story has an account of its own."""

DIGEST: Final = f"sha256:{'d' * 64}"
"""What a deploy outside Pulumi releases."""

DEV_CHANGES: Final = (
    "network.zones[0]=a",
    "network.zones[1]=b",
    "network.zones[2]=c",
    "image.arguments.VERSION=2",
    "hosts.volumeGib=60",
    "network.flowLogRetentionDays=60",
)
PROD_REPLACEMENTS: Final = ("protect=false", "service.port=4000", "database.engineVersion=18")


@contextmanager
def fresh(stack: str) -> Iterator[Emulated]:
    """Yield an account that holds nothing but the zone of the stack's domain."""
    with emulated.account(str(next(_NUMBERS))) as found:
        emulated.give_zone(found.cloud, *emulated.ZONES[stack])
        yield found


def plan(stack: str, cloud: Cloud, *overrides: str) -> preview.Plan:
    """Return a stack's settings, in this account, with overrides on top."""
    own = (f"account={cloud.account}", *overrides)
    return preview.plan(preview.Options(root=ROOT, stack=stack, overrides=own))


@dataclass(frozen=True, kw_only=True)
class Mocked:
    """A stack made through the SDK's mocks, and run again."""

    created: Mapping[str, Change]
    made: Inventory
    resources: Mapping[str, Deployed]
    outputs: Mapping[str, Any]
    forgotten: Mapping[str, set[str]]
    imported: Mapping[str, str]
    again: Mapping[str, Change]


@cache
def mocked(stack: str) -> Mocked:
    """Tell how a stack comes about through the mocks."""
    deployed: dict[str, Deployed] = {}
    with fresh(stack) as found, restored():
        cloud = found.cloud
        first = mocks.apply(plan(stack, cloud), cloud, deployed)
        made, resources = inventory(cloud), dict(deployed)
        forgotten = _forgotten(cloud, resources)
        imported = _imported(cloud, resources)
        again = mocks.apply(plan(stack, cloud), cloud, deployed)
        return Mocked(
            created=first.changes,
            made=made,
            resources=resources,
            outputs=first.capture.outputs,
            forgotten=forgotten,
            imported=imported,
            again=again.changes,
        )


def _imported(cloud: Cloud, resources: Mapping[str, Deployed]) -> dict[str, str]:
    """Return the types that cannot be read by their id alone, and what is said of it."""
    provider = Provider(cloud=cloud)
    found: dict[str, str] = {}
    for item in resources.values():
        try:
            if provider.read(item.token, item.id, {}, {}) is None:
                found[item.token] = "gone"
        except Exception as error:  # noqa: BLE001 - the judgement tells which it may be
            found[item.token] = f"{type(error).__name__}: {error}"
    return found


def _forgotten(cloud: Cloud, resources: Mapping[str, Deployed]) -> dict[str, set[str]]:
    """Return the arguments that AWS does not tell as they were given, by type."""
    found: dict[str, set[str]] = {}
    for item in resources.values():
        kind = TABLE[item.token]
        told = kind.read(cloud, item.id, item.state) or {}
        for key in kind.inputs & item.inputs.keys():
            if not values.covers(told.get(key), item.inputs[key], ordered=key in kind.ordered):
                found.setdefault(item.token, set()).add(key)
    return found


@dataclass(frozen=True, kw_only=True)
class Provided:
    """A stack through the provider protocol: previewed, made, and run again."""

    before: Inventory
    foreseen: Outcome
    created: Outcome
    made: Inventory
    resources: Mapping[str, Resource]
    again: Outcome


def _provided(stack: str, found: Emulated, engine: Engine) -> Provided:
    cloud = found.cloud
    before = inventory(cloud)
    foreseen = engine.preview(plan(stack, cloud))
    if stack == "dev":
        assert inventory(cloud) == before
    created = engine.up(plan(stack, cloud))
    return Provided(
        before=before,
        foreseen=foreseen,
        created=created,
        made=inventory(cloud),
        resources=dict(engine.state),
        again=engine.up(plan(stack, cloud)),
    )


@dataclass(frozen=True, kw_only=True)
class Dev:
    """The dev stack: settings changed, a zone added, a new image; all of it removed."""

    start: Provided
    foreseen: Outcome
    changed: Outcome
    images: tuple[Mapping[str, Any], ...]
    refreshed: tuple[str, ...]
    resources: Mapping[str, Resource]
    left: Inventory


@cache
def dev() -> Dev:
    """Tell the story of the dev stack."""
    with fresh("dev") as found, attached.serving(found.cloud) as ports:
        engine = Engine(ports, emulated.REGION)
        start = _provided("dev", found, engine)
        wanted = plan("dev", found.cloud, *DEV_CHANGES)
        foreseen = engine.preview(wanted)
        changed = engine.up(wanted)
        resources = dict(engine.state)
        engine.destroy()
        assert not engine.state
        return Dev(
            start=start,
            foreseen=foreseen,
            changed=changed,
            images=tuple(found.images.built),
            refreshed=tuple(found.refreshes),
            resources=resources,
            left=inventory(found.cloud),
        )


@dataclass(frozen=True, kw_only=True)
class Prod:
    """The prod stack: deployed outside Pulumi, changed, guarded, replaced, and refused."""

    start: Provided
    deployed: Outcome
    after_deploy: Mapping[str, Resource]
    changed: Outcome
    after_change: Mapping[str, Resource]
    guarded: str
    replaced: Outcome
    after_replacement: Mapping[str, Resource]
    refused: str
    after_refusal: Mapping[str, Resource]
    databases: int
    left: Inventory


@cache
def prod() -> Prod:
    """Tell the story of the prod stack."""
    with fresh("prod") as found, attached.serving(found.cloud) as ports:
        cloud, engine = found.cloud, Engine(ports, emulated.REGION)
        start = _provided("prod", found, engine)
        deploy(cloud, "prod")
        deployed = engine.up(plan("prod", cloud))
        after_deploy = dict(engine.state)
        changed = engine.up(plan("prod", cloud, "service.cpu=512"))
        after_change = dict(engine.state)
        guarded = _guard(engine)
        replaced = engine.up(plan("prod", cloud, *PROD_REPLACEMENTS))
        after_replacement = dict(engine.state)
        refused = _refusal(
            engine, plan("prod", cloud, *PROD_REPLACEMENTS, "database.username=other")
        )
        after_refusal = dict(engine.state)
        databases = len(inventory(cloud)["rds DBInstances"])
        engine.destroy()
        return Prod(
            start=start,
            deployed=deployed,
            after_deploy=after_deploy,
            changed=changed,
            after_change=after_change,
            guarded=guarded,
            replaced=replaced,
            after_replacement=after_replacement,
            refused=refused,
            after_refusal=after_refusal,
            databases=databases,
            left=inventory(cloud),
        )


def deploy(cloud: Cloud, stack: str) -> None:
    """Release an image as `perpetual deploy` does: parameter, revision, service."""
    name, cluster = f"perpetual-{stack}-web", f"perpetual-{stack}"
    asked = {"taskDefinition": name, "include": ["TAGS"]}
    answer = cloud.call("ecs", "describe_task_definition", **asked)
    found, tags = answer["taskDefinition"], answer["tags"]
    repository = f"{cloud.account}.dkr.ecr.{cloud.region}.amazonaws.com/perpetual/{stack}"
    image = f"{repository}@{DIGEST}"
    parameter = {"Name": f"/perpetual/{stack}/release", "Value": image, "Overwrite": True}
    cloud.call("ssm", "put_parameter", **parameter)
    given = set(cloud.takes("ecs", "register_task_definition").members)
    revision = {key: value for key, value in found.items() if key in given}
    containers = [{**item, "image": image} for item in revision["containerDefinitions"]]
    made = cloud.call(
        "ecs",
        "register_task_definition",
        **{**revision, "containerDefinitions": containers, "tags": tags},
    )
    arn = made["taskDefinition"]["taskDefinitionArn"]
    cloud.call("ecs", "update_service", cluster=cluster, service=name, taskDefinition=arn)


def _refusal(engine: Engine, wanted: preview.Plan) -> str:
    try:
        engine.up(wanted)
    except UpdateError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - the program's runner wraps it
        return str(error)
    return ""


def _guard(engine: Engine) -> str:
    held = len(engine.state)
    try:
        engine.destroy()
    except UpdateError as error:
        assert len(engine.state) == held
        return str(error)
    return ""


def named(resources: Mapping[str, Resource], name: str) -> Resource:
    """Return the resource with this logical name."""
    (found,) = [item for urn, item in resources.items() if urn.endswith(f"::{name}")]
    return found


def images(resources: Mapping[str, Resource]) -> set[str]:
    """Return the images of the task definition's containers."""
    document = named(resources, "service-task").arguments["containerDefinitions"]
    return {container["image"] for container in json.loads(document)}
