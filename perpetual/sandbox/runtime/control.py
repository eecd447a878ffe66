"""The sandbox's own requests, beside AWS's: its commands talk to its process by them.

Loopback only, as all of it; a header that no web page may send without being asked keeps a browser
from being talked into it.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from docker.errors import DockerException  # type: ignore[import-untyped]
from requests.exceptions import ConnectionError as Unreachable
from werkzeug.wrappers import Request, Response

from perpetual.errors import OperatorError
from perpetual.sandbox.runtime.moto_app import Application

_LOG = logging.getLogger(__name__)

PREFIX: Final = "/_sandbox/"
HEADER: Final = "X-Perpetual-Sandbox"

Action = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What a request makes happen: arguments in, answer out."""


def application(actions: Mapping[str, Action], beyond: Application) -> Any:
    """Return a WSGI application of actions by name; whatever is none of them is `beyond`'s."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return beyond(environ, start_response)
        status, found = _act(actions, path.removeprefix(PREFIX), Request(environ))
        response = Response(json.dumps(found), status=status, content_type="application/json")
        return response(environ, start_response)

    return answer


def _act(
    actions: Mapping[str, Action], name: str, request: Request
) -> tuple[HTTPStatus, Mapping[str, Any]]:
    action = actions.get(name)
    if action is None or request.method != "POST" or HEADER not in request.headers:
        return HTTPStatus.NOT_FOUND, {"message": "the sandbox knows no such request"}
    try:
        return HTTPStatus.OK, action(json.loads(request.get_data() or b"{}"))
    except OperatorError as error:
        told = {"message": error.message, "hint": error.hint, "detail": error.detail}
        return HTTPStatus.BAD_REQUEST, told
    except (DockerException, Unreachable) as error:
        _LOG.exception("Docker failed a request of the sandbox's own")
        told = {
            "message": "Docker does not do what the sandbox asks of it",
            "hint": "See whether it runs (`docker info`). Where it was started anew, the sandbox's "
            "containers are gone: `perpetual sandbox down`, and `up` again.",
            "detail": f"{type(error).__name__}: {error}",
        }
        return HTTPStatus.INTERNAL_SERVER_ERROR, told
    except Exception as error:  # noqa: BLE001 - whoever asked is told, and the sandbox goes on
        _LOG.exception("a request of the sandbox's own failed")
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"{type(error).__name__}: {error}"}
