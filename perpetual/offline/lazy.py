"""Load only the SDK modules a program touches, without changing what it sees.

A Pulumi SDK's service package imports every resource of the service as soon as one is named: for
`aws.ec2.Vpc`, some 200 modules. Offline, `install` makes such packages resolve names on first use
instead (PEP 562). Nothing is skipped or replaced: a name is found in the very module that the
package would have imported it from, read off the package's own `__init__.py`. A package that does
anything beyond re-exporting its modules is left alone.

The engine's own runs never come here; the captured result is the same either way, and a test
holds it so.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_OUTPUTS = "outputs"


def install(*packages: str) -> None:
    """Make the direct subpackages of `packages`, such as `pulumi_aws`, resolve names lazily.

    Subpackages imported already stay as they are. Calling it twice changes nothing.
    """
    there = [finder.packages for finder in sys.meta_path if isinstance(finder, _Finder)]
    fresh = frozenset(packages).difference(*there)
    if fresh:
        sys.meta_path.insert(0, _Finder(fresh))


class _Finder(MetaPathFinder):
    """Finds subpackages and output types of the chosen packages, and gives them lazy loaders."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        parts = rest.split(".") if rest else []
        if package not in self.packages or not 1 <= len(parts) <= 2:  # noqa: PLR2004 - depth
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or spec.origin is None:
            return None
        if len(parts) == 1 and spec.submodule_search_locations:
            spec.loader = _PackageLoader(spec.loader, Path(spec.origin))
        elif parts[-1] == _OUTPUTS:
            # Output types are named in annotations only, until a result of that type is read.
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


class _PackageLoader(Loader):
    """Gives a package its `__getattr__` instead of running its `__init__.py`."""

    def __init__(self, eager: Loader, init: Path) -> None:
        self._eager = eager
        self._init = init

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._eager.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        exports = _exports(self._init)  # now: most of an SDK's packages are never touched
        if exports is None:
            self._eager.exec_module(module)
            return

        def resolve(name: str) -> Any:
            if name not in exports:
                message = f"module {module.__name__!r} has no attribute {name!r}"
                raise AttributeError(message)
            holder = importlib.import_module(f".{exports[name]}", module.__name__)
            value = holder if exports[name] == name else getattr(holder, name)
            setattr(module, name, value)
            return value

        vars(module)["__getattr__"] = resolve
        # A star import of the package must still find every public name.
        vars(module)["__all__"] = [name for name in exports if not name.startswith("_")]
        vars(module)["__dir__"] = lambda: sorted({*vars(module), *exports})


def _exports(init: Path) -> dict[str, str] | None:
    """Map every public name of a package to its module, or return None if it is not that simple.

    Later star imports win over earlier ones, as they do when the file runs.
    """
    exports: dict[str, str] = {}
    submodules: list[str] = []
    for statement in ast.parse(init.read_bytes()).body:
        match statement:
            case ast.Import():
                pass
            case ast.ImportFrom(level=1, module=str(module), names=[ast.alias(name="*")]):
                names = _all(init.parent / f"{module}.py")
                if names is None:
                    return None
                submodules.append(module)
                exports.update(dict.fromkeys(names, module))
            case ast.ImportFrom(level=1, module=None, names=names):
                submodules.extend(alias.name for alias in names)
            case ast.ImportFrom(level=2, module=None):
                pass
            case _:
                return None
    return {module: module for module in submodules} | exports


def _all(source: Path) -> list[str] | None:
    """Return `__all__` of a module without running or parsing the rest of it."""
    if not source.is_file():
        return None
    literal = "".join(_literal(source))
    return list(ast.literal_eval(literal)) if literal else None


def _literal(source: Path) -> Iterator[str]:
    """Yield the lines of a module's `__all__ = [...]`, from the bracket to its end."""
    inside = False
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            if not inside and line.startswith("__all__ ="):
                inside, line = True, line.partition("=")[2].strip()  # noqa: PLW2901 - the same line's rest
            if inside:
                yield line
                if "]" in line:
                    return
