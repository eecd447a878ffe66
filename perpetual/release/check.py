"""`perpetual release check` and `sanity`: an image, run as on ECS, and what was found out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.release import docker, sanity, smoke
from perpetual.release.build import REVISION_LABEL
from perpetual.release.claims import Claim, Say, judge
from perpetual.release.environment import Environment
from perpetual.release.ports import Ports
from perpetual.release.receipt import OLD_CODE, Receipt
from perpetual.release.temporary import temporary, unique
from perpetual.shutdown import DEFAULT

_PREFIX: Final = "perpetual-check"

_ALONE: Final = "migrations stand alone"
_MIGRATIONS: Final = "migrations"
_UPGRADE: Final = "upgrade"
_START: Final = "start"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to check: an image, how it ends, and the release it will take the place of.

    `paths` are asked of the previous release's code, with this release's schema: `/products`, or
    `POST /orders?product=Mug`.
    """

    root: Path
    image: str
    previous: str | None = None
    paths: Sequence[str] = ("/",)
    drain_seconds: int = DEFAULT.drain
    seconds: float = 60.0


Claims = Callable[[Environment, Options], Sequence[Claim]]


def check(options: Options, claims: Claims, say: Say = lambda _: None) -> Receipt:
    """Start an environment from the image, try each claim, and remove it again.

    Raises:
        OperatorError: There is no such image, or its database does not come up.
    """
    found = _image(options.image)
    previous = _image(options.previous)["Id"] if options.previous else None
    began, start = datetime.now(UTC), time.monotonic()
    environment = Environment(
        root=options.root,
        image=found["Id"],
        name=unique(_PREFIX),
        ports=Ports.free(),
        drain_seconds=options.drain_seconds,
        seconds=options.seconds,
    )
    with temporary(environment):
        environment.up_database()
        results = judge(claims(environment, options), say)
    return Receipt(
        image=found["Id"],
        reference=options.image,
        revision=(found["Config"]["Labels"] or {}).get(REVISION_LABEL, ""),
        previous=previous,
        migrations=list(sanity.files(found["Id"])),
        checked_at=began.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - start, 1),
        results=results,
    )


def everything(environment: Environment, options: Options) -> Sequence[Claim]:
    """Return all claims in their order: the schema first, for the nodes need it."""
    return (
        *_schema(environment, options),
        # That it does not migrate tells something only where it does otherwise.
        Claim(
            name="database verified",
            holds=partial(smoke.verifying, environment),
            needs=(_MIGRATIONS, _UPGRADE),
        ),
        Claim(name=_START, holds=partial(_start, environment)),
        *(
            Claim(name=name, holds=partial(holds, environment), needs=(_START,))
            for name, holds in (
                ("redirect to HTTPS", smoke.redirects),
                ("health", smoke.healthy),
                ("database over TLS", smoke.encrypted),
                ("cluster", smoke.clustered),
                ("drain under load", smoke.drains),
            )
        ),
        _old_code(environment, options),
    )


def migrations(environment: Environment, options: Options) -> Sequence[Claim]:
    """Return what is claimed of the schema alone."""
    return (*_schema(environment, options), _old_code(environment, options))


def _schema(environment: Environment, options: Options) -> Sequence[Claim]:
    return (
        Claim(name=_ALONE, holds=partial(sanity.standing_alone, environment.image)),
        Claim(name=_MIGRATIONS, holds=partial(sanity.migrations, environment)),
        Claim(
            name=_UPGRADE,
            holds=partial(sanity.upgrade, environment, options.previous),
            needs=(_MIGRATIONS,),
        ),
    )


def _old_code(environment: Environment, options: Options) -> Claim:
    return Claim(
        name=OLD_CODE,
        holds=partial(sanity.old_code, environment, options.previous, options.paths),
        needs=(_MIGRATIONS, _UPGRADE),
    )


def _image(reference: str) -> dict[str, Any]:
    found = docker.image(reference)
    if found is None:
        raise OperatorError(
            f"there is no image {reference} here", hint="Build it: `perpetual release build`."
        )
    return found


def _start(environment: Environment) -> str:
    start = time.monotonic()
    environment.start()
    return f"two nodes and balancer in {time.monotonic() - start:.1f} s"
