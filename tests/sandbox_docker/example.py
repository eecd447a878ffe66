"""The example release, built with a page of the test's own."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from perpetual.release import build
from perpetual.sandbox.runtime.docker_api import Client
from tests.release.support import BASES, EXAMPLE

PAGE = Path("lib/shop_web/router.ex")
NAME = "perpetual-test/sandbox-shop"


class Example:
    """The example's sources in a repository of their own."""

    def __init__(self, client: Client, folder: Path) -> None:
        """Copy them, with a file that stands in for the authorities of RDS."""
        self._client = client
        self._folder = folder
        self._built: list[str] = []
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
        file = self._folder / PAGE
        original = (EXAMPLE / PAGE).read_text()
        assert "a shop" in original
        file.write_text(original.replace("a shop", page))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", page)
        authority = (self._folder / "certs" / "rds-global-bundle.pem").read_bytes()
        digest = hashlib.sha256(authority).hexdigest()
        built = build.build(
            build.Options(
                context=self._folder,
                name=NAME,
                arguments={**BASES, "RDS_BUNDLE_SHA256": digest},
            )
        )
        self._built.append(built.reference)
        return built.reference

    def remove(self) -> None:
        """Remove the images that were built."""
        for reference in self._built:
            self._client.remove_image(reference, force=True)

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        subprocess.run(
            ["git", "-C", str(self._folder), *identity, *arguments],  # noqa: S607 - git, as installed
            check=True,
        )
