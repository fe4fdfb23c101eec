"""Every seed and every random number of a match comes from here.

The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014):
one 64-bit word of state, so that a lane of a block can hold its own, and pure integer arithmetic, so that
every machine draws the same numbers. Reference outputs: https://prng.di.unimi.it/splitmix64.c.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.jit import entry, kernel

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_SHIFT_30: Final = np.uint64(30)
_SHIFT_27: Final = np.uint64(27)
_SHIFT_31: Final = np.uint64(31)
_SHIFT_40: Final = np.uint64(40)
_MANTISSA: Final = np.float32(2.0**-24)

SEED_BITS: Final = 63
"""Seeds are non-negative signed 64-bit integers, so that every store and language can hold them."""


@kernel
def advance_state(state: np.uint64) -> np.uint64:
    """Return the state that follows ``state``."""
    return np.uint64(state + _GAMMA)


@kernel
def mix(state: np.uint64) -> np.uint64:
    """Return the 64 random bits of ``state`` (the finaliser of SplitMix64)."""
    z = np.uint64(state)
    z = np.uint64((z ^ (z >> _SHIFT_30)) * _MIX_1)
    z = np.uint64((z ^ (z >> _SHIFT_27)) * _MIX_2)
    return np.uint64(z ^ (z >> _SHIFT_31))


@kernel
def unit_float(bits: np.uint64) -> np.float32:
    """Return a float32 in [0, 1) made of the top 24 of 64 random ``bits``."""
    return np.float32(np.float32(bits >> _SHIFT_40) * _MANTISSA)


@entry
def stream_state(seed: np.uint64, stream: np.uint64) -> np.uint64:
    """Return the initial state of random stream number ``stream`` of a match."""
    return mix(np.uint64(mix(np.uint64(seed + _GAMMA)) ^ mix(np.uint64(stream * _MIX_1 + _GAMMA))))


def _mix_array(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return ``mix`` of every element: the same arithmetic, without the compiler's start-up time."""
    z = (state ^ (state >> _SHIFT_30)) * _MIX_1
    z = (z ^ (z >> _SHIFT_27)) * _MIX_2
    return z ^ (z >> _SHIFT_31)


def pair_seeds(season_seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Return the match seeds of pairs ``first`` to ``first + count - 1`` of a season, int64[count].

    A pure function of its arguments: ``stream_state`` of a scrambled season seed and the pair's number. Both matches of a
    pair are played on its seed, and every pairing of the season uses the same list.
    """
    mask = (1 << 64) - 1
    state = np.full(count, (season_seed * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & mask, np.uint64)
    stream = np.arange(first, first + count, dtype=np.uint64)
    bits = _mix_array(_mix_array(state + _GAMMA) ^ _mix_array(stream * _MIX_1 + _GAMMA))
    return (bits & np.uint64((1 << SEED_BITS) - 1)).astype(np.int64)


def pair_seed(season_seed: int, index: int) -> int:
    """Return the match seed of pair number ``index`` of a season; see ``pair_seeds``."""
    return int(pair_seeds(season_seed, index, 1)[0])
