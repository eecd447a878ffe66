"""Rules on the stack as a whole: its name and its tags."""

import re
from typing import Final

from perpetual import contract
from settings.problems import Problem
from settings.rules.base import Problems, Program, Rule

MAX_TAGS: Final = 50
OWN_TAGS: Final = 8
"""Tags that the program keeps for itself: `Name`, its own, and those AWS adds to hosts."""
MAX_TAG_KEY: Final = 128
MAX_TAG_VALUE: Final = 256
TAG_TEXT: Final = re.compile(r"[\w\s.:/=+\-@]*")
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html"""


def name_fits(program: Program) -> Problems:
    """The stack's name is part of every physical name, some of which allow little."""
    if not contract.STACK_NAME.fullmatch(program.stack):
        yield Problem(
            "stack",
            program.stack,
            "1 to 30 lower-case letters, digits and single hyphens, a letter first and no hyphen "
            "last",
            "run `pulumi stack rename` with such a name, or `pulumi stack init` another",
        )


def tags_fit(tags: dict[str, str]) -> Problems:
    """Tags keep AWS's limits and leave the program's own alone."""
    most = MAX_TAGS - OWN_TAGS
    if len(tags) > most:
        yield Problem("tags", f"a list of {len(tags)}", f"at most {most} tags", "remove some")
    for key, value in tags.items():
        yield from _tag(key, value)


def _tag(key: str, value: str) -> Problems:
    where = f"tags.{key}"
    if key.lower().startswith("aws:"):
        yield Problem(where, key, "keys that do not begin with aws:", "choose another prefix")
    if key.startswith(f"{contract.PREFIX}:") or key == "Name":
        yield Problem(
            where,
            key,
            f"keys other than Name and those that begin with {contract.PREFIX}:",
            "remove the line, for the program sets these itself and tells resources apart by them",
        )
    if not key or len(key) > MAX_TAG_KEY or not TAG_TEXT.fullmatch(key):
        yield Problem(
            where,
            key,
            f"keys of 1 to {MAX_TAG_KEY} letters, digits, spaces and _.:/=+-@",
            "shorten or reword the key",
        )
    if len(value) > MAX_TAG_VALUE or not TAG_TEXT.fullmatch(value):
        yield Problem(
            where,
            value,
            f"values of up to {MAX_TAG_VALUE} letters, digits, spaces and _.:/=+-@",
            "shorten or reword the value",
        )


RULES: Final[tuple[Rule, ...]] = (name_fits, tags_fit)
