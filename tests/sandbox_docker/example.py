"""The example release, built with a page of the test's own."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from perpetual.release import build as building
from perpetual.release import docker
from tests.release.support import BASES, EXAMPLE

PAGE = Path("lib/shop_web/router.ex")
NAME = "perpetual-test/sandbox-shop"


class Example:
    """The example's sources in a repository of their own."""

    def __init__(self, folder: Path) -> None:
        """Copy them, with a file that stands in for the authorities of RDS."""
        self._folder = folder
        ignored = shutil.ignore_patterns("_build", "deps")
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=ignored)
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
            "-subj /CN=stand-in -keyout /dev/null -out certs/rds-global-bundle.pem"
        )
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        self._git("init", "--quiet")

    def build(self, page: str) -> str:
        """Return an image whose page says something, as committed."""
        return self.edited(PAGE, "a shop", page)

    def edited(self, name: Path, old: str, new: str) -> str:
        """Return an image with something replaced in one file of the sources, as committed.

        Raises:
            OperatorError: What that makes of the sources cannot be built.
        """
        original = (EXAMPLE / name).read_text()
        assert old in original
        (self._folder / name).write_text(original.replace(old, new))
        try:
            self._git("add", "--all")
            self._git("commit", "--quiet", "--allow-empty", "--message", new)
            built = building.build(self._options)
        finally:
            (self._folder / name).write_text(original)
        return built.reference

    def laid_over(
        self, image: str, name: str, *lines: str, files: Mapping[str, str] | None = None
    ) -> str:
        """Return an image with more lines in its Dockerfile, which may copy files: built at once.

        What the release reads as a source is a file of the image, so that this is what a build with
        another such file makes.
        """
        with tempfile.TemporaryDirectory() as folder:
            for file, text in (files or {}).items():
                Path(folder, file).write_text(text)
            Path(folder, "Dockerfile").write_text("\n".join([f"FROM {image}", *lines, ""]))
            docker.run("build", "--quiet", "--tag", f"{NAME}:{name}", folder)
        return f"{NAME}:{name}"

    def remove(self) -> None:
        """Remove the images that were built, and what they were built in.

        The authority is another each time, so that nothing of them could be used again.
        """
        for options in (self._options, replace(self._options, target=building.BUILDER)):
            label = f"label={building.ARGUMENTS_LABEL}={building.fingerprint(options)}"
            if images := docker.run("image", "ls", "--quiet", "--filter", label).split():
                docker.run("image", "rm", "--force", *dict.fromkeys(images))

    @property
    def _options(self) -> building.Options:
        authority = (self._folder / "certs" / "rds-global-bundle.pem").read_bytes()
        digest = hashlib.sha256(authority).hexdigest()
        return building.Options(
            context=self._folder, name=NAME, arguments={**BASES, "RDS_BUNDLE_SHA256": digest}
        )

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        subprocess.run(
            ["git", "-C", str(self._folder), *identity, *arguments],  # noqa: S607 - git, as installed
            check=True,
        )
