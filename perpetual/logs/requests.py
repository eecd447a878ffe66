"""What is read of a log group, and the calls that read it, as data."""

import re
from dataclasses import dataclass
from typing import Any, Final

from perpetual.aws.calls import Call
from perpetual.aws.published import Published
from perpetual.errors import OperatorError
from perpetual.logs.follower import Reading

_TASK: Final = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A log group, the streams in it by the beginning of their names, and a filter pattern."""

    group: str
    arn: str
    streams: str = ""
    pattern: str = ""

    def holds(self, stream: str) -> bool:
        """Tell whether a stream belongs to it."""
        return stream.startswith(self.streams)


def source(published: Published, *, task: str | None, pattern: str | None) -> Source:
    """Return the release's lines: all tasks', or one's; all of them, or those that match.

    Raises:
        OperatorError: The task is no task's id.
    """
    service = published.service
    streams = ""
    if task is not None:
        ident = task.strip().rpartition("/")[2].lower()
        if not _TASK.fullmatch(ident):
            raise OperatorError(
                f"--task {task!r} is no task's id",
                hint="Give its ARN, its id, or the id's first characters, as "
                "`perpetual status` shows them.",
            )
        streams = f"{service.log_stream_prefix}/{service.container}/{ident}"
    return Source(
        group=service.log_group,
        arn=published.stack.arn("logs", f"log-group:{service.log_group}"),
        streams=streams,
        pattern=pattern or "",
    )


def read(given: Source, reading: Reading, token: str | None = None) -> Call:
    """Return the call that reads a page.

    `interleaved` is what AWS assumes anyway; others, which emulate it, want to be told.
    """
    request: dict[str, Any] = {
        "logGroupName": given.group,
        "startTime": reading.start,
        "interleaved": True,
    }
    if reading.end is None:
        request["startFromHead"] = False
    else:
        request["endTime"] = reading.end
    if given.streams:
        request["logStreamNamePrefix"] = given.streams
    if given.pattern:
        request["filterPattern"] = given.pattern
    if token is not None:
        request["nextToken"] = token
    return Call(service="logs", operation="FilterLogEvents", request=request)


def tail(given: Source) -> Call:
    """Return the call that opens a session of Live Tail."""
    request: dict[str, Any] = {"logGroupIdentifiers": [given.arn]}
    if given.streams:
        request["logStreamNamePrefixes"] = [given.streams]
    if given.pattern:
        request["logEventFilterPattern"] = given.pattern
    return Call(service="logs", operation="StartLiveTail", request=request)


def any_stream(given: Source) -> Call:
    """Return the call that tells whether there is a stream at all."""
    request: dict[str, Any] = {"logGroupName": given.group, "limit": 1}
    if given.streams:
        request["logStreamNamePrefix"] = given.streams
    return Call(service="logs", operation="DescribeLogStreams", request=request)
