"""The image that a stack's settings describe, built where it is not there yet."""

from pathlib import Path

from perpetual.deploy import stack_settings
from perpetual.deploy.image import ARCHITECTURES
from perpetual.errors import OperatorError
from perpetual.release import build as building
from perpetual.release import docker, revision
from settings.models import Settings


def build(folder: Path, stack: str, *, make: bool) -> str:
    """Return the image of the stack's revision; without `make`, only if it is there already.

    Raises:
        OperatorError: There is no project here, its tree is not clean, or Docker fails.
    """
    local = stack_settings.read(folder, stack)
    options = options_of(local.root, local.settings)
    if not make:
        reference = f"{options.name}:{revision.of(options.context).tag}"
        if docker.image(reference) is None:
            raise OperatorError(
                f"there is no image {reference} yet, and a dry run builds none",
                hint="Build it with `perpetual release build`, or name one with --image.",
            )
        return reference
    return building.build(options).reference


def options_of(root: Path, settings: Settings) -> building.Options:
    """Return how `release build` makes the image that the settings describe."""
    image = settings.image
    return building.Options(
        context=root / image.context,
        dockerfile=image.dockerfile,
        arguments=image.arguments,
        platform=f"linux/{ARCHITECTURES[settings.architecture]}",
        target=image.target,
    )
