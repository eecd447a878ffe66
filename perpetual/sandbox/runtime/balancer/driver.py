"""HAProxy kept in step with the emulated API's listeners and groups, and the tasks' targets."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from perpetual.sandbox.ecs.world import Health, Target, TargetHealth
from perpetual.sandbox.runtime import parts
from perpetual.sandbox.runtime.authority import Authority, keep
from perpetual.sandbox.runtime.balancer import config, targets
from perpetual.sandbox.runtime.balancer.control import Control
from perpetual.sandbox.runtime.balancer.model import NONE, Balancer, Group
from perpetual.sandbox.runtime.balancer.targets import Tracked
from perpetual.sandbox.runtime.parts import Part, Site, Spec

_LOG = logging.getLogger(__name__)

PERIOD: Final = 0.1
"""Seconds between two looks at HAProxy's servers."""

LISTENERS: Final = (80, 443)
"""Ports a balancer may listen at: a container's ports are published once, before any is known."""

_FILE: Final = "haproxy.cfg"
_RELOAD_SECONDS: Final = 15.0


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A running HAProxy: commands to it and to its master, and the listeners' ports on loopback."""

    container: str
    folder: Path
    control: Control
    master: Control
    ports: dict[int, int]

    def reload(self, text: str) -> None:
        """Let HAProxy read a configuration; with one that it refuses it goes on as it was."""
        keep(self.folder / _FILE, text)
        deadline = time.monotonic() + _RELOAD_SECONDS
        # The master is there a moment after its first worker; before, it hangs up without a word.
        while not (said := self._ask_master("reload")) and time.monotonic() < deadline:
            time.sleep(PERIOD)
        if "Success=1" not in said:
            _LOG.error("HAProxy did not take its new configuration:\n%s", said)

    def _ask_master(self, command: str) -> str:
        try:
            return self.master.ask(command)
        except OSError:
            return ""


def start(site: Site, folder: Path, authority: Authority, ports: Sequence[int]) -> Proxy:
    """Start HAProxy without listeners; `ports` on loopback for HTTP and HTTPS, 0 for any.

    Raises:
        OperatorError: It does not start, or a port is taken.
    """
    keep(folder / _FILE, config.render(NONE, {}, {}))
    certify(folder, authority, ())
    spec = Spec(
        part=Part.BALANCER,
        command=f"exec haproxy -W -db -S ipv4@:{config.MASTER} -f {config.FOLDER}/{_FILE}",
        ports={**dict(zip(LISTENERS, ports, strict=True)), config.ADMIN: 0, config.MASTER: 0},
        binds=(f"{folder}:{config.FOLDER}:ro",),
        # The key is readable for its owner only, who is root in the container.
        user="0:0",
    )
    client = site.client
    container = parts.start(site, spec)
    control = Control(port=parts.port(client, container, config.ADMIN))
    proxy = Proxy(
        container=container,
        folder=folder,
        control=control,
        master=Control(port=parts.port(client, container, config.MASTER)),
        ports={inside: parts.port(client, container, inside) for inside in LISTENERS},
    )
    parts.until(client, container, "an answer of HAProxy", lambda: _answers(control))
    return proxy


def certify(folder: Path, authority: Authority, domains: Sequence[str]) -> None:
    """Issue the balancer's certificate for domains, and for this machine's own names."""
    issued = authority.issue([*domains, "localhost", "127.0.0.1"])
    keep(folder / config.CERTIFICATE, issued.certificate + issued.key)


class Traffic:
    """The balancer's targets. Methods return at once; states are reported as they change.

    One thread changes them: it does what it is asked, and looks at HAProxy in between.
    """

    def __init__(
        self,
        proxy: Proxy,
        authority: Authority,
        read: Callable[[], Balancer],
        report: Callable[[TargetHealth], None],
    ) -> None:
        """Prepare; `start` begins to look. `read` returns what the API describes now."""
        self._proxy = proxy
        self._authority = authority
        self._read = read
        self._report = report
        self._lock = threading.Lock()
        self._tracked: dict[Target, Tracked] = {}
        self._balancer = NONE
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="balancer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; HAProxy is left as it is."""
        self._asked.put(None)
        self._thread.join()

    def refresh(self) -> None:
        """Read listeners and groups again: something about them has changed."""
        self._asked.put(self._follow)

    def register(self, target: Target, address: str, zone: str = "") -> None:
        """Add a target at an address."""
        self._asked.put(partial(self._register, target, address, zone))

    def deregister(self, target: Target) -> None:
        """Let a target finish what it is doing, for the group's delay, and then forget it."""
        self._asked.put(partial(self._deregister, target))

    def targets(self, group: str) -> list[Tracked]:
        """Return a group's targets."""
        return [one for one in self.all() if one.target.group == group]

    def all(self) -> list[Tracked]:
        """Return every target."""
        with self._lock:
            return list(self._tracked.values())

    def _run(self) -> None:
        work: Callable[[], None] | None
        while True:
            try:
                work = self._asked.get(timeout=PERIOD)
            except queue.Empty:
                work = self._look
            if work is None:
                return
            try:
                work()
            except Exception:  # noqa: BLE001 - the next look may fare better
                _LOG.exception("the balancer was not looked after")

    def _register(self, target: Target, address: str, zone: str) -> None:
        if target not in self._tracked:
            fresh = Tracked(target=target, address=address, zone=zone, since=time.time())
            self._put(fresh)
            self._report(fresh.report)

    def _deregister(self, target: Target) -> None:
        tracked = self._tracked.get(target)
        if tracked and tracked.state not in (Health.DRAINING, Health.UNUSED):
            reason = "Target.DeregistrationInProgress"
            self._change(tracked, tracked.now(Health.DRAINING, reason, time.time()))

    def _follow(self) -> None:
        """Bring HAProxy up to date with what the API describes."""
        found = self._read()
        if found == self._balancer:
            return
        domains = [one.domain for one in found.listeners if one.domain]
        certify(self._proxy.folder, self._authority, domains)
        servers = {
            group.arn: [one.server for one in self.targets(group.arn) if one.present]
            for group in found.groups
        }
        self._proxy.reload(config.render(found, servers, self._proxy.ports))
        self._balancer = found
        for group in found.groups:
            for one in self.targets(group.arn):
                self._tell(targets.again(one, group.name) if one.present else [])

    def _look(self) -> None:
        """See what HAProxy's checks have found, and act on it."""
        found = self.all()
        groups = {group.arn: group for group in self._balancer.groups}
        rows = self._proxy.control.rows() if found else {}
        for tracked in found:
            group = groups.get(tracked.target.group)
            if group is None:
                self._without_group(tracked)
            elif not tracked.present:
                self._add(tracked, group)
            elif tracked.state is Health.UNUSED:
                self._remove(tracked, group)
            else:
                row = rows.get((group.name, tracked.server.name))
                if row:
                    self._change(tracked, targets.judge(tracked, row, group, time.time()))

    def _without_group(self, tracked: Tracked) -> None:
        """Wait for a group that the API has and HAProxy not yet; one that drains needs none."""
        if tracked.state in (Health.DRAINING, Health.UNUSED):
            self._change(tracked, tracked.now(Health.UNUSED, "", time.time()))
            self._forget(tracked)
        else:
            self._follow()

    def _add(self, tracked: Tracked, group: Group) -> None:
        server = f"{group.name}/{tracked.server.name}"
        # It takes nothing before its first success: HAProxy would believe it healthy at once.
        self._tell(
            [
                f"add server {server} {tracked.server.options(group.check)}",
                f"set server {server} state drain",
                f"enable health {server}",
            ]
        )
        self._put(replace(tracked, present=True))

    def _remove(self, tracked: Tracked, group: Group) -> None:
        """Remove a server; HAProxy refuses while a connection is left, and is asked again."""
        server = f"{group.name}/{tracked.server.name}"
        if "deleted" in self._proxy.control.ask(f"del server {server}"):
            self._forget(tracked)

    def _change(self, before: Tracked, after: Tracked) -> None:
        """Take a target's new state over, and tell HAProxy and whoever wants to know."""
        self._put(after)
        if before.state is after.state and before.reason == after.reason:
            return
        group = next((one for one in self._balancer.groups if one.arn == after.target.group), None)
        if group and after.present:
            self._tell(targets.commands(before, after, group.name))
        self._report(after.report)

    def _put(self, tracked: Tracked) -> None:
        with self._lock:
            self._tracked[tracked.target] = tracked

    def _forget(self, tracked: Tracked) -> None:
        with self._lock:
            self._tracked.pop(tracked.target, None)

    def _tell(self, said: Sequence[str]) -> None:
        if said:
            answer = self._proxy.control.ask(*said).strip()
            if answer and "registered" not in answer:
                _LOG.warning("HAProxy on %s: %s", "; ".join(said), answer)


def _answers(control: Control) -> bool:
    try:
        return "Pid:" in control.ask("show info")
    except OSError:
        return False
