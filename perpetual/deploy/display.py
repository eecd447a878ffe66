"""What people see of a run: a live table on a terminal, plain lines anywhere else."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from perpetual.deploy.clock import Clock
from perpetual.deploy.follow import Row, short
from perpetual.deploy.outcome import Phase

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS: Final = {
    "healthy": "green",
    "initial": "yellow",
    "unhealthy": "red",
    "draining": "dim",
    "RUNNING": "",
    "STOPPED": "dim",
}


class Plain:
    """Lines, each with the seconds since the start and the phase: for pipelines and files."""

    def __init__(self, clock: Clock, stream: TextIO) -> None:
        """Write to `stream`."""
        self._clock, self._stream, self._start = clock, stream, clock.seconds()
        self._phase = ""

    def phase(self, phase: Phase) -> None:
        """Begin a phase."""
        self._phase = phase.value

    def line(self, text: str) -> None:
        """Say one thing that happened."""
        seconds = self._clock.seconds() - self._start
        self._stream.write(f"{seconds:6.1f} s  {self._phase:10}{text}\n")
        self._stream.flush()

    def rows(self, rows: Sequence[Row]) -> None:
        """Leave the table out: what changes in it is said in lines."""

    def close(self) -> None:
        """Show nothing more."""


class Table:
    """The same lines, and below them the phase, its seconds, and the tasks as they are now."""

    def __init__(self, clock: Clock, console: "Console") -> None:
        """Draw on a terminal."""
        from rich.live import Live  # noqa: PLC0415 - costs time that a pipe need not pay

        self._clock, self._start = clock, clock.seconds()
        self._began, self._phase = self._start, ""
        self._rows: Sequence[Row] = ()
        self._live: Live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, transient=True
        )

    def phase(self, phase: Phase) -> None:
        """Begin a phase; the first one starts to draw, so that questions can come before."""
        self._phase, self._began = phase.value, self._clock.seconds()
        self._live.start()

    def line(self, text: str) -> None:
        """Say one thing that happened."""
        from rich.text import Text  # noqa: PLC0415 - as above

        seconds = self._clock.seconds() - self._start
        words = Text.assemble((f"{seconds:6.1f} s  ", "dim"), (f"{self._phase:10}", "cyan"), text)
        self._live.console.print(words, soft_wrap=True)

    def rows(self, rows: Sequence[Row]) -> None:
        """Show the tasks as they are now."""
        self._rows = rows

    def close(self) -> None:
        """Show nothing more."""
        self._live.stop()

    def _render(self) -> Any:
        from rich.console import Group  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        now = self._clock.seconds()
        head = Text.assemble(
            (self._phase, "bold"),
            f"  {now - self._began:.0f} s",
            (f"   of {now - self._start:.0f} s", "dim"),
        )
        return Group(head, *([_table(self._rows)] if self._rows else []))


def _table(rows: Sequence[Row]) -> Any:
    from rich.table import Table as Grid  # noqa: PLC0415 - as above

    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("task", "release", "status", "target", "zone"):
        grid.add_column(title)
    for row in rows:
        style = _COLOURS.get(row.target) or _COLOURS.get(row.status, "")
        grid.add_row(
            short(row.task),
            "new" if row.new else "old",
            row.status.lower(),
            row.target or "-",
            row.zone,
            style=style,
        )
    return grid


def display(clock: Clock, *, as_json: bool) -> "Plain | Table":
    """Return what suits where the output goes; with JSON on stdout, lines go to stderr."""
    if as_json:
        return Plain(clock, sys.stderr)
    if not sys.stdout.isatty():
        return Plain(clock, sys.stdout)
    from rich.console import Console  # noqa: PLC0415 - costs time that a pipe need not pay

    return Table(clock, Console(highlight=False))
