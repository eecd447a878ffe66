"""Files that only their owner reads: secrets, and variables with secrets among them."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from perpetual import secret


def secrets(file: Path, names: Sequence[str]) -> dict[str, str]:
    """Return secrets by name, made at the first time of asking."""
    if not file.is_file():
        private(file, json.dumps({name: secret.generate() for name in names}))
    held: dict[str, str] = json.loads(file.read_text())
    return held


def variables(file: Path, given: Mapping[str, str]) -> None:
    """Write a file of variables, as Docker and Compose read it."""
    private(file, "".join(f"{name}={value}\n" for name, value in given.items()))


def private(file: Path, text: str) -> None:
    """Write a file that only its owner reads; it never exists otherwise, nor in part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    fresh.replace(file)
