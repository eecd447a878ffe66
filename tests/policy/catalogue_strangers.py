"""Cases of the rule on policies that let another account in."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, Properties, allow, policy

OWN = "arn:aws:iam::111122223333:role/app"
STRANGER = "arn:aws:iam::999988887777:root"
BESIDE = (("aws:ecs/service:Service", "web", {"iamRole": OWN, "taskRole": f"{OWN}-task"}),)


def to(principal: Any, **more: Any) -> Properties:
    """Return a policy that lets a principal in."""
    return policy(allow("kms:Decrypt", Principal=principal, **more))


STRANGERS = [
    Case(
        rule="policy-no-strangers",
        type=token,
        beside=BESIDE,
        good=(
            {},
            to({"AWS": OWN}),
            to({"AWS": ["111122223333", "arn:aws:iam::111122223333:root"]}),
            to({"Service": "logs.amazonaws.com"}),
            to({"AWS": STRANGER}, Effect="Deny"),
            to({"AWS": STRANGER}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        ),
        bad=(
            to({"AWS": STRANGER}),
            to({"AWS": ["111122223333", "999988887777"]}),
            to({"AWS": STRANGER}, Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            to({"AWS": STRANGER}, Condition={"Bool": {"aws:SecureTransport": "true"}}),
        ),
        unknown=({"policy": UNKNOWN},),
    )
    for token in ("aws:kms/key:Key", "aws:ec2/vpcEndpoint:VpcEndpoint")
]
