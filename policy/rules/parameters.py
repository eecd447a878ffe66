"""Rules on Systems Manager: parameters and documents."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph import UNKNOWN
from rules import secrets
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, on, only_if, per_document, present, rule, unknown

PARAMETER: Final = "aws:ssm/parameter:Parameter"
DOCUMENT: Final = "aws:ssm/document:Document"
_SSM: Final = "https://docs.aws.amazon.com/systems-manager/latest/userguide/"


def _parameter(subject: Subject) -> Iterator[Fault]:
    kind, name = subject.at("type"), subject.at("name")
    if kind == "SecureString":
        return
    held = [subject.at(key) for key in ("value", "insecureValue")]
    texts = [value for value in held if isinstance(value, str)]
    called = name.rpartition("/")[2] if isinstance(name, str) else ""
    doubtful = UNKNOWN in held and secrets.named(called)
    if kind is UNKNOWN or doubtful:
        yield unknown("type" if kind is UNKNOWN else "value")
    for text in texts:
        if why := secrets.why(called, text):
            yield Fault(f"holds a secret as plain text: {why}", "value")


def _own_key(subject: Subject) -> Iterator[Fault]:
    # The ARN of a key that this `up` makes is not known, and is there all the same.
    if subject.at("type") == "SecureString" and not present(subject.at("keyId")):
        yield Fault("is encrypted with the key of all of the account's parameters", "keyId")


def _shared(subject: Subject) -> Iterator[Fault]:
    value = subject.at("permissions.accountIds")
    if value is UNKNOWN:
        yield unknown("permissions.accountIds")
        return
    named = value if isinstance(value, (list, tuple)) else str(value or "").split(",")
    if UNKNOWN in named:
        yield unknown("permissions.accountIds")
    elif "all" in [str(item).strip().lower() for item in named]:
        yield Fault("is shared with every account", "permissions.accountIds")


def _session(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    inputs = body.get("inputs")
    held = inputs if isinstance(inputs, Mapping) else {}
    if not (present(held.get("cloudWatchLogGroupName")) or present(held.get("s3BucketName"))):
        yield Fault("opens sessions that nobody records", f"{path}.inputs")
    elif not _encrypts(held):
        yield Fault("records sessions without encryption", f"{path}.inputs")


def _encrypts(held: Mapping[str, Any]) -> bool:
    pairs = (
        ("cloudWatchLogGroupName", "cloudWatchEncryptionEnabled"),
        ("s3BucketName", "s3EncryptionEnabled"),
    )
    return all(on(held.get(flag)) for name, flag in pairs if present(held.get(name)))


SECURE_STRING: Final = rule(
    _parameter,
    PARAMETER,
    name="ssm-secure-string",
    title="Secret parameters are SecureStrings",
    severity=Severity.HIGH,
    why="A String is readable with ssm:GetParameter alone, and by whoever sees the history",
    fix="set type to SecureString, with a key of the stack; then replace the secret",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
)
OWN_KEY: Final = rule(
    _own_key,
    PARAMETER,
    name="ssm-own-key",
    title="Secret parameters are encrypted with a key of the stack",
    severity=Severity.LOW,
    why="Everybody who may use the account's default key needs only ssm:GetParameter",
    fix="set key_id to a key of the stack",
    url=f"{_SSM}secure-string-parameter-kms-encryption.html",
    level=Level.ADVISORY,
)
PRIVATE: Final = rule(
    _shared,
    DOCUMENT,
    name="ssm-document-private",
    title="Documents are not shared with everybody",
    severity=Severity.HIGH,
    why="What the document does to hosts, and what it knows of them, is public",
    fix="share it with named accounts, or with none",
    url=f"{_SSM}documents-ssm-sharing.html",
    controls=("FSBP SSM.4",),
)
SESSIONS: Final = rule(
    only_if(
        lambda subject: subject.at("documentType") == "Session",
        per_document("content", test=_session),
    ),
    DOCUMENT,
    name="ssm-sessions-recorded",
    title="Sessions on hosts are recorded, encrypted",
    severity=Severity.MEDIUM,
    why="Nobody can tell what was done on a host, and by whom",
    fix="name a log group or a bucket in the document's inputs, and switch its encryption on",
    url=f"{_SSM}session-manager-logging.html",
)

RULES: Final[tuple[Rule, ...]] = (SECURE_STRING, OWN_KEY, PRIVATE, SESSIONS)
