"""Route 53: zones and records.

https://docs.aws.amazon.com/Route53/latest/APIReference/
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_ROUTE53: Final = "route53"


# --- zones


def _create_zone(aws: Cloud, inputs: Values) -> str:
    network = (inputs.get("vpcs") or [None])[0]
    private = (
        {"VPC": {"VPCId": network["vpcId"], "VPCRegion": network.get("vpcRegion") or aws.region}}
        if network
        else {}
    )
    made = aws.call(
        _ROUTE53,
        "create_hosted_zone",
        Name=inputs["name"],
        CallerReference=f"{inputs['name']}-{time.time_ns()}",
        HostedZoneConfig={"Comment": inputs.get("comment") or "", "PrivateZone": bool(network)},
        **private,
    )
    identifier = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
    _retag_zone(aws, identifier, {}, dict(inputs.get("tagsAll") or {}), [])
    return identifier


def _settle_zone(aws: Cloud, identifier: str, inputs: Values) -> None:
    comment = inputs.get("comment") or ""
    aws.call(_ROUTE53, "update_hosted_zone_comment", Id=identifier, Comment=comment)


def _read_zone(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.ask(_ROUTE53, "get_hosted_zone", Id=identifier)
    if found is None:
        return None
    zone = found["HostedZone"]
    servers = found.get("DelegationSet", {}).get("NameServers", [])
    tags = aws.call(
        _ROUTE53, "list_tags_for_resource", ResourceType="hostedzone", ResourceId=identifier
    )
    return {
        "name": zone["Name"].removesuffix("."),
        "comment": zone.get("Config", {}).get("Comment"),
        "vpcs": [
            {"vpcId": item["VPCId"], "vpcRegion": item["VPCRegion"]}
            for item in found.get("VPCs", ())
        ],
        "zoneId": identifier,
        "arn": f"arn:{aws.partition}:route53:::hostedzone/{identifier}",
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "tagsAll": tagging.read(tags["ResourceTagSet"]["Tags"]),
    }


def _delete_zone(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ROUTE53, "delete_hosted_zone", Id=identifier)


def _retag_zone(
    aws: Cloud, identifier: str, _state: Values, changed: tagging.Tags, gone: list[str]
) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in changed.items()]
    aws.call(
        _ROUTE53,
        "change_tags_for_resource",
        ResourceType="hostedzone",
        ResourceId=identifier,
        **({"AddTags": pairs} if pairs else {}),
        **({"RemoveTagKeys": gone} if gone else {}),
    )


ZONE: Final = Kind(
    "aws:route53/zone:Zone",
    inputs=names("name comment vpcs"),
    own=names("forceDestroy"),
    outputs=names("arn nameServers primaryNameServer zoneId"),
    create=_create_zone,
    settle=_settle_zone,
    read=_read_zone,
    delete=_delete_zone,
    retag=_retag_zone,
    regional=False,
)


# --- records


def _record(inputs: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": inputs["name"], "Type": inputs["type"]}
    if inputs.get("records"):
        found["ResourceRecords"] = [{"Value": value} for value in inputs["records"]]
    if inputs.get("ttl") is not None:
        found["TTL"] = int(inputs["ttl"])
    for alias in inputs.get("aliases") or ():
        found["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
    if inputs.get("setIdentifier"):
        found["SetIdentifier"] = inputs["setIdentifier"]
    for policy in inputs.get("weightedRoutingPolicies") or ():
        found["Weight"] = int(policy["weight"])
    return found


def _change(aws: Cloud, action: str, zone: str, record: Mapping[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    aws.call(_ROUTE53, "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)


def _create_record(aws: Cloud, inputs: Values) -> str:
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    _change(aws, action, str(inputs["zoneId"]), _record(inputs))
    # The provider's own form of an id, for Route 53 gives a record none.
    parts = [inputs["zoneId"], _plain(str(inputs["name"])), inputs["type"]]
    return "_".join(str(part) for part in [*parts, inputs.get("setIdentifier")] if part)


def _plain(name: str) -> str:
    """Return a domain name as it is compared: without the last dot, in small letters."""
    return name.removesuffix(".").lower()


def _found(aws: Cloud, state: Values) -> dict[str, Any] | None:
    asked = {"StartRecordName": state["name"], "StartRecordType": state["type"]}
    zone = str(state["zoneId"])
    listed = aws.ask(_ROUTE53, "list_resource_record_sets", HostedZoneId=zone, **asked) or {}
    for item in listed.get("ResourceRecordSets", ()):
        same = (_plain(item["Name"]), item["Type"], item.get("SetIdentifier"))
        if same == (_plain(str(state["name"])), state["type"], state.get("setIdentifier") or None):
            return dict(item)
    return None


def _read_record(aws: Cloud, _identifier: str, state: Values) -> Values | None:
    found = _found(aws, state)
    if found is None:
        return None
    alias = found.get("AliasTarget")
    records = [item["Value"] for item in found.get("ResourceRecords", ())]
    said: dict[str, Any] = {
        "zoneId": state["zoneId"],
        # Route 53 ends names with a dot, the provider does not.
        "name": _as_given(found["Name"], str(state["name"])),
        "type": found["Type"],
        "fqdn": found["Name"].removesuffix("."),
        "setIdentifier": found.get("SetIdentifier"),
        "ttl": found.get("TTL"),
        "records": records or None,
    }
    if alias:
        given = next((item["name"] for item in state.get("aliases") or ()), "")
        said["aliases"] = [
            {
                "name": _as_given(alias["DNSName"], str(given)),
                "zoneId": alias["HostedZoneId"],
                "evaluateTargetHealth": alias["EvaluateTargetHealth"],
            }
        ]
    if "Weight" in found:
        said["weightedRoutingPolicies"] = [{"weight": found["Weight"]}]
    return said


def _as_given(found: str, given: str) -> str:
    return given if _plain(found) == _plain(given) else found.removesuffix(".")


def _update_record(aws: Cloud, _identifier: str, state: Values, inputs: Values) -> None:
    zone = str(inputs["zoneId"])
    same = all(state.get(key) == inputs.get(key) for key in ("type", "setIdentifier"))
    old = None if same else _found(aws, state)
    if old:
        _change(aws, "DELETE", zone, old)
    _change(aws, "UPSERT", zone, _record(inputs))


def _delete_record(aws: Cloud, _identifier: str, state: Values) -> None:
    found = _found(aws, state)
    if found:
        _change(aws, "DELETE", str(state["zoneId"]), found)


RECORD: Final = Kind(
    "aws:route53/record:Record",
    inputs=names("zoneId name type records ttl aliases setIdentifier weightedRoutingPolicies"),
    own=names("allowOverwrite"),
    outputs=names("fqdn"),
    part_of=names("zoneId"),
    create=_create_record,
    read=_read_record,
    update=_update_record,
    delete=_delete_record,
    regional=False,
)

KINDS: Final = (ZONE, RECORD)
