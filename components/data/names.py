"""Physical names of the database, known before it exists, and shared by key policy and alarms."""

from typing import Final

from perpetual import contract
from perpetual.contract import Limit

LOG_EXPORTS: Final = ("postgresql", "upgrade")
"""Logs that RDS sends to CloudWatch."""


def identifier(stack: contract.Stack) -> str:
    """Return the identifier of the stack's primary instance."""
    return stack.physical("postgres", limit=Limit.DB_IDENTIFIER)


def replica_identifiers(stack: contract.Stack, count: int) -> list[str]:
    """Return the identifiers of `count` read replicas, numbered from 1."""
    return [
        stack.physical("postgres", "replica", str(number), limit=Limit.DB_IDENTIFIER)
        for number in range(1, count + 1)
    ]


def log_group(instance: str, export: str) -> str:
    """Return the log group that RDS writes one exported log of `instance` to.

    RDS prescribes the name; a group that exists already keeps its key and retention:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
    """
    return f"/aws/rds/instance/{instance}/{export}"
