"""EC2: network access lists, security groups and their rules."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing
from perpetual.sandbox.resources.vpc import arn, filters

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


# --- security groups

_GROUP_NAMES: Final = {"name": "GroupName", "arn": "SecurityGroupArn"}


def _create_group(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_security_group",
        inputs,
        "name description vpcId",
        _GROUP_NAMES,
        TagSpecifications=tagging.specification("security-group", inputs),
    )
    identifier = str(made["GroupId"])
    # AWS lets a new group out to anywhere; the provider takes that back, so that rules decide.
    _revoke(aws, identifier, ("egress",))
    return identifier


def _revoke(aws: Cloud, identifier: str, kinds: Iterable[str]) -> None:
    rules = aws.call(_EC2, "describe_security_group_rules", Filters=filters(group_id=identifier))[
        "SecurityGroupRules"
    ]
    for kind in kinds:
        found = [
            item["SecurityGroupRuleId"] for item in rules if item["IsEgress"] == (kind == "egress")
        ]
        if found:
            method = f"revoke_security_group_{kind}"
            aws.call(_EC2, method, GroupId=identifier, SecurityGroupRuleIds=found)


def _group(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(_EC2, "describe_security_groups", "SecurityGroups", GroupIds=[identifier])


def _read_group(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _group(aws, identifier)
    return found and {
        **aws.told(_EC2, "SecurityGroup", found, _GROUP_NAMES),
        "arn": arn(aws, "security-group", identifier),
        "ingress": _inline(aws, found["IpPermissions"], identifier),
        "egress": _inline(aws, found["IpPermissionsEgress"], identifier),
        "ownerId": aws.account,
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _inline(aws: Cloud, permissions: Iterable[Mapping[str, Any]], own: str) -> list[dict[str, Any]]:
    """Return the rules of a group as the group itself shows them."""
    found = []
    for item in permissions:
        groups = [pair["GroupId"] for pair in item.get("UserIdGroupPairs", ())]
        said = aws.told(_EC2, "IpPermission", item)
        found.append(
            {
                "protocol": item["IpProtocol"],
                "fromPort": said.get("fromPort", 0),
                "toPort": said.get("toPort", 0),
                "cidrBlocks": [cidr["CidrIp"] for cidr in item.get("IpRanges", ())],
                "ipv6CidrBlocks": [cidr["CidrIpv6"] for cidr in item.get("Ipv6Ranges", ())],
                "prefixListIds": [each["PrefixListId"] for each in item.get("PrefixListIds", ())],
                "securityGroups": sorted(group for group in groups if group != own),
                "self": own in groups,
            }
        )
    return found


def _delete_group(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_security_group", GroupId=identifier)


SECURITY_GROUP: Final = Kind(
    "aws:ec2/securityGroup:SecurityGroup",
    inputs=names("name description vpcId"),
    own=names("revokeRulesOnDelete"),
    outputs=names("arn ingress egress ownerId"),
    create=_create_group,
    read=_read_group,
    delete=_delete_group,
    retag=tagging.ec2,
    name="name",
)


def _adopt_group(aws: Cloud, inputs: Values) -> str:
    asked = filters(vpc_id=str(inputs["vpcId"]), group_name="default")
    found = aws.find(_EC2, "describe_security_groups", "SecurityGroups", Filters=asked)
    if found is None:
        message = f"VPC {inputs['vpcId']} has no default security group"
        raise LookupError(message)
    identifier = str(found["GroupId"])
    tagging.ec2(aws, identifier, {}, dict(inputs.get("tagsAll") or {}), [])
    return identifier


def _settle_default_group(aws: Cloud, identifier: str, inputs: Values) -> None:
    """Remove every rule; the program's default group has none."""
    if inputs.get("ingress") or inputs.get("egress"):
        message = "a default security group with rules is not known here"
        raise NotImplementedError(message)
    _revoke(aws, identifier, _LIST_KINDS)


DEFAULT_SECURITY_GROUP: Final = Kind(
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    inputs=names("vpcId ingress egress"),
    own=names("revokeRulesOnDelete"),
    outputs=names("arn description name ownerId"),
    create=_adopt_group,
    settle=_settle_default_group,
    read=_read_group,
    delete=nothing,
    retag=tagging.ec2,
)


# --- rules

_RULE: Final = (
    "ipProtocol fromPort toPort cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId "
    "description"
)
_RULE_NAMES: Final = {"referencedSecurityGroupId": "ReferencedGroupId"}
_PEERS: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _permission(inputs: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"IpProtocol": str(inputs["ipProtocol"])}
    for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(key) is not None:
            found[name] = int(inputs[key])
    said = {"Description": inputs["description"]} if inputs.get("description") else {}
    for key, (where, name) in _PEERS.items():
        if inputs.get(key):
            found[where] = [{name: inputs[key], **said}]
    return found


def _rule(token: str, *, egress: bool) -> Kind:
    kind = "egress" if egress else "ingress"

    def create(aws: Cloud, inputs: Values) -> str:
        made = aws.call(
            _EC2,
            f"authorize_security_group_{kind}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            TagSpecifications=tagging.specification("security-group-rule", inputs),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(aws: Cloud, identifier: str, _state: Values) -> Values | None:
        found = aws.find(
            _EC2,
            "describe_security_group_rules",
            "SecurityGroupRules",
            SecurityGroupRuleIds=[identifier],
        )
        return found and {
            **aws.told(_EC2, "SecurityGroupRule", found),
            "securityGroupId": found["GroupId"],
            "referencedSecurityGroupId": found.get("ReferencedGroupInfo", {}).get("GroupId"),
            "arn": arn(aws, "security-group-rule", identifier),
            "tagsAll": tagging.read(found.get("Tags")),
        }

    def update(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
        said = {key: inputs.get(key) for key in _RULE.split()}
        shape = aws.shape(_EC2, "SecurityGroupRuleRequest")
        rule = spelling.request(shape, said, _RULE_NAMES)
        changed = [{"SecurityGroupRuleId": identifier, "SecurityGroupRule": rule}]
        group = inputs["securityGroupId"]
        aws.call(_EC2, "modify_security_group_rules", GroupId=group, SecurityGroupRules=changed)

    def delete(aws: Cloud, identifier: str, state: Values) -> None:
        aws.call(
            _EC2,
            f"revoke_security_group_{kind}",
            GroupId=state["securityGroupId"],
            SecurityGroupRuleIds=[identifier],
        )

    return Kind(
        token,
        inputs=names(f"{_RULE} securityGroupId"),
        outputs=names("arn securityGroupRuleId"),
        create=create,
        read=read,
        update=update,
        delete=delete,
        retag=tagging.ec2,
    )


EGRESS_RULE: Final = _rule("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", egress=True)
INGRESS_RULE: Final = _rule(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", egress=False
)

KINDS: Final = (
    NETWORK_ACL,
    DEFAULT_NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    SECURITY_GROUP,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
)
