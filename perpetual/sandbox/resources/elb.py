"""Elastic Load Balancing: balancers and listeners, and what all of it has in common.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_ELB: Final = "elbv2"
RETAG: Final = tagging.by(_ELB, "add_tags", "remove_tags", subject="id")

Attributes = Mapping[str, str]
"""Pulumi's arguments that are attributes in AWS, by AWS's key; a dot leads into a block."""


def _value(inputs: Values, path: str) -> Any:
    found: Any = inputs
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def attributes(inputs: Values, known: Attributes) -> list[dict[str, str]]:
    """Return arguments as AWS's attributes."""
    found = ((key, _value(inputs, path)) for path, key in known.items())
    return [
        {"Key": key, "Value": spelling.text(value)} for key, value in found if value is not None
    ]


def told_attributes(answer: Mapping[str, Any], known: Attributes) -> dict[str, Any]:
    """Return the arguments behind AWS's attributes; those that are empty are not set."""
    said = {item["Key"]: item.get("Value", "") for item in answer["Attributes"]}
    found: dict[str, Any] = {}
    for path, key in known.items():
        if said.get(key, "") == "":
            continue
        *blocks, last = path.split(".")
        block = found
        for name in blocks:
            block = block.setdefault(name, {})
        block[last] = _typed(said[key])
    return found


def _typed(text: str) -> bool | int | str:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isdecimal() else text


def tags(aws: Cloud, arn: str) -> tagging.Tags:
    """Return the tags of a balancer, target group or listener."""
    found = aws.call(_ELB, "describe_tags", ResourceArns=[arn])["TagDescriptions"]
    return tagging.read(found[0]["Tags"] if found else ())


def suffix(arn: str) -> str:
    """Return the part of an ARN by which CloudWatch's metrics name a balancer or target group.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


# --- balancers

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
_BALANCER: Final[Attributes] = {
    "accessLogs.bucket": "access_logs.s3.bucket",
    "accessLogs.enabled": "access_logs.s3.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_BALANCER_NAMES: Final = {
    "name": "LoadBalancerName",
    "arn": "LoadBalancerArn",
    "loadBalancerType": "Type",
    "dnsName": "DNSName",
    "zoneId": "CanonicalHostedZoneId",
}


def _create_balancer(aws: Cloud, inputs: Values) -> str:
    wanted = "name subnets securityGroups ipAddressType loadBalancerType tagsAll"
    scheme = "internal" if inputs.get("internal") else "internet-facing"
    more = {**_BALANCER_NAMES, "name": "Name"}
    made = aws.call(_ELB, "create_load_balancer", inputs, wanted, more, Scheme=scheme)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _settle_balancer(aws: Cloud, identifier: str, inputs: Values) -> None:
    aws.call(
        _ELB,
        "modify_load_balancer_attributes",
        LoadBalancerArn=identifier,
        Attributes=attributes(inputs, _BALANCER),
    )


def _read_balancer(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(
        _ELB, "describe_load_balancers", "LoadBalancers", LoadBalancerArns=[identifier]
    )
    if found is None:
        return None
    told = aws.call(_ELB, "describe_load_balancer_attributes", LoadBalancerArn=identifier)
    return {
        **aws.told(_ELB, "LoadBalancer", found, _BALANCER_NAMES),
        **told_attributes(told, _BALANCER),
        "internal": found["Scheme"] == "internal",
        "subnets": [item["SubnetId"] for item in found["AvailabilityZones"]],
        "arnSuffix": suffix(identifier),
        "tagsAll": tags(aws, identifier),
    }


def _update_balancer(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    balancer = {"LoadBalancerArn": identifier}
    if set(state.get("subnets") or ()) != set(inputs.get("subnets") or ()):
        aws.call(_ELB, "set_subnets", inputs, "subnets", **balancer)
    if set(state.get("securityGroups") or ()) != set(inputs.get("securityGroups") or ()):
        aws.call(_ELB, "set_security_groups", inputs, "securityGroups", **balancer)
    if state.get("ipAddressType") != inputs.get("ipAddressType"):
        aws.call(_ELB, "set_ip_address_type", inputs, "ipAddressType", **balancer)
    _settle_balancer(aws, identifier, inputs)


def _delete_balancer(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ELB, "delete_load_balancer", LoadBalancerArn=identifier)


LOAD_BALANCER: Final = Kind(
    "aws:lb/loadBalancer:LoadBalancer",
    inputs=names(
        "name subnets securityGroups ipAddressType loadBalancerType internal "
        + " ".join({path.partition(".")[0] for path in _BALANCER})
    ),
    outputs=names("arn arnSuffix dnsName vpcId zoneId"),
    create=_create_balancer,
    settle=_settle_balancer,
    read=_read_balancer,
    update=_update_balancer,
    delete=_delete_balancer,
    retag=RETAG,
    name="name",
)


# --- listeners

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
_HEADERS: Final[Attributes] = {
    "routingHttpResponseServerEnabled": "routing.http.response.server.enabled",
    "routingHttpResponseStrictTransportSecurityHeaderValue": (
        "routing.http.response.strict_transport_security.header_value"
    ),
}
_LISTENER: Final = "port protocol sslPolicy"
_ACTION_NAMES: Final = {"redirect": "RedirectConfig", "forward": "ForwardConfig"}


def _listener(inputs: Values) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if inputs.get("certificateArn"):
        found["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    return found


def _create_listener(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _ELB,
        "create_listener",
        inputs,
        f"loadBalancerArn {_LISTENER} defaultActions tagsAll",
        _ACTION_NAMES,
        **_listener(inputs),
    )
    return str(made["Listeners"][0]["ListenerArn"])


def _settle_listener(aws: Cloud, identifier: str, inputs: Values) -> None:
    found = attributes(inputs, _HEADERS)
    if found:
        aws.call(_ELB, "modify_listener_attributes", ListenerArn=identifier, Attributes=found)


def _read_listener(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_ELB, "describe_listeners", "Listeners", ListenerArns=[identifier])
    if found is None:
        return None
    told = aws.call(_ELB, "describe_listener_attributes", ListenerArn=identifier)
    certificates = found.get("Certificates") or [{}]
    return {
        **aws.told(_ELB, "Listener", found, {**_ACTION_NAMES, "arn": "ListenerArn"}),
        **told_attributes(told, _HEADERS),
        "certificateArn": certificates[0].get("CertificateArn"),
        "tagsAll": tags(aws, identifier),
    }


def _update_listener(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(
        _ELB,
        "modify_listener",
        inputs,
        f"{_LISTENER} defaultActions",
        _ACTION_NAMES,
        ListenerArn=identifier,
        **_listener(inputs),
    )
    _settle_listener(aws, identifier, inputs)


def _delete_listener(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ELB, "delete_listener", ListenerArn=identifier)


LISTENER: Final = Kind(
    "aws:lb/listener:Listener",
    inputs=names(
        f"loadBalancerArn certificateArn defaultActions {_LISTENER} " + " ".join(_HEADERS)
    ),
    outputs=names("arn"),
    create=_create_listener,
    settle=_settle_listener,
    read=_read_listener,
    update=_update_listener,
    delete=_delete_listener,
    retag=RETAG,
    ordered=names("defaultActions"),
)

KINDS: Final = (LOAD_BALANCER, LISTENER)
