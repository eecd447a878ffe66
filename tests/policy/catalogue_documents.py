"""Cases of the rules on policy documents, as AWS takes them."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, allow, policy

ROLE = "aws:iam/role:Role"
MANAGED = "aws:iam/policy:Policy"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
TRUSTED = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
GET = allow("s3:GetObject", "arn:aws:s3:::a/*")


def trust(*statements: Any) -> dict[str, Any]:
    """Return a role's trust policy."""
    return policy(*statements, key="assumeRolePolicy")


DOCUMENTS = [
    Case(
        rule="policy-document-valid",
        type=MANAGED,
        good=(
            policy(GET),
            policy({**GET, "Sid": "Read", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            policy(allow("*")),
            policy(allow("ec2:Describe*"), allow("s3:Get?bject", "arn:*:s3:::a")),
            {"policy": {"Version": "2008-10-17", "Id": "x", "Statement": GET}},
        ),
        bad=(
            {"policy": "{"},
            {"policy": "[]"},
            {"policy": "3"},
            {"policy": {"Statement": []}},
            {"policy": {"Version": "2012-10-16", "Statement": [GET]}},
            {"policy": {"Version": "2012-10-17", "Statements": [GET]}},
            {"policy": '{"Version": "2012-10-17", "Statement": ["Allow"]}'},
            policy({**GET, "Actions": "s3:PutObject"}),
            policy({**GET, "Effect": "allow"}),
            policy({**GET, "Action": "GetObject"}),
            policy({**GET, "Action": "s3.GetObject"}),
            policy({**GET, "NotAction": "s3:PutObject"}),
            policy({"Effect": "Allow", "Resource": "*"}),
            policy({"Effect": "Allow", "Action": "s3:GetObject"}),
            policy({**GET, "Principal": "*"}),
            policy({**GET, "Resource": "a/x"}),
            policy({**GET, "Resource": "arn:aws:s3:::\u20ac"}),
            policy({**GET, "Sid": "Read objects"}),
            policy({**GET, "Sid": "A"}, {**GET, "Sid": "A"}),
            policy({**GET, "Condition": ["Bool"]}),
            policy({**GET, "Condition": {"Bool": "aws:SecureTransport"}}),
        ),
        unknown=({"policy": UNKNOWN}, {"policy": {"Statement": [UNKNOWN]}}),
    ),
    Case(
        rule="policy-document-valid",
        type=ROLE,
        good=(trust(TRUSTED),),
        bad=(
            trust({**TRUSTED, "Resource": "*"}),
            trust({"Effect": "Allow", "Action": "sts:AssumeRole"}),
            {"assumeRolePolicy": "trust me"},
        ),
        unknown=({"assumeRolePolicy": UNKNOWN},),
    ),
    Case(
        rule="policy-document-valid",
        type=BUCKET_POLICY,
        good=(policy({**GET, "Principal": "*", "Sid": "Anybody reads"}),),
        bad=(policy(GET),),
    ),
    Case(
        rule="policy-no-allow-but-principals",
        type=BUCKET_POLICY,
        good=(
            policy({**GET, "Principal": {"AWS": "1"}}),
            policy({**GET, "Effect": "Deny", "NotPrincipal": {"AWS": "1"}}),
        ),
        bad=(
            policy({**GET, "NotPrincipal": {"AWS": "arn:aws:iam::1:user/a"}}),
            policy(
                {**GET, "Principal": {"AWS": "1"}}, {**GET, "NotPrincipal": {"Service": ["ec2"]}}
            ),
        ),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="policy-no-allow-but-principals",
        type=ROLE,
        good=(trust(TRUSTED),),
        bad=(trust({"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "sts:AssumeRole"}),),
    ),
]
