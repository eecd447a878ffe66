"""Rules on alarms: none that always rings, none that never can."""

from typing import Final

from settings.models import Alarms, Database, DatabaseSource
from settings.problems import Problem
from settings.rules.base import Problems, Rule, repeated


def addresses_are_named_once(alarms: Alarms) -> Problems:
    """SNS keeps one subscription for an address."""
    for item in repeated(alarms.emails):
        yield Problem("alarms.emails", item, "each address once", "remove the second one")


def storage_alarm_can_rest(alarms: Alarms, database: Database) -> Problems:
    """There can be more free storage than the alarm demands."""
    owned = database.source != DatabaseSource.STACK
    if owned and alarms.storage_free_gib >= database.storage_gib:
        yield Problem(
            "alarms.storageFreeGib",
            alarms.storage_free_gib,
            f"less than database.storageGib, {database.storage_gib}, or the alarm never rests",
            f"set it to {max(1, database.storage_gib // 5)}, or raise database.storageGib",
        )


def connections_alarm_can_ring(alarms: Alarms, database: Database) -> Problems:
    """Postgres admits as many connections as the alarm waits for."""
    limit = database.parameters.get("max_connections", "")
    if limit.isdecimal() and alarms.connections >= int(limit):
        yield Problem(
            "alarms.connections",
            alarms.connections,
            f"less than database.parameters.max_connections, {limit}, or the alarm never rings",
            "lower it, or raise max_connections",
        )


RULES: Final[tuple[Rule, ...]] = (
    addresses_are_named_once,
    storage_alarm_can_rest,
    connections_alarm_can_ring,
)
