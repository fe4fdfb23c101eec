"""The training runs of a league: made, found, listed, their champions brought into the league.

A run is a pure function of its manifest. Its folder holds what it has come to, the league's store a row about it.
``ai.training`` trains it.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ai.errors import TrainingError
from ai.run_folder import ChampionFile, Manifest, RunFolder, write_errors
from ai.trainer import Json, Trainer, TrainerConfig
from ai.trainer import trainer as trainer_named
from game.games import game as game_named
from game.policies.file import MAX_NAME, read_player
from game.spec import GameSpec
from league.home import Home
from league.library import Library
from league.schema import PlayerRow, RunRow
from league.store import Store
from league.writer_lock import running_writer

INTERRUPTED: Final = "interrupted"
"""The state of a run whose row says that it is running, but whose process is gone."""


@dataclass(frozen=True)
class Run:
    """One run: what it is, and where it is kept."""

    manifest: Manifest
    folder: RunFolder

    @property
    def id(self) -> str:
        """Its name on the command line."""
        return self.manifest.run


@dataclass(frozen=True)
class Plan:
    """What a new run is to be."""

    trainer: Trainer
    config: TrainerConfig
    game: GameSpec
    seed: int
    name: str | None = None
    preset: str | None = None
    """The preset that ``config`` began with."""


class Runs:
    """The training runs of the league in ``home``, whose rows are in ``store``."""

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self.store = store

    def create(self, plan: Plan) -> Run:
        """Return a new run of ``plan``, ready to be trained; without a name it is called by its id.

        Raises
        ------
        LeagueError
            If the name cannot be used or the folder cannot be written; nothing is left then.
        """
        name, trainer = plan.name, plan.trainer
        if name is not None and not (0 < len(name.strip()) <= MAX_NAME and name.isprintable()):
            raise TrainingError(f"name is {name[:MAX_NAME]!r}: 1 to {MAX_NAME} printable characters are allowed")
        folder = self._new_folder(trainer.name)
        manifest = Manifest(
            run=folder.path.name,
            name=name or folder.path.name,
            trainer=trainer.name,
            trainer_version=trainer.version,
            game=plan.game.name,
            game_version=plan.game.version,
            seed=plan.seed,
            config=plan.config.model_dump(mode="json"),
            preset=plan.preset,
            python=platform.python_version(),
            numpy=np.__version__,
        )
        run = Run(manifest, folder)
        try:
            folder.write_manifest(manifest)
            self.save(run, "stopped", None, {})
        except BaseException:
            (folder.path / "config.json").unlink(missing_ok=True)
            folder.path.rmdir()
            raise
        return run

    def find(self, run_id: str) -> Run:
        """Return the run called ``run_id``.

        Raises
        ------
        LeagueError
            If there is none, or its folder cannot be used.
        """
        row = self.store.run(run_id)
        folder = RunFolder(self._home.folder / row.folder)
        return Run(folder.manifest(), folder)

    def rows(self) -> list[RunRow]:
        """Return the rows of all runs in the order they were created; a run whose process is gone is ``interrupted``."""
        return [replace(row, state=self._live_state(row)) for row in self.store.runs()]

    def row(self, run_id: str) -> RunRow:
        """Return the row of one run; as ``rows`` does."""
        row = self.store.run(run_id)
        return replace(row, state=self._live_state(row))

    def latest_unfinished(self, trainer: str) -> Run:
        """Return the latest run of ``trainer`` that is not complete; ``TrainingError`` if there is none."""
        for row in reversed(self.store.runs()):
            if row.trainer == trainer and row.state != "complete":
                return self.find(row.id)
        raise TrainingError(f"no run of trainer '{trainer}' is unfinished: leave --resume out to start one")

    def config(self, run: Run) -> TrainerConfig:
        """Return the configuration of ``run``; ``TrainingError`` if this program's trainer cannot go on with it."""
        manifest = run.manifest
        trainer = trainer_named(manifest.trainer)
        if manifest.trainer_version != trainer.version:
            raise TrainingError(
                f"run {run.id} was made by version {manifest.trainer_version} of trainer '{trainer.name}': this program has "
                f"version {trainer.version}; start a new run"
            )
        return trainer.configure(manifest.config)

    def game(self, run: Run) -> GameSpec:
        """Return the game of ``run``; ``LeagueError`` if this program plays another version of it."""
        manifest = run.manifest
        game = game_named(manifest.game)
        if manifest.game_version != game.version:
            raise TrainingError(
                f"run {run.id} was made for {game.name} version {manifest.game_version}: this program plays version "
                f"{game.version}; start a new run"
            )
        return game

    def add_champion(
        self, library: Library, run: Run, *, name: str | None = None, step: int | None = None
    ) -> PlayerRow:
        """Bring the latest champion of ``run``, or that of ``step``, into the league, and return it.

        Raises
        ------
        LeagueError, GameError
            If there is no such champion, or the league refuses it.
        """
        kept = [champion for champion in run.folder.champions() if step is None or champion.step == step]
        if not kept:
            steps = ", ".join(str(champion.step) for champion in run.folder.champions()[-8:])
            hint = f"it has champions of the steps {steps}" if steps else "train it for longer"
            raise TrainingError(f"run {run.id} has no champion{'' if step is None else f' of step {step}'}: {hint}")
        return library.add(read_player(kept[-1].path), name=name or run.manifest.name)

    def save(self, run: Run, state: str, champion: ChampionFile | None, summary: Mapping[str, Json]) -> None:
        """Keep the row of ``run``."""
        manifest = run.manifest
        self.store.save_run(
            RunRow(
                id=run.id,
                trainer=manifest.trainer,
                game=manifest.game,
                name=manifest.name,
                seed=manifest.seed,
                config_json=json.dumps(manifest.config, sort_keys=True),
                state=state,
                folder=run.folder.path.relative_to(self._home.folder).as_posix(),
                best_player_hash=champion.hash if champion is not None else None,
                summary_json=json.dumps(summary, sort_keys=True, allow_nan=False),
            )
        )

    def _new_folder(self, trainer: str) -> RunFolder:
        """Make the folder of the next run of ``trainer``; two processes never get the same."""
        parent = self._home.folder / "runs"
        taken = {row.id for row in self.store.runs()}
        with write_errors(parent):
            parent.mkdir(parents=True, exist_ok=True)
            taken.update(path.name for path in parent.iterdir())
            numbers = [int(name.removeprefix(f"{trainer}-")) for name in taken if _is_numbered(name, trainer)]
            number = max(numbers, default=0) + 1
            while True:
                path = parent / f"{trainer}-{number}"
                try:
                    path.mkdir()
                except FileExistsError:
                    number += 1
                else:
                    return RunFolder(path)

    def _live_state(self, row: RunRow) -> str:
        if row.state in {"running", "paused"} and running_writer(self._home.folder / row.folder) is None:
            return INTERRUPTED
        return row.state


def _is_numbered(name: str, trainer: str) -> bool:
    start, dash, number = name.rpartition("-")
    return start == trainer and bool(dash) and number.isdecimal()
