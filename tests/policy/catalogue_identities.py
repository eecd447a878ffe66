"""Cases of the rules on users, managed policies, trust, and what IAM refuses late."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import Case, allow, policy

ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
POLICY = "aws:iam/policy:Policy"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
MANAGED = "arn:aws:iam::aws:policy/"
OURS = {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def trust(principal: Any, **more: Any) -> Any:
    """Return a role's trust in one principal."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return policy(statement, key="assumeRolePolicy")


def delivered(**more: Any) -> Any:
    """Return a policy that lets a service write."""
    service = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    return policy(allow("s3:PutObject", Principal=service, **more))


def inline(*sizes: int) -> Any:
    """Return a role with inline policies of at least these characters."""
    return {
        "beside": tuple(
            (INLINE, f"p{number}", {"role": "subject", **policy(allow("a:" + "b" * size))})
            for number, size in enumerate(sizes)
        )
    }


def attached(number: int) -> Any:
    """Return a role with this many managed policies."""
    held = {"role": "subject", "policyArn": "arn:p"}
    return {"beside": tuple((ATTACHMENT, f"a{index}", held) for index in range(number))}


UNTRUSTED = ({"assumeRolePolicy": UNKNOWN},)
ROOT = {"AWS": "arn:aws:iam::444455556666:root"}
IDENTITIES = [
    Case(
        rule="iam-no-user-policies",
        type="aws:iam/policyAttachment:PolicyAttachment",
        good=({"roles": ["a"]}, {"users": []}),
        bad=({"users": ["robot"]}, {"users": ["a", "b"], "roles": ["c"]}),
        unknown=({"users": UNKNOWN},),
    ),
    Case(
        rule="iam-no-user-policies",
        type="aws:iam/userPolicy:UserPolicy",
        good=(),
        bad=({"user": "robot"}, {"user": UNKNOWN}),
    ),
    Case(rule="iam-no-users", type=USER, good=(), bad=({}, {"name": "robot"})),
    Case(
        rule="iam-no-broad-managed-policies",
        type=ATTACHMENT,
        good=(
            {"policyArn": f"{MANAGED}service-role/AmazonEC2ContainerServiceforEC2Role"},
            {"policyArn": "arn:aws:iam::1:policy/OwnFullAccess"},
            {"policyArn": f"{MANAGED}ReadOnlyAccess"},
        ),
        bad=(
            {"policyArn": f"{MANAGED}AdministratorAccess"},
            {"policyArn": f"{MANAGED}PowerUserAccess"},
            {"policyArn": f"{MANAGED}AmazonS3FullAccess"},
            {"policyArn": "arn:aws-cn:iam::aws:policy/IAMFullAccess"},
        ),
        unknown=({"policyArn": UNKNOWN},),
    ),
    Case(
        rule="iam-no-broad-managed-policies",
        type=ROLE,
        good=({}, {"managedPolicyArns": [f"{MANAGED}ReadOnlyAccess"]}),
        bad=({"managedPolicyArns": ["arn:own", f"{MANAGED}AmazonRDSFullAccess"]},),
        unknown=({"managedPolicyArns": [UNKNOWN]},),
    ),
    Case(
        rule="iam-trust-not-whole-account",
        type=ROLE,
        good=(
            trust({"AWS": "arn:aws:iam::444455556666:role/build"}),
            trust(ROOT, Condition={"StringEquals": {"sts:ExternalId": "x"}}),
            trust(ROOT, Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::4:role/b"}}),
        ),
        bad=(
            trust(ROOT),
            trust({"AWS": ["444455556666", "arn:aws:iam::1:role/a"]}),
            trust(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            trust(ROOT, Condition={"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="iam-trust-source",
        type=ROLE,
        good=(
            trust({"Service": "ecs-tasks.amazonaws.com"}, Condition=OURS),
            trust({"Service": "ec2.amazonaws.com"}),
        ),
        bad=(
            trust({"Service": "ecs-tasks.amazonaws.com"}),
            trust({"Service": ["ec2.amazonaws.com", "scheduler.amazonaws.com"]}),
            trust(
                {"Service": "monitoring.rds.amazonaws.com"},
                Condition={"StringEqualsIfExists": OURS["StringEquals"]},
            ),
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="policy-service-source",
        type=BUCKET_POLICY,
        good=(delivered(Condition=OURS), policy(allow("s3:GetObject", Principal=ROOT))),
        bad=(delivered(), delivered(Condition={"Bool": {"aws:SecureTransport": "true"}})),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="iam-document-sizes",
        type=POLICY,
        good=(policy(allow("a:b")), {"policy": " " * 7000 + "{}"}),
        bad=(policy(allow("a:" + "b" * 6144)), {"policy": {"Statement": ["x" * 6144]}}),
        unknown=({"policy": UNKNOWN},),
    ),
    Case(
        rule="iam-document-sizes",
        type=ROLE,
        good=(inline(5000, 5000), inline(9000)),
        bad=(
            inline(5000, 5200),
            trust({"AWS": ["arn:aws:iam::444455556666:role/build"] * 60}),
            {"inlinePolicies": [{"name": "a", **policy(allow("a:" + "b" * 10_240))}]},
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="iam-attached-count",
        type=ROLE,
        good=({}, attached(10), {"managedPolicyArns": ["arn"] * 10}),
        bad=(attached(11), {"managedPolicyArns": ["arn"] * 11}),
        unknown=({"managedPolicyArns": UNKNOWN},),
    ),
]
