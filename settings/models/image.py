"""Settings of the release image."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from settings import forms
from settings.models.base import Group, Maybe, Text, VariableName


class ImageSource(StrEnum):
    """Who decides which image runs: this `up`, or the last `perpetual deploy`."""

    BUILD = "build"
    DEPLOYED = "deployed"


class Image(Group):
    """The release image."""

    source: ImageSource = Field(
        default=ImageSource.BUILD,
        description="`build` on this `up`, or run what `perpetual deploy` last `deployed`.",
    )
    context: str = Field(
        default="release/example",
        description="Build context: a folder, or your application's checkout.",
    )
    dockerfile: str = Field(
        default="Dockerfile", description="Dockerfile, relative to the context."
    )
    target: Maybe[Annotated[str, AfterValidator(forms.STAGE)]] = Field(
        default=None, description="Stage of the Dockerfile to build."
    )
    arguments: dict[VariableName, Text] = Field(
        default={}, description="Build arguments; never secrets, they stay in the image."
    )
    keep: int = Field(
        default=30, ge=2, le=1000, description="Images that the repository keeps, 2 to 1000."
    )
