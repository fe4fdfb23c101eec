"""Who is told what a training run does: a person at a terminal, or the window at the other end of a channel."""

import sys
from types import TracebackType
from typing import Never

from tqdm import tqdm

from ai.runs import Run
from ai.trainer import Trainer
from ai.training import (
    ChampionKept,
    DetailsKept,
    OnEvent,
    RunEnded,
    RunStarted,
    StepDone,
    TrainEvent,
    TrainProgress,
)
from app.jobs.channel import Channel
from app.jobs.message import Message
from app.progress import progress_bar
from game.executors.base import RunControl


class TerminalView:
    """A progress bar on stderr where there is a terminal, a line now and then where there is none. A context manager."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._bar: tqdm[Never] | None = None
        self._label = ""
        self._values: dict[str, float] = {}
        self.control = RunControl()

    def __enter__(self) -> "TerminalView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def on_event(self) -> OnEvent:
        """Shows an event."""
        return self._show

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        tqdm.write(line, file=sys.stderr)

    def _show(self, event: TrainEvent) -> None:
        if isinstance(event, RunStarted):
            manifest = event.run.manifest
            self._label = event.run.id
            begin = f"goes on after step {event.step}" if event.step else "begins"
            self.say(
                f"run {event.run.id} {begin}: {self._trainer.title}, seed {manifest.seed}, {event.run.folder.path}"
            )
        elif isinstance(event, StepDone):
            self._values.update(event.values)
        elif isinstance(event, TrainProgress):
            self._progress(event)

    def _progress(self, progress: TrainProgress) -> None:
        if self._bar is None:
            unit = self._trainer.step_unit
            self._bar = progress_bar(self._label, unit, total=progress.expected, initial=progress.done)
        self._bar.set_postfix_str(self._headline(), refresh=False)
        self._bar.update(progress.done - self._bar.n)

    def _headline(self) -> str:
        names = [metric.name for metric in self._trainer.metrics if metric.is_headline]
        return ", ".join(f"{name} {self._values[name]:.3g}" for name in names if name in self._values)


class ChannelView:
    """Events on a channel, as docs/formats.md lists them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._run: Run | None = None
        self._champion: ChampionKept | None = None
        self.has_ended = False

    @property
    def control(self) -> RunControl:
        """What the other end wants."""
        return self._channel.control

    @property
    def on_event(self) -> OnEvent:
        """Sends an event."""
        return self._send

    @property
    def _id(self) -> str | None:
        return self._run.id if self._run is not None else None

    def say(self, line: str) -> None:
        """Send a line for people."""
        self._channel.send("log", run=self._id, level="info", text=line.strip())

    def obey(self, command: Message) -> None:
        """Do what a command asks that is not about the control: ``champion`` sends the latest champion again."""
        if command.get("command") == "champion":
            if self._champion is None:
                self.say("there is no champion yet")
            else:
                self._send_champion(self._champion)

    def fail(self, reason: str) -> None:
        """Send the end of a run that has not begun or has not sent it itself."""
        if not self.has_ended:
            self._send(RunEnded("failed", reason))

    def _send(self, event: TrainEvent) -> None:
        match event:
            case RunStarted():
                self._started(event)
            case StepDone():
                self._channel.send("metrics", run=self._id, step=event.step, values=dict(event.values))
            case TrainProgress():
                self._channel.send("progress", run=self._id, **vars(event))
            case ChampionKept():
                self._champion = event
                self._send_champion(event)
            case DetailsKept():
                self._channel.send("details", run=self._id, step=event.step, details=dict(event.details))
            case RunEnded():
                self.has_ended = True
                self._channel.send("ended", run=self._id, state=event.state, reason=event.reason)

    def _started(self, event: RunStarted) -> None:
        self._run, self._champion = event.run, event.champion
        manifest = event.run.manifest
        self._channel.send(
            "run_started",
            run=event.run.id,
            trainer=manifest.trainer,
            name=manifest.name,
            folder=str(event.run.folder.path),
            seed=manifest.seed,
            step=event.step,
            config=dict(manifest.config),
        )

    def _send_champion(self, champion: ChampionKept) -> None:
        file = champion.file
        self._channel.send(
            "champion", run=self._id, hash=file.hash, file=str(file.path), step=file.step, fitness=champion.fitness
        )
