"""What looks like a secret: by the name it goes by, by its shape, by its entropy. Pure."""

import base64
import binascii
import math
import re
from collections import Counter
from typing import Final

_NAME: Final = re.compile(
    r"(^|[_\-.]|PG)(PASS(WORD|WD|PHRASE)?|SECRET(_?KEY(_?BASE)?)?|TOKEN|API_?KEY|PRIVATE_?KEY"
    r"|ACCESS_?KEY|CREDENTIALS?|COOKIE|SIGNING_?KEY|ENCRYPTION_?KEY)($|[_\-.])",
    re.IGNORECASE,
)
# What such a name ends in when its value only says where the secret is, or how it is used.
_ABOUT: Final = re.compile(
    r"(ARN|NAME|PATH|FILE|URL|URI|HOST|PARAMETER|TTL|AGE|LENGTH|ENABLED|TYPE|ID|SECONDS|DAYS)$",
    re.IGNORECASE,
)
_SHAPES: Final = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (\w+ )?PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a URL with a password": re.compile(
        r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@${}]+@", re.IGNORECASE
    ),
}
# Such as SECRET_KEY_BASE: 64 random bytes in base64 or hex, without the dots and slashes of names.
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
BITS: Final = 4.2
"""Bits of entropy per character from which a text looks random, by default."""
_BETWEEN: Final = re.compile(r"[-_/]")
_RUN: Final = 16
_HEX: Final = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_HEX_BITS: Final = 3.0
_DIGEST: Final = re.compile(
    r"(@?sha256:|^)[0-9a-f]{64}$|^[0-9a-f]{40}$|^sha(256|384|512)[-:][A-Za-z0-9+/=]+$"
)
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = re.compile(rb"-----BEGIN (\w+ )?PRIVATE KEY-----")
_ASSIGNED: Final = re.compile(r"(?:^|\s|['\"])(?:--([A-Za-z][\w-]*)[= ]|([A-Za-z_]\w*)=)(\S+)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ELSEWHERE: Final = re.compile(r"arn:[^\s:]+:\S+|/[\w.-]+(/[\w.-]+)+")
"""Where a secret is: an ARN, or the path of a parameter or file."""
_REFERENCE: Final = "$`<{"
"""What a value starts with that is filled in later."""


def entropy(text: str) -> float:
    """Return the bits that each character of `text` carries, by its own frequencies."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if text else 0.0


def shape(text: str) -> str | None:
    """Return what secret `text` holds by its shape, or `None`."""
    found = next((what for what, form in _SHAPES.items() if form.search(text)), None)
    return found or ("a private key" if _KEY.search(_decoded(text)) else None)


def _decoded(text: str) -> bytes:
    """Return what base64 hides; nothing for other texts."""
    if not _ENCODED.fullmatch(text):
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _random(value: str, bits: float) -> bool:
    if _DIGEST.search(value) or _decoded(value).startswith(_CERTIFICATE):
        return False
    if _HEX.fullmatch(value):
        return entropy(value) >= _HEX_BITS
    # Names of things are words between dashes; a long run of mixed characters is none.
    mixed = any(
        len(run) >= _RUN and re.search(r"\d", run) and re.search(r"[A-Z]", run)
        for run in _BETWEEN.split(value)
    )
    return bool(_RANDOM.fullmatch(value)) and mixed and entropy(value) >= bits


def named(name: str) -> bool:
    """Tell whether a variable of this name holds a secret."""
    parted = _CAMEL.sub("_", name).replace("-", "_")
    return bool(_NAME.search(parted)) and not _ABOUT.search(parted)


def why(name: str, value: str, bits: float = BITS) -> str | None:
    """Return why `name` with `value` is taken for a secret, or `None`; never the value.

    From `bits` of entropy per character, a long text looks random.
    """
    if not value:
        return None
    found = shape(value)
    if found:
        return f"its value holds {found}"
    if named(name) and not _ELSEWHERE.fullmatch(value):
        return "its name says so"
    return "its value looks random" if _random(value, bits) else None


def assigned(text: str) -> str | None:
    """Return which secret a command sets in plain text, such as `--password x`, or `None`."""
    for option, variable, value in _ASSIGNED.findall(text):
        name, plain = option or variable, value.strip("\"'")
        if plain and plain[0] not in _REFERENCE and named(name.replace("-", "_")):
            return f"it sets {name}"
    return None
