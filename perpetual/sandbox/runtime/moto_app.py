"""moto in this process: what of AWS the sandbox does not answer itself."""

import os
from collections.abc import Iterable
from typing import Any, Final, Protocol

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

_ACCOUNT: Final = "HTTP_X_MOTO_ACCOUNT_ID"


class Application(Protocol):
    """A WSGI application."""

    def __call__(self, environ: dict[str, Any], start_response: Any, /) -> Iterable[bytes]:
        """Answer one request."""


def application(account: str) -> Application:
    """Return moto's application, in which every caller is of one account.

    Accounts share nothing: an account of its own is a fresh AWS.
    """
    # moto believes this variable more than the header below.
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    dispatcher = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[_ACCOUNT] = account
        found: Iterable[bytes] = dispatcher(environ, start_response)
        return found

    return answer


def backend(service: str, account: str, region: str) -> Any:
    """Return what moto holds of a service: its own objects, of no declared type."""
    found: Any = get_backend(service)  # type: ignore[call-overload]
    return found[account][region]


def give_zone(account: str, identifier: str, domain: str) -> None:
    """Have a public hosted zone of an id that settings name: a stack finds its domain's there."""
    route53 = backend("route53", account, "aws")
    if identifier not in route53.zones:
        zone = route53.create_hosted_zone(domain, private_zone=False)
        del route53.zones[zone.resource_id]
        zone.resource_id = identifier
        route53.zones[identifier] = zone
