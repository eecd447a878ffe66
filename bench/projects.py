"""Projects to measure: this one's settings and policy pack around another program."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def make(folder: Path, stack: str, *, program: str) -> Path:
    """Make a project of its own around `program`, with this one's settings and policy pack."""
    for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("policy", "release"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "__main__.py").write_text(program)
    return folder


def copies(number: int) -> str:
    """Return the program that registers the service and data layers `number` times."""
    return f"from bench.copies import build\n\nbuild({number})\n"
