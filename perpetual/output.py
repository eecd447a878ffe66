"""What the command writes to stdout: lines in colour, and reports in each of their forms."""

import os
import select
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perpetual.offline.report import Report
    from perpetual.offline.reports.text import Line


class Format(StrEnum):
    """Form of a result on stdout."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


def show_report(report: "Report", form: Format) -> None:
    """Print a report."""
    from perpetual.offline.reports import document, html, junit, markdown, sarif, text  # noqa: PLC0415 - costs time that other commands need not pay

    match form:
        case Format.TEXT:
            show(text.to_lines(report))
        case Format.JSON:
            write(document.render(report))
        case Format.SARIF:
            write(sarif.render(report))
        case Format.JUNIT:
            write(junit.render(report))
        case Format.MARKDOWN:
            write(markdown.render(report))
        case Format.HTML:
            write(html.render(report))


def show(lines: "Iterable[Line]") -> bool:
    """Print lines to stdout, in colour on a terminal; tell whether anybody reads."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return write("\n".join("".join(piece for _, piece in line).rstrip() for line in lines))
    from rich.console import Console  # noqa: PLC0415 - costs time that a pipe need not pay
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((piece, style) for style, piece in line)))
    return True


def write(text: str) -> bool:
    """Write to stdout; tell whether anybody reads.

    A reader that has gone, such as `head`, is nothing to complain about.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def somebody_reads() -> bool:
    """Tell whether stdout still has another end; a file or terminal always has."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return True
    poll = select.poll()
    poll.register(descriptor, 0)
    broken = select.POLLERR | select.POLLNVAL
    return not any(happened & broken for _, happened in poll.poll(0))
