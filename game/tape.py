"""The tape of a match: what both seats did, tick by tick, for matches that cannot be simulated again.

As bytes a tape is a version byte and a zlib stream of the two terminations followed by the actions of each tick, left
and right, a byte each.
"""

import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.errors import GameError
from game.spec import Seat, Termination

_VERSION: Final = 1
_HEAD: Final = 2  # the terminations of left and right
MAX_TICKS: Final = 1_000_000
"""More ticks than any match has; a tape that claims more is damaged."""


class TapeError(GameError):
    """A tape cannot be used: damaged, of another version, or not of this game."""


class Tape:
    """The actions of both seats, and by which faults the match ended, if it did. It grows as the match is played."""

    def __init__(self, actions: Iterable[tuple[int, int]] = ()) -> None:
        self._moves = bytearray()
        self._terminations = (Termination.OK, Termination.OK)
        for left, right in actions:
            self.append(left, right)

    def __len__(self) -> int:
        return len(self._moves) // 2

    def __getitem__(self, tick: int) -> tuple[int, int]:
        """Return the actions of ``tick``, counted from 0."""
        if not 0 <= tick < len(self):
            raise IndexError(f"tick {tick} is not on the tape: it has {len(self)}")
        return self._moves[2 * tick], self._moves[2 * tick + 1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tape) and self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]  # it grows

    @property
    def actions(self) -> NDArray[np.int8]:
        """The actions, int8[ticks, 2], a copy."""
        return np.frombuffer(bytes(self._moves), np.int8).reshape(-1, 2).copy()

    @property
    def terminations(self) -> tuple[Termination, Termination]:
        """What became of both sides; anything but OK is a forfeit after the last tick."""
        return self._terminations

    @property
    def is_forfeited(self) -> bool:
        """Whether the match ended by a forfeit."""
        return self._terminations != (Termination.OK, Termination.OK)

    def append(self, left: int, right: int) -> None:
        """Record the actions of the next tick, each 0 to 127."""
        if not (0 <= left <= 127 and 0 <= right <= 127):
            raise ValueError(f"the actions {left} and {right} do not fit on a tape: 0 to 127 are allowed")
        self._moves += bytes((left, right))

    def forfeit(self, seat: Seat, termination: Termination) -> None:
        """Record that ``seat`` forfeited after the last tick."""
        left, right = self._terminations
        self._terminations = (termination, right) if seat is Seat.LEFT else (left, termination)

    def to_bytes(self) -> bytes:
        """Return the tape as compact bytes, for ``from_bytes``."""
        return bytes([_VERSION]) + zlib.compress(bytes(self._terminations) + self._moves, 9)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tape":
        """Return the tape that ``to_bytes`` wrote.

        Raises
        ------
        TapeError
            If ``data`` is damaged, of a newer version, or no tape.
        """
        if not data:
            raise TapeError("a tape is empty: its match cannot be shown")
        if data[0] != _VERSION:
            raise TapeError(f"a tape is of version {data[0]}, this program reads version {_VERSION}: a newer one may")
        content = _unpacked(data[1:])
        if len(content) < _HEAD or len(content) % 2:
            raise TapeError(
                f"a tape is damaged: it holds {len(content)} bytes, an even number from {_HEAD} on is needed"
            )
        tape = cls()
        tape._moves = bytearray(content[_HEAD:])  # this very class
        if any(action > 127 for action in tape._moves):
            raise TapeError("a tape is damaged: it holds an action above 127")
        known = {int(termination) for termination in Termination}
        for seat in Seat:
            if content[seat] not in known:
                raise TapeError(f"a tape is damaged: it ends by {content[seat]}, which is no known termination")
            tape.forfeit(seat, Termination(content[seat]))
        return tape

    def check_actions(self, n_actions: int) -> None:
        """Refuse, with ``TapeError``, actions that a game of ``n_actions`` does not have."""
        most = max(self._moves, default=0)
        if most >= n_actions:
            raise TapeError(f"a tape holds action {most}: 0 to {n_actions - 1} are allowed; it is of another game")


def _unpacked(stream: bytes) -> bytes:
    """Return what the zlib stream holds, no more than the longest tape; its own checksum finds every damage."""
    limit = _HEAD + 2 * MAX_TICKS
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(stream, limit + 1)
    except zlib.error as error:
        raise TapeError("a tape is damaged: it cannot be unpacked") from error
    if len(content) > limit:
        raise TapeError(f"a tape is damaged: it claims more than {MAX_TICKS:,} ticks")
    if not unpacker.eof:
        raise TapeError("a tape is damaged: its end is missing")
    if unpacker.unused_data:
        raise TapeError(f"a tape is damaged: {len(unpacker.unused_data)} bytes follow its end")
    return content
