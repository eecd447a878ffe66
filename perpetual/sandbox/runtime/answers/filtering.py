"""FilterLogEvents with a pattern: moto takes one, and returns every event all the same.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from collections.abc import Mapping
from typing import Any

from perpetual.sandbox.runtime.answers.patterns import Pattern
from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.secret_values import Clients
from perpetual.sandbox.runtime.wire import Call


def handlers(clients: Clients) -> dict[Key, Handler]:
    """Return the handler: a page of moto's, less what does not match.

    A page may be empty and not the last, as on AWS.
    """

    def answer(call: Call) -> Mapping[str, Any] | None:
        wanted = dict(call.parameters)
        pattern = wanted.pop("filterPattern", "")
        if not pattern:
            return None
        matches = Pattern.of(pattern).matches
        said = clients("logs").filter_log_events(**wanted)
        return {**said, "events": [one for one in said["events"] if matches(one["message"])]}

    return {("logs", "FilterLogEvents"): answer}
