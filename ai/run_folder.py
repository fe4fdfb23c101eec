"""The folder of one training run: configuration, metrics, checkpoints, champions. docs/formats.md describes the files."""

import errno
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ai.checkpoint import Checkpoint, DamagedCheckpointError, Origin, read_checkpoint, to_bytes
from ai.errors import TrainingError
from ai.trainer import RATE_SUFFIX, Detail, Json, StepReport
from game.policies.file import PlayerFile
from game.policies.file import to_bytes as player_bytes
from league.errors import DiskFullError
from league.home import HomeError, write_atomic

FORMAT: Final = 1
KEPT_CHECKPOINTS: Final = 2
_CHAMPION: Final = re.compile(r"(\d{9})-([0-9a-f]{64})\.safetensors")
_CHECKPOINT: Final = re.compile(r"(\d{9})\.safetensors")

Write: TypeAlias = Callable[[Path, bytes], None]


@dataclass(frozen=True)
class Manifest:
    """What a run is: everything that decides its results, and what it was made with. The file ``config.json``."""

    run: str
    name: str
    trainer: str
    trainer_version: int
    game: str
    game_version: int
    seed: int
    config: Mapping[str, Json]
    preset: str | None
    python: str
    numpy: str

    @property
    def origin(self) -> Origin:
        """What its checkpoints must belong to."""
        return Origin(self.run, self.trainer, self.trainer_version, self.game, self.game_version)


@dataclass(frozen=True)
class MetricRow:
    """The metrics of one step, as the run's file keeps them."""

    step: int
    values: Mapping[str, float]
    work: Mapping[str, int]
    seconds: float
    """What the step took."""

    @classmethod
    def of(cls, report: StepReport, seconds: float) -> "MetricRow":
        """Return the row of ``report``, in plain numbers."""
        values = {name: float(value) for name, value in report.values.items()}
        return cls(report.step, values, {name: int(count) for name, count in report.work.items()}, seconds)

    @property
    def all_values(self) -> dict[str, float]:
        """The values, and the work as rates a second: what a chart shows."""
        rates = {f"{name}{RATE_SUFFIX}": count / self.seconds for name, count in self.work.items() if self.seconds > 0}
        return {**self.values, **rates}


@dataclass(frozen=True)
class ChampionFile:
    """A champion that a run has kept."""

    step: int
    hash: str
    path: Path


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Raise what goes wrong while ``path`` is written as one sentence; a full disk is a ``DiskFullError``."""
    try:
        yield
    except (OSError, HomeError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"{path} cannot be written, its disk is full: make room and resume the run") from error
        if isinstance(error, HomeError):
            raise
        raise TrainingError(f"{path} cannot be written: {error.strerror or error}") from error


class RunFolder:
    """The files of one run. One process at a time may write them (``league.store.writer_lock``); any number may read."""

    def __init__(self, path: Path, write: Write = write_atomic) -> None:
        self.path = path
        self._write = write

    @property
    def metrics_path(self) -> Path:
        """The file of the metrics: one JSON object a line, a line a step."""
        return self.path / "metrics.jsonl"

    @property
    def details_path(self) -> Path:
        """The file of the details; there is none before a trainer has reported some."""
        return self.path / "details.json"

    # What the run is

    def write_manifest(self, manifest: Manifest) -> None:
        """Write ``config.json``."""
        path = self.path / "config.json"
        with write_errors(path):
            self._write(path, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode() + b"\n")

    def manifest(self) -> Manifest:
        """Return what ``config.json`` says; ``TrainingError`` if it cannot be used."""
        path = self.path / "config.json"
        try:
            fields = json.loads(path.read_bytes())
            written = fields.pop("format")
            if written == FORMAT:
                return Manifest(**fields)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise TrainingError(f"{path} cannot be used ({reason}): put it back, or start a new run") from error
        raise TrainingError(f"{path} is of format {written!r}: this program reads format {FORMAT}")

    # Metrics

    def append(self, row: MetricRow) -> None:
        """Add a line to the metrics; after ``kill -9`` it is all there, or torn and cut by ``cut``."""
        line = json.dumps(asdict(row), separators=(",", ":"), allow_nan=False) + "\n"
        with write_errors(self.metrics_path), self.metrics_path.open("ab") as file:
            file.write(line.encode())

    def metrics(self, after_step: int = 0) -> list[MetricRow]:
        """Return the metrics of the steps behind ``after_step``; a torn line at the end is left out."""
        return [row for row, _ in self._metric_lines() if row.step > after_step]

    def _metric_lines(self) -> Iterator[tuple[MetricRow, int]]:
        """Yield the rows, each with where its line ends; stop at the first line that is none."""
        end = 0
        try:
            with self.metrics_path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    row = MetricRow(**json.loads(line))
                    end += len(line)
                    yield row, end
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(
                f"{self.metrics_path} is damaged at byte {end:,}: cut it there, then resume again"
            ) from error

    # Details

    def write_details(self, details: Mapping[str, Detail]) -> None:
        """Write ``details.json``; without details there is none."""
        path = self.details_path
        content = {name: vars(detail) for name, detail in details.items()}
        with write_errors(path):
            if details:
                self._write(path, json.dumps(content, separators=(",", ":"), allow_nan=False).encode() + b"\n")
            else:
                path.unlink(missing_ok=True)

    def details(self) -> dict[str, Detail]:
        """Return the newest details by name; ``TrainingError`` if they cannot be read."""
        path = self.details_path
        try:
            return {name: Detail(**fields) for name, fields in json.loads(path.read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise TrainingError(f"{path} cannot be read: resume the run, or delete the file") from error

    # Checkpoints

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write ``checkpoint`` and delete all but the last two; what it stands on is on the disk before it."""
        path = self.path / "checkpoints" / f"{checkpoint.step:09}.safetensors"
        with write_errors(path):
            if self.metrics_path.exists():
                with self.metrics_path.open("rb+") as file:
                    os.fsync(file.fileno())
            self._write(path, to_bytes(checkpoint))
            for old in self._checkpoints()[:-KEPT_CHECKPOINTS]:
                old.unlink(missing_ok=True)

    def load_checkpoint(self, origin: Origin, say: Callable[[str], None]) -> Checkpoint | None:
        """Return the latest checkpoint that can be read, None if there is none; ``say`` which one is left out.

        Raises
        ------
        TrainingError
            If the latest belongs to something else, or none of those that are there can be read.
        """
        damage: DamagedCheckpointError | None = None
        for path in reversed(self._checkpoints()):
            try:
                return read_checkpoint(path, origin)
            except DamagedCheckpointError as error:
                damage = damage or error
                say(f"checkpoint {path.name} is damaged: going on from the one before")
        if damage is not None:
            raise damage
        return None

    def _checkpoints(self) -> list[Path]:
        return sorted(path for path in (self.path / "checkpoints").glob("*") if _CHECKPOINT.fullmatch(path.name))

    # Champions

    def add_champion(self, player: PlayerFile, step: int) -> ChampionFile:
        """Keep ``player`` as the champion of ``step``."""
        path = self.path / "champions" / f"{step:09}-{player.hash}.safetensors"
        with write_errors(path):
            self._write(path, player_bytes(player))
        return ChampionFile(step, player.hash, path)

    def champions(self) -> list[ChampionFile]:
        """Return the kept champions, the oldest first."""
        matches = ((path, _CHAMPION.fullmatch(path.name)) for path in sorted((self.path / "champions").glob("*")))
        return [ChampionFile(int(match[1]), match[2], path) for path, match in matches if match]

    # Going back

    def cut(self, step: int) -> list[MetricRow]:
        """Take back what was written behind ``step``, as if it had never been; return the metrics that are left."""
        kept: list[MetricRow] = []
        size = 0
        for row, end in self._metric_lines():
            if row.step > step:
                break
            kept.append(row)
            size = end
        with write_errors(self.path):
            if self.metrics_path.exists():
                os.truncate(self.metrics_path, size)
            for champion in self.champions():
                if champion.step > step:
                    champion.path.unlink(missing_ok=True)
            for checkpoint in self._checkpoints():
                if int(checkpoint.stem) > step:  # damaged: it must not pass for a newer one than those to come
                    checkpoint.unlink(missing_ok=True)
            for leftover in [*self.path.glob(".*.*"), *self.path.glob("*/.*.*")]:
                leftover.unlink(missing_ok=True)  # temporary files of writes that were killed
        return kept
