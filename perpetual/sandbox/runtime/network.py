"""The network of one sandbox: its tasks and parts are on it, and nothing else."""

from dataclasses import dataclass

from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of Docker's; `gateway` is this machine's address in it."""

    name: str
    gateway: str


def create(client: Client, labels: Labels) -> Network:
    """Make the network. Docker chooses a range that is free, so sandboxes do not collide."""
    name = labels.named("network")
    client.create_network(name, driver="bridge", labels=labels.of("network"))
    found = client.inspect_network(name)
    return Network(name=name, gateway=found["IPAM"]["Config"][0]["Gateway"])
