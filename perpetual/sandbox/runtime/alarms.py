"""Alarms' states on their way from the emulated CloudWatch to the control plane.

moto evaluates no alarm: a state changes by SetAlarmState, which is how a sandbox's alarm is rung.
"""

from collections.abc import Callable
from typing import Final

from perpetual.sandbox.ecs.world import AlarmState
from perpetual.sandbox.runtime import moto_app
from perpetual.sandbox.runtime.rounds import Rounds

PERIOD: Final = 0.5


class Alarms(Rounds):
    """Looks at the alarms again and again, and reports what has changed."""

    def __init__(self, place: tuple[str, str], report: Callable[[AlarmState], None]) -> None:
        """Prepare; `place` is account and region."""
        super().__init__("alarms", PERIOD)
        self._place = place
        self._report = report
        self._known: dict[str, str] = {}

    def _look(self) -> None:
        found = dict(moto_app.backend("cloudwatch", *self._place).alarms)
        for name, alarm in found.items():
            state = str(alarm.state_value)
            if self._known.get(name) != state:
                self._known[name] = state
                self._report(AlarmState(name=name, state=state))
        self._known = {name: self._known[name] for name in found}
