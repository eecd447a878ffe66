"""`perpetual release check`: an image, run as on ECS, and what was found out about it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from perpetual.errors import OperatorError
from perpetual.release import docker, sanity, smoke
from perpetual.release.build import REVISION_LABEL
from perpetual.release.environment import Environment, Ports, temporary
from perpetual.release.receipt import OLD_CODE, Receipt, Result

NAME: Final = "perpetual-check"
"""Name of the environment that a check makes, and removes."""

Say = Callable[[Result], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to check: an image, how it ends, and the release it will take the place of.

    `paths` are asked of the previous release's code, with this release's schema.
    """

    root: Path
    image: str
    previous: str | None = None
    paths: Sequence[str] = ("/",)
    drain_seconds: int = 45
    stop_seconds: int = 60
    seconds: float = 60.0


def check(options: Options, say: Say = lambda _: None) -> Receipt:
    """Start an environment from the image, run every check, and remove it again.

    Raises:
        OperatorError: There is no such image, or the environment does not come up.
    """
    found = docker.image(options.image)
    if found is None:
        raise OperatorError(
            f"there is no image {options.image} here", hint="Build it: `perpetual release build`."
        )
    began, start = datetime.now(UTC), time.monotonic()
    environment = Environment(
        root=options.root,
        image=found["Id"],
        name=NAME,
        ports=Ports.free(),
        drain_seconds=options.drain_seconds,
        stop_seconds=options.stop_seconds,
        seconds=options.seconds,
    )
    results = []
    with temporary(environment):
        environment.up_database()
        for name, claim in _claims(environment, options):
            result = _judged(name, claim)
            results.append(result)
            say(result)
    return Receipt(
        image=found["Id"],
        reference=options.image,
        revision=(found["Config"]["Labels"] or {}).get(REVISION_LABEL, ""),
        checked_at=began.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - start, 1),
        results=results,
    )


def _claims(environment: Environment, options: Options) -> Sequence[tuple[str, Callable[[], str]]]:
    """Return the checks in their order: the schema first, for the nodes need it."""
    return (
        ("migrations stand alone", partial(sanity.standing_alone, environment)),
        ("migrations", partial(sanity.migrations, environment)),
        ("start", partial(_start, environment)),
        ("redirect to HTTPS", partial(smoke.redirects, environment)),
        ("health", partial(smoke.healthy, environment)),
        ("database over TLS", partial(smoke.encrypted, environment)),
        ("cluster", partial(smoke.clustered, environment)),
        ("drain under load", partial(smoke.drains, environment)),
        (
            OLD_CODE,
            partial(sanity.old_code, environment, options.previous, options.paths),
        ),
    )


def _start(environment: Environment) -> str:
    start = time.monotonic()
    environment.start()
    return f"two nodes and balancer in {time.monotonic() - start:.1f} s"


def _judged(name: str, claim: Callable[[], str]) -> Result:
    start = time.monotonic()
    passed: bool | None = True
    try:
        said = claim()
    except smoke.NothingToCheckError as error:
        passed, said = None, str(error)
    except smoke.CheckError as error:
        passed, said = False, str(error)
    except (OperatorError, OSError) as error:
        passed, said = False, str(error)
    return Result(name=name, passed=passed, said=said, seconds=round(time.monotonic() - start, 2))
