"""Champions of runs: shown against somebody worth it, and brought into the league under a free name."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai.runs import Plan, Run, Runs
from ai.trainer import trainer
from app.desktop.arena.casting import CastingError
from app.desktop.context import Contender, MatchRequest
from app.desktop.training import champion
from app.session import League, open_league
from game.games import game as game_named
from game.policies.file import PlayerFile
from game.policies.scripted import ScriptedPolicy
from league.errors import DuplicatePlayerError
from league.home import Home

RALLY = game_named("rally")


@pytest.fixture
def league(home: Home) -> Iterator[League]:
    with open_league(str(home.folder)) as opened:
        yield opened


def make_run(league: League, **values: Any) -> Run:
    es = trainer("es")
    return Runs(league.home, league.store).create(Plan(es, es.configure(values), RALLY, 3, "Ada"))


def keep(run: Run, step: int, noise: float) -> str:
    policy = ScriptedPolicy.of(RALLY, "predictor", noise=noise)
    player = PlayerFile("Ada", RALLY.name, RALLY.version, policy, training={"fitness": 0.5})
    return run.folder.add_champion(player, step).hash


def draw(_below: int) -> int:
    return 4


def test_the_newest_champion_meets_the_hardest_opponent_of_its_training(league: League) -> None:
    run = make_run(league, opponents=("tracker", "predictor"))
    keep(run, 10, 0.1)
    newest = keep(run, 1200, 0.2)
    match = champion.champion_match(league, run.id, draw)
    assert (match.left.hash, match.left.name) == (newest, "Ada (step 1,200)")
    assert match.right.name == "predictor"
    assert (match.seed, match.points) == (4, RALLY.default_points)
    assert champion.run_of(match) == run.id


def test_an_opponent_that_is_gone_is_replaced_by_somebody_of_the_league(league: League) -> None:
    run = make_run(league, opponents=("predictor",))
    keep(run, 10, 0.1)
    league.library.archive(league.library.find("predictor"))
    match = champion.champion_match(league, run.id, draw)
    assert match.right.name not in {"predictor", match.left.name}
    assert match.right.policy is not None


def test_a_run_without_a_champion_says_so(league: League) -> None:
    run = make_run(league)
    with pytest.raises(CastingError, match="Ada has no champion yet"):
        champion.champion_match(league, run.id, draw)


def test_a_champion_is_added_under_a_free_name_and_shown_by_it(league: League) -> None:
    run = make_run(league)
    content = keep(run, 10, 0.1)
    row = champion.add_champion(league, run.id, champion.free_name("tracker", ["tracker", "tracker 2"]))
    assert (row.name, row.hash) == ("tracker 3", content)
    assert champion.champion_match(league, run.id, draw).left.name == "tracker 3"
    with pytest.raises(DuplicatePlayerError):
        champion.add_champion(league, run.id, "another name")


def test_runs_are_listed_as_the_command_line_lists_them(league: League) -> None:
    run = make_run(league)
    assert [row.id for row in champion.runs(league)] == [run.id]


def test_other_matches_are_no_champions() -> None:
    assert champion.run_of(MatchRequest(Contender("a"), Contender("b"), 1, 5, tags=("exhibition",))) == ""
