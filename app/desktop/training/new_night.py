"""A night that is about to be begun: what it is, what is wrong with it, and the command that begins it. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.config_options import option_name
from app.desktop.command_line import EVENTS
from app.desktop.training.card_text import rough_duration
from app.desktop.training.new_run import NewRun

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.trainer import Trainer

JOB_KIND: Final = "overnight"
USUAL_TRAINER: Final = "selfplay"
ELSEWHERE: Final = ("trainer", "preset", "settings", "name", "seed", "gate")
"""Fields of a night's configuration that have inputs of their own."""


@dataclass(frozen=True)
class NewNight:
    """What the dialog holds: what each cycle trains, and the fields of the night's own configuration.

    ``gate`` are the fields of the champion gate's configuration.
    """

    run: NewRun
    fields: Mapping[str, object] = field(default_factory=dict)
    gate: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the job is called."""
        return f"Overnight: {self.run.name or self.run.trainer.title}"

    def problem(self) -> str:
        """Return why it cannot be begun, in a sentence; empty if it can."""
        from pydantic import ValidationError

        from app.overnight.config import OvernightConfig
        from league.config import first_error_sentence

        try:
            OvernightConfig.model_validate(
                {**self.fields, "gate": self.gate, "name": self.run.name or None, "seed": self.run.seed}
            )
        except ValidationError as error:
            return first_error_sentence(error, OvernightConfig)
        return self.run.problem()

    def arguments(self, home: str) -> list[str]:
        """Return the arguments of ``main.py`` that begin the night as a job of the window; only without a ``problem``."""
        from app.overnight.config import OvernightConfig

        run, default = self.run, OvernightConfig()
        words = ["overnight", "--trainer", run.trainer.name]
        if run.preset is not None:
            words += ["--preset", run.preset]
        for name, value in run.changed().items():
            words += ["--set", f"{name}={_text(value)}"]
        words += self._length()
        for name, value in self.fields.items():
            if name not in ("cycles", "hours") and value != getattr(default, name):
                words += [option_name(name), _text(value)]
        for name, value in self.gate.items():
            if value != getattr(default.gate, name):
                words += [option_name(f"gate_{name}"), _text(value)]
        words += ["--seed", str(run.seed)]
        if run.name:
            words += ["--name", run.name]
        if run.workers is not None:
            words += ["--workers", str(run.workers)]
        return [*words, "--home", home, EVENTS]

    def summary(self) -> str:
        """Return what a cycle and the night come to, in a sentence."""
        cycles, hours = self.fields.get("cycles"), self.fields.get("hours")
        length = f"There are {cycles} cycles" if cycles else f"No cycle begins after {hours:g} hours"
        preset = None if self.run.preset is None else self.run.trainer.presets[self.run.preset]
        if preset is None or self.run.changed():
            return f"{length}."
        return f"{length}; in each one training takes about {rough_duration(preset.expected_s)}."

    def _length(self) -> list[str]:
        cycles = self.fields.get("cycles")
        return ["--cycles", _text(cycles)] if cycles else ["--hours", _text(self.fields.get("hours"))]


def resume_arguments(night: str, home: str) -> list[str]:
    """Return the arguments of ``main.py`` that go on with a stored night."""
    return ["overnight", "--resume", night, "--home", home, EVENTS]


def one_for_nights(trainers: "Sequence[Trainer]") -> int:
    """Return the place of the trainer that a night begins with, if nothing is said."""
    return next((place for place, each in enumerate(trainers) if each.name == USUAL_TRAINER), 0)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) and value == round(value) else str(value)
