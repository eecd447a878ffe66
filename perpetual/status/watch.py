"""Looking again and again: a screen that is drawn anew, or a line whenever something changed."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from perpetual.output import show, write
from perpetual.status import document, screen
from perpetual.status.ending import Ended, ending
from perpetual.status.model import Health

SECONDS: Final = 5.0
"""Time between two looks, each of which makes some twenty calls."""

Show = Callable[[Health], bool]
"""Shows what was found; tells whether anybody reads."""


class Screen(StrEnum):
    """Where what is seen goes."""

    DRAWN = "drawn"
    LINES = "lines"
    JSON = "json"

    @classmethod
    def chosen(cls, *, as_json: bool) -> "Screen":
        """Return the form for this stdout."""
        if as_json:
            return cls.JSON
        return cls.DRAWN if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else cls.LINES


def watch(look: Callable[[], Health], form: Screen, seconds: float = SECONDS) -> int:
    """Look until a signal ends it, or nobody reads any more; return the exit code."""
    forms = {Screen.DRAWN: _drawn, Screen.LINES: _lines, Screen.JSON: _json}
    try:
        with ending(), forms[form]() as shown:
            while shown(look()):
                time.sleep(seconds)
    except Ended as ended:
        return ended.code
    return 0


@contextmanager
def _json() -> Iterator[Show]:
    yield lambda found: write(document.render(found, indent=None))


@contextmanager
def _lines() -> Iterator[Show]:
    last = ""

    def line(found: Health) -> bool:
        nonlocal last
        said = screen.summary(found)
        if said == last:
            return True
        last = said
        return write(f"{found.at:%H:%M:%S}  {said}")

    yield line


@contextmanager
def _drawn() -> Iterator[Show]:
    """Draw over the terminal's screen, and leave the last picture behind."""
    from rich.console import Console  # noqa: PLC0415 - costs time that a pipe need not pay
    from rich.live import Live  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    seen: list[Health] = []
    console = Console(highlight=False, no_color="NO_COLOR" in os.environ)

    def draw(found: Health) -> bool:
        seen[:] = [found]
        lines = [
            Text.assemble(*((piece, style) for style, piece in line))
            for line in screen.to_lines(found)
        ]
        live.update(Text("\n").join(lines), refresh=True)
        return True

    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            yield draw
    finally:
        if seen:
            show(screen.to_lines(seen[0]))
