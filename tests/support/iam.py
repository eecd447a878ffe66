"""IAM's judgement of a call, for the parts of its language that this project's documents use.

An explicit Deny wins; else identity policies must allow, and so must the boundary where there is
one. Whatever this evaluator does not know raises `NotImplementedError`: a test never passes by
misreading a document.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Values = str | Sequence[str]
Context = Mapping[str, Values]
"""Condition keys of a request and their values; a sequence is a multivalued key."""


class Decision(StrEnum):
    """What IAM answers, and whether a denial was said or is only the lack of a permission."""

    ALLOWED = "allowed"
    IMPLICIT = "implicitly denied"
    EXPLICIT = "explicitly denied"


@dataclass(frozen=True)
class Call:
    """One action on one resource. A call on several must be allowed on each of them."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the call, as a test's id."""
        return f"{self.action} on {self.resource}"


def decide(call: Call, policies: Sequence[str], boundary: str | None = None) -> Decision:
    """Judge `call` for an identity with these policy documents, under this boundary."""
    documents = [policies, *([[boundary]] if boundary else [])]
    effects = [_effects(call, layer) for layer in documents]
    if any("Deny" in found for found in effects):
        return Decision.EXPLICIT
    if all("Allow" in found for found in effects):
        return Decision.ALLOWED
    return Decision.IMPLICIT


def admits(trust: str, principal: str, action: str, context: Context) -> bool:
    """Tell whether a trust policy lets `principal`, an ARN, assume its role by `action`.

    An account's root stands for everybody in that account whom its own policies allow to ask.
    """
    call = Call(action, "*", context)
    effects = {
        statement["Effect"]
        for statement in _statements(trust)
        if _principal_matches(statement["Principal"], principal)
        and _action_matches(statement, action)
        and _condition_matches(statement, call)
    }
    return effects == {"Allow"}


def _effects(call: Call, documents: Sequence[str]) -> set[str]:
    return {
        statement["Effect"]
        for document in documents
        for statement in _statements(document)
        if _action_matches(statement, call.action)
        and _resource_matches(statement, call)
        and _condition_matches(statement, call)
    }


KNOWN: Final = {
    "Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


def _statements(document: str) -> list[dict[str, Any]]:
    parsed = json.loads(document)
    statements = parsed["Statement"]
    if parsed["Version"] != "2012-10-17":
        raise NotImplementedError(parsed["Version"])
    statements = statements if isinstance(statements, list) else [statements]
    for statement in statements:
        if unknown := statement.keys() - KNOWN:
            raise NotImplementedError(unknown)
    return statements


def _list(value: Values) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _glob(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _action_matches(statement: Mapping[str, Any], action: str) -> bool:
    named = statement.get("Action", statement.get("NotAction"))
    found = any(_glob(pattern.lower(), action.lower()) for pattern in _list(named))
    return found if "Action" in statement else not found


def _resource_matches(statement: Mapping[str, Any], call: Call) -> bool:
    named = statement.get("Resource", statement.get("NotResource"))
    patterns = [_substituted(pattern, call.context) for pattern in _list(named)]
    found = any(pattern is not None and _glob(pattern, call.resource) for pattern in patterns)
    return found if "Resource" in statement else not found


def _principal_matches(principals: Mapping[str, Values], principal: str) -> bool:
    if unknown := principals.keys() - {"AWS", "Federated", "Service"}:
        raise NotImplementedError(unknown)
    named = [value for values in principals.values() for value in _list(values)]
    account = re.fullmatch(r"(arn:[\w-]+:(?:iam|sts)::\d{12}:).+", principal)
    return principal in named or (account is not None and f"{account[1]}root" in named)


def _substituted(text: str, context: Context) -> str | None:
    """Return `text` with its policy variables filled in; None where the request has no such key."""
    missing = []

    def value(match: re.Match[str]) -> str:
        found = _lookup(match[1], context)
        if not isinstance(found, str):
            missing.append(match[1])
            return ""
        return found

    filled = re.sub(r"\$\{([\w:/-]+)\}", value, text)
    if "${" in filled:
        raise NotImplementedError(text)
    return None if missing else filled


def _lookup(key: str, context: Context) -> Values | None:
    return {name.lower(): value for name, value in context.items()}.get(key.lower())


def _condition_matches(statement: Mapping[str, Any], call: Call) -> bool:
    return all(
        _test(operator, key, _list(expected), call.context)
        for operator, block in statement.get("Condition", {}).items()
        for key, expected in block.items()
    )


def _arn_like(pattern: str, arn: str) -> bool:
    """Compare part by part: a wildcard in one part of an ARN never reaches into the next."""
    parts, others = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(others) and all(map(_glob, parts, others))


Compare = Callable[[str, str], bool]
COMPARISONS: Final[Mapping[str, Compare]] = {
    "StringEquals": lambda expected, actual: expected == actual,
    "StringEqualsIgnoreCase": lambda expected, actual: expected.lower() == actual.lower(),
    "StringLike": _glob,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda expected, actual: expected.lower() == actual.lower(),
}
"""Positive operators, expected value first; AWS gives ArnEquals and ArnLike one meaning."""


def _test(operator: str, key: str, expected: Sequence[str], context: Context) -> bool:
    actual = _lookup(key, context)
    if operator == "Null":
        (answer,) = expected
        return (actual is None) == (answer == "true")
    quantifier, _, name = operator.rpartition(":")
    name, optional = name.removesuffix("IfExists"), name.endswith("IfExists")
    negated = name.startswith(("StringNot", "ArnNot"))
    compare = COMPARISONS.get(name.replace("Not", "", 1) if negated else name)
    if compare is None or quantifier not in {"", "ForAnyValue", "ForAllValues"}:
        raise NotImplementedError(operator)
    wanted = [filled for text in expected if (filled := _substituted(text, context)) is not None]

    def holds(value: str) -> bool:
        return any(compare(want, value) for want in wanted) != negated

    if quantifier == "ForAllValues":
        return all(map(holds, _list(actual or ())))
    if quantifier == "ForAnyValue":
        return any(map(holds, _list(actual or ())))
    if actual is None:
        # A negated operator holds for what is not there, as AWS documents.
        return negated or optional
    if not isinstance(actual, str):
        message = f"{key} has several values: it needs ForAnyValue or ForAllValues"
        raise NotImplementedError(message)
    return holds(actual)
