"""A quick search for small players: an evolution strategy on the weights of a fixed network.

It makes the starter players of ``assets/players``: ``python -m ai.quick_search --help``. The strategy is the
(mu/mu_w, lambda)-ES with mirrored sampling and a decaying step (N. Hansen, D. Arnold, A. Auger: "Evolution strategies",
2015, section 4.2.1; deviations: no step-size adaptation by path length, the step decays geometrically instead).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from ai.dense.parameters import Build, dense_builder
from ai.evaluation import CandidateSides, pair_rows
from game.batch import play_batch
from game.games import game as game_named
from game.policies.activation import Activation
from game.policies.bank import Policy, build_bank
from game.policies.file import PlayerFile, to_bytes
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds
from game.spec import GameSpec
from league.home import write_atomic

logger = logging.getLogger(__name__)

_HIT_WEIGHT: Final = 0.2
"""Share of the fitness that contacts have: it leads a player that wins no point yet."""


@dataclass(frozen=True)
class SearchConfig:
    """Numbers of the search; the defaults take about a minute on one core."""

    seed: int = 1
    generations: int = 150
    population: int = 64
    pairs: int = 6
    points: int = 3
    step: float = 0.4
    last_step: float = 0.08


@dataclass(frozen=True)
class Generation:
    """What one generation came to."""

    number: int
    best: float
    mean: float
    step: float


def graph_builder(game: GameSpec, hidden: int, fan_in: int, rng: np.random.Generator) -> tuple[Build, int]:
    """Return a builder of one sparse random graph: every node reads ``fan_in`` inputs or earlier nodes."""
    n_inputs, n_outputs = game.n_observations, game.n_actions
    nodes = hidden + n_outputs
    sources = [
        np.sort(rng.choice(n_inputs + min(node, hidden), min(fan_in, n_inputs + min(node, hidden)), replace=False))
        for node in range(nodes)
    ]
    row = np.cumsum([0, *(len(source) for source in sources)]).astype(np.int32)
    source = np.concatenate(sources).astype(np.int32)
    activation = np.array([Activation.RATIONAL] * hidden + [Activation.IDENTITY] * n_outputs, np.int32)
    outputs = np.arange(n_inputs + hidden, n_inputs + nodes, dtype=np.int32)

    def build(parameters: NDArray[np.float32]) -> Policy:
        weight = parameters[: len(source)].copy()
        bias = parameters[len(source) :] * np.float32(0.3)
        return GraphPolicy(n_inputs, row, source, weight, bias, activation, outputs)

    return build, len(source) + nodes


class QuickSearch:
    """An evolution strategy over the parameters of ``build``, against scripted ``opponents``."""

    def __init__(
        self, game: GameSpec, build: Build, size: int, opponents: Sequence[Policy], config: SearchConfig
    ) -> None:
        self._game = game
        self._build = build
        self._opponents = list(opponents)
        self._config = config
        self._rng = np.random.default_rng(config.seed)
        self._mean = self._rng.standard_normal(size) * 0.5
        half = config.population // 2
        rank_weights = np.log(half + 0.5) - np.log(np.arange(1, half + 1))
        self._weights = rank_weights / rank_weights.sum()

    @property
    def champion(self) -> Policy:
        """The policy at the mean of the search's distribution."""
        return self._build(self._mean.astype(np.float32))

    def run(self) -> Iterator[Generation]:
        """Run the generations one by one."""
        config = self._config
        decay = (config.last_step / config.step) ** (1 / max(config.generations - 1, 1))
        for number in range(config.generations):
            step = config.step * decay**number
            noise = self._rng.standard_normal((config.population // 2, len(self._mean)))
            samples = np.concatenate([noise, -noise])
            candidates = [self._build((self._mean + step * sample).astype(np.float32)) for sample in samples]
            fitness = self._evaluate(candidates, number)
            best = np.argsort(-fitness, kind="stable")[: len(self._weights)]
            self._mean = self._mean + step * (self._weights @ samples[best])
            yield Generation(number, float(fitness.max()), float(fitness.mean()), step)

    def _evaluate(self, candidates: list[Policy], number: int) -> NDArray[np.float64]:
        """Return the fitness of each candidate: share of points plus a share for contacts, on this generation's seeds."""
        config = self._config
        seeds = pair_seeds(config.seed, number * config.pairs, config.pairs)
        rows = pair_rows(len(candidates), len(self._opponents), seeds, config.points)
        results = play_batch(self._game, build_bank([*candidates, *self._opponents]), rows)
        return CandidateSides.of(results, len(candidates), len(self._opponents)).fitness(_HIT_WEIGHT)


def starter(kind: str, config: SearchConfig, report: Callable[[Generation], None]) -> PlayerFile:
    """Search for the starter of ``kind`` ("dense" or "graph") and return it as a player."""
    game = game_named("rally")
    if kind == "dense":
        build, size = dense_builder((game.n_observations, 16, game.n_actions))
    else:
        build, size = graph_builder(game, 6, 5, np.random.default_rng(config.seed))
    opponents = [ScriptedPolicy.of(game, name) for name in ("random", "tracker", "predictor")]
    search = QuickSearch(game, build, size, opponents, config)
    for generation in search.run():
        report(generation)
    return PlayerFile(
        name=f"quick-{kind}",
        game=game.name,
        game_version=game.version,
        policy=search.champion,
        author="Rally League",
        training={
            "trainer": "quick_search",
            "generations": config.generations,
            "population": config.population,
            "seed": config.seed,
            "opponents": "random, tracker, predictor",
        },
    )


def scripted_starters() -> Iterator[PlayerFile]:
    """Yield the scripted ladder as player files."""
    game = game_named("rally")
    graded = {"novice predictor": ("predictor", {"delay": 18.0, "noise": 0.9})}
    for bot in game.bots:
        yield PlayerFile(bot.name, game.name, game.version, ScriptedPolicy.of(game, bot.name), "Rally League")
    for name, (bot_name, parameters) in graded.items():
        yield PlayerFile(name, game.name, game.version, ScriptedPolicy.of(game, bot_name, **parameters), "Rally League")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("assets/players"), show_default=True)
@click.option("--seed", type=int, default=SearchConfig.seed, show_default=True)
@click.option("--generations", type=int, default=SearchConfig.generations, show_default=True)
def main(out: Path, seed: int, generations: int) -> None:
    """Make the starter players anew: the scripted ladder, a dense and a graph network."""
    config = SearchConfig(seed=seed, generations=generations)

    def report(generation: Generation) -> None:
        if generation.number % 10 == 0:
            click.echo(
                f"generation {generation.number}: best {generation.best:.3f}, mean {generation.mean:.3f}", err=True
            )

    players = [*scripted_starters(), *(starter(kind, config, report) for kind in ("dense", "graph"))]
    for player in players:
        path = out / f"{player.name.replace(' ', '-')}.safetensors"
        write_atomic(path, to_bytes(player))
        click.echo(f"{path}  {player.hash[:12]}")


if __name__ == "__main__":
    main()
