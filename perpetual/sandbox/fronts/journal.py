"""What the mocks front has made, on disk from the moment it is made: a run may be killed any time.

A line for the sandbox, then one for each change: a resource as it stands, or that it is gone. A run
that was killed may leave a line unfinished.
"""

import json
from collections import UserDict
from dataclasses import asdict
from pathlib import Path
from typing import Final

from perpetual.sandbox.fronts.mocks import Deployed
from perpetual.sandbox.runtime.authority import keep

_ENDPOINT: Final = "endpoint"


class Journal(UserDict[str, Deployed]):
    """Resources by URN, as `mocks.apply` keeps them; each change of it is in the file at once."""

    def __init__(self, file: Path, endpoint: str) -> None:
        """Read what an earlier run has made in the sandbox at an endpoint, and go on from there."""
        super().__init__()
        self.data = _read(file, endpoint)
        first = json.dumps({_ENDPOINT: endpoint})
        keep(file, "\n".join((first, *(_line(urn, one) for urn, one in self.items()), "")))
        self._file = file

    def __setitem__(self, urn: str, one: Deployed) -> None:
        """Put a resource."""
        self._write(_line(urn, one))
        super().__setitem__(urn, one)

    def __delitem__(self, urn: str) -> None:
        """Take a resource out."""
        super().__delitem__(urn)
        self._write(_line(urn, None))

    def _write(self, line: str) -> None:
        with self._file.open("a") as file:
            file.write(f"{line}\n")


def _line(urn: str, one: Deployed | None) -> str:
    return json.dumps([urn, asdict(one) if one else None])


def _read(file: Path, endpoint: str) -> dict[str, Deployed]:
    try:
        head, *lines = file.read_text().splitlines()
    except (FileNotFoundError, ValueError):
        return {}
    if json.loads(head)[_ENDPOINT] != endpoint:
        return {}
    found: dict[str, Deployed] = {}
    for line in lines:
        try:
            urn, one = json.loads(line)
        except ValueError:
            # A disk that was full, or a run that was killed: what it tells of is not known.
            continue
        # Taken out first: what is put again stands last, as in the dictionary itself.
        found.pop(urn, None)
        if one:
            found[urn] = Deployed(**one)
    return found
