"""EC2: security groups and their rules.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn, filters
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_EC2: Final = "ec2"
_KINDS: Final = ("ingress", "egress")


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
    _revoke(aws, identifier, _KINDS)


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

KINDS: Final = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, EGRESS_RULE, INGRESS_RULE)
