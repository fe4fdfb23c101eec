"""Training runs as text and as JSON objects."""

import json
import shlex
from collections.abc import Sequence

from ai.advice import Advice, Line
from ai.runs import Run
from ai.trainer import Trainer
from app.config_options import option_name
from app.metric_book import title_of
from app.payoff_text import DETAIL, payoff_lines
from app.run_plots import plots_path
from app.tables import aligned
from app.training import TrainRequest
from league.schema import RunRow


def run_object(row: RunRow) -> dict[str, object]:
    """Return the object of a run that ``--json`` prints; docs/formats.md explains each key."""
    return {
        "run": row.id,
        "name": row.name,
        "trainer": row.trainer,
        "game": row.game,
        "seed": row.seed,
        "state": row.state,
        "folder": row.folder,
        "created": row.created,
        "updated": row.updated,
        "config": json.loads(row.config_json),
        **json.loads(row.summary_json),
    }


def runs_text(rows: Sequence[RunRow]) -> list[str]:
    """Return the list of runs as lines."""
    if not rows:
        return ["no training run yet: python main.py train shows how to start one"]
    head = ["run", "name", "trainer", "state", "steps", "fitness", "time", "created"]
    return aligned([head, *(_line(row) for row in rows)], left=(0, 1, 2, 3, 7))


def _line(row: RunRow) -> list[str]:
    summary = json.loads(row.summary_json)
    step, expected, champion = summary.get("step", 0), summary.get("expected"), summary.get("champion")
    return [
        row.id,
        row.name,
        row.trainer,
        row.state,
        f"{step:,}" + (f" of {expected:,}" if expected else ""),
        f"{champion['fitness']:.3f}" if champion else "",
        f"{summary.get('seconds', 0):.0f} s",
        row.created[:16].replace("T", " "),
    ]


def run_text(row: RunRow, run: Run, trainer: Trainer, home: str | None) -> list[str]:
    """Return what came of a run as lines, and what can be done next."""
    summary = json.loads(row.summary_json)
    step, expected = summary.get("step", 0), summary.get("expected")
    of = f" of {expected:,}" if expected else ""
    head = (
        f"run {row.id} '{row.name}': {row.state}, {step:,}{of} {trainer.step_unit} in {summary.get('seconds', 0):.1f} s, "
        f"seed {row.seed}"
    )
    lines = [head]
    if summary.get("reason"):
        lines.append(f"reason: {summary['reason']}")
    lines += aligned(_metric_rows(summary.get("metrics", {}), trainer), left=(0, 2))
    payoffs = run.folder.details().get(DETAIL)
    lines += payoff_lines(payoffs.value) if payoffs is not None else []
    lines += _champion_lines(summary.get("champion"), run, home, is_complete=row.state == "complete")
    if plots_path(run).exists():
        lines.append(f"plots: {plots_path(run)}")
    if row.state != "complete":
        lines.append(f"go on: {_command(home, 'train', row.trainer, '--resume', row.id)}")
    return lines


def _metric_rows(values: dict[str, float], trainer: Trainer) -> list[list[str]]:
    """Return title, value and unit of the latest metrics, in the order in which the trainer declares them.

    The parts of a whole are left out: there may be dozens, and ``--json`` and the charts have them.
    """
    rows = [["metric", "latest", ""]]
    for spec in (spec for spec in trainer.metrics if not spec.is_part):
        for name in values:
            if trainer.metric(name) is spec:
                title = title_of(spec, name)
                rows.append(
                    [title, f"{values[name]:,.4g}" if abs(values[name]) < 1e4 else f"{values[name]:,.0f}", spec.unit]
                )
    return rows


def _champion_lines(champion: dict[str, object] | None, run: Run, home: str | None, *, is_complete: bool) -> list[str]:
    if champion is None and is_complete:  # what learned from data plays no game
        return [f"no player comes of this run: what it has made is in {run.folder.details_path}"]
    if champion is None:
        return ["no champion yet"]
    return [
        f"champion: {str(champion['hash'])[:12]} of step {champion['step']}, fitness {champion['fitness']:.3f}",
        f"file: {run.folder.path / str(champion['file'])}",
        f"add it to the league: {_command(home, 'runs', 'add', run.id)}",
    ]


def _command(home: str | None, *words: str) -> str:
    place = ("--home", home) if home else ()
    return shlex.join(("python", "main.py", *place, *words))


def advice_object(trainer: str, advice: Advice, command: str) -> dict[str, object]:
    """Return the object of a trainer's advice that ``--check-only --json`` prints; docs/formats.md explains each key."""
    return {
        "trainer": trainer,
        "found": [vars(line) for line in advice.found],
        "measured": [vars(line) for line in advice.measured],
        "recommended": {choice.name: choice.value for choice in advice.choices},
        "reasons": {choice.name: choice.reason for choice in advice.choices},
        "warnings": list(advice.warnings),
        "command": command,
    }


def advice_text(advice: Advice, command: str) -> list[str]:
    """Return a trainer's advice as lines: what was found, what was measured, what is recommended and why."""
    chosen = [[choice.name.replace("_", " "), _value(choice.value), choice.reason] for choice in advice.choices]
    return [
        *_section("found", _rows(advice.found)),
        *_section("measured", _rows(advice.measured)),
        *_section("recommended", chosen),
        *(f"note: {warning}" for warning in advice.warnings),
        f"start it: {command}",
    ]


def _section(title: str, rows: list[list[str]]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in aligned(rows, left=range(3)))] if rows else []


def _rows(lines: Sequence[Line]) -> list[list[str]]:
    return [[line.name, line.text] for line in lines]


def _value(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def start_command(request: TrainRequest, advice: Advice, home: str | None) -> str:
    """Return the command that starts the run that was asked for, as the advice has settled it."""
    words = ["train", request.trainer.name]
    if request.preset is not None:
        words += ["--preset", request.preset]
    for name, value in {**request.fields, **advice.values}.items():
        words += _option(name, value)
    words += [
        "--workers",
        str(advice.workers),
        *(("--executor", request.executor) if request.executor != "pool" else ()),
    ]
    for option, given in (("--seed", request.seed), ("--name", request.name)):
        if given is not None:
            words += [option, str(given)]
    return _command(home, *words, *(("--force",) if request.is_forced else ()))


def _option(field: str, value: object) -> list[str]:
    option = option_name(field)
    if isinstance(value, bool):
        return [option if value else f"--no-{option[2:]}"]
    if isinstance(value, list | tuple):
        return [option, ",".join(str(part) for part in value)]
    return [option, str(value)]


def trainers_text(trainers: Sequence[Trainer]) -> list[str]:
    """Return the list of trainers with their presets as lines."""
    lines = []
    for trainer in trainers:
        lines += [f"{trainer.name}: {trainer.title}", f"  {trainer.description}"]
        lines += [
            f"  --preset {name}: {preset.sentence} About {_duration(preset.expected_s)}."
            for name, preset in trainer.presets.items()
        ]
    return [
        *lines,
        "",
        "start one: python main.py train NAME [--preset PRESET]; its settings: python main.py train NAME --help",
    ]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
