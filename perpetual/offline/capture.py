"""Run a Pulumi program without an engine and keep every request it makes.

In preview form ids and computed outputs are unknown, as in `pulumi preview` of a new stack. In
update form they are invented, so that the same program yields a graph in which all is known.
"""

import asyncio
import contextvars
import gc
import inspect
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from inspect import CORO_CREATED
from types import CoroutineType, TracebackType
from typing import Any, Final, TypeVar

import pulumi
from pulumi.runtime import settings as _settings
from pulumi.runtime import stack as pulumi_stack

from perpetual.offline.known import Place
from perpetual.offline.monitor import Invokes, Monitor
from perpetual.offline.records import UNKNOWN, Capture, Registration, plain

__all__ = ["UNKNOWN", "Capture", "Invokes", "Monitor", "Registration", "capture", "plain"]

_NAMED: Final = 5
"""Resources that a message names at most."""
_ROUNDS: Final = 100
"""Turns of the event loop after the end; nothing waits for a thread, so each makes progress."""

T = TypeVar("T")


class StalledError(RuntimeError):
    """The program waits for something that will never come."""


class _Selector(selectors.DefaultSelector):
    """Notices that the event loop has nothing left to wait for, where it would wait for ever.

    No request is ever under way elsewhere, so only a thread of the program's own could wake it.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events; raise `StalledError` if none can come."""
        alone = len(self.get_map()) == 1 and threading.active_count() == 1
        if timeout is None and alone:
            raise StalledError
        return super().select(timeout)


def _waiting(made: Iterable[pulumi.ResourceTransformationArgs], captured: Capture) -> str:
    """Return a sentence that names the resources which are still waiting to be registered."""
    answered = {(item.type, item.name) for item in captured.registrations}
    answered |= {(item.type, item.name) for item in captured.reads}
    names = [f"{of.name} ({of.type_})" for of in made if (of.type_, of.name) not in answered]
    if not names:
        return "the program waits for a value that never comes"
    listed = ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
    return f"the program can never finish: {listed} wait for each other, or for nothing"


class _Inline(ThreadPoolExecutor):
    """Runs what it is given at once, in the event loop's own thread.

    The SDK sends each request from a pool of threads; with them the order of registration would
    differ from run to run.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - handed on by the future, as by a thread
            future.set_exception(error)
        return future


def capture(  # noqa: PLR0913 - what an engine passes to a program
    program: Callable[[], object],
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    invokes: Invokes,
    secrets: Iterable[str] = (),
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
    known: bool = False,
    monitor: Monitor | None = None,
) -> Capture:
    """Run `program` and return what it registered, in preview form, or update form if `known`.

    `config` maps full keys such as `aws:region` to what the engine would pass: text, or JSON for
    structured values; `secrets` are those of its keys that are encrypted. Another `monitor` may
    answer than that of the two forms. Exceptions of the program propagate.
    """
    place = _place(project, config) if known else None
    chosen = monitor or Monitor(invokes, stacks=stacks, place=place)

    def run() -> None:
        pulumi.runtime.set_all_config(dict(config), list(secrets))
        _settings.configure(
            _settings.Settings(
                project=project,
                stack=stack,
                monitor=chosen,
                dry_run=chosen.previews,
                organization="organization",
            )
        )
        _settings.ROOT.set(None)
        made: list[pulumi.ResourceTransformationArgs] = []
        try:
            urns = _until_done(program, made)
        except StalledError as error:
            raise StalledError(_waiting(made, chosen.capture)) from error
        order = {urn: number for number, urn in enumerate(urns)}
        chosen.capture.registrations.sort(key=lambda item: order.get(item.urn, -1))

    contextvars.copy_context().run(run)
    return chosen.capture


def _place(project: str, config: Mapping[str, str]) -> Place:
    given = {"account": config.get(f"{project}:account"), "region": config.get("aws:region")}
    return Place(**{key: value for key, value in given.items() if value})


def _until_done(
    program: Callable[[], object], made: list[pulumi.ResourceTransformationArgs]
) -> list[str]:
    """Run `program` inside a stack resource until nothing it started is left, as the engine does.

    Fill `made` with its resources, and return their URNs, in the order in which it made them: the
    order of registration depends on Python's sets. The loop is the program's own, so that nothing
    outlives it; what an error leaves pending goes without asyncio's complaints, which would hide
    the error itself.
    """

    def body() -> None:
        pulumi.runtime.register_stack_transformation(made.append)
        program()

    async def run() -> list[str]:
        await pulumi_stack.run_in_stack(body)
        return [await of.resource.urn.future() or "" for of in made]

    raised: list[tuple[BaseException, TracebackType | None]] = []
    loop = asyncio.SelectorEventLoop(_Selector())
    loop.set_task_factory(partial(_task, raised))
    loop.set_default_executor(_Inline())
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(run())
    except BaseException as error:
        with suppress(StalledError):
            loop.run_until_complete(_wind_down())
        _close_coroutines()
        places = {id(known): where for known, where in raised}
        for item in (*causes(error), error):
            item.__traceback__ = places.get(id(item)) or item.__traceback__
        raise
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error was raised from, nearest first: the SDK wraps what an `apply` raises.

    It also raises errors from themselves, so a chain may have no end.
    """
    seen = {id(error)}
    while (cause := error.__cause__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        error = cause
        yield error


def _close_coroutines() -> None:
    """Close what the SDK has made but, after an error, forgets to await: Python would complain.

    `isinstance` would ask each object for its class, and wake every module that loads lazily.
    """
    for item in gc.get_objects():
        if type(item) is CoroutineType and inspect.getcoroutinestate(item) == CORO_CREATED:
            item.close()


def _task(
    raised: list[tuple[BaseException, TracebackType | None]],
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    **options: Any,
) -> asyncio.Task[Any]:
    """Make a task that notes in `raised` where its exception comes from.

    A future gives the traceback to the first who awaits it, and to nobody after that.
    """

    def note(task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and all(error is not known for known, _ in raised):
            raised.append((error, error.__traceback__))

    task = asyncio.Task(coroutine, loop=loop, **options)
    task.add_done_callback(note)
    return task


async def _wind_down() -> None:
    """Let what an error has left behind run out, and cancel what waits for ever."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
    pending = asyncio.all_tasks() - {asyncio.current_task()}
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
