"""Whose account this is, and the provider that can reach no other."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from perpetual import contract
from settings import Settings

PROJECT_TAG: Final = "perpetual:project"
"""Tag with the Pulumi project's name, which `pulumi new` may have changed."""


def identify(settings: Settings) -> contract.Stack:
    """Return the identity of the current stack, after asking AWS who is calling and from where.

    Raises:
        pulumi.RunError: The credentials belong to another account than the stack's settings name,
            or the region is another.
    """
    caller = aws.get_caller_identity().account_id
    region = aws.get_region().region
    name = pulumi.get_stack()
    if caller != settings.account:
        message = (
            f"Stack {name} belongs to account {settings.account}, but the credentials are those of "
            f"account {caller}: choose others, such as with AWS_PROFILE, or correct `account` in "
            f"Pulumi.{name}.yaml."
        )
        raise pulumi.RunError(message)
    if region != settings.region:
        message = (
            f"Stack {name} belongs to region {settings.region}, but AWS answers from {region}: "
            f"correct `aws:region` in Pulumi.{name}.yaml, or unset AWS_REGION."
        )
        raise pulumi.RunError(message)
    return settings.stack(name, aws.get_partition().partition)


def provider(stack: contract.Stack, tags: Mapping[str, str]) -> aws.Provider:
    """Return the provider of every resource: it refuses other accounts, and tags what it makes.

    `tags` are the stack's additional ones; the program's own win over them, because permissions
    depend on those. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    own = {contract.STACK_TAG: stack.name, PROJECT_TAG: pulumi.get_project()}
    return aws.Provider(
        "aws",
        region=stack.region,
        allowed_account_ids=[stack.account],
        default_tags=aws.ProviderDefaultTagsArgs(tags={**tags, **own}),
    )
