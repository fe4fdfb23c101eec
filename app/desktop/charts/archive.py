"""The throughput of earlier sessions, in a file of the league's folder. No Qt."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from app.desktop.charts.throughput import KEPT, Sample
from league.home import Home, write_atomic

FILE_NAME: Final = "throughput.csv"
_COLUMNS: Final = ("time_s", "source", "measure", "value")


def read_samples(home: Home) -> list[Sample]:
    """Return what is kept, at most ``KEPT`` samples, the oldest first; lines that are none are left out."""
    try:
        text = _path(home).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = list(_samples(text))[-KEPT:]
    return sorted(found, key=lambda sample: sample.time_s)


def write_samples(home: Home, samples: Sequence[Sample]) -> None:
    """Keep the last ``KEPT`` of ``samples``; ``HomeError`` if they cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for sample in samples[-KEPT:]:
        writer.writerow((f"{sample.time_s:.1f}", sample.source, sample.measure, f"{sample.value:.6g}"))
    write_atomic(_path(home), text.getvalue().encode())


def _path(home: Home) -> Path:
    return home.folder / FILE_NAME


def _samples(text: str) -> Iterator[Sample]:
    for line in csv.reader(io.StringIO(text.replace("\0", ""))):
        if len(line) != len(_COLUMNS) or line == list(_COLUMNS):
            continue
        try:
            time_s, value = float(line[0]), float(line[3])
        except ValueError:
            continue
        if math.isfinite(time_s) and math.isfinite(value):
            yield Sample(time_s, line[1], line[2], value)
