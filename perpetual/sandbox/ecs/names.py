"""ARNs and ids in AWS's forms, made from a counter: the same history has the same names."""

import hashlib
from dataclasses import dataclass
from typing import Final

_URL_SAFE: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where everything is: account, region and partition, as ARNs name them.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
    """

    number: str
    region: str
    partition: str = "aws"

    def arn(self, kind: str, *parts: str) -> str:
        """Return an ARN of ECS: `kind/part/part`."""
        resource = "/".join((kind, *parts))
        return f"arn:{self.partition}:ecs:{self.region}:{self.number}:{resource}"


@dataclass(kw_only=True)
class Ids:
    """A source of ids; each is new, and all of them follow from how many were taken before."""

    taken: int = 0

    def _digest(self, kind: str) -> bytes:
        self.taken += 1
        return hashlib.sha256(f"{kind} {self.taken}".encode()).digest()

    def task(self) -> str:
        """Return the id of a task or container instance: 32 hexadecimal digits."""
        return self._digest("task").hex()[:32]

    def number(self) -> str:
        """Return the id of a deployment or service revision: 19 decimal digits."""
        value = int.from_bytes(self._digest("number")[:8], "big")
        return str((1 + value % 9) * 10**18 + value % 10**18)

    def service_deployment(self) -> str:
        """Return the id of a service deployment: 21 characters that are safe in URLs."""
        return "".join(_URL_SAFE[byte % 64] for byte in self._digest("deployment")[:21])

    def uuid(self) -> str:
        """Return an id in the form of a UUID, as events, containers and attachments have it."""
        digits = self._digest("uuid").hex()
        return "-".join(
            (digits[:8], digits[8:12], f"4{digits[13:16]}", f"a{digits[17:20]}", digits[20:32])
        )

    def interface(self) -> str:
        """Return the id of a network interface."""
        return f"eni-{self._digest('interface').hex()[:17]}"


def last(arn: str) -> str:
    """Return what stands behind an ARN's last slash: a name or an id."""
    return arn.rpartition("/")[2]
