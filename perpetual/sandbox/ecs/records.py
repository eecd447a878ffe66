"""A service, its deployments and its revisions: plain records, without behaviour."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perpetual.sandbox.ecs.states import Condition, Monitor, Progress, Rollout

Document = Mapping[str, Any]
Tags = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A service revision: everything whose change makes a new deployment.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html
    """

    arn: str
    created: float
    task_definition: str
    launch_type: str | None = None
    strategy: tuple[Document, ...] = ()
    load_balancers: tuple[Document, ...] = ()
    registries: tuple[Document, ...] = ()
    network: Document | None = None


@dataclass(kw_only=True)
class Record:
    """A service deployment: what DescribeServiceDeployments tells, also long afterwards.

    `sources` are revisions; `counts` is a snapshot (requested, running, pending) by revision, taken
    when the deployment ended.
    """

    arn: str
    deployment: str
    target: str
    sources: tuple[str, ...]
    created: float
    updated: float
    configuration: Document
    status: Progress = Progress.PENDING
    reason: str | None = None
    started: float | None = None
    finished: float | None = None
    stopped: float | None = None
    rollback: Document | None = None
    breaker: Monitor = Monitor.DISABLED
    failures: int = 0
    threshold: int = 0
    alarms: Monitor = Monitor.DISABLED
    triggered: tuple[str, ...] = ()
    counts: dict[str, tuple[int, int, int]] | None = None


@dataclass(kw_only=True)
class Deployment:
    """Tasks of one revision of a service, and how far their rollout is.

    `goal` is how many tasks it should have now; `record` the service deployment it belongs to.
    `counts` holds the tasks by condition, `hosts` how many that stay each host has. `failures` are
    in a row, `unstarted` those of them that never ran; `next_start` is when the next may start.
    `replaced` are unhealthy tasks whose successors are to be told of as such, `zone` is where one
    more task evens out the zones, `full_since` the `Cluster.freed` at which there was no place.
    """

    id: str
    revision: Revision
    record: str
    created: float
    updated: float
    goal: int
    status: str = "PRIMARY"
    rollout: Rollout = Rollout.IN_PROGRESS
    reason: str = ""
    completed: bool = False
    tasks: dict[str, None] = field(default_factory=dict)
    counts: Counter[Condition] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    unstarted: int = 0
    next_start: float = 0.0
    healthy_once: bool = False
    baking_since: float | None = None
    replaced: int = 0
    zone: str | None = None
    full_since: int = -1


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a service."""

    id: str
    at: float
    message: str


@dataclass(kw_only=True)
class Service:
    """A service. `settings` holds what may change without a deployment, in the API's spelling.

    `request` is what created it: the same request again is answered, a different one refused.
    `deployments` begin with the primary one; `candidate` is the last completed one before it, to
    which a failure returns.
    """

    arn: str
    name: str
    cluster: str
    created: float
    desired: int
    request: Document
    settings: dict[str, Any]
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    said: dict[str, float] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    candidate: Deployment | None = None
    steady: bool = False

    @property
    def primary(self) -> Deployment:
        """Return the deployment that the service rolls out, or has rolled out."""
        return self.deployments[0]
