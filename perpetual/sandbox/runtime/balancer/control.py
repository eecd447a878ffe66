"""HAProxy's own commands, by TCP on loopback: what its servers are doing, and what they shall do.

https://docs.haproxy.org/3.0/management.html#9.3
"""

import csv
import io
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from perpetual.sandbox.runtime.containers import LOOPBACK

_SECONDS: Final = 10.0
_CHUNK: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Row:
    """One server as HAProxy sees it.

    `check` is the outcome of the last health check, such as `L7OK`, empty before the first; a check
    under way is marked by a star there, which is left out here. `code` is HTTP's, 0 without one.
    """

    status: str
    check: str
    code: int


@dataclass(frozen=True, kw_only=True)
class Control:
    """HAProxy's commands at a port of loopback."""

    port: int

    def ask(self, *commands: str) -> str:
        """Run commands and return what HAProxy said.

        Raises:
            OSError: Nobody answers.
        """
        with socket.create_connection((LOOPBACK, self.port), timeout=_SECONDS) as connection:
            connection.sendall(("; ".join(commands) + "\n").encode())
            said = io.BytesIO()
            while chunk := connection.recv(_CHUNK):
                said.write(chunk)
        return said.getvalue().decode()

    def rows(self) -> dict[tuple[str, str], Row]:
        """Return every server, by backend and name."""
        return parse(self.ask("show stat -1 4 -1"))


def parse(said: str) -> dict[tuple[str, str], Row]:
    """Return the servers in what `show stat` prints."""
    table = csv.DictReader(io.StringIO(said.removeprefix("# ")))
    return {(line["pxname"], line["svname"]): _row(line) for line in table}


def _row(line: Mapping[str, str]) -> Row:
    return Row(
        status=line["status"],
        check=line["check_status"].removeprefix("* "),
        code=int(line["check_code"] or 0),
    )
