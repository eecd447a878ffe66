"""Patterns of IAM, `*` for any text and `?` for any character, as sets of texts. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from functools import lru_cache
from itertools import takewhile
from typing import Final

_WILD: Final = "*?"
_PARTS: Final = 5
"""Colons of an ARN that separate its parts."""


def covers(pattern: str, other: str) -> bool:
    """Tell whether every text that `other` stands for is one of `pattern`'s.

    A `?` never stands for a `*` of the other pattern, which may be many.
    """
    if pattern in ("*", other):
        return True
    if "*" not in pattern and "?" not in pattern:
        return False
    return _matched(pattern, other)


@lru_cache(maxsize=4096)
def _matched(pattern: str, other: str) -> bool:
    # Not a regular expression: several `*` make those run for ever. It is enough to go back to the
    # last `*`, for what came before it matched as early as it could.
    at = to = 0
    star, resumed = -1, 0
    while to < len(other):
        char = pattern[at] if at < len(pattern) else ""
        if char == "*":
            star, resumed, at = at, to, at + 1
        elif char and (char == other[to] or (char == "?" and other[to] != "*")):
            at, to = at + 1, to + 1
        elif star >= 0:
            resumed += 1
            at, to = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")


@lru_cache(maxsize=4096)
def overlaps(one: str, two: str) -> bool:
    """Tell whether some text is one of both patterns'."""
    if covers(one, two) or covers(two, one):
        return True
    return _agree(one, two) and _agree(one[::-1], two[::-1]) and _share(one, two)


def arns_overlap(one: str, two: str) -> bool:
    """Tell whether some ARN is one of both patterns', part by part where both have all parts.

    Else `arn:*:iam::*:role/a` would meet `arn:aws:ecs:*:*:task/*` in a task of a strange name.
    """
    parts, others = one.split(":", _PARTS), two.split(":", _PARTS)
    if len(parts) == len(others) == _PARTS + 1:
        return all(map(overlaps, parts, others))
    return overlaps(one, two)


def _agree(one: str, two: str) -> bool:
    """Tell whether the literal beginnings of both patterns agree, as far as both go."""
    first, second = (
        "".join(takewhile(lambda char: char not in _WILD, text)) for text in (one, two)
    )
    return first.startswith(second) or second.startswith(first)


def _share(one: str, two: str) -> bool:
    """Decide by the rests of both patterns, from their ends; `below` is the row of the next."""
    below = [not two[column:].strip("*") for column in range(len(two) + 1)]
    for row in range(len(one) - 1, -1, -1):
        char = one[row]
        line = [False] * len(two) + [not one[row:].strip("*")]
        for column in range(len(two) - 1, -1, -1):
            other = two[column]
            if "*" in (char, other):
                line[column] = below[column] or line[column + 1]
            elif char == other or "?" in (char, other):
                line[column] = below[column + 1]
        below = line
    return below[0]
