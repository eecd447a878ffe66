"""Settings of access: who may assume which role, and the bastion."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from settings import forms
from settings.models.base import AccountId, AnyCidr, Group, Maybe


class Bastion(StrEnum):
    """Whether there is a bastion host, and how it is reached."""

    NONE = "none"
    SSM = "ssm"
    PUBLIC = "public"


class Role(Group):
    """Who may assume one of the three roles."""

    principals: tuple[Annotated[str, AfterValidator(forms.PRINCIPAL)], ...] = Field(
        default=(), description="IAM principals that may assume the role, as ARNs."
    )
    github: tuple[Annotated[str, AfterValidator(forms.GITHUB_SUBJECT)], ...] = Field(
        default=(),
        description=(
            "GitHub OIDC subjects that may assume it, such as `repo:acme/shop:environment:prod`."
        ),
    )
    vendor_account: Maybe[AccountId] = Field(
        default=None, description="Customer's or vendor's account that may assume it."
    )
    external_id: Maybe[Annotated[str, AfterValidator(forms.EXTERNAL_ID)]] = Field(
        default=None, description="External id that this account must present."
    )


class Access(Group):
    """Roles of people and pipelines, and the bastion."""

    development: Role = Role()
    deployment: Role = Role()
    infrastructure: Role = Role()
    bastion: Bastion = Field(
        default=Bastion.NONE,
        description="`none` (tunnel and console go through a task), `ssm`, or `public`.",
    )
    bastion_cidrs: tuple[AnyCidr, ...] = Field(
        default=(), description="Ranges that may reach a public bastion by SSH."
    )
