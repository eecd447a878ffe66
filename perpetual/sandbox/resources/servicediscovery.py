"""Cloud Map: namespaces and services.

https://docs.aws.amazon.com/cloud-map/latest/api/
"""

import time
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_MAP: Final = "servicediscovery"
_RETAG: Final = tagging.by(_MAP)
_WAIT_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 0.1


def _done(aws: Cloud, operation: str) -> dict[str, Any]:
    """Wait for what Cloud Map does in its own time, and return what came of it."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        found: dict[str, Any] = aws.call(_MAP, "get_operation", OperationId=operation)["Operation"]
        if found["Status"] == "SUCCESS":
            return found
        if found["Status"] == "FAIL" or time.monotonic() > deadline:
            message = f"Cloud Map: {found.get('ErrorMessage') or found['Status']}"
            raise RuntimeError(message)
        time.sleep(_PAUSE_SECONDS)


def _tags(aws: Cloud, arn: str) -> tagging.Tags:
    return tagging.read(aws.call(_MAP, "list_tags_for_resource", ResourceARN=arn)["Tags"])


def _create_namespace(aws: Cloud, inputs: Values) -> str:
    wanted = "name description vpc tagsAll"
    made = aws.call(_MAP, "create_private_dns_namespace", inputs, wanted)
    return str(_done(aws, made["OperationId"])["Targets"]["NAMESPACE"])


def _read_namespace(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = aws.find(_MAP, "get_namespace", "Namespace", Id=identifier)
    if found is None:
        return None
    zone = found.get("Properties", {}).get("DnsProperties", {}).get("HostedZoneId", "")
    return {
        **aws.told(_MAP, "Namespace", found),
        # Cloud Map does not say for whose network a namespace was made.
        "vpc": state.get("vpc"),
        "hostedZone": zone,
        "tagsAll": _tags(aws, found["Arn"]),
    }


def _update_namespace(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    change = {"Description": inputs.get("description") or ""}
    made = aws.call(_MAP, "update_private_dns_namespace", Id=identifier, Namespace=change)
    _done(aws, made["OperationId"])


def _delete_namespace(aws: Cloud, identifier: str, _state: Values) -> None:
    made = aws.call(_MAP, "delete_namespace", Id=identifier)
    _done(aws, made["OperationId"])


NAMESPACE: Final = Kind(
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    inputs=names("name description vpc"),
    outputs=names("arn hostedZone"),
    create=_create_namespace,
    read=_read_namespace,
    update=_update_namespace,
    delete=_delete_namespace,
    retag=_RETAG,
)


def _create_service(aws: Cloud, inputs: Values) -> str:
    wanted = "name description dnsConfig healthCheckConfig healthCheckCustomConfig tagsAll"
    return str(aws.call(_MAP, "create_service", inputs, wanted)["Service"]["Id"])


def _read_service(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_MAP, "get_service", "Service", Id=identifier)
    return found and {
        "namespaceId": found.get("DnsConfig", {}).get("NamespaceId"),
        "type": "DNS_HTTP",
        **aws.told(_MAP, "Service", found),
        "tagsAll": _tags(aws, found["Arn"]),
    }


def _update_service(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    shape = aws.shape(_MAP, "ServiceChange")
    config = inputs.get("dnsConfig")
    said = {
        "description": inputs.get("description"),
        "dnsConfig": config and {"dnsRecords": config["dnsRecords"]},
    }
    change = spelling.request(shape, said, {})
    made = aws.call(_MAP, "update_service", Id=identifier, Service=change)
    _done(aws, made["OperationId"])


def _delete_service(aws: Cloud, identifier: str, state: Values) -> None:
    if state.get("forceDestroy"):
        found = aws.ask(_MAP, "list_instances", ServiceId=identifier) or {}
        for item in found.get("Instances", ()):
            gone = {"ServiceId": identifier, "InstanceId": item["Id"]}
            _done(aws, aws.call(_MAP, "deregister_instance", **gone)["OperationId"])
    aws.call(_MAP, "delete_service", Id=identifier)


SERVICE: Final = Kind(
    "aws:servicediscovery/service:Service",
    inputs=names("name description dnsConfig healthCheckConfig healthCheckCustomConfig"),
    own=names("forceDestroy"),
    outputs=names("arn namespaceId type"),
    create=_create_service,
    read=_read_service,
    update=_update_service,
    delete=_delete_service,
    retag=_RETAG,
)

KINDS: Final = (NAMESPACE, SERVICE)
