"""Tiny projects and packs in a temporary folder, and the command run on them as a process."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CLEAN = """
    import pulumi
    import pulumi_random as random

    class Box(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("shop:boxes:Box", name)
            options = pulumi.ResourceOptions(parent=self)
            self.pet = random.RandomPet(f"{name}-pet", length=2, opts=options)
            self.register_outputs({"pet": self.pet.id})

    box = Box("one")
    pulumi.export("pet", box.pet.id)
"""

PACK = """
    from pulumi_policy import (
        EnforcementLevel, PolicyPack, ResourceValidationPolicy, Severity, StackValidationPolicy,
    )

    def short(args, report):
        if args.resource_type.endswith("RandomPet") and args.props["length"] < 2:
            report(f"length is {args.props['length']:g}")

    def unknown(args, report):
        if args.resource_type.endswith("RandomId") and args.props["keepers"]["pet"]:
            report("kept")

    def many(args, report):
        pets = [item for item in args.resources if item.resource_type.endswith("RandomPet")]
        if len(pets) > 2:
            report(f"{len(pets)} pets", pets[-1].urn)

    PolicyPack(name="tiny", policies=[
        ResourceValidationPolicy("length", "Pets have long names.", short,
            enforcement_level=EnforcementLevel.MANDATORY, severity=Severity.HIGH,
            remediation_steps="Set length to 2 or more.", url="https://example.com/length"),
        ResourceValidationPolicy("kept", "Ids have no keepers.", unknown,
            enforcement_level=EnforcementLevel.MANDATORY),
        StackValidationPolicy("many", "Few pets.", many),
    ])
"""

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}


def project(
    folder: Path,
    *,
    program: str = CLEAN,
    pack: str | None = PACK,
    stacks: Mapping[str, str] | None = None,
) -> Path:
    """Write a project with one program, one pack, and a file for each stack."""
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    for stack, text in (stacks or {"dev": "config: {}\n"}).items():
        (folder / f"Pulumi.{stack}.yaml").write_text(text)
    (folder / "__main__.py").write_text(textwrap.dedent(program))
    if pack is not None:
        (folder / "policy").mkdir()
        (folder / "policy" / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n")
        (folder / "policy" / "__main__.py").write_text(textwrap.dedent(pack))
    return folder


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a preview in `folder` in a process group of its own, as a shell would."""
    return subprocess.Popen(
        [sys.executable, "-m", "perpetual", "preview", *options],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a preview in `folder` to its end."""
    process = start(folder, *options)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def judged(folder: Path, *options: str) -> dict[str, Any]:
    """Return the JSON of a preview that reached a verdict."""
    done = run(folder, "--json", *options)
    assert done.returncode in {0, 1}, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, however long a busy machine takes."""
    while not true():
        time.sleep(0.02)
