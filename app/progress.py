"""Progress on the terminal: a bar where there is one, a line now and then where there is none."""

import sys
from types import TracebackType
from typing import Never

from tqdm import tqdm

from league.season import Progress

_LINE_S = 10.0


class _Lines:
    """Where a bar goes without a terminal: each of its pictures becomes a line of the log."""

    def write(self, text: str) -> None:
        """Write what ``text`` shows, if it shows anything."""
        picture = text.strip()
        if picture:
            sys.stderr.write(picture + "\n")

    def flush(self) -> None:
        """Hand on what was written."""
        sys.stderr.flush()


def progress_bar(label: str, unit: str, *, total: int | None, initial: int, is_scaled: bool = False) -> "tqdm[Never]":
    """Return a bar on stderr that counts ``unit`` from ``initial`` to ``total``; whoever makes it closes it."""
    is_terminal = sys.stderr.isatty()
    return tqdm(
        desc=label,
        total=total,
        initial=initial,
        unit=f" {unit}",
        unit_scale=is_scaled,
        file=sys.stderr if is_terminal else _Lines(),
        dynamic_ncols=is_terminal,
        mininterval=0.1 if is_terminal else _LINE_S,
        ascii=not is_terminal,
    )


class SeasonBar:
    """Shows ``Progress`` on stderr. A context manager."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._has_shown_play = False
        self._bar: tqdm[Never] | None = None

    def __enter__(self) -> "SeasonBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: Progress) -> None:
        """Show how far the season is: matches, rate, time left, faults, workers."""
        bar = self._bar
        if bar is None:
            label = self._label if progress.is_exact else f"{self._label} (at most)"
            first = progress.done - progress.played
            bar = progress_bar(label, "matches", total=progress.expected, initial=first, is_scaled=True)
            self._bar = bar
        bar.set_postfix_str(f"faults {progress.faults}, workers {progress.workers}", refresh=False)
        is_first = progress.played > 0 and not self._has_shown_play
        bar.update(progress.done - bar.n)
        if is_first:
            self._has_shown_play = True
            bar.refresh()
