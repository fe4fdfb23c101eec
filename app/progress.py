"""The progress of a season on the terminal: a bar where there is one, a line now and then where there is none."""

import sys
from types import TracebackType
from typing import Never

from tqdm import tqdm

from league.season import Progress

_LINE_S = 10.0


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
            bar = self._bar = tqdm(
                desc=self._label if progress.is_exact else f"{self._label} (at most)",
                total=progress.expected,
                initial=progress.done - progress.played,
                unit=" matches",
                unit_scale=True,
                file=sys.stderr,
                dynamic_ncols=True,
                mininterval=0.1 if sys.stderr.isatty() else _LINE_S,
                ascii=not sys.stderr.isatty(),
            )
        bar.set_postfix_str(f"faults {progress.faults}, workers {progress.workers}", refresh=False)
        is_first = progress.played > 0 and not self._has_shown_play
        bar.update(progress.done - bar.n)
        if is_first:
            self._has_shown_play = True
            bar.refresh()
