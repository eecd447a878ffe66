"""Mutants that no rule finds, each with the reason: the gaps of the pack that are known.

An entry names an operator and a pattern (`fnmatch`) of its targets. One that explains nothing any
more fails the tests, in each stack and form that it speaks about.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True)
class Survivor:
    """Mutants that are not found, where, and why that is accepted."""

    operator: str
    target: str
    reason: str
    stacks: tuple[str, ...] = ("prod", "dev")
    forms: tuple[str, ...] = ("preview", "update")

    def explains(self, operator: str, target: str) -> bool:
        """Tell whether this is about a change."""
        return operator == self.operator and fnmatchcase(target, self.target)

    def about(self, stack: str, form: str) -> bool:
        """Tell whether this is about a stack in a form."""
        return stack in self.stacks and form in self.forms


BROKEN: Final = (
    "the stack is broken, not open: nothing gets nearer to data, and the first deployment or "
    "health check says so"
)
DEFENCE: Final = "a second line of defence: the first one, which is judged, holds"
TUNING: Final = "a matter of cost and load, which no rule can know"
OWN: Final = "a setting of this project's own hosts; the tests of its component hold it"
CHOICE: Final = (
    "how far to narrow what is allowed, and where traffic may go, is the owner's decision, and no "
    "rule knows it; the tests of the component hold what this project decided"
)
AWS_KEY: Final = (
    "AWS's own key, or what the account encrypts by default, which no stack shows, decides then"
)
REPLICA: Final = "the size to compare with is the source's, which only AWS could tell"


PROD: Final = ("prod",)


def _for(
    reason: str, *names: str, stacks: tuple[str, ...] = ("prod", "dev")
) -> tuple[Survivor, ...]:
    """Return an entry for each `operator: target` of a reason; without a target, for all."""
    pairs = (name.partition(": ") for name in names)
    return tuple(Survivor(operator, target or "*", reason, stacks) for operator, _, target in pairs)


SURVIVORS: Final[tuple[Survivor, ...]] = (
    *_for(
        BROKEN,
        "fall-back-to-the-closed-acl",
        "drop-needed-rules",
        "detach-groups",
        "weaken-Service.loadBalancers",
        "weaken-LoadBalancer.internal",
        "forget-validation",
        "drop-log-groups",
    ),
    *_for(
        DEFENCE,
        "weaken-Subnet.mapPublicIpOnLaunch: network-public-*",
        "weaken-VpcEndpoint.policy",
        "drop-conditions-of-resource-policies: network-routes-storage *",
        "weaken-Cluster.configuration.executeCommandConfiguration.kmsKeyId",
        "weaken-Cluster.configuration",
        "attach-the-balancers-group: cluster-template *",
        "attach-the-balancers-group: database-*",
        "weaken-LoadBalancer.xffHeaderProcessingMode",
        "container-log-on-the-host",
    ),
    *_for(
        TUNING,
        "weaken-Instance.performanceInsightsEnabled",
        "weaken-Instance.applyImmediately",
        "weaken-Instance.maxAllocatedStorage",
        "weaken-Service.availabilityZoneRebalancing",
        "weaken-Service.orderedPlacementStrategies",
        "container-no-memory-limit",
        "log-elsewhere",
    ),
    *_for(TUNING, "weaken-Instance.deleteAutomatedBackups", stacks=PROD),
    *_for(
        "a log of less than a year is no archive; the rule on protection says so",
        "stop-protecting: *-log-*",
        "stop-protecting: service-log",
        stacks=PROD,
    ),
    *_for(
        OWN,
        "weaken-the-agent",
        "stop-denying: cluster-host-policy *",
        "allow-what-is-denied: cluster-host-policy *",
        "stop-denying: access-deployment-release *",
        "allow-what-is-denied: access-deployment-release *",
    ),
    *_for(
        CHOICE,
        "widen-what-goes-out",
        "drop-limits-of-what-matters",
        "allow-what-is-denied: * policy[[]NoDecryption]",
    ),
    *_for(
        AWS_KEY,
        "weaken-Instance.kmsKeyId",
        "weaken-Repository.encryptionConfigurations",
        "weaken-Repository.encryptionConfigurations.0.kmsKey",
        "weaken-LaunchTemplate.blockDeviceMappings",
    ),
    *_for(
        DEFENCE,
        "add-a-bad-proxy: public",
        "weaken-Listener.routingHttpResponseStrictTransportSecurityHeaderValue",
        "drop-what-denies-plain-http: alarms-topic-policy *",
    ),
    *_for(BROKEN, "mix-architectures"),
    *_for(
        REPLICA,
        "ask-what-rds-refuses: database-replica-1 maxAllocatedStorage *",
        stacks=PROD,
    ),
    *_for(OWN, "weaken-RandomPassword.length", stacks=PROD),
)
