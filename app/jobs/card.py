"""What a list of jobs shows of each one: a value that a job's events change."""

from dataclasses import dataclass, replace
from typing import Final

from app.jobs.message import Message

_RUNNING: Final = frozenset({"starting", "running", "paused", "stopping"})


@dataclass(frozen=True)
class JobCard:
    """A job as the user sees it.

    ``state`` is starting, running, paused or stopping, then complete, stopped, failed or detached. ``progress`` is 0 to 1,
    None if nobody knows; so is ``eta_s``. ``detail`` is one line. A job that is no work serves the window only: nobody
    needs to be asked before it ends.
    """

    id: str
    kind: str
    title: str
    state: str = "starting"
    progress: float | None = None
    eta_s: float | None = None
    detail: str = ""
    is_work: bool = True
    arguments: tuple[str, ...] = ()
    """What ``main.py`` was started with."""

    @property
    def is_running(self) -> bool:
        """Whether the job has not ended."""
        return self.state in _RUNNING

    @property
    def _as_running(self) -> str:
        """The state that a sign of life means: what was asked of the job holds until it says otherwise."""
        return "running" if self.state == "starting" else self.state

    def after(self, message: Message) -> "JobCard":
        """Return the card as it is after an event of the job."""
        match message:
            case {"event": "progress", "done": int(done), "expected": int(expected)}:
                return replace(
                    self,
                    state=_state(message, self._as_running),
                    progress=min(1.0, done / expected) if expected else None,
                    eta_s=_number(message.get("eta_s")),
                    detail=f"{done:,} of {expected:,}",
                )
            case {"event": "progress"}:
                return replace(self, state=_state(message, self._as_running))
            case {"event": "compiling", "text": str(text)}:
                return replace(self, state="running", detail=text)
            case {"event": "ended", "reason": str(reason)}:
                state = _state(message, "failed")
                progress = 1.0 if state == "complete" else self.progress
                return replace(self, state=state, progress=progress, eta_s=None, detail=reason)
        return replace(self, state="running") if self.state == "starting" else self

    def ended(self, *, is_ok: bool, reason: str) -> "JobCard":
        """Return the card of a job whose process is gone, whatever the job itself could still say."""
        if not self.is_running:
            return self
        state = ("stopped" if self.state == "stopping" else "complete") if is_ok else "failed"
        return replace(self, state=state, eta_s=None, detail=reason or self.detail)


def _state(message: Message, otherwise: str) -> str:
    state = message.get("state")
    return state if isinstance(state, str) else otherwise


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
