"""A stored match again: simulated tick by tick, checked bit for bit against what was stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from game.match import CompiledPlayer, Match, compiled_players, is_compiled, play_tick
from game.policies.bank import Policy
from game.spec import RESULT_DTYPE, GameSpec, Seat


@dataclass(frozen=True)
class Verification:
    """Whether a replay is the stored match, and the columns in which it differs."""

    is_same: bool
    differences: tuple[str, ...]


class Replay:
    """A match between two compiled policies, to be stepped through."""

    def __init__(self, game: GameSpec, policies: tuple[Policy, Policy], seed: int, points: int) -> None:
        if not all(is_compiled(policy) for policy in policies):
            raise ValueError("a match of a Python bot cannot be replayed: its decisions may depend on anything")
        self.match = Match(game, seed, points)
        self.players: tuple[CompiledPlayer, CompiledPlayer] = compiled_players(game, policies, seed)

    def frames(self) -> Iterator[Mapping[str, float]]:
        """Yield the picture after every tick until the match is over."""
        while not self.match.is_over:
            play_tick(self.match, *self.players)
            yield self.match.picture()

    def verify(self, stored: np.void) -> Verification:
        """Play on to the end and compare with ``stored``, a record of ``RESULT_DTYPE``."""
        for _ in self.frames():
            pass
        left, right = int(stored["left"]), int(stored["right"])
        again = self.match.result(int(stored["match_id"]), left, right)[0]
        names = RESULT_DTYPE.names or ()
        different = tuple(name for name in names if again[name].tobytes() != stored[name].tobytes())
        return Verification(not different, different)


def points_course(frames: Iterator[Mapping[str, float]]) -> Iterator[tuple[int, Seat, int, int]]:
    """Yield (tick, scorer, left points, right points) for every point of a replay's frames."""
    score = (0, 0)
    for frame in frames:
        now = int(frame["left_points"]), int(frame["right_points"])
        if now != score:
            yield int(frame["tick"]), Seat.LEFT if now[0] > score[0] else Seat.RIGHT, *now
            score = now
