"""When to begin: a duration back from now, or a moment."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from perpetual.errors import OperatorError

_DURATION: Final = re.compile(
    r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HINT: Final = (
    "Give a duration such as 30s, 15m, 1h30m or 2d, or a moment such as 2026-11-29T10:00, which "
    "is UTC unless it says otherwise, as in 2026-11-29T10:00+01:00."
)


def parse(text: str, now: datetime) -> datetime:
    """Return the moment that `--since` names, as UTC.

    Raises:
        OperatorError: The text is neither a duration nor a moment, or the moment is yet to come.
    """
    given = text.strip()
    match = _DURATION.fullmatch(given)
    if given and match:
        parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
        try:
            moment = now - timedelta(**parts)
        except OverflowError:
            moment = _EPOCH - timedelta(days=1)
    else:
        moment = _moment(text, given)
    if moment > now:
        raise OperatorError(
            f"--since {text!r} is yet to come: it is {now:%Y-%m-%dT%H:%M:%S} UTC", hint=_HINT
        )
    if moment < _EPOCH:
        raise OperatorError(f"--since {text!r} is before 1970, and so before every log", hint=_HINT)
    return moment.astimezone(UTC)


def _moment(text: str, given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise OperatorError(
            f"--since {text!r} is neither a duration nor a moment", hint=_HINT
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Return a moment as CloudWatch counts: whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    """Return the moment of a CloudWatch timestamp."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
