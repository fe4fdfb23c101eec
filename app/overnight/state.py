"""What a night has come to, written as soon as it is known: the file ``overnights/<id>/overnight.json``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ai.run_folder import Write, write_errors
from app.overnight.config import OvernightConfig
from league.config import first_error_sentence
from league.errors import LeagueError
from league.home import write_atomic
from league.writer_lock import LOCK_NAME

FORMAT: Final = 1
FILE_NAME: Final = "overnight.json"

NightState: TypeAlias = Literal["running", "stopped", "failed", "complete"]


class OvernightError(LeagueError):
    """A night cannot be begun, resumed or read."""


class Phase(StrEnum):
    """What a cycle is at."""

    TRAIN = "train"
    GATE = "gate"
    SEASON = "season"
    DONE = "done"


_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GateRecord(BaseModel):
    """What the champion gate has found; as ``league.gate.Verdict``."""

    model_config = _FROZEN

    is_better: bool
    decision: str
    pairs: int
    counts: tuple[int, ...]
    llr: float
    score: float


class Standing(BaseModel):
    """What a season says: of the reigning champion, and who leads."""

    model_config = _FROZEN

    rating: float | None
    rank: int | None
    players: int
    rows_sha256: str
    leaders: tuple[str, ...]
    """Content hashes of the best who can be trained against, best first."""


class Cycle(BaseModel):
    """One cycle; players are content hashes."""

    model_config = _FROZEN

    number: int = Field(ge=1)
    phase: Phase = Phase.TRAIN
    settings: Mapping[str, str | tuple[str, ...]] | None = None
    """Fields that this cycle's run was given besides the night's own; None: not decided yet."""
    parent: str | None = None
    """The champion that reigned when the cycle began."""
    run: str | None = None
    candidate: str | None = None
    is_better: bool | None = None
    gate: GateRecord | None = None
    champion: str | None = None
    """The champion that reigns after the gate."""
    champion_name: str | None = None
    players: tuple[str, ...] = ()
    """Who is to play the season, until it is stored."""
    season: int | None = None
    standing: Standing | None = None
    seconds: float = 0.0
    failure: str = ""
    """Why the cycle was broken off; empty: it was not."""


class Night(BaseModel):
    """A night, as its file holds it."""

    model_config = _FROZEN

    format: Literal[1] = 1
    id: str
    name: str
    seed: int
    config: OvernightConfig
    state: NightState = "running"
    reason: str = ""
    inherited: str | None = None
    """The champion of an earlier night that reigned when this one began; a content hash."""
    cycles: tuple[Cycle, ...] = ()

    @property
    def seconds(self) -> float:
        """Time that its cycles have taken."""
        return sum(cycle.seconds for cycle in self.cycles)

    @property
    def open_cycle(self) -> Cycle | None:
        """The cycle that is not done."""
        last = self.cycles[-1] if self.cycles else None
        return last if last is not None and last.phase is not Phase.DONE else None

    @property
    def done(self) -> tuple[Cycle, ...]:
        """The cycles that are done, also those that were broken off."""
        return tuple(cycle for cycle in self.cycles if cycle.phase is Phase.DONE)

    @property
    def champions(self) -> tuple[str, ...]:
        """Everybody who has entered the league, the last one first."""
        return tuple(
            cycle.champion for cycle in reversed(self.cycles) if cycle.is_better and cycle.champion is not None
        )

    @property
    def succession(self) -> tuple[str, ...]:
        """Everybody who has reigned in it, the last one first."""
        return self.champions if self.inherited is None else (*self.champions, self.inherited)

    @property
    def has_failed_throughout(self) -> bool:
        """Whether every cycle that it has made was broken off."""
        return bool(self.done) and all(cycle.failure for cycle in self.done)

    @property
    def leaders(self) -> tuple[str, ...]:
        """Who led the last season; empty before the first."""
        standings = [cycle.standing for cycle in self.cycles if cycle.standing is not None]
        return standings[-1].leaders if standings else ()

    def with_cycle(self, cycle: Cycle) -> "Night":
        """Return the night with ``cycle`` in the place of the one of its number, or behind all."""
        return self.model_copy(update={"cycles": (*self.cycles[: cycle.number - 1], cycle)})


@dataclass(frozen=True)
class NightFolder:
    """Where one night is kept. Who writes holds the league's ``writer_lock``, and its own."""

    path: Path
    write_file: Write = write_atomic

    @property
    def id(self) -> str:
        """The night's name on the command line."""
        return self.path.name

    @property
    def file(self) -> Path:
        """The file that holds everything."""
        return self.path / FILE_NAME

    def write(self, night: Night) -> None:
        """Write ``night``: all of it or, whatever happens, the file as it was; a full disk is a ``DiskFullError``."""
        with write_errors(self.file):
            self.write_file(self.file, night.model_dump_json(indent=1).encode() + b"\n")

    def read(self) -> Night:
        """Return the night; ``OvernightError`` if the file cannot be used."""
        try:
            content = self.file.read_bytes()
            written = json.loads(content).get("format")
            if written != FORMAT:
                raise OvernightError(f"{self.file} is of format {written!r}: this program reads format {FORMAT}")
            return Night.model_validate_json(content)
        except OSError as error:
            raise OvernightError(f"{self.file} cannot be read ({error.strerror}): begin another night") from error
        except ValidationError as error:
            reason = first_error_sentence(error, Night)
            raise OvernightError(f"{self.file} is damaged ({reason}): put it back, or begin another night") from error
        except (ValueError, AttributeError) as error:
            raise OvernightError(f"{self.file} is damaged ({error}): put it back, or begin another night") from error

    def sweep(self) -> None:
        """Delete the temporary files of writes that were killed."""
        for leftover in self.path.glob(f".{FILE_NAME}.*"):
            leftover.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the night, as if it had never been; its folder goes if nothing else is in it."""
        self.sweep()
        for file in (self.file, self.path / LOCK_NAME):
            file.unlink(missing_ok=True)
        for folder in (self.path, self.path.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def nights(home: Path) -> list[NightFolder]:
    """Return the nights of the league in ``home``, by number."""
    found = [NightFolder(file.parent) for file in (home / "overnights").glob(f"*/{FILE_NAME}")]
    return sorted(found, key=lambda folder: (night_number(folder.id), folder.id))


def night_number(night_id: str) -> int:
    """Return the number in the id of a night, 0 if it has none."""
    number = night_id.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def find_night(home: Path, night_id: str) -> NightFolder:
    """Return the night called ``night_id``, or with an empty one the latest that is not complete; ``OvernightError`` if none."""
    known: Sequence[NightFolder] = nights(home)
    if night_id:
        for folder in known:
            if folder.id == night_id:
                return folder
        there = ", ".join(folder.id for folder in known[-8:]) or "none"
        raise OvernightError(f"there is no overnight '{night_id}': there is {there}")
    for folder in reversed(known):
        if folder.read().state != "complete":
            return folder
    raise OvernightError("no overnight is unfinished: leave --resume out to begin one")
