"""Rules on policy documents as AWS takes them: their words, and their length.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rules.holders import INLINE, POLICY, ROLE
from rules.rule import Rule, Severity
from rules.statements import Statement, statements
from rules.subject import Fault, Subject, per_document, rule

_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
IDENTITY: Final = (POLICY, *INLINE)
RESOURCE: Final = (
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:kms/key:Key",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
)
"""Types of policies on a resource: who may do something to it."""
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_TOP: Final = frozenset({"Version", "Id", "Statement"})
_KEYS: Final = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal", "Condition"),
        *("Action", "NotAction", "Resource", "NotResource"),
    }
)
_ACTION: Final = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")
_ARN: Final = re.compile(r"\*|[^:]*\*[^:]*|arn:[^:]+:.+|\$\{.+", re.DOTALL)
_PLAIN_SID: Final = re.compile(r"[A-Za-z0-9]*")
_LAST_CHARACTER: Final = "\xff"


def _path(subject: Subject) -> str:
    return "assumeRolePolicy" if subject.type == ROLE else "policy"


def _valid(subject: Subject) -> Iterator[Fault]:
    def test(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
        for says, where in _faults(subject, body):
            yield Fault(f"has a document that AWS refuses: {says}", f"{path}{where}")

    yield from per_document(_path(subject), test=test)(subject)


def _faults(subject: Subject, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if unknown := sorted(set(body) - _TOP):
        yield f"it has no element {unknown[0]!r}", ""
    if body.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield f"its Version is none of {', '.join(_VERSIONS)}", ".Version"
    found = list(statements(body))
    if not found:
        yield "it has no statement", ".Statement"
    counted = Counter(str(item.body["Sid"]) for item in found if item.body.get("Sid"))
    yield from ((f"two statements are called {sid}", "") for sid, n in counted.items() if n > 1)
    for item in found:
        for says in (*_statement(item), *_who_and_what(subject.type, item)):
            yield says, f".{item.path}"


def _statement(item: Statement) -> Iterator[str]:
    if unknown := sorted(set(item.body) - _KEYS):
        yield f"a statement has no element {unknown[0]!r}"
    if item.body.get("Effect") not in ("Allow", "Deny"):
        yield "Effect is neither Allow nor Deny"
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if one in item.body and other in item.body:
            yield f"a statement has both {one} and {other}"
    actions = [*item.texts("Action"), *item.texts("NotAction")]
    if not actions:
        yield "a statement names no action"
    for action in actions:
        if not _ACTION.fullmatch(action):
            yield f"{action!r} is no action with its service's prefix"
    operators = item.body.get("Condition", {})
    if not isinstance(operators, Mapping) or not all(
        isinstance(keys, Mapping) for keys in operators.values()
    ):
        yield "Condition is no object of operators and keys"


def _who_and_what(token: str, item: Statement) -> Iterator[str]:
    """Yield what is wrong with principals and resources, by the kind of policy."""
    who = {"Principal", "NotPrincipal"} & set(item.body)
    what = {"Resource", "NotResource"} & set(item.body)
    if token in IDENTITY and who:
        yield f"{min(who)} is of policies on resources, this one is a principal's"
    if token not in IDENTITY and not who:
        yield "a statement names no principal"
    if token == ROLE and what:
        yield f"{min(what)} is not of trust policies, which speak of their role"
    if token in IDENTITY and not what:
        yield "a statement names no resource"
    if token in (*IDENTITY, ROLE) and not _PLAIN_SID.fullmatch(str(item.body.get("Sid", ""))):
        yield "a Sid has other characters than letters and digits"
    for name in (*item.texts("Resource"), *item.texts("NotResource")):
        if token in IDENTITY and not _ARN.fullmatch(name):
            yield f"{name!r} is no ARN"
        if max(name, default="") > _LAST_CHARACTER:
            yield "it has characters beyond U+00FF"


def _no_principal(_: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        if item.allows and "NotPrincipal" in item.body:
            yield Fault("allows everybody but a list", f"{item.path}.NotPrincipal")


def _not_principal(subject: Subject) -> Iterator[Fault]:
    yield from per_document(_path(subject), test=_no_principal)(subject)


VALID: Final = rule(
    _valid,
    *IDENTITY,
    *RESOURCE,
    ROLE,
    name="policy-document-valid",
    title="Policy documents are written as AWS takes them",
    severity=Severity.HIGH,
    why="AWS refuses the document in the middle of an `up`, or reads it as something else",
    fix="correct the document; the grammar of policies lists its elements",
    url=f"{_GUIDE}reference_policies_grammar.html",
)
NO_NOT_PRINCIPAL: Final = rule(
    _not_principal,
    *RESOURCE,
    ROLE,
    name="policy-no-allow-but-principals",
    title="No policy allows everybody but a list",
    severity=Severity.CRITICAL,
    why="Everybody else in the world is allowed, with or without an account",
    fix="name the principals that are allowed; keep NotPrincipal to Deny",
    url=f"{_GUIDE}reference_policies_elements_notprincipal.html",
)

RULES: Final[tuple[Rule, ...]] = (VALID, NO_NOT_PRINCIPAL)
