"""Lazy loading changes when an SDK module is imported, never what a name is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perpetual.offline import lazy

SIMPLE = """
import builtins as _builtins
from .. import _utilities
import typing
from .early import *
from .late import *
from . import outputs
"""


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a small SDK of one service, importable as `sdk_under_test`, and forget it afterwards."""
    service = tmp_path / "sdk_under_test" / "service"
    service.mkdir(parents=True)
    (service.parent / "__init__.py").touch()
    (service.parent / "_utilities.py").touch()
    (service / "__init__.py").write_text(SIMPLE)
    (service / "early.py").write_text('__all__ = ["Both", "Early"]\nBoth = "early"\nEarly = 1\n')
    (service / "late.py").write_text(
        '__all__ = [\n    "Both",\n    "Late",\n]\nBoth = "late"\nLate = 2\n'
    )
    (service / "outputs.py").write_text('__all__ = ["Result"]\nResult = 3\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    # Whoever ran before in this process, or nobody, has made other packages lazy.
    lazy.install("another_sdk")
    lazy.install("sdk_under_test")
    yield service
    for name in [name for name in sys.modules if name.startswith("sdk_under_test")]:
        del sys.modules[name]


def imported(module: str) -> bool:
    """Tell whether a module of the small SDK has been loaded."""
    return f"sdk_under_test.service.{module}" in sys.modules


@pytest.mark.usefixtures("sdk")
def test_naming_a_resource_imports_its_module_only() -> None:
    """`Late` comes from late.py; early.py stays on disk."""
    from sdk_under_test import service  # type: ignore[import-not-found]  # noqa: PLC0415 - made by the fixture

    assert service.Late == 2
    assert imported("late")
    assert not imported("early")


@pytest.mark.usefixtures("sdk")
def test_the_later_star_import_wins() -> None:
    """A name two modules export is the later one's, as when the file runs."""
    from sdk_under_test import service  # noqa: PLC0415 - made by the fixture

    assert service.Both == "late"


@pytest.mark.usefixtures("sdk")
def test_an_unknown_name_is_an_attribute_error() -> None:
    """The message is Python's own."""
    from sdk_under_test import service  # noqa: PLC0415 - made by the fixture

    with pytest.raises(AttributeError, match="has no attribute 'Missing'"):
        _ = service.Missing


@pytest.mark.usefixtures("sdk")
def test_a_star_import_finds_everything() -> None:
    """Names not touched yet are exported too."""
    names: dict[str, object] = {}
    exec("from sdk_under_test.service import *", names)  # noqa: S102 - the statement under test
    assert (names["Early"], names["Late"], names["Both"]) == (1, 2, "late")


@pytest.mark.usefixtures("sdk")
def test_output_types_load_when_one_is_read() -> None:
    """Annotations mention `outputs` without needing it."""
    from sdk_under_test import service  # noqa: PLC0415 - made by the fixture

    assert service.outputs.Result == 3


def test_a_package_that_does_more_than_export_is_left_alone(sdk: Path) -> None:
    """Its own `__init__.py` runs, whatever it does."""
    (sdk / "__init__.py").write_text("from .early import *\nif True:\n    Extra = 4\n")
    from sdk_under_test import service  # noqa: PLC0415 - made by the fixture

    assert (service.Extra, service.Early) == (4, 1)


EVERY_NAME = """
import importlib, json, sys
if sys.argv[1] == "lazy":
    from perpetual.offline import lazy
    lazy.install("pulumi_aws")
package = importlib.import_module(f"pulumi_aws.{sys.argv[2]}")
names = {name: getattr(package, name) for name in dir(package) if not name.startswith("_")}
print(json.dumps({n: f"{getattr(v, '__module__', '')}:{getattr(v, '__qualname__', '')}"
                  for n, v in names.items() if n != "typing"}))
"""


@pytest.mark.parametrize("service", ["ecs", "rds", "vpc"])
def test_the_real_sdk_exports_the_same_names(service: str) -> None:
    """Every public name of a service resolves to the very same definition."""
    eager, lazily = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", EVERY_NAME, how, service],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for how in ("eager", "lazy")
    )
    assert lazily == eager
