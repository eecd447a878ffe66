"""What looks like a secret: by the name it goes by, by its shape, by its entropy. Pure."""

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
_BITS: Final = 4.2
_HEX: Final = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_HEX_BITS: Final = 3.0
_DIGEST: Final = re.compile(r"(sha256:|@sha256:|^)[0-9a-f]{64}$|^[0-9a-f]{40}$")


def entropy(text: str) -> float:
    """Return the bits that each character of `text` carries, by its own frequencies."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if text else 0.0


def shape(text: str) -> str | None:
    """Return what secret `text` holds by its shape, or `None`."""
    return next((what for what, form in _SHAPES.items() if form.search(text)), None)


def _random(value: str) -> bool:
    if _DIGEST.search(value):
        return False
    if _HEX.fullmatch(value):
        return entropy(value) >= _HEX_BITS
    mixed = any(char.isdigit() for char in value) and any(char.isupper() for char in value)
    return bool(_RANDOM.fullmatch(value)) and mixed and entropy(value) >= _BITS


def named(name: str) -> bool:
    """Tell whether a variable of this name holds a secret."""
    return bool(_NAME.search(name)) and not _ABOUT.search(name)


def why(name: str, value: str) -> str | None:
    """Return why `name` with `value` is taken for a secret, or `None`; never the value."""
    if not value:
        return None
    found = shape(value)
    if found:
        return f"its value holds {found}"
    if named(name):
        return "its name says so"
    return "its value looks random" if _random(value) else None
