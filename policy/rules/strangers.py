"""A rule on policies of resources that let another account in.

The account of a stack is the one that most ARNs in it name; where several are named equally often,
each of them may be it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from graph import Graph
from graph.tokens import VPC_ENDPOINT
from rules.documents import RESOURCE
from rules.plain_secrets import texts
from rules.rule import Level, Rule, Severity
from rules.statements import Statement, statements
from rules.subject import Fault, Subject, per_document, rule

_ARNS: Final = re.compile(r"\barn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):")
_PRINCIPAL: Final = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):.+|(\d{12})")
_OWN_ORGANIZATION: Final = "aws:principalorgid"


@lru_cache(maxsize=1)  # every policy of a graph asks, and all its texts are read
def own_accounts(graph: Graph) -> frozenset[str]:
    """Return the ids of the accounts that most ARNs in a graph name: one, or several as often."""
    counted = Counter(
        account
        for resource in graph.index.by_urn.values()
        for _, _, text in texts(resource.properties, "")
        for account in _ARNS.findall(text)
    )
    most = max(counted.values(), default=0)
    return frozenset(account for account, number in counted.items() if number == most)


def _accounts(item: Statement) -> list[str]:
    """Return the ids of the accounts that a statement's principals are of."""
    principal = item.body.get("Principal")
    value = principal.get("AWS") if isinstance(principal, Mapping) else None
    named = value if isinstance(value, (list, tuple)) else [value]
    found = [_PRINCIPAL.fullmatch(one) for one in named if isinstance(one, str)]
    return [match[1] or match[2] for match in found if match]


def _of_the_organization(item: Statement) -> bool:
    return any(
        key == _OWN_ORGANIZATION and operator in ("StringEquals", "StringLike") and "*" not in ids
        for operator, key, ids in item.conditions
    )


def _let_in(graph: Graph, path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item in statements(body):
        accounts = _accounts(item) if item.allows and not _of_the_organization(item) else []
        foreign = sorted({*accounts} - own_accounts(graph)) if accounts else []
        if foreign:
            yield Fault(f"lets another account in, {foreign[0]}", f"{path}.{item.path}")


def _strangers(subject: Subject) -> Iterator[Fault]:
    yield from per_document("policy", test=partial(_let_in, subject.graph))(subject)


NO_STRANGERS: Final = rule(
    _strangers,
    *RESOURCE,
    VPC_ENDPOINT,
    name="policy-no-strangers",
    title="Policies of resources let no other account in",
    severity=Severity.HIGH,
    why="Who has the rights there is decided by somebody else, and nobody here sees it change",
    fix="name principals of this account, or demand aws:PrincipalOrgID; make an exception for a "
    "partner, or for the account that AWS writes a balancer's logs from in older regions",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (NO_STRANGERS,)
