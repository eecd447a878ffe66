"""Rules on what IAM refuses late: documents that are too long, and too many policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules.holders import ATTACHED, GROUP, INLINE, POLICY, PRINCIPALS, ROLE, USER
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, doubtful, rule, unknown

_QUOTAS: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
MANAGED: Final = 6144
INLINE_TOTALS: Final = {ROLE: 10_240, USER: 2048, GROUP: 5120}
_SPACE: Final = re.compile(r"\s")


def characters(value: Any) -> int | None:
    """Return a document's length as IAM counts it, without white space; `None` if not known."""
    if value is None:
        return 0
    if doubtful(value):
        return None
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return len(_SPACE.sub("", text))


def _sizes(subject: Subject) -> Iterator[Fault]:
    if subject.type == POLICY:
        yield from _size(subject, "policy", "policy", MANAGED)
        return
    if subject.type == ROLE:
        most = subject.thresholds.trust_characters
        yield from _size(subject, "assumeRolePolicy", "trust policy", most)
    yield from _inline(subject)


def _size(subject: Subject, path: str, what: str, most: int) -> Iterator[Fault]:
    found = characters(subject.at(path))
    if found is None:
        yield unknown(path)
    elif found > most:
        yield Fault(f"has a {what} of {found} characters, more than {most}", path)


def _inline(subject: Subject) -> Iterator[Fault]:
    held = [
        (f"{item.name}.policy", item.properties.get("policy"))
        for token, (key, kind) in INLINE.items()
        if kind == subject.type
        for item in subject.peers(key, token)
    ]
    own = subject.at("inlinePolicies")
    for item in own if isinstance(own, (list, tuple)) else []:
        value = item.get("policy") if isinstance(item, Mapping) else UNKNOWN
        held.append(("inlinePolicies", value))
    sizes = [(path, characters(value)) for path, value in held]
    yield from (unknown(path) for path, size in sizes if size is None)
    total, most = sum(size or 0 for _, size in sizes), INLINE_TOTALS[subject.type]
    if total > most:
        yield Fault(f"has inline policies of {total} characters, more than {most}", sizes[0][0])


def _attached(subject: Subject) -> Iterator[Fault]:
    most = subject.thresholds.attached_policies
    lists = [
        len(subject.peers(key, token))
        for token, keys in ATTACHED.items()
        for key, kind in keys
        if kind == subject.type and not key.endswith("s")
    ]
    own = subject.at("managedPolicyArns")
    found = sum(lists) + (len(own) if isinstance(own, (list, tuple)) else 0)
    if own is UNKNOWN:
        yield unknown("managedPolicyArns")
    elif found > most:
        yield Fault(f"has {found} managed policies, more than {most}", "managedPolicyArns")


SIZES: Final = rule(
    _sizes,
    *PRINCIPALS,
    POLICY,
    name="iam-document-sizes",
    title="Policies are no longer than IAM takes them",
    severity=Severity.MEDIUM,
    why="IAM refuses the last policy when most of an `up` is done",
    fix="split the policy into several managed ones, or name actions by patterns",
    url=_QUOTAS,
)
COUNTS: Final = rule(
    _attached,
    *PRINCIPALS,
    name="iam-attached-count",
    title="Principals have no more managed policies than IAM takes",
    severity=Severity.MEDIUM,
    why="IAM refuses the eleventh attachment when most of an `up` is done",
    fix="join policies, or have the quota raised and set attachedPolicies",
    url=_QUOTAS,
)

RULES: Final[tuple[Rule, ...]] = (SIZES, COUNTS)
