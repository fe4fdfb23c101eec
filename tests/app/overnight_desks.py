"""A desk in memory, and cycles in a league, for tests of a night's phases."""

import dataclasses

import numpy as np

from ai.dense.parameters import dense_builder
from ai.runs import Plan, Runs
from ai.trainer import Trainer, trainer
from app.overnight.config import OvernightConfig
from app.overnight.phases import LeaguePhases, Machine
from app.overnight.state import Cycle, Night, Phase, Standing
from app.session import League
from game.executors.base import RunControl
from game.games.rally import GAME
from game.policies.file import PlayerFile

ES = trainer("es")
SERIAL = Machine(executor="serial")


class FromConfig(ES.config_class):  # type: ignore[name-defined,misc]
    """A configuration that can begin with a player."""

    start_from: str = ""


CLIMBER = dataclasses.replace(ES, name="climber", config_class=FromConfig)


class FakeDesk:
    """A night's desk that keeps cycles in memory."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.control = RunControl()
        self.lines: list[str] = []

    def keep(self, cycle: Cycle) -> Cycle:
        self.night = self.night.with_cycle(cycle)
        return cycle

    def begin(self, run: str | None = None, season: int | None = None) -> None:
        pass

    def progress(self, done: int, expected: int | None, unit: str, rest_s: float | None = None) -> None:
        pass

    def say(self, line: str) -> None:
        self.lines.append(line)


def player(seed: int, *, lineage: tuple[str, ...] = ()) -> PlayerFile:
    build, size = dense_builder((GAME.n_observations, 4, GAME.n_actions))
    policy = build(np.random.default_rng(seed).standard_normal(size).astype(np.float32))
    return PlayerFile(f"net {seed}", GAME.name, GAME.version, policy, lineage=lineage)


def phases(league: League, chosen: Trainer = ES) -> LeaguePhases:
    return LeaguePhases(league, chosen, GAME, SERIAL)


def champion_of(league: League, number: int, **more: object) -> Cycle:
    """Return a done cycle whose champion is in the league, the player of seed ``number``, lead by three others."""
    row = league.library.add(player(number), name=f"n {number}")
    leaders = (*(league.library.find(name).hash for name in ("aimer", "predictor")), row.hash)
    standing = Standing(rating=1.0, rank=1, players=5, rows_sha256="", leaders=leaders)
    return Cycle(
        number=number, phase=Phase.DONE, is_better=True, champion=row.hash, champion_name=row.name, standing=standing
    ).model_copy(update=more)


def desk_after(*cycles: Cycle, **config: object) -> FakeDesk:
    config = {"trainer": "es", "pairs": 1, "gate": {"max_pairs": 10, "batch_pairs": 10}, **config}
    return FakeDesk(Night(id="n", name="n", seed=3, config=OvernightConfig.model_validate(config), cycles=cycles))


def gated(league: League, number: int, seed: int, **more: object) -> Cycle:
    """Return a cycle at the gate, whose run has the player of ``seed`` as its champion."""
    run = Runs(league.home, league.store).create(Plan(ES, ES.configure({}), GAME, number))
    run.folder.add_champion(player(seed), 1)
    return Cycle(number=number, phase=Phase.GATE, settings={}, run=run.id, candidate=player(seed).hash).model_copy(
        update=more
    )
