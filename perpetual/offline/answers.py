"""What the program asks the cloud, answered offline.

Identity, region and partition follow from the stack's own configuration. Everything else, the
facts of an adopted VPC above all, comes from an answers file, which reads:

    calls:
      - token: aws:ec2/getVpc:getVpc
        args: {id: vpc-0123456789abcdef0}
        result: {id: vpc-0123456789abcdef0, cidrBlock: 10.0.0.0/16}
    stacks:
      shared: {network: {vpcId: vpc-0123456789abcdef0}}

A call is answered by the first entry with its token whose `args` it has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.offline.documents import read_mapping

CALLER: Final = "aws:index/getCallerIdentity:getCallerIdentity"
REGION: Final = "aws:index/getRegion:getRegion"
PARTITION: Final = "aws:index/getPartition:getPartition"


Answer = Callable[[dict[str, Any]], dict[str, Any]]


class UnansweredError(LookupError):
    """The program asks the cloud something that nobody has answered.

    `question` is what it asks, `arguments` the values it asks with.
    """

    def __init__(self, question: str, arguments: Mapping[str, Any]) -> None:
        """Keep what was asked."""
        super().__init__(f"the program asks for {question}, which nobody answered")
        self.question = question
        self.arguments = arguments


@dataclass(frozen=True)
class Answers:
    """Recorded results of data-source calls, and outputs of other stacks by name."""

    calls: tuple[Mapping[str, Any], ...] = ()
    stacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read(path: Path) -> Answers:
    """Return the answers in a file; raise `OperatorError` where it is not as described above."""
    content = read_mapping(path)
    unknown = sorted(set(content) - {"calls", "stacks"})
    if unknown:
        message = f"{path.name} has the key `{unknown[0]}`: it can hold `calls` and `stacks`"
        raise OperatorError(message)
    calls = content.get("calls") or []
    for number, call in enumerate(calls, 1):
        if not isinstance(call, dict) or not {"token", "result"} <= set(call):
            message = f"call {number} in {path.name} needs a `token` and a `result`"
            raise OperatorError(message)
    return Answers(tuple(calls), content.get("stacks") or {})


def partition(region: str) -> str:
    """Return `aws`, `aws-cn` or `aws-us-gov`, by the region's name."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


def standard(*, account: str | None, region: str | None) -> Answers:
    """Return what AWS would say to this stack about itself, as far as configuration tells."""
    return Answers(tuple(_standard(account, region)))


def combined(parts: Iterable[Answers]) -> Answers:
    """Return all answers as one; earlier ones win."""
    listed = list(parts)
    stacks: dict[str, Mapping[str, Any]] = {}
    for part in reversed(listed):
        stacks.update(part.stacks)
    return Answers(tuple(call for part in listed for call in part.calls), stacks)


def invokes(answers: Answers) -> dict[str, Answer]:
    """Return the recorded calls as functions, by token."""
    return {
        token: partial(_answer, answers, token)
        for token in dict.fromkeys(str(call["token"]) for call in answers.calls)
    }


def question(token: str, arguments: Mapping[str, Any]) -> str:
    """Return a call as text for a message."""
    asked = ", ".join(f"{key}={value!r}" for key, value in sorted(arguments.items()))
    return f"{token}({asked})"


def _answer(answers: Answers, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
    for call in answers.calls:
        wanted = call.get("args") or {}
        if call["token"] == token and all(arguments.get(key) == wanted[key] for key in wanted):
            return dict(call["result"])
    raise UnansweredError(question(token, arguments), arguments)


def _standard(account: str | None, region: str | None) -> Iterator[Mapping[str, Any]]:
    name = partition(region or "")
    if account:
        caller = {"accountId": account, "arn": f"arn:{name}:iam::{account}:root", "userId": account}
        yield {"token": CALLER, "result": {"id": account, **caller}}
    if region:
        suffix = "amazonaws.com.cn" if name == "aws-cn" else "amazonaws.com"
        endpoint = f"ec2.{region}.{suffix}"
        here = {"name": region, "region": region, "description": region, "endpoint": endpoint}
        yield {"token": REGION, "result": {"id": region, **here}}
        told = {"partition": name, "dnsSuffix": suffix}
        reverse = ".".join(reversed(suffix.split(".")))
        yield {"token": PARTITION, "result": {"id": name, **told, "reverseDnsPrefix": reverse}}
