"""Compiling the kernels before they are needed, once per machine and version."""

from collections.abc import Callable

from game import jit
from game.batch import play_batch
from game.games import games
from game.match import Match, compiled_players, match_array, play_tick
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.spec import MatchSpec

NOTICE = "compiling the match kernels: once on this machine, some 15 seconds"


def warm_up(announce: Callable[[str], None]) -> None:
    """Make sure that all kernels are compiled and cached; ``announce`` a line if that takes a while."""
    if not jit.is_compiled():
        announce(NOTICE)
    for game in games():
        bot = ScriptedPolicy.of(game, game.bots[0].name)
        play_batch(game, build_bank((bot,)), match_array([MatchSpec(0, 0, 0, 0, 1)]))
        match = Match(game, 0, 1)
        play_tick(match, *compiled_players(game, (bot, bot), 0))
        match.picture()
        match.digest()
        match.result()
