"""Rules on certificates."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from rules.balancer import LISTENERS
from rules.edge import attached
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, only_if, present, requires, rule, unknown

CERTIFICATE: Final = "aws:acm/certificate:Certificate"
_VALIDATION: Final = "aws:acm/certificateValidation:CertificateValidation"
_ACM: Final = "https://docs.aws.amazon.com/acm/latest/userguide/"
_KEYS: Final = frozenset(
    {"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}
)


def _imported(subject: Subject) -> bool:
    return any(present(subject.at(key)) for key in ("certificateBody", "privateKey"))


def _requested(subject: Subject) -> bool:
    return not _imported(subject) and not present(subject.at("certificateAuthorityArn"))


def _wildcard(subject: Subject) -> Iterator[Fault]:
    path = "subjectAlternativeNames"
    names = subject.at(path)
    others = [(path, name) for name in (names if isinstance(names, list) else [names])]
    for path, value in [("domainName", subject.at("domainName")), *others]:
        if value is UNKNOWN:
            yield unknown(path)
        elif isinstance(value, str) and value.startswith("*."):
            yield Fault(f"is for {value}, whatever that will be", path)


def _validated(subject: Subject) -> Iterator[Fault]:
    if not any(subject.peers("certificateArn", token) for token in LISTENERS):
        return
    found = attached(subject, _VALIDATION, "certificateArn")
    if found is None:
        yield unknown("id")
    elif not found:
        yield Fault("serves a listener that does not wait until it is issued", "validationMethod")


def _import(subject: Subject) -> Iterator[Fault]:
    if _imported(subject):
        yield Fault("is imported, so that nobody renews it", "certificateBody")


KEY: Final = rule(
    only_if(
        lambda subject: not _imported(subject),
        requires(
            "keyAlgorithm",
            lambda value: value is None or (isinstance(value, str) and value in _KEYS),
            "has a key that is too short",
        ),
    ),
    CERTIFICATE,
    name="acm-key",
    title="Certificates have keys of 2048 bits or more",
    severity=Severity.HIGH,
    why="Shorter RSA keys can be broken, and browsers refuse them",
    fix="set key_algorithm to RSA_2048 or EC_prime256v1",
    url=f"{_ACM}acm-certificate-characteristics.html",
    controls=("FSBP ACM.2",),
)
BY_DNS: Final = rule(
    only_if(
        _requested,
        requires("validationMethod", lambda value: value == "DNS", "is not validated by DNS"),
    ),
    CERTIFICATE,
    name="acm-dns-validation",
    title="Certificates are validated by DNS",
    severity=Severity.MEDIUM,
    why="A certificate validated by mail expires with the mailbox of whoever left",
    fix="set validation_method to DNS",
    url=f"{_ACM}dns-validation.html",
    level=Level.ADVISORY,
)
WILDCARD: Final = rule(
    _wildcard,
    CERTIFICATE,
    name="acm-no-wildcard",
    title="Certificates name their hosts",
    severity=Severity.LOW,
    why="One stolen key stands for every host that there will ever be",
    fix="name the hosts in domain_name and subject_alternative_names",
    url=f"{_ACM}acm-certificate-characteristics.html",
    level=Level.ADVISORY,
)
VALIDATED: Final = rule(
    only_if(_requested, _validated),
    CERTIFICATE,
    name="acm-validated",
    title="Listeners wait until their certificate is issued",
    severity=Severity.MEDIUM,
    why="AWS refuses a listener whose certificate is still pending, after most of a long `up`",
    fix="take the listener's certificate_arn from a CertificateValidation",
    url=f"{_ACM}dns-validation.html",
    level=Level.ADVISORY,
)
IMPORTED: Final = rule(
    _import,
    CERTIFICATE,
    name="acm-not-imported",
    title="Certificates are renewed by AWS",
    severity=Severity.MEDIUM,
    why="An imported certificate expires on the day that nobody remembers, its key in the state",
    fix="request the certificate from ACM instead",
    url=f"{_ACM}import-certificate.html",
    controls=("FSBP ACM.1",),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (KEY, BY_DNS, WILDCARD, VALIDATED, IMPORTED)
