"""Cases of the rules on tasks, services, clusters, permissions and trust."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, allow, containers, one, policy, twin

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
CLUSTER = "aws:ecs/cluster:Cluster"
REPOSITORY = "aws:ecr/repository:Repository"
POLICY = "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
DIGEST = "example/app@sha256:" + "0" * 64
NOTHING_READ = ({"containerDefinitions": UNKNOWN},)
GITHUB = "token.actions.githubusercontent.com"
RANDOM = "Zk3vX9pQ7wLr2TnB8yHs4JdF6gMc1KaV0uEoWiRxYtPqSbNl"


def environment(name: Any, value: Any) -> Any:
    """Return a task whose one container gets one variable."""
    entry = {"name": name, "value": value}
    return (twin if UNKNOWN in (name, value) else containers)(
        {"name": "release", "environment": [entry]}
    )


def image(reference: Any) -> Any:
    """Return a task of one image."""
    return (twin if reference is UNKNOWN else containers)({"name": "release", "image": reference})


def own(mutability: str) -> Any:
    """Return a task of a tagged image in a repository of this stack."""
    held = {"name": "perpetual/prod", "imageTagMutability": mutability}
    return {
        **image("1.dkr.ecr.eu-west-1.amazonaws.com/perpetual/prod:v3"),
        "beside": ((REPOSITORY, "images", held),),
    }


def percent(desired: Any, minimum: Any, maximum: Any) -> Any:
    """Return a service."""
    return {
        "desiredCount": desired,
        "deploymentMinimumHealthyPercent": minimum,
        "deploymentMaximumPercent": maximum,
    }


def insights(value: Any) -> Any:
    """Return a cluster's setting."""
    return {"settings": [{"name": "containerInsights", "value": value}]}


def trust(principal: Any, **conditions: Any) -> Any:
    """Return a role's trust in one principal."""
    more = {"Condition": conditions} if conditions else {}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return policy(statement, key="assumeRolePolicy")


def github(subject: Any = None, operator: str = "StringLike", audience: bool = True) -> Any:  # noqa: FBT001, FBT002 - a case's column
    """Return a role's trust in GitHub."""
    federated = {"Federated": f"arn:aws:iam::1:oidc-provider/{GITHUB}"}
    conditions = {operator: {f"{GITHUB}:sub": subject}} if subject else {}
    if audience:
        conditions["ForAllValues:StringEquals"] = {f"{GITHUB}:aud": "sts.amazonaws.com"}
    return trust(federated, **conditions)


def boundary(*statements: Any) -> Any:
    """Return a policy that is the boundary of a role, and nothing else."""
    held = {"permissionsBoundary": "arn:aws:iam::1:policy/limit"}
    return {"name": "limit", **policy(*statements), "beside": ((ROLE, "role", held),)}


TASKS = [
    Case(
        rule="ecs-no-privileged",
        type=TASK,
        good=(containers({"name": "a"}), containers({"name": "a", "privileged": False})),
        bad=(
            containers({"name": "a", "privileged": True}),
            containers({"name": "a"}, {"name": "b", "privileged": True}),
            {"containerDefinitions": '{"name": "a"}'},
            {"containerDefinitions": "not JSON"},
        ),
        unknown=(*NOTHING_READ, twin({"name": "a", "privileged": UNKNOWN}), twin(UNKNOWN)),  # type: ignore[arg-type]  # an element that is not known
    ),
    Case(
        rule="ecs-no-host-network",
        type=TASK,
        **one("networkMode", ("awsvpc", "host", "host")),
    ),
    Case(
        rule="ecs-no-host-processes",
        type=TASK,
        **one("pidMode", (ABSENT, "host", "host")),
    ),
    Case(
        rule="ecs-no-host-processes",
        type=TASK,
        **one("ipcMode", ("task", "host")),
    ),
    Case(
        rule="ecs-no-plain-secrets",
        type=TASK,
        good=(
            environment("PGSSLMODE", "verify-full"),
            environment("SECRET_NAME", "/app/key"),
            environment("DATABASE_HOST", UNKNOWN),
            environment("RELEASE", "sha256:" + "0a" * 32),
            environment("PHX_HOST", "a-rather-long-host-name.of-some-service.example.com"),
            environment("API_TOKEN", ""),
            containers({"name": "a", "secrets": [{"name": "DATABASE_URL", "valueFrom": "arn"}]}),
        ),
        bad=(
            environment("SECRET_KEY_BASE", "short"),
            environment("DB_PASSWORD", "hunter2"),
            environment("PGPASSWORD", "hunter2"),
            environment("RELEASE_COOKIE", "monster"),
            environment("DATABASE_URL", "postgres://app:hunter2@db.internal/app"),
            environment("AWS_ID", "AKIA" + "ABCDEFGH12345678"),
            environment("SETTING", RANDOM),
        ),
        unknown=(
            *NOTHING_READ,
            environment("DB_PASSWORD", UNKNOWN),
            environment(UNKNOWN, "x"),
            twin({"name": "a", "environment": UNKNOWN}),
        ),
    ),
    Case(
        rule="ecs-logs",
        type=TASK,
        good=(containers({"name": "a", "logConfiguration": {"logDriver": "awslogs"}}),),
        bad=(
            containers({"name": "a"}),
            containers({"name": "a", "logConfiguration": {}}),
            containers({"name": "a", "logConfiguration": {"logDriver": "none"}}),
        ),
        unknown=NOTHING_READ,
    ),
    Case(
        rule="ecs-image-named",
        type=TASK,
        good=(image(DIGEST), image("example/app:v3"), image("localhost:5000/app:v3")),
        bad=(image("example/app"), image("example/app:latest"), image("localhost:5000/app")),
        unknown=(*NOTHING_READ, image(UNKNOWN)),
    ),
    Case(
        rule="ecs-image-pinned",
        type=TASK,
        good=(image(DIGEST), own("IMMUTABLE")),
        bad=(image("example/app:v3"), own("MUTABLE")),
        unknown=(*NOTHING_READ, image(UNKNOWN)),
    ),
    Case(
        rule="ecs-no-host-capabilities",
        type=TASK,
        good=(
            containers({"name": "a", "linuxParameters": {"capabilities": {"drop": ["ALL"]}}}),
            containers({"name": "a", "linuxParameters": {"capabilities": {"add": ["SYS_TIME"]}}}),
        ),
        bad=(
            containers({"name": "a", "linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"]}}}),
            containers({"name": "a", "linuxParameters": {"capabilities": {"add": ["ALL"]}}}),
        ),
        unknown=(
            *NOTHING_READ,
            twin({"name": "a", "linuxParameters": {"capabilities": {"add": [UNKNOWN]}}}),
        ),
    ),
    Case(
        rule="ecs-no-host-paths",
        type=TASK,
        good=({}, {"volumes": [{"name": "data", "hostPath": "/srv/data"}, {"name": "tmp"}]}),
        bad=(
            {"volumes": [{"name": "socket", "hostPath": "/var/run/docker.sock"}]},
            {"volumes": [{"name": "all", "hostPath": "/"}]},
            {"volumes": [{"name": "etc", "hostPath": "/etc/"}]},
        ),
        unknown=({"volumes": UNKNOWN}, {"volumes": [{"name": "a", "hostPath": UNKNOWN}]}),
    ),
    Case(
        rule="ecs-non-root",
        type=TASK,
        good=(containers({"name": "a", "user": "nobody"}), containers({"name": "a", "user": "9"})),
        bad=(containers({"name": "a"}), containers({"name": "a", "user": "0:0"})),
        unknown=(*NOTHING_READ, twin({"name": "a", "user": UNKNOWN})),
    ),
    Case(
        rule="ecs-read-only-root",
        type=TASK,
        good=(containers({"name": "a", "readonlyRootFilesystem": True}),),
        bad=(
            containers({"name": "a"}),
            containers({"name": "a", "readonlyRootFilesystem": False}),
        ),
        unknown=NOTHING_READ,
    ),
    Case(
        rule="ecs-roles-apart",
        type=TASK,
        good=({}, {"taskRoleArn": "arn:a", "executionRoleArn": "arn:b"}),
        bad=(
            {"taskRoleArn": "arn:a", "executionRoleArn": "arn:a"},
            {"taskRoleArn": "arn:b", "executionRoleArn": "arn:b"},
        ),
        unknown=({"taskRoleArn": UNKNOWN, "executionRoleArn": "arn:b"},),
    ),
]

SERVICES = [
    Case(
        rule="ecs-no-public-address",
        type=SERVICE,
        good=({}, {"networkConfiguration": {"assignPublicIp": False}}),
        bad=(
            {"networkConfiguration": {"assignPublicIp": True}},
            {"networkConfiguration": [{"assignPublicIp": "true"}]},
        ),
        unknown=({"networkConfiguration": UNKNOWN},),
    ),
    Case(
        rule="ecs-circuit-breaker",
        type=SERVICE,
        good=(
            {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            {"deploymentController": {"type": "CODE_DEPLOY"}},
        ),
        bad=(
            {},
            {"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
            {"deploymentCircuitBreaker": {"enable": False, "rollback": True}},
        ),
        unknown=({"deploymentCircuitBreaker": UNKNOWN},),
    ),
    Case(
        rule="ecs-deployable",
        type=SERVICE,
        good=(
            percent(2, 50, 150),
            percent(1, 0, 100),
            percent(3, 100, 200),
            {"desiredCount": 2},
            {"schedulingStrategy": "DAEMON", **percent(1, 100, 100)},
        ),
        bad=(
            percent(2, 100, 100),
            percent(0, 100, 100),
            percent(2, 50, 50),
            percent(1, 50, 150),
            percent(3, 90, 110),
        ),
        unknown=(percent(2, UNKNOWN, 150), percent(UNKNOWN, 50, 150)),
    ),
    Case(
        rule="ecs-container-insights",
        type=CLUSTER,
        good=(insights("enabled"), insights("enhanced")),
        bad=({}, insights("disabled")),
        unknown=(insights(UNKNOWN), {"settings": UNKNOWN}),
    ),
    Case(
        rule="ecs-exec-logged",
        type=CLUSTER,
        good=({}, {"configuration": {"executeCommandConfiguration": {"logging": "OVERRIDE"}}}),
        bad=(
            {"configuration": {"executeCommandConfiguration": {"logging": "NONE"}}},
            {"configuration": [{"executeCommandConfiguration": {"logging": "NONE"}}]},
        ),
        unknown=({"configuration": {"executeCommandConfiguration": UNKNOWN}},),
    ),
    Case(
        rule="ecs-managed-termination",
        type="aws:ecs/capacityProvider:CapacityProvider",
        good=({}, {"autoScalingGroupProvider": {"managedTerminationProtection": "ENABLED"}}),
        bad=(
            {"autoScalingGroupProvider": {"autoScalingGroupArn": "arn"}},
            {"autoScalingGroupProvider": {"managedTerminationProtection": "DISABLED"}},
        ),
        unknown=({"autoScalingGroupProvider": {"managedTerminationProtection": UNKNOWN}},),
    ),
]

UNREAD = (
    {"policy": UNKNOWN},
    {"policy": {"Statement": [UNKNOWN]}},
    {"policy": {"Statement": allow(UNKNOWN)}},
)
UNTRUSTED = (
    {"assumeRolePolicy": UNKNOWN},
    {"assumeRolePolicy": {"Statement": {"Effect": "Allow", "Principal": {"AWS": [UNKNOWN]}}}},
)
PERMISSIONS = [
    Case(
        rule="iam-no-admin",
        type=ROLE_POLICY,
        good=(
            policy(allow("s3:GetObject")),
            policy({"Effect": "Deny", "Action": "*", "Resource": "*"}),
            {"policy": {"Statement": allow("s3:Get*")}},
        ),
        bad=(
            policy(allow("*")),
            policy(allow(["s3:GetObject", "*:*"], "arn:aws:s3:::a")),
            {"policy": {"Statement": allow("*")}},
            {"policy": "[]"},
            {"policy": "not JSON"},
            {"policy": '{"Statement": ["Allow"]}'},
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-no-service-wildcard",
        type=POLICY,
        good=(
            policy(allow("ec2:*", "arn:aws:ec2:eu-west-1:1:instance/i-1")),
            policy(allow("ec2:*", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}})),
            boundary(allow("ec2:*")),
        ),
        bad=(
            policy(allow("ec2:*")),
            policy(allow(["s3:GetObject", "iam:*"], ["*"])),
            {
                **boundary(allow("ec2:*")),
                "beside": (
                    *boundary()["beside"],
                    (
                        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                        "attached",
                        {"policyArn": "subject"},
                    ),
                ),
            },
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-pass-role-scoped",
        type=ROLE_POLICY,
        good=(policy(allow("iam:PassRole", "arn:aws:iam::1:role/perpetual-prod-task")),),
        bad=(
            policy(allow("iam:PassRole")),
            policy(allow(["ecs:RunTask", "iam:passrole"], "arn:aws:iam::1:role/*")),
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-no-allow-by-exception",
        type=ROLE_POLICY,
        good=(policy({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}),),
        bad=(
            policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            policy({"Effect": "Allow", "Action": "s3:Get*", "NotResource": "arn:aws:s3:::a"}),
        ),
        unknown=UNREAD,
    ),
    Case(
        rule="iam-trust-named",
        type=ROLE,
        good=(
            trust({"Service": "ec2.amazonaws.com"}),
            trust("*", StringEquals={"aws:PrincipalOrgID": "o-1"}),
        ),
        bad=(
            trust("*"),
            trust({"AWS": "*"}),
            trust({"AWS": ["arn:aws:iam::1:root", "*"]}),
            trust("*", StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"}),
            trust("*", Bool={"aws:MultiFactorAuthPresent": "true"}),
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="iam-github-subject",
        type=ROLE,
        good=(
            trust({"Service": "ec2.amazonaws.com"}),
            github("repo:acme/shop:environment:prod"),
            github(["repo:acme/shop:ref:refs/heads/*"]),
        ),
        bad=(
            github(),
            github("repo:acme/*"),
            github("repo:*:environment:prod"),
            github("repo:acme*/shop:pull_request"),
            github(["repo:acme/shop:pull_request", "*"]),
            github("repo:acme/shop:pull_request", "StringNotLike"),
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="iam-oidc-audience",
        type=ROLE,
        good=(github("repo:a/b:c"), trust({"Service": "ec2.amazonaws.com"})),
        bad=(
            github("repo:a/b:c", audience=False),
            trust({"Federated": "arn:aws:iam::1:oidc-provider/gitlab.com"}),
        ),
        unknown=UNTRUSTED,
    ),
    Case(
        rule="iam-no-access-keys",
        type="aws:iam/accessKey:AccessKey",
        good=(),
        bad=({}, {"user": "robot"}),
    ),
]
