"""Policy documents: their statements, and whom and what they speak of. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_EVERYBODY: Final = "*"
# Conditions that say who is asking; any other one (a time, TLS) leaves everybody in.
_WHO: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
    }
)
_NEGATIVE: Final = ("Not", "Null")


@dataclass(frozen=True)
class Statement:
    """One statement, with its path in the document."""

    path: str
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Tell whether it allows; anything but a plain Deny may."""
        return self.body.get("Effect") != "Deny"

    def texts(self, key: str) -> list[str]:
        """Return a string or a list of strings as a list; other values as they print."""
        value = self.body.get(key)
        items = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        return [str(item) for item in items]

    @property
    def conditions(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield each condition: operator, key in lower case, values."""
        operators = self.body.get("Condition")
        for operator, keys in operators.items() if isinstance(operators, Mapping) else ():
            for key, value in keys.items() if isinstance(keys, Mapping) else ():
                values = value if isinstance(value, (list, tuple)) else [value]
                yield str(operator), str(key).lower(), [str(item) for item in values]

    @property
    def public(self) -> bool:
        """Tell whether its principal is everybody, with no condition on who that is."""
        principal = self.body.get("Principal")
        named = principal.values() if isinstance(principal, Mapping) else [principal]
        flat = [
            one for item in named for one in (item if isinstance(item, (list, tuple)) else [item])
        ]
        everybody = _EVERYBODY in flat or "NotPrincipal" in self.body
        return everybody and not any(_narrows(*condition) for condition in self.conditions)


def _narrows(operator: str, key: str, values: list[str]) -> bool:
    loose = any(part in operator for part in _NEGATIVE) or operator.endswith("IfExists")
    return key in _WHO and not loose and _EVERYBODY not in values


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield the statements of a policy document; one alone may stand without a list."""
    value = document.get("Statement")
    items = value if isinstance(value, (list, tuple)) else [value]
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            yield Statement(f"Statement[{number}]", item)
