"""The training of a cycle: its run is made once, and nobody who is refused breaks it off."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai.errors import TrainingError
from ai.runs import Runs
from ai.trainer import Learner, TrainContext, Trainer, trainer
from app.overnight.cycles import NightStopped
from app.overnight.state import Cycle
from app.session import League, open_league
from game.executors.base import RunState
from tests.app.overnight_desks import CLIMBER, ES, FromConfig, champion_of, desk_after, phases, player


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with open_league(str(tmp_path)) as opened:
        yield opened


TINY = {
    "generations": "2", "children": "2", "pairs": "1", "finalists": "1", "final_pairs": "1", "points": "1",
    "evaluate_every": "1", "evaluation_pairs": "1",
}  # fmt: skip


def test_a_run_that_was_made_just_before_a_kill_is_trained_and_not_made_again(league):
    desk = desk_after(settings=TINY)
    cycle = desk.keep(Cycle(number=1, settings={}))
    done = phases(league).train(cycle, desk)
    assert (done.run, desk.night.cycles[0].run) == ("es-1", "es-1")
    again = phases(league).train(cycle, desk_after(settings=TINY))
    assert (again.run, again.candidate) == ("es-1", done.candidate)
    assert [row.id for row in league.store.runs()] == ["es-1"]


@pytest.mark.parametrize("has_champion", [True, False])
def test_without_a_candidate_the_champion_goes_on_to_reign_if_there_is_one(league, has_champion):
    desk = desk_after(settings=TINY)
    done = phases(league).train(desk.keep(Cycle(number=1, settings={})), desk)
    for champion in Runs(league.home, league.store).find("es-1").folder.champions():
        champion.path.unlink()
    if has_champion:
        before = champion_of(league, 1)
        assert phases(league).train(done.model_copy(update={"number": 2}), desk_after(before)).candidate is None
    else:
        assert phases(league).train(done, desk).candidate is None
        assert phases(league).enter(done.model_copy(update={"is_better": False}), desk).champion is None
        assert desk.lines[-1] == "run es-1 has no champion: nobody new enters the league"


def refusing(*sentences: tuple[str, str]) -> Trainer:
    """Return a trainer that refuses with the second text of a pair to begin with or to play who is called the first."""

    def start(config: FromConfig, context: TrainContext) -> Learner:
        for name, sentence in sentences:
            if name in (*config.opponents, config.start_from):
                raise TrainingError(sentence)
        return ES.start(config, context)

    return dataclasses.replace(CLIMBER, start=start)


def test_whom_the_trainer_refuses_is_told_and_left_out(league):
    before = champion_of(league, 1)
    league.library.add(player(40), name="main-1")
    desk = desk_after(before, settings=TINY)
    settings = {"start_from": before.champion, "opponents": ("main-1", "tracker", "n 1")}
    cycle = desk.keep(Cycle(number=2, settings=settings, parent=before.champion))
    of_night = "player 'n 1' is no network of layers 8, 64"
    chosen = refusing(("main-1", "opponent 'main-1' is called as a part is"), (before.champion, of_night))
    done = phases(league, chosen).train(cycle, desk)
    assert done.settings == desk.night.cycles[1].settings == {"opponents": ("tracker", "n 1")}
    assert done.candidate is not None
    told = [line for line in desk.lines if line.startswith("left out of training: ")]
    assert told == [f"left out of training: {each}" for each in ("opponent 'main-1' is called as a part is", of_night)]
    assert len(league.store.runs()) == 1


def test_a_refusal_that_names_nobody_of_the_night_s_choice_is_an_error(league):
    desk = desk_after(settings=TINY)
    cycle = desk.keep(Cycle(number=1, settings={"opponents": ("tracker",)}))
    with pytest.raises(TrainingError, match="predictor"):
        phases(league, refusing(("tracker", "'predictor' is too good"))).train(cycle, desk)
    assert desk.lines == []


def test_a_user_s_player_called_like_a_snapshot_does_not_break_selfplay_off(league):
    league.library.add(player(40), name="main-1")
    small = {"steps": "2048", "rollout_steps": "8", "hidden": "8", "evaluation_pairs": "1", "report_steps": "2048"}
    desk = desk_after(trainer="selfplay", settings=small)
    cycle = desk.keep(Cycle(number=1, settings={"opponents": ("main-1", "tracker")}))
    done = phases(league, trainer("selfplay")).train(cycle, desk)
    assert done.settings == {"opponents": ("tracker",)}
    assert any("opponent 'main-1' is called as a part of the population is" in line for line in desk.lines)


def test_a_run_that_is_stopped_stops_the_night(league):
    desk = desk_after(settings={**TINY, "generations": "1000"})
    cycle = desk.keep(Cycle(number=1, settings={}))
    desk.control.set(RunState.STOPPING)
    with pytest.raises(NightStopped):
        phases(league).train(cycle, desk)
    assert desk.night.cycles[0].run == "es-1"
