"""Judge again on every save, from a process that has loaded the SDK already.

The watcher itself never runs the program. For each judgement it forks a child, which runs the
program on a pack that was started beforehand, prints, and ends; so every run begins with fresh
modules and a fresh pack, and pays for loading neither. What SDK modules a child had to load it
reports back, and the watcher loads them for the next one.

The watcher imports gRPC but never opens a channel: a channel's threads would not survive a fork.
"""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import watch as changes_in

from perpetual import processes
from perpetual.errors import COULD_NOT_RUN, OperatorError
from perpetual.offline import lazy
from perpetual.offline.pack import Pack
from perpetual.offline.preview import SDKS, Clock, Options, Plan, judge, plan
from perpetual.offline.report import Report

_SUFFIXES: Final = (".py", ".yaml", ".yml")
_TICK_MILLISECONDS: Final = 100
_SETTLE_MILLISECONDS: Final = 20

Show = Callable[[Report, bool], None]
"""Prints a report; the flag says whether it is the first one."""


class Watcher:
    """The state between two saves: a warm pack, and perhaps a judgement under way."""

    def __init__(self, options: Options, show: Show, say: Callable[[str], object]) -> None:
        """Start with nothing warm."""
        self._options = options
        self._show = show
        self._say = say
        self._pack: Pack | None = None
        self._child: int | None = None
        self._report: int | None = None
        self._first = True

    def judge(self, changed: Iterable[Path] = ()) -> None:
        """Drop a judgement under way, and fork a new one for the files as they are now."""
        self._abandon()
        try:
            planned = plan(self._options)
            pack = self._warm(planned, changed)
        except OperatorError as error:
            self._say(str(error))
            return
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.close(read)
            self._judged(planned, pack, write)
        os.close(write)
        processes.own(child)
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)  # in both processes: whichever comes first
        self._child, self._report = child, read

    def tick(self) -> None:
        """Look whether the judgement has ended; if so, get ready for the next one."""
        if self._child is None or self._report is None:
            return
        ended, _ = os.waitpid(self._child, os.WNOHANG)
        if not ended:
            return
        with os.fdopen(self._report) as report:
            loaded = report.read().split()
        self._child = self._report = None
        self._first = False
        if self._pack:
            identity, folder = self._pack.identity, self._pack.folder
            self._pack.close()
            self._pack = None
            with suppress(OperatorError):
                self._pack = Pack(folder, identity)
        _preload(loaded)

    def close(self) -> None:
        """End whatever is left."""
        self._abandon()
        if self._pack:
            self._pack.close()

    def _warm(self, planned: Plan, changed: Iterable[Path]) -> Pack:
        """Return a pack that has judged nothing yet and knows this configuration."""
        pack = self._pack
        stale = pack is not None and (
            pack.identity != planned.identity
            or any(path.is_relative_to(pack.folder) for path in changed)
        )
        if pack is None or stale:
            if pack:
                pack.close()
            self._pack = pack = Pack(planned.policy, planned.identity)
        return pack

    def _abandon(self) -> None:
        if self._child is None or self._report is None:
            return
        processes.end(self._child)
        os.waitpid(self._child, 0)
        os.close(self._report)
        self._child = self._report = None
        if self._pack:  # it may have seen half a program
            self._pack.close()
            self._pack = None

    def _judged(self, planned: Plan, pack: Pack, report: int) -> None:
        """Judge, in the child: print, report the modules loaded, and end."""
        code = COULD_NOT_RUN
        try:
            os.setpgid(0, 0)
            processes.follow()
            processes.disown_all()
            self._show(judge(planned, pack, Clock()), self._first)
            code = 0
        except OperatorError as error:
            self._say(str(error))
        except Exception as error:  # noqa: BLE001 - the watcher must go on
            self._say(f"an error of perpetual itself: {type(error).__name__}: {error}")
        finally:
            with os.fdopen(report, "w") as channel:
                channel.write("\n".join(_sdk_modules()))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def watch(options: Options, show: Show, say: Callable[[str], object]) -> None:
    """Judge now and after every save, until interrupted."""
    root = plan(options).project.root  # what is wrong from the start ends the command
    lazy.install(*SDKS)
    watcher = Watcher(options, show, say)
    try:
        watcher.judge()
        for changed in changes_in(
            root,
            watch_filter=lambda _change, path: _matters(Path(path), root),
            rust_timeout=_TICK_MILLISECONDS,
            step=_SETTLE_MILLISECONDS,
            yield_on_timeout=True,
        ):
            if changed:
                watcher.judge([Path(path) for _, path in changed])
            else:
                watcher.tick()
    finally:
        watcher.close()


def _matters(path: Path, root: Path) -> bool:
    inside = path.relative_to(root).parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
    return path.suffix in _SUFFIXES and not hidden


def _sdk_modules() -> Iterator[str]:
    """Yield the names of the loaded modules that come from installed packages."""
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if f"{os.sep}site-packages{os.sep}" in file:
            yield name


def _preload(names: Iterable[str]) -> None:
    """Load modules that a child needed, so that the next one has them."""
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):  # it may only load in the program's own circumstances
                importlib.import_module(name)
    gc.freeze()  # what is loaded stays shared with the children
