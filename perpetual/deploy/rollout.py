"""The rollout itself, from the update until AWS calls it a success or takes it back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from perpetual.deploy import found, requests, truth
from perpetual.deploy.follow import (
    OVER,
    Goal,
    Look,
    Standing,
    State,
    advance,
    failed,
    primary,
)
from perpetual.deploy.outcome import Exit, FailedError, Phase
from perpetual.deploy.run import LEISURE, TICK, Run, failing
from perpetual.deploy.watch import Watcher
from perpetual.errors import OperatorError

T = TypeVar("T")

DEAF: Final = 60.0
"""Seconds for which AWS may be out of reach before a run gives up following."""

CONFIRM: Final = 3600.0
"""Longest wait, once the release serves alone, for ECS to have watched its alarms long enough.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""


@dataclass
class Rollout:
    """One rollout, followed; `start` is this machine's moment of the update."""

    run: Run
    goal: Goal
    start: float
    state: State = field(default_factory=State)
    phase: Phase = Phase.SERVE
    asked: float | None = None
    """When ECS was asked to take it back."""
    _heard: float = 0.0

    def __post_init__(self) -> None:
        """Look at the service on the way to the goal."""
        self.watcher = Watcher(
            clients=self.run.desk.clients,
            published=self.run.published,
            definition=self.goal.definition,
            began=self.goal.began,
        )
        self._heard = self.at

    @property
    def at(self) -> float:
        """Return the seconds since the update."""
        return self.run.desk.clock.seconds() - self.start

    def follow(self) -> None:
        """Follow the rollout to its end.

        Raises:
            FailedError: It did not come to a good end.
        """
        with failing(self.phase):
            self.run.enter(self.phase)
            try:
                look = self._until(lambda: self.state.standing in OVER)
            finally:
                self._time()
        if self.state.standing is not Standing.CONFIRMED:
            raise self.failure(look)

    def guard(self) -> None:
        """Watch the alarms on where ECS has let go, until the old tasks have left and time is up.

        Raises:
            FailedError: An alarm rings; what served before is brought back first.
        """
        self.run.desk.show.phase(Phase.CONFIRM)
        until = (self.state.serving or self.at) + self.run.options.guard
        before = set(self.run.found.red)
        while True:
            look = self._look()
            self._advance(look)
            if self.state.standing in OVER - {Standing.CONFIRMED}:
                raise self.failure(look)
            ringing = self._bear(lambda: found.red(self.run.desk.clients, self.run.found.alarms))
            if new := sorted(set(ringing) - before):
                self.regret(f"{', '.join(new)} rings after {self.run.journal.tag} was released")
            if self.at >= until and self.state.alone is not None:
                return
            if self.at >= until + self.run.options.patience:
                self.run.say("old tasks are still leaving; nobody waits for them any longer")
                return
            self._wait(LEISURE)

    # --- looking

    def _until(self, over: Callable[[], bool]) -> Look:
        while True:
            look = self._look()
            self._advance(look)
            if over():
                return look
            self._lose_patience()
            self._wait(TICK if self.state.released is None else LEISURE)

    def _look(self) -> Look:
        return self._bear(lambda: self.watcher.look(self.at))

    def _wait(self, seconds: float) -> None:
        self.run.desk.clock.sleep(seconds)
        self._bear(self.run.lock.beat)

    def _bear(self, work: Callable[[], T]) -> T:
        """Do what can be done again, and bear with a network or an API that fails for a while."""
        while True:
            try:
                done = work()
            except FailedError:
                raise
            except OperatorError as error:
                if self.at - self._heard > DEAF:
                    with failing(self.phase):
                        raise
                self.run.say(f"{error.message}; trying on for {DEAF:g} s")
                self.run.desk.clock.sleep(1.0)
            else:
                self._heard = self.at
                return done

    def _advance(self, look: Look) -> None:
        step = advance(self.state, look, self.goal)
        for line in step.lines:
            self.run.say(line)
        self.run.desk.show.rows(step.rows)
        self.state = step.state
        following = _phase(self.state, self.phase)
        if following is not self.phase:
            self.phase = following
            self._bear(lambda: self.run.enter(following))

    def _lose_patience(self) -> None:
        patience = self.run.options.patience
        if self.state.released is not None:
            if self.at - self.state.released > CONFIRM:
                raise self._endless(f"ECS has not confirmed it after {CONFIRM:g} s")
        elif self.asked is not None:
            if self.at - self.asked > patience:
                raise self._endless("it was to be taken back, and that does not end either")
        elif self.at > patience and self.state.standing is Standing.UNDERWAY:
            self._take_back(f"it does not serve alone after {patience:g} s")

    def _take_back(self, why: str) -> None:
        if not self.watcher.record:
            raise self._endless(why)
        call = requests.stop_deployment(self.watcher.record)
        try:
            self.run.perform(call)
        except FailedError:
            raise
        except OperatorError as error:
            # It may have ended just now, which the next look shows.
            if self.at > self.run.options.patience + DEAF:
                raise
            self.run.say(f"{error.message}; trying on for {DEAF:g} s")
            return
        self.run.say(f"{why}: taking it back")
        self.asked = self.at

    def _time(self) -> None:
        """Write down the seconds of each phase, by when it was over."""
        now, state, watch = self.at, self.state, self.run.watch
        serving = now if state.serving is None else state.serving
        released = now if state.released is None else max(serving, state.released)
        watch.took(Phase.SERVE, serving)
        watch.took(Phase.DRAIN, released - serving)
        watch.took(Phase.CONFIRM, now - released)

    # --- failing

    def failure(self, look: Look) -> FailedError:
        """Return the whole truth about a rollout that is over and no success."""
        task = failed(look, self.goal)
        said = truth.of_task(self.run, look, task["taskArn"]) if task else []
        reason = _reason(look)
        standing = self.state.standing
        head = f"{self.run.journal.tag} is {standing}"
        return FailedError(
            f"{head}: {reason}" if reason else head,
            phase=self.phase,
            detail="\n".join([*said, truth.serving(self.run), truth.schema(self.run)]),
            hint=_HINTS.get(standing, "`perpetual status` shows how the service is."),
            exit_code=Exit.KEPT if standing is Standing.ROLLED_BACK else Exit.NEEDS_HUMAN,
        )

    def _endless(self, why: str) -> FailedError:
        return FailedError(
            f"{self.run.journal.tag}: {why}",
            phase=self.phase,
            detail="\n".join([truth.serving(self.run), truth.schema(self.run)]),
            hint="The rollout goes on without this command: `perpetual status --watch` shows it, "
            "`perpetual rollback` takes it back.",
            exit_code=Exit.NEEDS_HUMAN,
            final=False,
        )

    def regret(self, rings: str) -> None:
        """Bring back what served before, after the release was called a success.

        Raises:
            FailedError: It did, or could not.
        """
        self.run.say(rings)
        previous = self.goal.previous
        if not previous or previous == self.goal.definition:
            raise FailedError(
                f"{rings}, and nothing served before it",
                phase=Phase.CONFIRM,
                detail=truth.schema(self.run),
                hint="See to it: `perpetual logs app`.",
                exit_code=Exit.NEEDS_HUMAN,
            )
        self._bear(lambda: self.run.book.write(regret=rings))
        back = self._return_to(previous)
        stands = [truth.serving(self.run), truth.schema(self.run)]
        if back.state.standing is Standing.CONFIRMED:
            raise FailedError(
                f"{rings}: rolled back",
                phase=Phase.CONFIRM,
                detail="\n".join(stands),
                hint="`perpetual logs app` tells what it did; correct it and deploy again.",
                exit_code=Exit.KEPT,
            )
        raise FailedError(
            f"{rings}, and the way back is {back.state.standing}",
            phase=Phase.CONFIRM,
            detail="\n".join(stands),
            hint="Look at once: `perpetual status`.",
            exit_code=Exit.NEEDS_HUMAN,
        )

    def _return_to(self, previous: str) -> "Rollout":
        run = self.run
        service = self._bear(lambda: found.describe(run.desk.clients, run.published))
        call = requests.update_service(run.published, service, previous, desired=None, early=False)
        newest = primary(self._bear(lambda: run.perform(call))["service"])
        goal = Goal(
            definition=previous,
            previous=self.goal.definition,
            desired=self.goal.desired,
            began=newest["createdAt"],
        )
        back = Rollout(run=run, goal=goal, start=run.desk.clock.seconds())
        back._until(lambda: back.state.standing in OVER or back.state.released is not None)
        if back.state.standing not in OVER:
            # It serves alone; for what ECS still watches nobody has to wait.
            back.state = State(standing=Standing.CONFIRMED, alone=back.state.alone)
        return back


_HINTS: Final = {
    Standing.ROLLED_BACK: "Correct the release, build and check it, and deploy it.",
    Standing.STRANDED: "Look at once: `perpetual status`, then `perpetual rollback`.",
    Standing.SUPERSEDED: "Find out who: `perpetual status` and `perpetual logs platform` tell.",
    Standing.STOPPED: "Find out who, and bring the service to one release: `perpetual rollback`.",
    Standing.GONE: "Was the stack removed? `pulumi up` makes it again.",
}


def _phase(state: State, now: Phase) -> Phase:
    if state.released is not None:
        return Phase.CONFIRM
    return Phase.DRAIN if state.serving is not None else now


def _reason(look: Look) -> str:
    """Return why it failed, in ECS's own words."""
    record = look.deployment or {}
    words = [record.get("rollback", {}).get("reason", ""), record.get("statusReason", "")]
    words += [item.get("rolloutStateReason", "") for item in look.service.get("deployments", ())]
    return next((word for word in words if word), "")
