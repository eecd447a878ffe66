"""Rules on the image: what is built is there."""

from typing import Final

from settings.models import Image, ImageSource
from settings.problems import HIDDEN, Problem
from settings.rules.base import Problems, Program, Rule
from settings.rules.service import looks_secret


def context_exists(image: Image, program: Program) -> Problems:
    """Folder and Dockerfile exist where this `up` builds; `deployed` builds elsewhere."""
    if image.source != ImageSource.BUILD:
        return
    context = program.root / image.context
    if not context.is_dir():
        yield Problem(
            "image.context",
            image.context,
            "an existing folder, given relative to Pulumi.yaml",
            "point it to your application's checkout, or set image.source: deployed",
        )
    elif not (context / image.dockerfile).is_file():
        yield Problem(
            "image.dockerfile",
            image.dockerfile,
            f"an existing file, given relative to image.context, {image.context}",
            "correct it, or write the Dockerfile",
        )


def arguments_are_plain(image: Image) -> Problems:
    """Build arguments stay readable in the image's history."""
    for name, value in image.arguments.items():
        if looks_secret(name, value):
            yield Problem(
                f"image.arguments.{name}",
                HIDDEN,
                "nothing secret, for build arguments stay in the image's history",
                "remove the line, and mount the secret in the Dockerfile (RUN --mount=type=secret) "
                "or read it at start from service.secrets",
            )


RULES: Final[tuple[Rule, ...]] = (context_exists, arguments_are_plain)
