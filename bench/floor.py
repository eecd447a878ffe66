"""The floor every Pulumi program pays: a bare import of the SDK packages this program uses."""

import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"\baws\.(\w+)\.([A-Z]\w+)")


def service_packages() -> dict[str, str]:
    """Return each service package the components name, with one resource class it is named for."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "components").rglob("*.py")))
    return dict(NAMED.findall(text))


def main() -> None:
    """Import them all, whole; naming one class loads a service package entirely."""
    importlib.import_module("pulumi")
    importlib.import_module("pulumi_docker")
    importlib.import_module("pulumi_random")
    for package, name in service_packages().items():
        getattr(importlib.import_module(f"pulumi_aws.{package}"), name)
    if "--list" in sys.argv:
        sys.stdout.write(", ".join(sorted(service_packages())) + "\n")


if __name__ == "__main__":
    main()
