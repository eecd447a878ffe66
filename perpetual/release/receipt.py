"""Receipts: which image was checked, by what, and when. A deploy can ask for one.

A receipt is about an image's id, which is a hash of all it holds: what was changed afterwards has
another id, and no receipt.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.release.revision import DIRTY

VERSION: Final = 2
FOLDER: Final = Path(".perpetual") / "receipts"

OLD_CODE: Final = "old code, new schema"
"""Name of the check that a rollback asks for later."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One check: its name, whether it passed, what it saw, and the seconds it took.

    `passed` is `None` where there was nothing to check.
    """

    name: str
    passed: bool | None
    said: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was found out about one image; `checked_at` is UTC, as ISO 8601.

    `previous` is the id of the image whose code was tried with this one's schema, `migrations` are
    the files of the latter.
    """

    image: str
    reference: str
    revision: str
    previous: str | None
    migrations: Sequence[str]
    checked_at: str
    seconds: float
    results: Sequence[Result]

    @property
    def passed(self) -> bool:
        """Tell whether no check failed."""
        return all(result.passed is not False for result in self.results)

    @property
    def backward_compatible(self) -> bool | None:
        """Tell whether the code before runs with this schema; `None` where it was not tried."""
        return next((item.passed for item in self.results if item.name == OLD_CODE), None)


def path(root: Path, image: str) -> Path:
    """Return where the receipt of an image is kept, by its id."""
    return root / FOLDER / f"{image.removeprefix('sha256:')}.json"


def write(root: Path, receipt: Receipt) -> Path:
    """Keep a receipt, in place of an earlier one of the same image; whole or not at all."""
    target = path(root, receipt.image)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_text(document(receipt) + "\n")
    fresh.replace(target)
    return target


def document(receipt: Receipt) -> str:
    """Return a receipt as JSON, with what follows from its results."""
    content = {
        "version": VERSION,
        "passed": receipt.passed,
        "backward_compatible": receipt.backward_compatible,
        **asdict(receipt),
    }
    return json.dumps(content, indent=2)


def read(root: Path, image: str) -> Receipt | None:
    """Return the receipt of an image, or `None` where it was never checked.

    Raises:
        OperatorError: The file is no receipt, or is about another image.
    """
    source = path(root, image)
    if not source.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(source.read_text())
        results = [Result(**item) for item in content.pop("results")]
        version = content.pop("version")
        for derived in ("passed", "backward_compatible"):
            content.pop(derived)
        receipt = Receipt(results=results, **content)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(source, str(error)) from error
    if version != VERSION or receipt.image != image:
        raise _unreadable(source, f"version {version!r}, image {receipt.image}")
    return receipt


def demand(root: Path, image: str) -> Receipt:
    """Return the receipt of an image that passed every check.

    Raises:
        OperatorError: The image was never checked, failed a check, or is of no revision.
    """
    receipt = read(root, image)
    if receipt is None:
        raise OperatorError(
            f"image {image} was never checked", hint="Run `perpetual release check` on it."
        )
    failed = [result.name for result in receipt.results if result.passed is False]
    if failed:
        raise OperatorError(
            f"image {image} failed its check of {receipt.checked_at}: {', '.join(failed)}",
            hint="Correct the release, build it, and run `perpetual release check`.",
        )
    if receipt.revision.endswith(DIRTY):
        raise OperatorError(
            f"image {image} holds what no commit does, so nobody could tell later what ran",
            hint="Commit it, then build and check again without --dirty.",
        )
    return receipt


def _unreadable(source: Path, why: str) -> OperatorError:
    return OperatorError(
        f"{source} is no receipt of this image: {why}",
        hint="Remove it, and run `perpetual release check` again.",
    )
