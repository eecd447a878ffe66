"""Rules on groups of hosts and the roles they run under."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN, Resource
from graph.tokens import AUTOSCALING_GROUP, INSTANCE, LAUNCH_CONFIGURATION, LAUNCH_TEMPLATE
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, count, present, requires, rule, unknown, within

PROFILE: Final = "aws:iam/instanceProfile:InstanceProfile"
_ROLE: Final = "aws:iam/role:Role"
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_INLINE: Final = "aws:iam/rolePolicy:RolePolicy"
_ATTACHED_BALANCER: Final = "aws:autoscaling/attachment:Attachment"
_SCALING: Final = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/"
# https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html
_MANAGED: Final = ("/AmazonSSMManagedInstanceCore", "/AmazonSSMManagedEC2InstanceDefaultPolicy")
_REGISTERS: Final = "ssm:UpdateInstanceInformation"


def _balancer_health(subject: Subject) -> Iterator[Fault]:
    behind = [subject.at(key) for key in ("targetGroupArns", "loadBalancers")]
    attached = subject.peers("autoscalingGroupName", _ATTACHED_BALANCER)
    if not attached and not any(present(value) for value in behind):
        return
    yield from requires(
        "healthCheckType",
        lambda value: value == "ELB",
        "is behind a balancer and does not believe its health checks",
    )(subject)


def _mixed(subject: Subject) -> Iterator[Fault]:
    path = "mixedInstancesPolicy.launchTemplate.overrides"
    overrides = subject.at(path)
    if overrides is UNKNOWN:
        yield unknown(path)
    elif count(overrides) < 2 and not _ranges(overrides):  # noqa: PLR2004 - several are two
        yield Fault("has hosts of one instance type", path)


def _ranges(overrides: object) -> bool:
    """Tell whether an override asks for properties, which many instance types have."""
    return present(within(overrides, "instanceRequirements"))


def _own_profile(subject: Subject) -> Iterator[Fault]:
    if present(subject.at("launchTemplate")):
        return
    yield from requires("iamInstanceProfile", present, "has no instance profile")(subject)


def _session_manager(subject: Subject) -> Iterator[Fault]:
    link = subject.graph.index.link(subject.resource, "role", subject.at("role"), (_ROLE,))
    role = subject.graph.index.by_urn.get(link.urn or "") if link else None
    if role is None:
        if subject.at("role") is UNKNOWN:
            yield unknown("role")
        return
    grants = list(_grants(Subject(subject.graph, role)))
    if any(grant is not UNKNOWN and _reaches(grant) for grant in grants):
        return
    if any(grant is UNKNOWN for grant in grants):
        yield unknown(f"a policy of {role.name}")
    else:
        yield Fault("does not let Systems Manager manage its hosts", "role")


def _grants(role: Subject) -> Iterator[object]:
    """Yield the ARNs of a role's managed policies, and the text of its own ones."""
    own = role.at("managedPolicyArns")
    yield from own if isinstance(own, (list, tuple)) else [own]
    yield from (_value(item, "policyArn") for item in role.peers("role", _ATTACHMENT))
    yield from (_value(item, "policy") for item in role.peers("role", _INLINE))


def _value(item: Resource, key: str) -> object:
    return item.properties.get(key)


def _reaches(grant: object) -> bool:
    text = str(grant)
    return text.endswith(_MANAGED) or _REGISTERS in text


HEALTH: Final = rule(
    _balancer_health,
    AUTOSCALING_GROUP,
    name="asg-balancer-health",
    title="Groups behind a balancer believe its health checks",
    severity=Severity.MEDIUM,
    why="A host that answers nobody stays, because its machine is well",
    fix="set health_check_type to ELB",
    url=f"{_SCALING}health-checks-overview.html",
    controls=("FSBP AutoScaling.1",),
)
MIXED: Final = rule(
    _mixed,
    AUTOSCALING_GROUP,
    name="asg-mixed-types",
    title="Groups mix instance types",
    severity=Severity.LOW,
    why="When a zone runs out of one type, nothing starts there",
    fix="name two instance types or more in mixed_instances_policy",
    url=f"{_SCALING}ec2-auto-scaling-mixed-instances-groups.html",
    controls=("FSBP AutoScaling.6",),
    level=Level.DISABLED,
)
INSTANCE_ROLE: Final = rule(
    _own_profile,
    INSTANCE,
    LAUNCH_TEMPLATE,
    LAUNCH_CONFIGURATION,
    name="ec2-instance-profile",
    title="Hosts have a role",
    severity=Severity.MEDIUM,
    why="Without one, keys are copied to the host, and stay on it",
    fix="set iam_instance_profile",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html",
    controls=("CIS 2.16",),
    level=Level.ADVISORY,
)
MANAGED: Final = rule(
    _session_manager,
    PROFILE,
    name="ec2-session-manager",
    title="Systems Manager manages the hosts",
    severity=Severity.MEDIUM,
    why="Without it, people come by SSH, and nobody knows which patches are missing",
    fix="attach AmazonSSMManagedInstanceCore to the hosts' role",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html",
    controls=("FSBP SSM.1",),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (HEALTH, MIXED, INSTANCE_ROLE, MANAGED)
