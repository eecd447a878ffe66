"""EC2: network access lists, and which subnet has which.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn, filters
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_EC2: Final = "ec2"
_LAST: Final = 32767
"""Number of the entry that every list ends with, which denies what no other entry has decided.

https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""
_LIST_KINDS: Final = ("ingress", "egress")


# --- network access lists


def _list(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(_EC2, "describe_network_acls", "NetworkAcls", NetworkAclIds=[identifier])


def _create_list(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_network_acl",
        inputs,
        "vpcId",
        TagSpecifications=tagging.specification("network-acl", inputs),
    )
    return str(made["NetworkAcl"]["NetworkAclId"])


def _settle_list(aws: Cloud, identifier: str, inputs: Values) -> None:
    """Bring the entries of a list to what the arguments say, both ways."""
    found = _list(aws, identifier) or {"Entries": []}
    for kind in _LIST_KINDS:
        wanted = {int(item["ruleNo"]): _entry(item) for item in inputs.get(kind) or ()}
        there = {
            item["RuleNumber"]: _entry(_told_entry(item))
            for item in found["Entries"]
            if item["Egress"] == (kind == "egress") and item["RuleNumber"] != _LAST
        }
        for number in there.keys() | wanted.keys():
            if there.get(number) == wanted.get(number):
                continue
            rule = {"NetworkAclId": identifier, "RuleNumber": number, "Egress": kind == "egress"}
            if number not in wanted:
                aws.call(_EC2, "delete_network_acl_entry", **rule)
                continue
            change = "replace" if number in there else "create"
            aws.call(_EC2, f"{change}_network_acl_entry", **rule, **wanted[number])


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    protocol = str(item["protocol"])
    found: dict[str, Any] = {"Protocol": protocol, "RuleAction": item["action"]}
    for key in ("cidrBlock", "ipv6CidrBlock"):
        if item.get(key):
            found[key[0].upper() + key[1:]] = item[key]
    if protocol != "-1":
        found["PortRange"] = {"From": int(item["fromPort"]), "To": int(item["toPort"])}
    return found


def _told_entry(item: Mapping[str, Any]) -> dict[str, Any]:
    ports = item.get("PortRange") or {"From": 0, "To": 0}
    return {
        "ruleNo": item["RuleNumber"],
        "action": item["RuleAction"],
        "protocol": item["Protocol"],
        "fromPort": ports["From"],
        "toPort": ports["To"],
        **{
            key: item[name]
            for key, name in (("cidrBlock", "CidrBlock"), ("ipv6CidrBlock", "Ipv6CidrBlock"))
            if item.get(name)
        },
    }


def _read_list(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _list(aws, identifier)
    if found is None:
        return None
    entries = [item for item in found["Entries"] if item["RuleNumber"] != _LAST]
    return {
        "vpcId": found["VpcId"],
        "ingress": [_told_entry(item) for item in entries if not item["Egress"]],
        "egress": [_told_entry(item) for item in entries if item["Egress"]],
        "subnetIds": [item["SubnetId"] for item in found["Associations"]],
        "arn": arn(aws, "network-acl", identifier),
        "ownerId": aws.account,
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _delete_list(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_network_acl", NetworkAclId=identifier)


NETWORK_ACL: Final = Kind(
    "aws:ec2/networkAcl:NetworkAcl",
    inputs=names("vpcId ingress egress"),
    outputs=names("arn ownerId subnetIds"),
    create=_create_list,
    settle=_settle_list,
    read=_read_list,
    delete=_delete_list,
    retag=tagging.ec2,
)


def _adopt_list(aws: Cloud, inputs: Values) -> str:
    identifier = str(inputs["defaultNetworkAclId"])
    tagging.ec2(aws, identifier, {}, dict(inputs.get("tagsAll") or {}), [])
    return identifier


def _read_default_list(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = _read_list(aws, identifier, state)
    return found and {**found, "defaultNetworkAclId": identifier}


DEFAULT_NETWORK_ACL: Final = Kind(
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    inputs=names("defaultNetworkAclId ingress egress"),
    outputs=names("arn ownerId subnetIds vpcId"),
    create=_adopt_list,
    settle=_settle_list,
    read=_read_default_list,
    delete=nothing,
    retag=tagging.ec2,
)


# --- which list a subnet has


def _association(aws: Cloud, subnet: str) -> dict[str, Any] | None:
    found = aws.find(
        _EC2, "describe_network_acls", "NetworkAcls", Filters=filters(association__subnet_id=subnet)
    )
    associations = (found or {}).get("Associations", ())
    return next((dict(item) for item in associations if item["SubnetId"] == subnet), None)


def _associate(aws: Cloud, inputs: Values) -> str:
    return _move(aws, str(inputs["subnetId"]), str(inputs["networkAclId"]))


def _move(aws: Cloud, subnet: str, wanted: str) -> str:
    """Give a subnet another list: it always has one, so AWS knows no other way."""
    found = _association(aws, subnet)
    if found is None:
        message = f"subnet {subnet} has no network access list"
        raise LookupError(message)
    made = aws.call(
        _EC2,
        "replace_network_acl_association",
        AssociationId=found["NetworkAclAssociationId"],
        NetworkAclId=wanted,
    )
    return str(made["NewAssociationId"])


def _read_association(aws: Cloud, identifier: str, state: Values) -> Values | None:
    asked = filters(association__association_id=identifier)
    if "subnetId" in state:
        found = _association(aws, str(state["subnetId"]))
    else:
        acl = aws.find(_EC2, "describe_network_acls", "NetworkAcls", Filters=asked) or {}
        found = next(
            (
                item
                for item in acl.get("Associations", ())
                if item["NetworkAclAssociationId"] == identifier
            ),
            None,
        )
    if found is None or found["NetworkAclAssociationId"] != identifier:
        return None
    return aws.told(_EC2, "NetworkAclAssociation", found)


def _disassociate(aws: Cloud, identifier: str, state: Values) -> None:
    subnet = str(state["subnetId"])
    found = _association(aws, subnet)
    if found is None or found["NetworkAclAssociationId"] != identifier:
        return
    acl = _list(aws, str(found["NetworkAclId"])) or {}
    default = aws.find(
        _EC2,
        "describe_network_acls",
        "NetworkAcls",
        Filters=filters(vpc_id=str(acl.get("VpcId")), default="true"),
    )
    if default:
        _move(aws, subnet, str(default["NetworkAclId"]))


NETWORK_ACL_ASSOCIATION: Final = Kind(
    "aws:ec2/networkAclAssociation:NetworkAclAssociation",
    inputs=names("networkAclId subnetId"),
    create=_associate,
    read=_read_association,
    delete=_disassociate,
)

KINDS: Final = (NETWORK_ACL, DEFAULT_NETWORK_ACL, NETWORK_ACL_ASSOCIATION)
