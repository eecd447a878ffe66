"""Several questions at once: each is answered or not, and none waits for another's fault."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from perpetual.errors import OperatorError

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A question without an answer: why, and the way out."""

    why: str
    hint: str = ""


def together(jobs: Mapping[Key, Callable[[], Any]], seconds: float) -> dict[Key, Any]:
    """Do all jobs side by side, and return what each returned, or an `Unread`.

    Their threads end with the process: one that is still waiting for AWS holds nobody up.
    """
    done: queue.SimpleQueue[tuple[Key, Any]] = queue.SimpleQueue()
    for key, job in jobs.items():
        threading.Thread(target=_do, args=(key, job, done), daemon=True).start()
    found: dict[Key, Any] = {}
    until = time.monotonic() + seconds
    while len(found) < len(jobs):
        try:
            key, answer = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        found[key] = answer
    late = Unread(why=f"no answer within {seconds:g} s", hint="Run the command again.")
    return {key: found.get(key, late) for key in jobs}


def _do(key: Key, job: Callable[[], Any], done: "queue.SimpleQueue[tuple[Key, Any]]") -> None:
    try:
        done.put((key, job()))
    except OperatorError as error:
        # Where nobody here knows the way out, AWS's own words are all there is to go by.
        told = f" ({error.detail})" if error.detail and not error.hint else ""
        done.put((key, Unread(why=error.message + told, hint=error.hint)))
    except Exception as error:  # noqa: BLE001 - an answer in an unknown form must not hide others
        done.put((key, unknown_form(error)))


def unknown_form(error: Exception) -> Unread:
    """Return that an answer came, and nobody here knows its form."""
    why = f"the answer is in a form that is not known here: {type(error).__name__}: {error}"
    return Unread(why=why)
