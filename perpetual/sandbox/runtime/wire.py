"""Requests of AWS's clients as calls, and answers in their protocol; botocore's models decide both.

The shapes of every request and answer are AWS's own descriptions. What a client sends is checked
against them here as well, because a client in another language checks nothing.
"""

import io
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request, Response

Environ = dict[str, Any]

SERVICES: Final = {
    "application-autoscaling": "application-autoscaling",
    "autoscaling": "autoscaling",
    "ecr": "ecr",
    "ecs": "ecs",
    "elasticloadbalancing": "elbv2",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "ssm": "ssm",
}
"""Services that the sandbox answers in part itself: botocore's names by those in signatures."""

INVALID: Final = {
    "application-autoscaling": "ValidationException",
    "autoscaling": "ValidationError",
    "cloudwatch": "InvalidParameterValue",
    "ecs": "InvalidParameterException",
    "ecr": "InvalidParameterException",
    "elbv2": "ValidationError",
    "logs": "InvalidParameterException",
    "ssm": "ValidationException",
}
"""What each service calls a request that does not fit its description."""

_SCOPE_PARTS: Final = (
    5  # key, date, region, service, terminator; RFC-less: AWS's signature version 4
)


class Refused(Exception):  # noqa: N818 - an answer of AWS, not a fault of the sandbox
    """An error as AWS answers it: its code, and its words."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whom a request is for, by its signature: service and region; `key` is the access key."""

    service: str
    region: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: the operation, its parameters as boto3 names them, and where it was sent."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    key: str


def scope(environ: Environ) -> Scope | None:
    """Return whom a request is for, or None where it is signed for none of `SERVICES`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
    """
    header = environ.get("HTTP_AUTHORIZATION", "")
    _, found, rest = header.partition("Credential=")
    parts = rest.split(",", 1)[0].strip().split("/")
    if not found or len(parts) != _SCOPE_PARTS or parts[3] not in SERVICES:
        return None
    return Scope(service=SERVICES[parts[3]], region=parts[2], key=parts[0])


def operation(environ: Environ) -> str | None:
    """Return a request's operation; the body can be read again afterwards."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rpartition(".")[2]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    found = Request({**environ, "wsgi.input": io.BytesIO(body)}).form.get("Action")
    return found or None


def read(environ: Environ, to: Scope, name: str) -> Call:
    """Return a request as a call; its body can be read again afterwards.

    Raises:
        Refused: It does not fit AWS's description of the operation.
    """
    model = _model(to.service, name)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    request = Request({**environ, "wsgi.input": io.BytesIO(body)})
    parser = PROTOCOL_PARSERS[_protocol(model)](model)
    try:
        parameters = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": {},
            }
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise Refused("SerializationException", f"the request cannot be read: {error}") from error
    if model.input_shape is not None:
        report = ParamValidator().validate(parameters, model.input_shape)
        if report.has_errors():
            raise Refused(INVALID[to.service], report.generate_report())
    return Call(
        service=to.service,
        operation=name,
        parameters=parameters,
        region=to.region,
        key=to.key,
    )


def answer(service: str, name: str, result: Mapping[str, Any]) -> Response:
    """Return a result in the service's protocol; what the operation does not have is left out."""
    model = _model(service, name)
    context = SerializationContext(request_id=str(uuid.uuid4()))
    serializer = get_serializer_class(service, _protocol(model))(model, context)
    said = serializer.serialize(dict(result))
    return Response(
        said["body"],
        status=said["status_code"],
        headers={
            "Content-Type": "text/xml",
            **said["headers"],
            "x-amzn-RequestId": context.request_id,
        },
    )


def refusal(service: str, name: str, error: Refused) -> Response:
    """Return an error in the service's protocol."""
    if _protocol(_model(service, name)) == "json":
        # Both spellings, since clients read either.
        body = {"__type": error.code, "message": error.message, "Message": error.message}
        return Response(
            json.dumps(body), status=400, headers={"Content-Type": "application/x-amz-json-1.1"}
        )
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(text, status=400, headers={"Content-Type": "text/xml"})


def _model(service: str, name: str) -> OperationModel:
    found: OperationModel = get_service_model(service).operation_model(name)
    return found


def _protocol(model: OperationModel) -> str:
    """Return the protocol that clients choose; some services speak several."""
    return str(model.service_model.resolved_protocol)
