"""Filter patterns of CloudWatch Logs: terms of text, and simple conditions on JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import fnmatch
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from perpetual.sandbox.runtime.wire import Refused

_TERM: Final = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_CONDITION: Final = re.compile(
    r'\s*\$\.(?P<path>[\w.\[\]-]+)\s*(?P<operator>!=|>=|<=|=|>|<)\s*(?P<value>"[^"]*"|[^\s&|()]+)\s*'
)
_ABSENT: Final = object()

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Pattern:
    """A pattern, ready to be asked."""

    test: Test

    @classmethod
    def of(cls, text: str) -> "Pattern":
        """Return the pattern of a text; the empty one matches everything.

        Raises:
            Refused: It is neither terms nor conditions on JSON that the sandbox knows.
        """
        text = text.strip()
        if text.startswith("{"):
            return cls(_json(text))
        if text.startswith(("[", "%")):
            raise _invalid(text)
        return cls(_terms(text))

    def matches(self, message: str) -> bool:
        """Tell whether a message matches."""
        return self.test(message)


def _terms(text: str) -> Test:
    """All plain terms, none of those with `-`, and any of those with `?` where there are such."""
    found = [(sign, quoted or plain) for sign, quoted, plain in _TERM.findall(text)]
    wanted = [term for sign, term in found if not sign]
    refused = [term for sign, term in found if sign == "-"]
    optional = [term for sign, term in found if sign == "?"]

    def test(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and not any(term in message for term in refused)
            # Next to plain terms, AWS ignores those with a question mark.
            and (bool(wanted) or not optional or any(term in message for term in optional))
        )

    return test


def _json(text: str) -> Test:
    """Conditions joined by `||` and `&&`, the latter first; parentheses are not known here."""
    if not text.endswith("}"):
        raise _invalid(text)
    choices = [
        [_condition(part, text) for part in choice.split("&&")] for choice in text[1:-1].split("||")
    ]

    def test(message: str) -> bool:
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return any(all(condition(document) for condition in choice) for choice in choices)

    return test


def _condition(part: str, text: str) -> Callable[[Any], bool]:
    found = _CONDITION.fullmatch(part)
    if found is None:
        raise _invalid(text)
    path, operator, value = found["path"].split("."), found["operator"], found["value"].strip('"')

    def test(document: Any) -> bool:
        return _compare(_at(document, path), operator, value)

    return test


def _at(document: Any, path: list[str]) -> Any:
    for part in path:
        name, _, index = part.partition("[")
        document = document.get(name, _ABSENT) if isinstance(document, dict) else _ABSENT
        if index and isinstance(document, list):
            number = int(index.rstrip("]"))
            document = document[number] if number < len(document) else _ABSENT
    return document


def _compare(found: Any, operator: str, value: str) -> bool:
    if found is _ABSENT:
        return False
    if operator in ("=", "!="):
        text = found if isinstance(found, str) else json.dumps(found)
        return fnmatch.fnmatchcase(text, value) == (operator == "=")
    try:
        number, bound = float(found), float(value)
    except (TypeError, ValueError):
        return False
    return {
        ">": number > bound,
        ">=": number >= bound,
        "<": number < bound,
        "<=": number <= bound,
    }[operator]


def _invalid(text: str) -> Refused:
    return Refused("InvalidParameterException", f"Invalid filter pattern: {text}")
