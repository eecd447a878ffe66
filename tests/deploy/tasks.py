"""Tasks in simulated time: the specification's world, with addresses and the health of targets."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from perpetual.sandbox.ecs import world as ecs_world
from perpetual.sandbox.ecs.simulated import Behaviour, SimulatedWorld
from perpetual.sandbox.ecs.world import Report, TaskStart
from tests.deploy.services import address

MIGRATION: Final = "migration"
"""Under which the behaviour of migrations is kept."""


class World(SimulatedWorld):
    """The specification's world, with an address for each task and the health of every target."""

    def __init__(self, behaviours: Mapping[str, Behaviour], health: dict[str, str]) -> None:
        """Note the health of targets in `health`."""
        super().__init__(behaviours)
        self.health = health
        self.behaviours[MIGRATION] = Behaviour(crash=3.0, exit_code=0)

    def start(self, task: TaskStart) -> None:
        """Let migrations end by themselves."""
        if str(task.definition["family"]).endswith("-migrate"):
            (container,) = task.containers
            task = replace(task, containers=({**container, "image": MIGRATION},))
        super().start(task)

    def happened(self) -> list[Report]:
        """Return what has happened by now."""
        found: list[Report] = []
        for report in super().happened():
            if isinstance(report, (ecs_world.Attached, ecs_world.Started)):
                found.append(replace(report, addresses=(address(report.task),)))
                continue
            if isinstance(report, ecs_world.TargetHealth):
                self.health[report.target.task] = report.state.value
            found.append(report)
        return found
