"""Invent what AWS would answer, so that a program's graph is known throughout: the update form.

A resource keeps its inputs; every output that its class declares and that is not optional gets a
value of the declared type. Ids, ARNs and addresses look like AWS's own, differ between resources,
and are the same at every run. What only AWS could tell is left out rather than made up.
"""

import collections.abc
import hashlib
import re
import sys
import typing
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from pulumi import _types
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from perpetual.offline import shapes
from perpetual.offline.answers import partition


@dataclass(frozen=True, kw_only=True)
class Place:
    """Account and region in which the invented resources live."""

    account: str = "123456789012"
    region: str = "us-east-1"

    @property
    def partition(self) -> str:
        """Return the partition that the region belongs to."""
        return partition(self.region)


def invent(
    urn: str, request: resource_pb2.RegisterResourceRequest, place: Place
) -> tuple[str, struct_pb2.Struct]:
    """Return an id and the full outputs of the custom resource that `request` registers."""
    resource = _Resource(urn, request, place)
    outputs = dict(resource.inputs)
    secret = set(request.additionalSecretOutputs)
    for name, kind in _required_outputs(request.type).items():
        if name not in outputs and name not in _AWS_CHOOSES:
            value = resource.value(name, kind)
            outputs[name] = _as_secret(value) if name in secret else value
    return resource.id, json_format.ParseDict(outputs, struct_pb2.Struct())


def _as_secret(value: Any) -> dict[str, Any]:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}  # noqa: SLF001 - wire constants


class _Resource:
    """One resource whose id and outputs are being invented."""

    def __init__(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, place: Place
    ) -> None:
        self.type = request.type
        self.logical = request.name
        self.place = place
        self.imported = request.importId
        self.inputs: Mapping[str, Any] = json_format.MessageToDict(request.object)
        self._seed = urn

    def digest(self, purpose: str, length: int) -> str:
        """Return hexadecimal digits of this resource's own, the same at every run."""
        return hashlib.sha256(f"{self._seed} {purpose}".encode()).hexdigest()[:length]

    def identifier(self, prefix: str) -> str:
        """Return an id such as AWS makes up; two outputs of one kind name the same thing."""
        if prefix == "Z":
            return f"Z{self.digest(prefix, 20).upper()}"
        return f"{prefix}-{self.digest(prefix, 17)}"

    @property
    def name(self) -> str:
        """Return the physical name if an input gives one."""
        found = (self.inputs.get(key) for key in shapes.NAMES)
        given = next((text for text in found if isinstance(text, str)), None)
        return given or f"{self.logical}-{self.digest('name', 7)}"

    @property
    def uuid(self) -> str:
        """Return this resource's UUID."""
        return str(uuid.UUID(self.digest("uuid", 32)))

    @cached_property
    def id(self) -> str:
        """Return the resource's id."""
        if self.imported:
            return self.imported
        if self.type in shapes.PREFIXES:
            return self.identifier(shapes.PREFIXES[self.type])
        if self.type in shapes.ARN_IS_ID:
            return self.arn
        if self.type == "aws:kms/key:Key" or self.type.startswith("pulumi:providers:"):
            return self.uuid
        return self.name

    @cached_property
    def arn(self) -> str:
        """Return the resource's ARN."""
        module, kind = self.type.split(":")[1].split("/")
        service = "logs" if self.type == shapes.LOGS else shapes.SERVICES.get(module, module)
        template = shapes.ARNS.get(self.type)
        names = {"name": self.name, "uuid": self.uuid, "hex": self.digest("arn", 16)}
        if template is None or "{id}" in template:
            names["id"] = self.id
        tail = (template or f"{_dashed(kind)}/{{id}}").format(**names)
        region = "" if service in {"iam", "s3", "route53", "cloudfront"} else self.place.region
        account = "" if service in {"s3", "route53"} else self.place.account
        return f"arn:{self.place.partition}:{service}:{region}:{account}:{tail}"

    def value(self, name: str, kind: Any) -> Any:
        """Return a value for the output `name` of type `kind`."""
        special = _SPECIAL.get((self.type, name)) or _SPECIAL.get(("", name))
        if special:
            return special(self)
        origin = typing.get_origin(kind)
        if origin is collections.abc.Sequence:
            (item,) = typing.get_args(kind)
            structured = isinstance(item, type) and _types.is_output_type(item)
            return [self.value(name, item)] if structured else []
        if origin in {collections.abc.Mapping, dict}:
            return {}
        if isinstance(kind, type) and _types.is_output_type(kind):
            return {key: self.value(key, of) for key, of in _types.output_type_types(kind).items()}
        if kind in {bool, int, float}:
            return kind()
        return self._text(name)

    def _text(self, name: str) -> str:
        lowered = name.lower()
        if lowered == "arn" or (lowered.endswith("arn") and self.type.startswith("aws:")):
            return self.arn
        for pattern, prefix in shapes.ID_KINDS:
            if pattern.search(name):
                return self.identifier(prefix)
        if name == "region":
            return self.place.region
        if lowered in {"ownerid", "registryid"}:
            return self.place.account
        if lowered.endswith(("address", "dnsname", "endpoint", "fqdn", "recordname")):
            return f"{self.logical}.{self.digest(name, 12)}.{self.place.region}.example.com"
        return self.name if lowered == "name" else f"{self.logical}-{_dashed(name)}"


def _suffix(resource: _Resource) -> str:
    return resource.arn.split(":", 5)[5].removeprefix("loadbalancer/")


def _database_secret(resource: _Resource) -> list[dict[str, str]]:
    place = resource.place
    name = f"secret:rds!db-{resource.uuid}-{resource.digest('secret', 6)}"
    arn = f"arn:{place.partition}:secretsmanager:{place.region}:{place.account}:{name}"
    key = f"arn:{place.partition}:kms:{place.region}:{place.account}:key/{resource.uuid}"
    return [{"secretArn": arn, "secretStatus": "active", "kmsKeyId": key}]


def _digest(resource: _Resource) -> str:
    image = str(resource.inputs.get("imageName", resource.logical))
    return f"{image.partition('@')[0]}@sha256:{resource.digest('image', 64)}"


def _repository_url(resource: _Resource) -> str:
    suffix = ".cn" if resource.place.partition == "aws-cn" else ""
    host = f"{resource.place.account}.dkr.ecr.{resource.place.region}.amazonaws.com{suffix}"
    return f"{host}/{resource.name}"


def _endpoint(resource: _Resource) -> str:
    return f"{resource.value('address', str)}:{resource.inputs.get('port', 5432):g}"


def _unless_replica(resource: _Resource, group: str) -> str | None:
    """Return a default group; a replica has its source's, which only AWS could tell here."""
    return None if "replicateSourceDb" in resource.inputs else group


# Properties that a program may set and AWS chooses otherwise: a value made up would be none that it
# takes. A policy would misread it.
_AWS_CHOOSES: Final = frozenset(
    {
        "allocatedStorage",
        "backupWindow",
        "dbName",
        "desiredCapacity",
        "keyAlgorithm",
        "launchType",
        "maintenanceWindow",
        "namePrefix",
        "policy",
        "snapshotIdentifier",
        "sslPolicy",
        "username",
    }
)

_SPECIAL: Final[Mapping[tuple[str, str], Callable[[_Resource], Any]]] = {
    ("aws:autoscaling/group:Group", "availabilityZones"): lambda _resource: [],
    ("aws:ec2/eip:Eip", "publicIp"): lambda resource: f"198.51.100.{_octet(resource)}",
    ("aws:ec2/instance:Instance", "privateIp"): lambda resource: f"10.0.0.{_octet(resource)}",
    ("aws:ec2/launchTemplate:LaunchTemplate", "latestVersion"): lambda _resource: 1,
    ("aws:ecr/repository:Repository", "repositoryUrl"): _repository_url,
    ("aws:ecs/taskDefinition:TaskDefinition", "revision"): lambda _resource: 1,
    ("aws:kms/key:Key", "keyId"): lambda resource: resource.uuid,
    ("aws:lb/loadBalancer:LoadBalancer", "arnSuffix"): _suffix,
    ("aws:lb/targetGroup:TargetGroup", "arnSuffix"): _suffix,
    ("aws:rds/instance:Instance", "dbSubnetGroupName"): lambda resource: _unless_replica(
        resource, "default"
    ),
    ("aws:rds/instance:Instance", "endpoint"): _endpoint,
    ("aws:rds/instance:Instance", "engine"): lambda _resource: "postgres",
    ("aws:rds/instance:Instance", "engineVersion"): lambda _resource: "17.6",
    ("aws:rds/instance:Instance", "masterUserSecrets"): _database_secret,
    ("aws:rds/instance:Instance", "parameterGroupName"): lambda resource: _unless_replica(
        resource, "default.postgres17"
    ),
    ("aws:rds/instance:Instance", "port"): lambda _resource: 5432,
    ("aws:rds/instance:Instance", "resourceId"): lambda resource: (
        f"db-{resource.digest('resource', 26).upper()}"
    ),
    ("docker:index/image:Image", "repoDigest"): _digest,
    ("", "availabilityZone"): lambda resource: f"{resource.place.region}a",
    ("", "hostedZoneId"): lambda resource: resource.identifier("Z"),
    ("", "zoneId"): lambda resource: resource.identifier("Z"),
}


def _octet(resource: _Resource) -> int:
    return int(resource.digest("address", 2), 16) % 254 + 1


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _required_outputs(token: str) -> dict[str, Any]:
    """Return type by name of the outputs that the class behind `token` always has.

    A type without a loaded class, such as a provider's, has none.
    """
    resource_class = _find_class(token)
    if resource_class is None:
        return {}
    kinds = _types.resource_types(resource_class)
    return {
        wire_name: kinds[wire_name]
        for _, wire_name, declared in _types._py_properties(resource_class)  # noqa: SLF001 - the SDK has no public way to tell optional outputs
        if wire_name in kinds and not _is_optional(declared.fget)
    }


def _is_optional(getter: Any) -> bool:
    (declared,) = typing.get_args(getter.__annotations__["return"]) or (None,)
    return type(None) in typing.get_args(declared)


def _find_class(token: str) -> type | None:
    """Return the SDK's class for a type token, if the program has loaded it."""
    package, module, name = token.split(":")
    area = module.split("/")[0]
    for qualified in (f"pulumi_{package}.{area}", f"pulumi_{package}"):
        found = getattr(sys.modules.get(qualified), name, None)
        if isinstance(found, type) and getattr(found, "pulumi_type", None) == token:
            return found
    return None
