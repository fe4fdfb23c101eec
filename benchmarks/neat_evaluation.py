"""A generation's evaluation against neat-python's own network and the rules in plain Python, on the same genomes and seeds."""

import time
from collections.abc import Sequence
from typing import Final

import neat
import numpy as np
from numpy.typing import NDArray

from ai.evaluation import CandidateSides
from ai.neat.config import EvolutionConfig
from ai.neat.genomes import Genomes
from benchmarks.field import GAME
from benchmarks.neat_field import (
    BOT,
    OPPONENT,
    PAIRS,
    POINTS,
    Generations,
    evolved,
    first_rows,
    neat_config,
    neat_genomes,
    policies_of,
)
from benchmarks.suite import Row, at_least
from game.executors.base import Matches, MatchRows
from game.executors.serial import SerialExecutor
from game.spec import Results, Seat
from tests.oracle.bots import PlainTracker
from tests.oracle.policies import Decider, PlainGraph, first_largest
from tests.oracle.rally import NumberType, OracleMatch

_GENOMES: Final = 150
_ROUNDS: Final = 5
_EXACT: Final = 8


class _NeatEvaluation:
    title = f"NEAT: {_GENOMES} genomes x {2 * PAIRS} matches to {POINTS} points against '{OPPONENT}', serial"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate whole generations with samples in plain Python; report the median of the paired ratios."""
        age, sampled = (15, 8) if is_quick else (40, 30)
        genomes = evolved(_GENOMES, age).population.genomes
        players = _Players(genomes)
        matches = Matches(GAME, (*policies_of(genomes), BOT), first_rows(_GENOMES))
        ours, theirs = [], []
        agreeing: list[bool] = []
        sampler = np.random.default_rng(1)
        with SerialExecutor() as serial:
            results, generations = serial.run(matches), Generations(serial)
            for _ in range(_ROUNDS):
                begin = time.perf_counter()
                generations.fitness(genomes)
                ours.append(time.perf_counter() - begin)
                sample = np.sort(sampler.choice(len(results), sampled, replace=False))
                theirs.append(players.seconds_a_generation(matches.rows, results, sample, agreeing))
        exact = np.sort(sampler.choice(len(results), _EXACT, replace=False))
        return [
            *_about(genomes, results),
            Row("generation: networks, matches, fitness", 1e3 * float(np.median(ours)), "ms"),
            Row("matches/s of it", len(results) / float(np.median(ours)), "1/s"),
            Row("the same in neat-python and plain Python", float(np.median(theirs)), "s"),
            at_least("ratio", float(np.median(np.array(theirs) / np.array(ours))), "x", 50.0),
            Row(f"same outcome and points in float64, of {len(agreeing)} matches", 100 * float(np.mean(agreeing)), "%"),
            _exactness(genomes, matches.rows, results, exact),
        ]


class _Players:
    """The genomes in neat-python's hands."""

    def __init__(self, genomes: Genomes) -> None:
        self._genomes = neat_genomes(genomes)
        self._config = neat_config(EvolutionConfig(population=genomes.size))

    def seconds_a_generation(
        self, rows: MatchRows, results: Results, sample: NDArray[np.int64], agreeing: list[bool]
    ) -> float:
        """Return how long all ``rows`` would take: making every network, and all ticks at the pace of the ``sample``.

        Adds to ``agreeing`` whether outcome and points of a match are those of ``results``.
        """
        begin = time.perf_counter()
        networks = [_NeatGenome(genome, self._config) for genome in self._genomes]
        made = time.perf_counter()
        played = [_played(rows[place], networks[_genome(rows[place])], float) for place in sample]
        end = time.perf_counter()
        agreeing += [_is_same_score(*pair) for pair in zip(played, results[sample], strict=True)]
        share = sum(int(result["ticks"]) for result in played) / int(results["ticks"].sum())
        return (made - begin) + (end - made) / share


class _NeatGenome:
    """A genome as neat-python plays it."""

    def __init__(self, genome: neat.DefaultGenome, config: neat.Config) -> None:
        self._network = neat.nn.FeedForwardNetwork.create(genome, config)

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        return first_largest(self._network.activate(observation))


def _genome(row: np.void) -> int:
    return int(min(row["left"], row["right"]))


def _played(row: np.void, player: Decider, number: NumberType) -> np.void:
    """Return the result of the match of ``row`` by the plain-Python rules, ``player`` against the plain-Python bot."""
    match = OracleMatch(int(row["seed"]), int(row["points"]), number)
    own = Seat.LEFT if row["left"] < row["right"] else Seat.RIGHT
    other = Seat(1 - own)
    bot = PlainTracker(match.seed, other, number)
    while not match.is_over:
        action, answer = player.decide(match.observe(own)), bot.decide(match.observe(other))
        match.step(*((action, answer) if own is Seat.LEFT else (answer, action)))
    result: np.void = match.result(int(row["match_id"]), int(row["left"]), int(row["right"]))[0]
    return result


def _is_same_score(one: np.void, other: np.void) -> bool:
    return bool(one["outcome"] == other["outcome"] and np.array_equal(one["points"], other["points"]))


def _exactness(genomes: Genomes, rows: MatchRows, results: Results, sample: NDArray[np.int64]) -> Row:
    """Return the share of the ``sample`` whose whole rows are equal, bit for bit, where plain Python computes in float32."""
    policies = policies_of(genomes)
    same = [
        _played(rows[place], PlainGraph(policies[_genome(rows[place])]), np.float32).tobytes()
        == results[place].tobytes()
        for place in sample
    ]
    return at_least(f"same rows bit for bit in float32, of {len(same)} matches", 100 * float(np.mean(same)), "%", 100.0)


def _about(genomes: Genomes, results: Results) -> list[Row]:
    sides = CandidateSides.of(results, genomes.size, 1)
    return [
        Row("genomes: mean hidden nodes", float(genomes.hidden_counts(GAME.n_actions).mean()), ""),
        Row("genomes: mean enabled connections", float(genomes.enabled_counts().mean()), ""),
        Row(f"genomes: mean score against '{OPPONENT}'", 100 * float(sides.score.mean()), "%"),
        Row("mean length of a match", float(results["ticks"].mean()), "ticks"),
    ]


BENCHMARK: Final = _NeatEvaluation()
