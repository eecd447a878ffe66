"""What stands in the way of a release, judged before anything is changed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from perpetual.aws.published import Published
from perpetual.deploy.found import Found
from perpetual.deploy.image import ARCHITECTURES, Image
from perpetual.deploy.outcome import Check
from perpetual.errors import OperatorError


@dataclass(frozen=True, kw_only=True)
class Objection:
    """One thing that stands in the way; without `check` it cannot be left out."""

    says: str
    hint: str
    check: Check | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is judged: the stack, its state, the image if one is pushed, and whether it migrates.

    `own` tells that the deployment under way is this run's own, interrupted before.
    """

    published: Published
    found: Found
    image: Image | None
    migrating: bool
    own: bool = False


def judge(case: Case) -> Sequence[Objection]:
    """Return everything that stands in the way, all at once."""
    return [objection for test in _TESTS for objection in test(case)]


def refuse(objections: Sequence[Objection], without: Collection[Check]) -> Sequence[Objection]:
    """Return the objections that were left out.

    Raises:
        OperatorError: Others are not.
    """
    left = [item for item in objections if item.check is not None and item.check in without]
    standing = [item for item in objections if item not in left]
    if standing:
        first, *rest = standing
        raise OperatorError(
            first.says,
            hint=_hint(first),
            detail="\n".join(f"and {item.says}\n    {_hint(item)}" for item in rest),
        )
    return left


def _hint(objection: Objection) -> str:
    if objection.check is None:
        return objection.hint
    return f"{objection.hint} Or leave this check out: --without {objection.check}."


def notices(case: Case) -> Iterator[str]:
    """Yield what is worth knowing, and stands in nobody's way."""
    found, published = case.found, case.published
    if published.image_source == "build":
        yield (
            "this stack builds its own image: the next `pulumi up` takes this release's place; "
            "with image.source: deployed it would stay"
        )
    if not published.service.autoscaling and found.desired > published.service.desired:
        yield (
            f"the service runs {found.desired} tasks, the settings say "
            f"{published.service.desired}: left as it is"
        )
    if not found.room and not _stuck(case):
        yield "no host has room for one more task: an old one stops first, or a host starts"


# --- the tests


def _architecture(case: Case) -> Iterator[Objection]:
    image, wanted = case.image, ARCHITECTURES.get(case.published.architecture)
    if image is not None and image.architecture != wanted:
        yield Objection(
            says=f"{image.reference} is for {image.architecture}, and the hosts are {wanted}",
            hint=f"Build it for them: `perpetual release build --platform linux/{wanted}`.",
        )


def _tree(case: Case) -> Iterator[Objection]:
    image = case.image
    if image is not None and image.dirty:
        yield Objection(
            says=f"{image.reference} was built from what is not committed, so nobody can tell "
            "later what it is",
            hint="Commit, and build it again.",
            check=Check.TREE,
        )


def _receipt(case: Case) -> Iterator[Objection]:
    image = case.image
    if image is None:
        return
    if image.receipt is None:
        yield Objection(
            says=f"{image.reference} was never checked",
            hint=f"Run `perpetual release check {image.reference}`.",
            check=Check.RECEIPT,
        )
    elif not image.receipt.passed:
        failed = [item.name for item in image.receipt.results if item.passed is False]
        yield Objection(
            says=f"{image.reference} failed its check of {image.receipt.checked_at}: "
            f"{', '.join(failed)}",
            hint="Correct the release, build it, and check it again.",
            check=Check.RECEIPT,
        )


def _other(case: Case) -> Iterator[Objection]:
    if case.found.moving and not case.own:
        primary = case.found.primary
        yield Objection(
            says="another deployment of the service is under way, since "
            f"{primary['createdAt'].astimezone(UTC):%H:%M:%S} UTC to "
            f"{primary['taskDefinition'].rpartition('/')[2]}: somebody else's, or ECS brings "
            "back what served before",
            hint="Wait until it is over (`perpetual status --watch`), or take it back with "
            "`perpetual rollback`.",
        )


def _secrets(case: Case) -> Iterator[Objection]:
    if case.found.absent:
        yield Objection(
            says=f"the release's secrets are not all there: {', '.join(case.found.absent)}",
            hint="Put each into SSM as a SecureString under the key "
            f"{case.published.stack.key_alias}; without it no task starts.",
        )


def _alarms(case: Case) -> Iterator[Objection]:
    if case.found.red:
        yield Objection(
            says=f"alarms ring already: {', '.join(case.found.red)}. ECS does not watch an alarm "
            "that rings when a deployment begins",
            hint="See to it first. If this release is the cure, say so.",
            check=Check.ALARMS,
        )


def _capacity(case: Case) -> Iterator[Objection]:
    found = case.found
    if not any(host.connected for host in found.hosts):
        yield Objection(
            says="the cluster has no host that takes tasks"
            if not found.hosts
            else f"none of the cluster's {len(found.hosts)} hosts has a connected agent",
            hint="`perpetual status` shows the hosts; the group replaces those that fail.",
            check=Check.CAPACITY,
        )
    elif _stuck(case):
        yield Objection(
            says=f"the hosts are full: none has {found.size.cpu} CPU units and "
            f"{found.size.memory} MiB left for one more task, and there can be no more hosts",
            hint="Raise hosts.maximum, or make the tasks smaller.",
            check=Check.CAPACITY,
        )


def _stuck(case: Case) -> bool:
    """Tell whether a task that has to be placed first can never be."""
    found = case.found
    if found.room or found.growth:
        return False
    percent = found.service.get("deploymentConfiguration", {}).get("minimumHealthyPercent", 100)
    fewest = -(-found.desired * percent // 100)
    stops_first = found.desired > 0 and fewest < found.desired
    # A migration takes a place of its own before anything of the service stops.
    return case.migrating or not stops_first


_TESTS: Final[tuple[Callable[[Case], Iterator[Objection]], ...]] = (
    _other,
    _architecture,
    _tree,
    _receipt,
    _secrets,
    _capacity,
    _alarms,
)
