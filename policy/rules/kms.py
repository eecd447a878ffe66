"""Rules on keys: who may use them, who may manage them, and how they end."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules.holders import INLINE, POLICY
from rules.iam import grants
from rules.permissions import clauses, limited
from rules.policies import public
from rules.rule import Level, Rule, Severity
from rules.statements import Statement, statements
from rules.subject import (
    Fault,
    Subject,
    Test,
    not_on,
    number,
    on,
    only_if,
    per_document,
    requires,
    rule,
)

KEY: Final = "aws:kms/key:Key"
KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
_KMS: Final = "https://docs.aws.amazon.com/kms/latest/developerguide/"
_ROOT: Final = re.compile(r"arn:[\w-]+:iam::\d+:root|\d{12}")
_DECRYPTS: Final = ("kms:decrypt", "kms:reencryptfrom")
_ANY_KEY: Final = re.compile(r"\*|arn:[^:]+:kms:[^:]*:[^:]*:(\*|key/\*)")
LONGEST_WAIT: Final = 30
"""Days before a key is deleted, at most and by default.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
"""


def _symmetric(subject: Subject) -> bool:
    return subject.at("customerMasterKeySpec") in (None, UNKNOWN, "SYMMETRIC_DEFAULT")


def _unmanageable(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    if not any(item.allows and _account(item) and _manages(item) for item in statements(body)):
        yield Fault("locks its account out: no statement lets the account manage it", path)


def _account(item: Statement) -> bool:
    """Tell whether a statement speaks of a whole account, whose policies then decide."""
    principal = item.body.get("Principal")
    value = principal.get("AWS") if isinstance(principal, Mapping) else principal
    named = value if isinstance(value, (list, tuple)) else [value]
    return any(one == "*" or _ROOT.fullmatch(str(one)) for one in named)


def _manages(item: Statement) -> bool:
    managing = {"kms:*", "*", "kms:put*", "kms:putkeypolicy"}
    return not managing.isdisjoint(action.lower() for action in item.texts("Action"))


def _soon(subject: Subject) -> Iterator[Fault]:
    least = subject.thresholds.key_deletion_days
    yield from requires(
        "deletionWindowInDays",
        lambda value: value is None or (number(value) or 0) >= least,
        f"is deleted for good in less than {least} days",
    )(subject)


def _decrypting(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for clause in clauses("", path, body):
        if (
            clause.allows
            and any(clause.speaks_of(action) for action in _DECRYPTS)
            and any(_ANY_KEY.fullmatch(item) for item in clause.resources)
            and not limited(clause.conditions)
        ):
            yield Fault("lets its holder decrypt with every key", clause.path)


def _decrypts() -> Test:
    return only_if(grants, per_document("policy", test=_decrypting))


ROTATED: Final = rule(
    only_if(_symmetric, requires("enableKeyRotation", on, "keeps the same key for ever")),
    KEY,
    name="kms-rotation",
    title="Keys rotate",
    severity=Severity.MEDIUM,
    why="The longer one key is used, the more it opens",
    fix="set enable_key_rotation to true",
    url=f"{_KMS}rotate-keys.html",
    controls=("FSBP KMS.4", "CIS 4.6", "CIS5 3.6"),
)
CLOSED: Final = rule(
    per_document("policy", test=public),
    KEY,
    name="kms-not-public",
    title="Key policies name who may use the key",
    severity=Severity.CRITICAL,
    why="Encryption that everybody may undo is none",
    fix="name principals, or narrow the statement by kms:CallerAccount",
    url=f"{_KMS}key-policies.html",
    controls=("FSBP KMS.5", "CIS 2.21"),
)
MANAGEABLE: Final = rule(
    per_document("policy", test=_unmanageable),
    KEY,
    KEY_POLICY,
    name="kms-manageable",
    title="Accounts can manage their keys",
    severity=Severity.HIGH,
    why="When the principals it names are gone, nobody can change or delete the key, AWS neither",
    fix="allow kms:* to arn:aws:iam::<account>:root, and narrow it by policies of principals",
    url=f"{_KMS}key-policy-default.html",
)
LOCKOUT_CHECK: Final = rule(
    requires(
        "bypassPolicyLockoutSafetyCheck", not_on, "is not protected from a policy that locks out"
    ),
    KEY,
    KEY_POLICY,
    name="kms-lockout-check",
    title="Key policies are checked for lock-out",
    severity=Severity.MEDIUM,
    why="AWS then takes a policy that nobody can ever change again",
    fix="remove bypass_policy_lockout_safety_check",
    url="https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html",
)
WINDOW: Final = rule(
    _soon,
    KEY,
    name="kms-deletion-window",
    title="Keys are deleted as late as possible",
    severity=Severity.MEDIUM,
    why="What it encrypted is lost with it; the days until then are the time to notice",
    fix="leave deletion_window_in_days at 30",
    url=f"{_KMS}deleting-keys.html",
    level=Level.ADVISORY,
)
DECRYPT_SCOPED: Final = rule(
    _decrypts(),
    POLICY,
    *INLINE,
    name="kms-decrypt-scoped",
    title="No policy allows to decrypt with every key",
    severity=Severity.MEDIUM,
    why="A key protects only from those who cannot use it",
    fix="name the keys, or narrow the statement by kms:ViaService or kms:ResourceAliases",
    url=f"{_KMS}iam-policies-best-practices.html",
    controls=("FSBP KMS.1", "FSBP KMS.2"),
)

RULES: Final[tuple[Rule, ...]] = (
    ROTATED,
    CLOSED,
    MANAGEABLE,
    LOCKOUT_CHECK,
    WINDOW,
    DECRYPT_SCOPED,
)
