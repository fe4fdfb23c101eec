"""Compiling the kernels before they are needed, once per machine and version."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import numpy as np

from game import jit
from game.batch import play_batch
from game.games import games
from game.match import CompiledPlayer, Match, compiled_players, match_array
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec, MatchSpec, Seat

NOTICE: Final = "compiling the match kernels: once on this machine, some 15 seconds"

BATCH_KERNELS: Final = ("_play_jobs",)
"""What playing in batches ends in: where it lies, everything that it calls does, too."""

SCREEN_KERNELS: Final = ("play_lane", "digest_lane", "read_lane")
"""What a match on a screen needs besides."""

_LIMIT_S: Final = 300


def warm_up(announce: Callable[[str], None], *, for_screen: bool = False) -> None:
    """Compile all kernels into the cache if they are not there; ``announce`` a line, for it takes a while.

    A second process works at the same time: first on the policies while this one compiles the rules, then, ``for_screen``,
    on what a match on a screen needs while this one compiles the match loop.
    """
    wanted = BATCH_KERNELS + (SCREEN_KERNELS if for_screen else ())
    if jit.is_compiled(*wanted):
        return
    announce(NOTICE)
    with _helper("policies"):
        for game in games():
            _compile_rules(game)
    with _helper("screen") if for_screen else nullcontext():
        for game in games():
            _compile_loop(game)


@contextmanager
def _helper(part: str) -> Iterator[None]:
    """Let a second process compile ``part`` meanwhile."""
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen([sys.executable, "-m", __name__, part], cwd=root) as helper:  # noqa: S603  # this very module
        yield
        helper.wait(_LIMIT_S)


def _bot(game: GameSpec) -> ScriptedPolicy:
    return ScriptedPolicy.of(game, game.bots[0].name)


def _compile_rules(game: GameSpec) -> None:
    match = Match(game, 0, 1)
    match.observation(Seat.LEFT)
    match.step(0, 0)
    match.digest()
    match.result()


def _compile_policies(game: GameSpec) -> None:
    player = CompiledPlayer(game, build_bank((_bot(game),)), 0, seat=Seat.LEFT, seed=0)
    player.decide(np.zeros(game.n_observations, np.float32))


def _compile_loop(game: GameSpec) -> None:
    play_batch(game, build_bank((_bot(game),)), match_array([MatchSpec(0, 0, 0, 0, 1)]))


def _compile_screen(game: GameSpec) -> None:
    match = Match(game, 0, 1)
    match.run(*compiled_players(game, (_bot(game), _bot(game)), 0), limit=1)
    match.digest()


_PARTS: Final = {"policies": _compile_policies, "screen": _compile_screen}

if __name__ == "__main__":
    for each in games():
        _PARTS[sys.argv[1]](each)
