"""Calls of AWS as data: made by pure functions, shown by a dry run, performed in one place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name  # type: ignore[import-untyped]  # botocore ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # as above

from perpetual.aws import faults
from perpetual.aws.session import Clients


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: boto3's name of the service, the API's name of the operation, its request."""

    service: str
    operation: str
    request: Mapping[str, Any]


def perform(clients: Clients, call: Call) -> dict[str, Any]:
    """Make a call and return its answer.

    Raises:
        OperatorError: AWS refuses it or cannot be reached.
    """
    with faults.explained():
        return _answer(clients, call)


def attempt(clients: Clients, call: Call, *codes: str) -> dict[str, Any] | None:
    """Make a call and return its answer, or `None` where AWS refuses it with one of these codes.

    Raises:
        OperatorError: AWS refuses it otherwise or cannot be reached.
    """
    with faults.explained():
        try:
            return _answer(clients, call)
        except ClientError as error:
            if faults.code(error) in codes:
                return None
            raise


def every(clients: Clients, call: Call, key: str) -> Iterator[Any]:
    """Yield the items under `key` of every page of a listing.

    Raises:
        OperatorError: AWS refuses it or cannot be reached.
    """
    paginator = clients.client(call.service).get_paginator(xform_name(call.operation))
    with faults.explained():
        for page in paginator.paginate(**call.request):
            yield from page.get(key, ())


def _answer(clients: Clients, call: Call) -> dict[str, Any]:
    method = getattr(clients.client(call.service), xform_name(call.operation))
    answer: dict[str, Any] = method(**call.request)
    return answer
