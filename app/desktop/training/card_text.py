"""What a run's card says, in words. No Qt."""

from typing import TYPE_CHECKING, Final

from app.desktop.charts.text import number
from app.desktop.league.words import duration
from app.desktop.training.cards import Phase, RunCard

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from ai.trainer import MetricSpec, Trainer

_KEY_METRICS: Final = 4
_RATE: Final = "_per_s"
_WORDS: Final = {
    Phase.STARTING: "starting",
    Phase.RUNNING: "running",
    Phase.PAUSED: "paused",
    Phase.STOPPING: "stopping",
    Phase.STOPPED: "stopped",
    Phase.INTERRUPTED: "interrupted",
    Phase.COMPLETE: "complete",
    Phase.FAILED: "failed",
}


def phase_text(card: RunCard) -> str:
    """Return what the run is doing, in a word or two."""
    return f"{_WORDS[card.phase]} elsewhere" if card.is_elsewhere and not card.night else _WORDS[card.phase]


def rough_duration(seconds: float) -> str:
    """Return about how long something takes: ``30 s``, ``5 min``, ``2 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def step_text(card: RunCard, trainer: "Trainer | None") -> str:
    """Return how far it is, in the trainer's own unit: ``43 of 100 generations``."""
    unit = "steps" if trainer is None else trainer.step_unit
    return f"{card.step:,} of {card.expected:,} {unit}" if card.expected else f"{card.step:,} {unit}"


def time_text(card: RunCard) -> str:
    """Return how long it has trained, and how long it will."""
    taken = duration(card.seconds)
    left = card.phase is Phase.RUNNING and card.eta_s is not None
    return f"{taken}, {duration(card.eta_s)} left" if left else taken


def best_text(card: RunCard) -> str:
    """Return the fitness of its champion; empty while it has none."""
    return "" if card.champion is None else f"best {number(card.champion.fitness)} at step {card.champion.step:,}"


def reason_text(card: RunCard) -> str:
    """Return why it does not go on, in a sentence; empty if it does or needs no reason."""
    if card.phase is Phase.INTERRUPTED:
        return card.reason or "Its process was ended from outside. Resume goes on from the last checkpoint."
    if card.is_elsewhere and card.night:
        return f"The night {card.night} trains this run: pause or stop the night."
    if card.is_elsewhere:
        return "Another program trains this run: it can be paused and stopped there."
    if card.phase is Phase.FAILED:
        return card.reason or "It failed without a reason: see the log."
    return card.reason if card.phase is Phase.STOPPED else ""


def key_metrics(card: RunCard, trainer: "Trainer | None") -> "list[tuple[MetricSpec, str]]":
    """Return the metrics that matter most, with their values: the trainer's headlines, then the first of the others."""
    specs = [] if trainer is None else [spec for spec in trainer.metrics if spec.name in card.values]
    chosen = [spec for spec in specs if not spec.name.endswith(_RATE)]
    chosen.sort(key=lambda spec: not spec.is_headline)
    return [(spec, number(card.values[spec.name])) for spec in chosen[:_KEY_METRICS]]


def throughput_text(card: RunCard, trainer: "Trainer | None") -> str:
    """Return the first rate that the trainer declares: ``350 matches/s``; empty if there is none."""
    for spec in () if trainer is None else trainer.metrics:
        if spec.name.endswith(_RATE) and spec.name in card.values:
            return f"{number(card.values[spec.name])} {spec.unit or spec.title.lower() + '/s'}"
    return ""


def spoken(card: RunCard, trainer: "Trainer | None") -> str:
    """Return the card as a sentence, for those who hear it."""
    parts = [card.name, phase_text(card), step_text(card, trainer), time_text(card), best_text(card), reason_text(card)]
    parts += [f"{spec.title} {value}" for spec, value in key_metrics(card, trainer)]
    return ", ".join(part for part in parts if part)
