"""Every operator: those that make a stack worse, and those that change nothing that matters."""

from typing import Final

from tests.mutants.bad import (
    balancer,
    containers,
    data,
    groups,
    hosts,
    keys,
    lists,
    network,
    permissions,
    tls,
    trust,
)
from tests.mutants.operators import Operator
from tests.mutants.same import additions, documents, forms, names, values
from tests.mutants.same import groups as same_groups
from tests.mutants.same import network as same_network

WORSE: Final[tuple[Operator, ...]] = (
    *network.OPERATORS,
    *lists.OPERATORS,
    *groups.OPERATORS,
    *data.OPERATORS,
    *tls.OPERATORS,
    *containers.OPERATORS,
    *hosts.OPERATORS,
    *balancer.OPERATORS,
    *permissions.OPERATORS,
    *trust.OPERATORS,
    *keys.OPERATORS,
)
"""Each change of these must be found."""

SAME: Final[tuple[Operator, ...]] = (
    *names.OPERATORS,
    *documents.OPERATORS,
    *same_network.OPERATORS,
    *same_groups.OPERATORS,
    *values.OPERATORS,
    *forms.OPERATORS,
    *additions.OPERATORS,
)
"""No change of these may be found."""
