"""The metrics of a training run for other programs: CSV for tables, an event file for TensorBoard."""

import csv
import io
import itertools
import json
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from ai.errors import TrainingError
from ai.run_folder import MetricRow
from ai.runs import Run
from app.metric_book import MetricBook, declared
from league.home import write_atomic
from league.schema import RunRow

SETTINGS_TAG: Final = "settings"
"""The tag of the text of an event file that says what the run is."""

_EVENT_FILE: Final = "events.out.tfevents"
_FILE_VERSION: Final = "brain.Event:2"


def export_run(run: Run, row: RunRow, *, csv_path: Path | None, tensorboard: Path | None) -> list[Path]:
    """Write all metrics of ``run``, whose row in the league is ``row``, and return the files.

    ``csv_path`` becomes a table with a row a step; in the folder ``tensorboard`` a folder of the run gets an event file.

    Raises
    ------
    LeagueError
        If there are no metrics, or a file is there already or cannot be written; no file is half-written then.
    """
    rows = run.folder.metrics()
    if not rows:
        raise TrainingError(f"run {run.id} has no metrics yet: train it for at least one step")
    folder = None if tensorboard is None else tensorboard / run.id
    _refuse_existing(run, csv_path, folder)
    written = []
    if csv_path is not None:
        write_atomic(csv_path, csv_text(run.manifest.trainer, rows).encode())
        written.append(csv_path)
    if folder is not None:
        begun = datetime.fromisoformat(row.created).timestamp()
        path = folder / f"{_EVENT_FILE}.{begun:.0f}.{run.id}"
        write_atomic(path, b"".join(event_records(run, rows, begun)))
        written.append(path)
    return written


def _refuse_existing(run: Run, csv_path: Path | None, folder: Path | None) -> None:
    if csv_path is not None and csv_path.exists():
        raise TrainingError(f"{csv_path} is there already: name another file, or delete it")
    if folder is not None and any(folder.glob(f"{_EVENT_FILE}.*")):
        raise TrainingError(
            f"{folder} holds events already, and TensorBoard would mix them with those of run {run.id}: name another "
            "folder, or delete it"
        )


def csv_text(trainer: str, rows: Sequence[MetricRow]) -> str:
    """Return ``rows`` as RFC 4180: ``step``, ``seconds`` it took, and every metric that any step has; empty where one has not."""
    names = MetricBook(declared).ordered(trainer, {name for row in rows for name in row.all_values})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["step", "seconds", *names])
    for row in rows:
        values = row.all_values
        writer.writerow([row.step, row.seconds, *(values.get(name, "") for name in names)])
    return text.getvalue()


def event_records(run: Run, rows: Sequence[MetricRow], begun: float) -> Iterator[bytes]:
    """Yield the records of an event file: its version, the settings as text, every metric as a scalar ``group/name``.

    ``begun`` are the seconds of the epoch at the start of the run: an event's time is so much and the training time up to it.

    Source: TensorFlow's record format, https://www.tensorflow.org/tutorials/load_data/tfrecord.
    """
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.summary import text  # takes a second: it loads torch

    yield _record(Event(wall_time=begun, file_version=_FILE_VERSION).SerializeToString())
    yield _record(Event(wall_time=begun, summary=text(SETTINGS_TAG, _settings(run))).SerializeToString())
    book, explained = MetricBook(declared), set[str]()
    ends = itertools.accumulate(row.seconds for row in rows)
    for row, seconds in zip(rows, ends, strict=True):
        event = Event(wall_time=begun + seconds, step=row.step)
        for name, value in row.all_values.items():
            spec = book.spec(run.manifest.trainer, name)
            entry = event.summary.value.add(tag=f"{spec.group}/{name}", simple_value=value)
            if name not in explained:  # TensorBoard keeps what the first value of a tag says
                explained.add(name)
                entry.metadata.summary_description = spec.explanation
        yield _record(event.SerializeToString())


def _record(data: bytes) -> bytes:
    """Return ``data`` between its length and the two checksums."""
    from tensorboardX.record_writer import masked_crc32c

    length = struct.pack("<Q", len(data))
    return b"".join([length, struct.pack("<I", masked_crc32c(length)), data, struct.pack("<I", masked_crc32c(data))])


def _settings(run: Run) -> str:
    """Return what decides the results of ``run`` as a table in Markdown."""
    manifest = run.manifest
    facts = {
        "run": manifest.run,
        "name": manifest.name,
        "trainer": manifest.trainer,
        "trainer_version": manifest.trainer_version,
        "game": manifest.game,
        "game_version": manifest.game_version,
        "seed": manifest.seed,
        "preset": manifest.preset,
        **manifest.config,
    }
    lines = [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
    return "\n".join(["| setting | value |", "|---|---|", *lines])


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ")
