"""Rules on Secrets Manager; secrets that RDS manages for its databases are not the stack's."""

import re
from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from rules.policies import public
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    names,
    number,
    per_document,
    requires,
    rule,
    unknown,
)

SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type, not a secret
ROTATION: Final = "aws:secretsmanager/secretRotation:SecretRotation"
POLICY: Final = "aws:secretsmanager/secretPolicy:SecretPolicy"
_GUIDE: Final = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/"
_RATE: Final = re.compile(r"rate\((\d+) (hour|day)s?\)")
_HOURS: Final = 24


def _rotates(subject: Subject) -> Iterator[Fault]:
    if not subject.peers("secretId", ROTATION):
        yield Fault("keeps the same value for ever: nothing rotates it", "secretId")


def _often(subject: Subject) -> Iterator[Fault]:
    most = subject.thresholds.secret_days
    path = "rotationRules.automaticallyAfterDays"
    days, schedule = subject.at(path), subject.at("rotationRules.scheduleExpression")
    if UNKNOWN in (days, schedule):
        yield unknown(path if days is UNKNOWN else "rotationRules.scheduleExpression")
        return
    found = number(days) if days is not None else _days(schedule)
    # A cron expression rotates once a year at the least, as often as its fields say.
    if found is None and not str(schedule).startswith("cron("):
        yield Fault("says no time after which the secret rotates", path)
    elif found is not None and found > most:
        yield Fault(f"rotates its secret after {found:g} days, more than {most}", path)


def _days(schedule: object) -> float | None:
    read = _RATE.fullmatch(str(schedule))
    return int(read[1]) / (_HOURS if read[2] == "hour" else 1) if read else None


ROTATED: Final = rule(
    _rotates,
    SECRET,
    name="secretsmanager-rotated",
    title="Secrets rotate",
    severity=Severity.MEDIUM,
    why="A secret that leaked, unnoticed, opens the same door for ever",
    fix="add a SecretRotation",
    url=f"{_GUIDE}rotating-secrets.html",
    controls=("FSBP SecretsManager.1",),
    level=Level.ADVISORY,
)
OFTEN: Final = rule(
    _often,
    ROTATION,
    name="secretsmanager-rotated-often",
    title="Secrets rotate often enough",
    severity=Severity.MEDIUM,
    why="What leaked is of use until the next rotation",
    fix="set automatically_after_days to 90 or less",
    url=f"{_GUIDE}rotate-secrets_schedule.html",
    controls=("FSBP SecretsManager.4",),
)
OWN_KEY: Final = rule(
    names("kmsKeyId", "is encrypted with the key of all of the account's secrets"),
    SECRET,
    name="secretsmanager-own-key",
    title="Secrets are encrypted with a key of the stack",
    severity=Severity.LOW,
    why="Who reads the secret can then be told, and stopped, by the key; other accounts need it",
    fix="set kms_key_id",
    url=f"{_GUIDE}security-encryption.html",
    level=Level.ADVISORY,
)
RECOVERABLE: Final = rule(
    requires(
        "recoveryWindowInDays",
        lambda value: value is None or (number(value) or 0) > 0,
        "is deleted at once, for good",
    ),
    SECRET,
    name="secretsmanager-recoverable",
    title="Deleted secrets can be brought back",
    severity=Severity.MEDIUM,
    why="A renamed secret is a deleted one, and what it opened stays closed",
    fix="leave recovery_window_in_days at 30",
    url=f"{_GUIDE}manage_delete-secret.html",
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
CLOSED: Final = rule(
    per_document("policy", test=public),
    SECRET,
    POLICY,
    name="secretsmanager-not-public",
    title="Policies of secrets name whom they let in",
    severity=Severity.CRITICAL,
    why="Everybody may read the secret",
    fix="name principals, or narrow the statement by account or organization",
    url=f"{_GUIDE}auth-and-access_resource-policies.html",
)

RULES: Final[tuple[Rule, ...]] = (ROTATED, OFTEN, OWN_KEY, RECOVERABLE, CLOSED)
