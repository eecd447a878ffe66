"""How the provider protocol says what a comparison found, what there is, and what went wrong."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import version
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, status_pb2

from perpetual.offline.revisions.values import Difference
from perpetual.sandbox.fronts import wire
from perpetual.sandbox.fronts.provider import Comparison, HalfMadeError
from perpetual.sandbox.resources.table import TABLE

_DETAILS: Final = "grpc-status-details-bin"

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")
Self = TypeVar("Self")


def token_of(urn: str) -> str:
    """Return the type of a resource, the last of those in its URN."""
    return urn.split("::")[2].rpartition("$")[2]


def changes(found: Collection[object]) -> Any:
    """Return the engine's word for whether a comparison found anything."""
    response = provider_pb2.DiffResponse
    return response.DIFF_SOME if found else response.DIFF_NONE


def difference(found: Comparison) -> provider_pb2.DiffResponse:
    """Return a comparison as the engine wants it: by argument, and by path."""
    return provider_pb2.DiffResponse(
        changes=changes(found.differences),
        diffs=list(dict.fromkeys(item.top for item in found.differences)),
        replaces=list(
            dict.fromkeys(item.top for item in found.differences if item.path in found.replacing)
        ),
        deleteBeforeReplace=found.delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            item.path: provider_pb2.PropertyDiff(
                kind=_how(item, replaces=item.path in found.replacing), inputDiff=True
            )
            for item in found.differences
        },
    )


def _how(item: Difference, *, replaces: bool) -> Any:
    word = "ADD" if item.before is None else "DELETE" if item.after is None else "UPDATE"
    return provider_pb2.PropertyDiff.Kind.Value(f"{word}_REPLACE" if replaces else word)


def schema(package: str) -> dict[str, Any]:
    """Return a package's schema, as far as the table goes.

    https://www.pulumi.com/docs/iac/extending-pulumi/schema/
    """
    anything = {"$ref": "pulumi.json#/Any"}
    return {
        "name": package,
        "version": version(f"pulumi-{package}"),
        "resources": {
            token: {
                "inputProperties": dict.fromkeys(sorted(kind.arguments), anything),
                "properties": dict.fromkeys(sorted(kind.arguments | kind.outputs), anything),
            }
            for token, kind in TABLE.items()
            if token.startswith(f"{package}:")
        },
    }


@dataclass(frozen=True)
class _Status(grpc.Status):
    """How a call failed; gRPC has the fields only, and no way to make one."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def explained(
    method: Callable[[Self, Request, grpc.ServicerContext], Response],
) -> Callable[[Self, Request, grpc.ServicerContext], Response]:
    """Tell the engine in a sentence what failed, and what of a resource was made nevertheless."""

    @wraps(method)
    def call(self: Self, request: Request, context: grpc.ServicerContext) -> Response:
        try:
            return method(self, request, context)
        except HalfMadeError as error:
            context.abort_with_status(_half_made(error, _hidden(request)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine is to say it
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError  # both calls raise

    return call


def _hidden(request: Any) -> frozenset[str]:
    """Return what of a resource is secret, by the request to make or change it."""
    asked = "properties" if isinstance(request, provider_pb2.CreateRequest) else "news"
    _, secret = wire.read(getattr(request, asked))
    return secret | TABLE[token_of(request.urn)].secret


def _half_made(error: HalfMadeError, hidden: frozenset[str]) -> _Status:
    made = provider_pb2.ErrorResourceInitFailed(
        id=error.identifier, properties=wire.write(error.state, hidden), reasons=[str(error)]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(made)
    metadata: tuple[tuple[str, str | bytes], ...] = ((_DETAILS, status.SerializeToString()),)
    return _Status(grpc.StatusCode.UNKNOWN, str(error), metadata)
