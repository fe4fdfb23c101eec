"""``ConcurrentTrainingExecutor``: neat-python's genomes in, plain records out, compiled matches in worker processes in between.

```python
with ConcurrentTrainingExecutor(config_path="neat.ini") as executor:
    results = executor.execute_matches([(genome1, genome2), (genome3, genome4)])
```

For those who run neat-python themselves; the trainer ``neat`` of this program has a shorter way to its matches.
"""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final, Literal, TypeAlias

import neat

from ai.errors import TrainingError
from ai.neat.genomes import Genomes
from ai.neat.ini import NetworkShape, read_shape
from ai.neat.interchange import genomes_from_neat
from ai.neat.networks import express, graph_policies
from game.errors import GameError
from game.executors.concurrent import ConcurrentMatchExecutor, ResultRecord
from game.games import game as game_named
from game.policies.graph import GraphPolicy
from game.seeding import pair_seeds

Genome: TypeAlias = neat.DefaultGenome | Genomes
"""A genome of neat-python, or one packed genome."""

_MAX_SEED: Final = 2**63 - 1


class ConcurrentTrainingExecutor:
    """Plays genomes against each other, with the networks that the configuration of neat-python asks for. A context manager.

    ``max_workers`` None is physical cores - 1, at least 1; the workers stay from call to call. Matches go to ``points``.
    """

    def __init__(
        self,
        config_path: str | Path,
        max_workers: int | Literal["auto"] | None = None,
        points: int = 5,
        *,
        seed: int = 0,
        game: str = "rally",
    ) -> None:
        self._game = game_named(game)
        self._shape = read_shape(Path(config_path))
        ends = (self._shape.n_inputs, self._shape.n_outputs)
        if ends != (self._game.n_observations, self._game.n_actions):
            raise TrainingError(
                f"{config_path} has num_inputs {ends[0]} and num_outputs {ends[1]}: {game} has {self._game.n_observations} "
                f"observations and {self._game.n_actions} actions"
            )
        if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= self._game.max_points:
            raise TrainingError(f"points is {points!r}: 1 to {self._game.max_points} are allowed")
        self._points = points
        self._seed = _checked_seed(seed)
        self._matches = ConcurrentMatchExecutor(max_workers, game=game)

    def __enter__(self) -> "ConcurrentTrainingExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._matches.close()

    def execute_matches(
        self, genome_pairs: Sequence[tuple[Genome, Genome]], *, seed: int | None = None
    ) -> list[ResultRecord]:
        """Play each pair one match, the first genome on the left; the records come in the order of the pairs.

        Match ``i`` is played on a seed that follows from ``seed`` (the executor's own if None) and ``i`` alone. A record has
        ``match_result`` and ``contact_metrics``; a pair that cannot be played has ``error`` instead, with one sentence.
        """
        seeds = pair_seeds(self._seed if seed is None else _checked_seed(seed), 0, len(genome_pairs)).tolist()
        players: dict[int, GraphPolicy | str] = {}
        configs: list[Mapping[str, object]] = []
        records: list[ResultRecord] = [{} for _ in genome_pairs]
        places = []
        for place, pair in enumerate(genome_pairs):
            sides = self._sides(pair, players)
            if isinstance(sides, str):
                records[place] = {"error": sides}
                continue
            places.append(place)
            configs.append({
                "player1": sides[0], "player2": sides[1], "seed": seeds[place], "points": self._points
            })  # fmt: skip
        for place, record in zip(places, self._matches.execute_matches(configs), strict=True):
            records[place] = _placed(record, place)
        return records

    def _sides(self, pair: object, players: dict[int, GraphPolicy | str]) -> tuple[GraphPolicy, GraphPolicy] | str:
        """Return both players of ``pair``, or why it cannot be played; each genome is made a player once."""
        if not isinstance(pair, Sequence) or isinstance(pair, str | Genomes) or len(pair) != 2:
            return f"a pair is {repr(pair)[:60]}: two genomes are needed"
        for genome in pair:
            if id(genome) not in players:
                players[id(genome)] = self._player(genome)
        left, right = (players[id(genome)] for genome in pair)
        if isinstance(left, str) or isinstance(right, str):
            return left if isinstance(left, str) else str(right)
        return left, right

    def _player(self, genome: object) -> GraphPolicy | str:
        """Return what ``genome`` plays, or why it cannot."""
        shape = self._shape
        is_recurrent = not shape.is_feed_forward
        try:
            packed = _packed(genome)
            _check_fit(packed, shape)
            networks = express(packed, shape.n_inputs, shape.n_outputs, is_recurrent=is_recurrent)
            (policy,) = graph_policies(packed, networks, shape.n_inputs, is_recurrent=is_recurrent)
        except (TrainingError, GameError) as error:
            return str(error)
        return policy


def _packed(genome: object) -> Genomes:
    if isinstance(genome, neat.DefaultGenome):
        return genomes_from_neat([genome])
    if isinstance(genome, Genomes) and len(genome.keys) == 1:
        return genome
    raise TrainingError(f"a genome is {repr(genome)[:60]}: one of neat-python, or one packed genome is needed")


def _check_fit(genome: Genomes, shape: NetworkShape) -> None:
    """Refuse a genome that was not made for such networks, with ``TrainingError``."""
    name = f"genome {genome.keys[0]}"
    if genome.node[: shape.n_outputs].tolist() != list(range(shape.n_outputs)):
        raise TrainingError(
            f"{name} lacks nodes of the {shape.n_outputs} outputs, whose keys are 0 to {shape.n_outputs - 1}"
        )
    if len(genome.source) and genome.source.min() < -shape.n_inputs:
        raise TrainingError(
            f"{name} reads input {genome.source.min()}, and the configuration has {shape.n_inputs} inputs"
        )
    if shape.is_feed_forward:
        graph: dict[int, list[int]] = {}
        for source, target in zip(genome.source.tolist(), genome.target.tolist(), strict=True):
            graph.setdefault(target, []).append(source)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            raise TrainingError(
                f"{name} has a cycle of connections, and the configuration says feed_forward"
            ) from error


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _MAX_SEED:
        raise TrainingError(f"seed is {seed!r}: 0 to {_MAX_SEED} are allowed")
    return seed


def _placed(record: ResultRecord, place: int) -> ResultRecord:
    """Return ``record`` with the number of its pair."""
    result = record.get("match_result")
    return {**record, "match_result": {**result, "match_id": place}} if isinstance(result, dict) else record
