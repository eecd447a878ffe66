"""The rules: small pure functions from a project to its faults."""

from typing import Final

from perpetual.release.lint.rule import Rule
from perpetual.release.lint.rules import (
    cluster,
    configuration,
    database,
    docker,
    endpoint,
    migrations,
    nodes,
    scripts,
)

RULES: Final[tuple[Rule, ...]] = (
    *scripts.RULES,
    *endpoint.RULES,
    *configuration.RULES,
    *database.RULES,
    *migrations.RULES,
    *cluster.RULES,
    *nodes.RULES,
    *docker.RULES,
)
"""Every rule, in the order in which findings of one line are reported."""
