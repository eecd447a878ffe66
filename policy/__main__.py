# ruff: noqa: INP001 - this folder is a pack on the path, not a package
"""The policy pack, assembled. `PolicyPack` serves until it is stopped: never import this."""

from adapter import policies
from pulumi_policy import EnforcementLevel, PolicyPack

PolicyPack(
    name="perpetual",
    display_name="Perpetual",
    description="Segregated subnets, no public RDS, TLS-only Postgres, and a catalogue of rules.",
    provider="aws",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[*policies()],
)
