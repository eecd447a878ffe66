"""Access to a stack: three roles, the boundary of one of them, and perhaps a bastion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pulumi
import pulumi_aws as aws

from components.access import boundary, deployment, development, infrastructure, pull, trust
from components.access.bastion import Bastion, BastionArgs
from components.component import Component
from perpetual import contract
from settings import models

HOUR: Final = 3600


class Subnets(Protocol):
    """What a bastion needs of the network."""

    @property
    def public_subnet_ids(self) -> Sequence[pulumi.Input[str]]:
        """Return the public subnets' ids."""

    @property
    def private_subnet_ids(self) -> Sequence[pulumi.Input[str]]:
        """Return the private subnets' ids."""


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """Inputs of the access layer; `security_group_id` is the bastion's, where there is one.

    `tags` are the stack's common ones, for what the bastion's group launches.
    """

    stack: contract.Stack
    settings: models.Access
    balancer: models.Balancer
    architecture: models.Architecture
    network: Subnets
    tags: Mapping[str, str]
    security_group_id: pulumi.Input[str] | None

    def __post_init__(self) -> None:
        """Refuse a bastion without its security group."""
        if self.settings.bastion is not models.Bastion.NONE and self.security_group_id is None:
            message = (
                f"The `{self.settings.bastion}` bastion has no security group: pass the one that "
                "the network layer makes for it."
            )
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Role:
    """One access role, decided: everything about it but the resource."""

    kind: str
    name: str
    description: str
    trust: str
    policies: Mapping[str, str]
    session_seconds: int
    bounded: bool = False


def roles(args: AccessArgs) -> list[Role]:
    """Return the roles that somebody is configured to assume; the others are not made."""
    settings, stack = args.settings, args.stack
    found = []
    if trust.assumable(settings.deployment):
        found.append(
            Role(
                kind="deployment",
                name=stack.deployment_role,
                description="Releases: push, migrate, update the service",
                # No second factor asked: a pipeline that has nothing but a key has none.
                trust=trust.policy(stack, settings.deployment, mfa=False),
                policies=deployment.policies(stack),
                session_seconds=HOUR,
            )
        )
    if trust.assumable(settings.development):
        found.append(
            Role(
                kind="development",
                name=stack.development_role,
                description="People: read, logs, console, tunnel",
                trust=trust.policy(stack, settings.development, mfa=True),
                policies=development.policies(stack, settings.bastion),
                session_seconds=4 * HOUR,
            )
        )
    if trust.assumable(settings.infrastructure):
        balancer = args.balancer
        found.append(
            Role(
                kind="infrastructure",
                name=stack.infrastructure_role,
                description="Changes of the stack: pulumi up",
                trust=trust.policy(stack, settings.infrastructure, mfa=True),
                policies=infrastructure.policies(stack, balancer.zone_id, balancer.domain),
                # A database that is resized or moved takes longer than an hour.
                session_seconds=2 * HOUR,
                bounded=True,
            )
        )
    return found


class Access(Component):
    """Roles of people and pipelines, the hosts' one command, and perhaps a bastion.

    A role that nobody is configured to assume is not created. Deployment and development change
    nothing of the stack's infrastructure; the infrastructure role does, under a boundary that it
    cannot touch. Roles and policies, these included, are an administrator's to change.
    """

    token = "perpetual:access:Access"

    fields: dict[str, pulumi.Input[Any]]

    def __init__(
        self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the pull document, the configured roles and the configured bastion."""
        super().__init__(name, opts)
        self.fields = {}
        self._create_pull_document(name, args.stack)
        for role in roles(args):
            self._create_role(f"{name}-{role.kind}", args.stack, role)
        self._create_bastion(name, args)
        self.register_outputs(self.fields)

    def _create_pull_document(self, name: str, stack: contract.Stack) -> None:
        aws.ssm.Document(
            f"{name}-pull",
            name=stack.pull_document,
            document_type="Command",
            target_type="/AWS::EC2::Instance",
            content=pull.document(stack),
            opts=self._child(),
        )
        self.fields["pullDocument"] = stack.pull_document

    def _create_role(self, name: str, stack: contract.Stack, role: Role) -> None:
        limits = [self._create_boundary(name, stack)] if role.bounded else []
        created = aws.iam.Role(
            name,
            name=role.name,
            description=role.description,
            assume_role_policy=role.trust,
            max_session_duration=role.session_seconds,
            # A plain ARN, for a preview to show; hence the dependency in so many words.
            permissions_boundary=stack.policy_arn(stack.boundary_policy) if limits else None,
            opts=self._child(depends_on=limits),
        )
        for short, document in role.policies.items():
            policy = aws.iam.Policy(
                f"{name}-{short}",
                name=stack.physical(role.kind, short, limit=contract.Limit.POLICY),
                policy=document,
                opts=self._child(),
            )
            aws.iam.RolePolicyAttachment(
                f"{name}-{short}-attached",
                role=created.name,
                policy_arn=policy.arn,
                opts=self._child(),
            )
        self.fields[f"{role.kind}Role"] = stack.role_arn(role.name)

    def _create_boundary(self, name: str, stack: contract.Stack) -> aws.iam.Policy:
        return aws.iam.Policy(
            f"{name}-boundary",
            name=stack.boundary_policy,
            description="The most that this stack's infrastructure role can ever do",
            policy=boundary.policy(stack),
            opts=self._child(),
        )

    def _create_bastion(self, name: str, args: AccessArgs) -> None:
        if args.settings.bastion is models.Bastion.NONE or args.security_group_id is None:
            return
        public = args.settings.bastion is models.Bastion.PUBLIC
        subnet_ids = args.network.public_subnet_ids if public else args.network.private_subnet_ids
        bastion = Bastion(
            f"{name}-bastion",
            BastionArgs(
                stack=args.stack,
                architecture=args.architecture,
                public=public,
                subnet_ids=subnet_ids,
                security_group_id=args.security_group_id,
                tags=args.tags,
            ),
            self._child(),
        )
        self.fields["bastion"] = args.settings.bastion.value
        self.fields["bastionGroup"] = bastion.group_name
