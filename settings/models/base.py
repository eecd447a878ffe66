"""What every group of settings shares."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from settings import forms


def _absent(value: Any) -> Any:
    return None if value == "" else value


T = TypeVar("T")
Maybe = Annotated[T | None, BeforeValidator(_absent)]

Cidr = Annotated[IPv4Network, BeforeValidator(forms.ipv4_range)]
AnyCidr = Annotated[IPv4Network | IPv6Network, BeforeValidator(forms.network_range)]
AccountId = Annotated[str, BeforeValidator(forms.plain_text), AfterValidator(forms.ACCOUNT)]
Text = Annotated[str, BeforeValidator(forms.plain_text)]
"""A value in a mapping of the user's own names, such as a variable of the environment."""
VariableName = Annotated[str, AfterValidator(forms.VARIABLE)]
LogRetention = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip  # noqa: E501 - one vocabulary, one line
"""Days that CloudWatch Logs accepts.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


class Group(BaseModel):
    """Base of every settings group: frozen, no unknown keys, camelCase in configuration."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse `true` where a number belongs; Python would take it for 1."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is int:
            raise PydanticCustomError("int_type", "a number")
        return value


class Upstream(Group):
    """A reference to another stack's published layer."""

    stack: Maybe[Annotated[str, AfterValidator(forms.STACK_REFERENCE)]] = Field(
        default=None,
        description=(
            "Stack whose layer is used when `source` is `stack`, as `organization/project/stack`."
        ),
    )
    pin: Maybe[Annotated[str, AfterValidator(forms.PIN)]] = Field(
        default=None,
        description=(
            "Pin of that layer, as `pulumi stack output pins` prints it there; the preview fails "
            "once it changes."
        ),
    )
