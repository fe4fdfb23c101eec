"""Compiling the kernels before they are needed, once per machine and version."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from game import jit
from game.batch import play_batch
from game.games import games
from game.match import CompiledPlayer, Match, match_array
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec, MatchSpec, Seat

NOTICE: Final = "compiling the match kernels: once on this machine, some 15 seconds"

_LIMIT_S: Final = 300


def warm_up(announce: Callable[[str], None]) -> None:
    """Compile all kernels into the cache if none are there; ``announce`` a line, for it takes a while.

    The policies are compiled by a second process, at the same time as the rules; the match loop then finds both.
    """
    if jit.is_compiled():
        return
    announce(NOTICE)
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen([sys.executable, "-m", __name__], cwd=root) as helper:  # noqa: S603  # this very module
        for game in games():
            _compile_rules(game)
        helper.wait(_LIMIT_S)
    for game in games():
        _compile_loop(game)


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


if __name__ == "__main__":
    for each in games():
        _compile_policies(each)
