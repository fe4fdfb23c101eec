"""``ConcurrentMatchExecutor``: plain dictionaries in, plain dictionaries out, the pool in between.

```python
with ConcurrentMatchExecutor(max_workers=4) as executor:
    results = executor.execute_matches([{"player1": "a.safetensors", "player2": "b.safetensors", "seed": 7}])
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from game.batch import MATCH_DTYPE
from game.errors import GameError, PlayerFileError
from game.executors.base import ExecutorSettings, Matches
from game.executors.pool import PoolExecutor
from game.games import game as game_named
from game.policies.bank import Policy
from game.policies.file import read_player
from game.spec import RESULT_DTYPE, MatchEnd, Termination

MatchConfig: TypeAlias = Mapping[str, object]
"""Keys: ``player1`` (left) and ``player2`` (right), each a policy or a player file; optional ``seed`` and ``points``."""

ResultRecord: TypeAlias = dict[str, object]
"""Keys ``match_result`` and ``contact_metrics``, or ``error`` with one sentence."""

_KEYS = frozenset({"player1", "player2", "seed", "points"})
_METRICS = ("hits", "misses", "aces", "distance", "reactions", "mean_reaction", "mean_offset")


class ConcurrentMatchExecutor:
    """Plays lists of match configurations concurrently. A context manager."""

    def __init__(
        self,
        max_workers: int | Literal["auto"] | None = None,
        *,
        batch_size: int | None = None,
        game: str = "rally",
    ) -> None:
        self._game = game_named(game)
        self._pool = PoolExecutor(settings=ExecutorSettings(workers=max_workers, batch_size=batch_size))
        self._files: dict[str, Policy] = {}

    def __enter__(self) -> "ConcurrentMatchExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def execute_matches(self, configs: Sequence[MatchConfig]) -> list[ResultRecord]:
        """Play ``configs``; the records come in their order. A configuration that cannot be played is an ``error`` record."""
        records: list[ResultRecord] = [{} for _ in configs]
        policies: dict[int, Policy] = {}
        rows = []
        for index, config in enumerate(configs):
            try:
                left, right, seed, points = self._read(config)
            except GameError as error:
                records[index] = {"error": str(error)}
                continue
            policies[id(left)], policies[id(right)] = left, right
            places = list(policies)
            rows.append((index, places.index(id(left)), places.index(id(right)), seed, points))
        if rows:
            matches = Matches(self._game, tuple(policies.values()), np.array(rows, MATCH_DTYPE))
            for row in self._pool.run(matches):
                records[int(row["match_id"])] = _record(row)
        return records

    def _read(self, config: MatchConfig) -> tuple[Policy, Policy, int, int]:
        unknown = set(config) - _KEYS
        if unknown:
            raise PlayerFileError(f"'{sorted(unknown)[0]}' is no key of a match: {', '.join(sorted(_KEYS))} are known")
        seed, points = config.get("seed", 0), config.get("points", self._game.default_points)
        if not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise PlayerFileError(f"seed is {seed!r}: 0 to 2**63 - 1 are allowed")
        if not isinstance(points, int) or not 1 <= points <= self._game.max_points:
            raise PlayerFileError(f"points is {points!r}: 1 to {self._game.max_points} are allowed")
        return self._policy(config.get("player1")), self._policy(config.get("player2")), seed, points

    def _policy(self, player: object) -> Policy:
        if isinstance(player, str | Path):
            key = str(player)
            if key not in self._files:
                self._files[key] = read_player(Path(key)).policy
            return self._files[key]
        if not isinstance(player, Policy):
            raise PlayerFileError(f"a player is {player!r}: a policy or the path of a player file is needed")
        return player


def _record(row: np.void) -> ResultRecord:
    plain = {name: row[name].tolist() for name in RESULT_DTYPE.names or () if name not in ("left", "right")}
    plain["end"] = MatchEnd(plain["end"]).name.lower()
    plain["termination"] = [Termination(side).name.lower() for side in plain["termination"]]
    plain["winner"] = {1: "player1", 0: "draw", -1: "player2"}[plain.pop("outcome")]
    metrics = {name: dict(zip(("player1", "player2"), plain.pop(name), strict=True)) for name in _METRICS}
    metrics["rally"] = {"mean": plain.pop("mean_rally"), "longest": plain.pop("longest_rally")}
    return {"match_result": plain, "contact_metrics": metrics}
