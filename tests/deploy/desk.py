"""A desk in simulated time, with images that Docker would have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from perpetual.deploy import execute
from perpetual.deploy import image as images
from perpetual.deploy.history import Record, read
from perpetual.deploy.image import Image
from perpetual.deploy.journal import Journal
from perpetual.deploy.journal import read as journal_of
from perpetual.deploy.outcome import FailedError
from perpetual.deploy.report import Report
from perpetual.deploy.run import Desk, Options
from perpetual.deploy.store import Store
from perpetual.release.receipt import OLD_CODE, Receipt, Result
from tests.deploy.doubles import Shown
from tests.deploy.world import NEW, NEWER, STACK, Aws

DIGESTS: Final = {"release:new": NEW, "release:newer": NEWER}
"""What each local image is called in the repository."""


class KilledError(BaseException):
    """SIGKILL: nothing runs any more, not even what cleans up."""


def receipt(
    image: str, *, tried: str | None = None, compatible: bool | None = None, passed: bool = True
) -> Receipt:
    """Return what `release check` found out about an image."""
    return Receipt(
        image=image,
        reference=image,
        revision="c0ffee",
        previous=tried,
        migrations=["20261129_first.exs"],
        checked_at="2026-11-29T11:00:00+00:00",
        seconds=30.0,
        results=[
            Result(name="health", passed=passed, said="", seconds=1.0),
            Result(name=OLD_CODE, passed=compatible, said="", seconds=1.0),
        ],
    )


class Bench:
    """Where a test deploys."""

    def __init__(self, aws: Aws, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put images where Docker would have them."""
        self.aws, self.root = aws, root
        self.shown = Shown()
        self.pushed: list[str] = []
        self.digests = dict(DIGESTS)
        self.images = {
            reference: Image(
                reference=reference,
                id=f"sha256:{reference}",
                commit=f"{number}" * 40,
                architecture="arm64",
                receipt=receipt(f"sha256:{reference}"),
            )
            for number, reference in enumerate(DIGESTS, start=1)
        }
        monkeypatch.setattr(images, "local", lambda _root, reference: self.images[reference])
        aws.logs["*"] = ["nothing to migrate"]

    @property
    def desk(self) -> Desk:
        """Return a desk."""
        return Desk(
            clients=self.aws,  # type: ignore[arg-type]  # the same methods, and no session
            clock=self.aws.clock,
            show=self.shown,
            root=self.root,
            push=self._push,
            build=lambda _stack: "release:new",
            agree=lambda _published: None,
        )

    @property
    def store(self) -> Store:
        """Return the stack's parameters."""
        return Store(self.desk.clients, self.aws.contract.stack, self.aws.clock)

    @property
    def records(self) -> list[Record]:
        """Return the history."""
        return list(read(self.store))

    @property
    def journal(self) -> Journal | None:
        """Return a run that did not come to its end."""
        return journal_of(self.store)

    def deploy(self, image: str = "release:new", **options: Any) -> Report:
        """Deploy."""
        return execute.deploy(self.desk, Options(stack=STACK, image=image, **options))

    def rollback(self, **options: Any) -> Report:
        """Roll back."""
        return execute.rollback(self.desk, Options(stack=STACK, **options))

    def fails(self, image: str = "release:new", **options: Any) -> FailedError:
        """Deploy what fails, and return how."""
        with pytest.raises(FailedError) as raised:
            self.deploy(image, **options)
        return raised.value

    def _push(
        self, _token: Mapping[str, Any], image: Image, _repository: str, pulse: Callable[[], None]
    ) -> str:
        pulse()
        self.pushed.append(image.tag)
        digest = self.digests[image.reference]
        self.aws.images[digest] = image.tag
        return digest
