"""A training run that is about to be started: what it is, what is wrong with it, and the command that starts it. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.config_options import option_name
from app.desktop.command_line import EVENTS

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from ai.trainer import Trainer

JOB_KIND: Final = "training"


@dataclass(frozen=True)
class NewRun:
    """What the form holds. ``values`` are the fields of the trainer's configuration class."""

    trainer: "Trainer"
    preset: str | None
    values: Mapping[str, object] = field(default_factory=dict)
    name: str = ""
    seed: int = 1
    workers: int | None = 1
    """None: the trainer settles it by what the machine has."""

    @property
    def title(self) -> str:
        """What the job is called."""
        return f"Training: {self.name or self.trainer.title}"

    def problem(self) -> str:
        """Return why it cannot be started, in a sentence; empty if it can."""
        from ai.errors import TrainingError

        try:
            self.trainer.configure(self.values, self.preset)
        except TrainingError as error:
            return str(error)
        return ""

    def changed(self) -> dict[str, object]:
        """Return the fields that differ from the preset's: those that the command line has to name.

        Raises
        ------
        TrainingError
            If there is a ``problem``.
        """
        base = preset_values(self.trainer, self.preset)
        chosen = self.trainer.configure(self.values, self.preset).model_dump()
        return {name: value for name, value in chosen.items() if base[name] != value}

    def arguments(self, home: str) -> list[str]:
        """Return the arguments of ``main.py`` that start the run as a job of the window."""
        words = ["train", self.trainer.name]
        if self.preset is not None:
            words += ["--preset", self.preset]
        for name, value in self.changed().items():
            words += _option(name, value)
        words += ["--seed", str(self.seed), *_workers(self.workers)]
        if self.name:
            words += ["--name", self.name]
        return [*words, "--home", home, EVENTS]


def resume_arguments(trainer: str, run: str, home: str, workers: int | None) -> list[str]:
    """Return the arguments of ``main.py`` that go on with a stored run; without ``workers`` the trainer settles them."""
    return ["train", trainer, "--resume", run, *_workers(workers), "--home", home, EVENTS]


def preset_values(trainer: "Trainer", preset: str | None) -> dict[str, object]:
    """Return the whole configuration of a preset, by field."""
    return trainer.configure({}, preset).model_dump()


def crowding(wanted: int, running: int, cores: int) -> str:
    """Return a warning when the workers of all runs are more than the cores; empty if they are not."""
    if not running or wanted + running <= cores:
        return ""
    return (
        f"The runs that are on have {running} {'worker' if running == 1 else 'workers'}; with {wanted} more they share "
        f"{cores} {'core' if cores == 1 else 'cores'}, and each run takes longer."
    )


def _workers(count: int | None) -> list[str]:
    return [] if count is None else ["--workers", str(count)]


def _option(name: str, value: object) -> list[str]:
    option = option_name(name)
    if isinstance(value, bool):
        return [option if value else f"--no-{option.removeprefix('--')}"]
    if isinstance(value, list | tuple):
        return [option, ",".join(str(part) for part in value)]
    return [option, str(value)]
