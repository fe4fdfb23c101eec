"""The Python bots that come with the project: sound, and good enough to be an example."""

from pathlib import Path

import pytest

from ai.evaluation import CandidateSides, pair_rows
from game.executors.base import ExecutorSettings, Matches
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds
from league.library import read_file
from league.preflight import preflight
from tests.doubles import PATIENT
from tests.test_readme import ROOT

BOTS = sorted((ROOT / "assets" / "bots").glob("*.py"))


@pytest.mark.parametrize("path", BOTS, ids=lambda path: path.stem)
def test_it_would_get_through_a_season_and_beats_the_tracker(path: Path) -> None:
    policy = read_file(path, trust_python=True).policy
    checked = preflight(GAME, policy)
    assert checked.is_ok, checked
    rows = pair_rows(1, 1, pair_seeds(5, 0, 1), 2)
    with SerialExecutor(ExecutorSettings(limits=PATIENT)) as executor:
        results = executor.run(Matches(GAME, (policy, ScriptedPolicy.of(GAME, "tracker")), rows))
    assert CandidateSides.of(results, 1, 1).score.mean() == 1.0


def test_there_is_one() -> None:
    assert BOTS
