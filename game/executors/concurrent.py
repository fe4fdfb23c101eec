"""``ConcurrentMatchExecutor``: plain dictionaries in, plain dictionaries out, the pool in between.

```python
with ConcurrentMatchExecutor(max_workers=4) as executor:
    results = executor.execute_matches([{"player1": "a.safetensors", "player2": "b.safetensors", "seed": 7}])
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from game.batch import MATCH_DTYPE
from game.errors import ExecutorError, GameError, PlayerFileError
from game.executors.base import ExecutorSettings, Matches
from game.executors.chunk import checked_bank
from game.executors.pool import PoolExecutor
from game.games import game as game_named
from game.policies.bank import Policy
from game.policies.file import read_player
from game.spec import RESULT_DTYPE, MatchEnd, Termination

MatchConfig: TypeAlias = Mapping[str, object]
"""Keys: ``player1`` (left) and ``player2`` (right), each a policy or a player file; optional ``seed`` and ``points``."""

ResultRecord: TypeAlias = dict[str, object]
"""Keys ``match_result`` and ``contact_metrics``, or ``error`` with one sentence."""

_FileVersion: TypeAlias = tuple[int, int, int]

_KEYS: Final = frozenset({"player1", "player2", "seed", "points"})
_METRICS: Final = ("hits", "misses", "aces", "distance", "reactions", "mean_reaction", "mean_offset", "mean_miss")


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
        self._files: dict[str, tuple[_FileVersion, Policy]] = {}

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
        places: dict[int, int] = {}
        policies: list[Policy] = []
        rows = []
        for index, config in enumerate(configs):
            try:
                left, right, seed, points = self._read(config)
            except GameError as error:
                records[index] = {"error": str(error)}
                continue
            for policy in (left, right):
                if places.setdefault(id(policy), len(policies)) == len(policies):
                    policies.append(policy)
            rows.append((index, places[id(left)], places[id(right)], seed, points))
        if rows:
            matches = Matches(self._game, tuple(policies), np.array(rows, MATCH_DTYPE))
            for row in self._pool.run(matches):
                records[int(row["match_id"])] = _record(row)
        return records

    def _read(self, config: MatchConfig) -> tuple[Policy, Policy, int, int]:
        if not isinstance(config, Mapping):
            raise PlayerFileError(
                f"a match is {config!r}: a mapping with the keys {', '.join(sorted(_KEYS))} is needed"
            )
        unknown = sorted(str(key) for key in config if key not in _KEYS)
        if unknown:
            raise PlayerFileError(f"'{unknown[0]}' is no key of a match: {', '.join(sorted(_KEYS))} are known")
        seed = _whole(config, "seed", 0, (0, 2**63 - 1))
        points = _whole(config, "points", self._game.default_points, (1, self._game.max_points))
        return self._policy(config.get("player1")), self._policy(config.get("player2")), seed, points

    def _policy(self, player: object) -> Policy:
        """Return a policy as it is, or the one in a file, which is read again when it has changed."""
        if isinstance(player, str | Path):
            return self._file(Path(player))
        if isinstance(player, type) or not isinstance(player, Policy):
            raise PlayerFileError(f"a player is {player!r}: a policy or the path of a player file is needed")
        try:
            checked_bank(self._game, (player,))
        except ExecutorError as error:
            raise PlayerFileError(f"a player does not fit: {error}") from error
        return player

    def _file(self, path: Path) -> Policy:
        try:
            status = path.stat()
            version = (status.st_ino, status.st_size, status.st_mtime_ns)
        except (OSError, ValueError):
            version = (0, 0, 0)  # reading it says what is wrong
        known = self._files.get(str(path))
        if known is None or known[0] != version:
            known = self._files[str(path)] = (version, read_player(path).policy)
        return known[1]


def _whole(config: MatchConfig, key: str, default: int, allowed: tuple[int, int]) -> int:
    value = config.get(key, default)
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not allowed[0] <= value <= allowed[1]:
        raise PlayerFileError(f"{key} is {value!r}: {allowed[0]} to {allowed[1]} are allowed")
    return int(value)


def _record(row: np.void) -> ResultRecord:
    plain = {name: row[name].tolist() for name in RESULT_DTYPE.names or () if name not in ("left", "right")}
    plain["end"] = MatchEnd(plain["end"]).name.lower()
    plain["termination"] = [Termination(side).name.lower() for side in plain["termination"]]
    plain["winner"] = {1: "player1", 0: "draw", -1: "player2"}[plain.pop("outcome")]
    metrics = {name: dict(zip(("player1", "player2"), plain.pop(name), strict=True)) for name in _METRICS}
    metrics["rally"] = {"mean": plain.pop("mean_rally"), "longest": plain.pop("longest_rally")}
    return {"match_result": plain, "contact_metrics": metrics}
