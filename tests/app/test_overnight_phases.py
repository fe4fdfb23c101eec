"""What the phases of a night do to a league: who is trained against, who enters, who plays the season."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import model_validator

from ai.runs import Runs
from ai.trainer import TrainerConfig
from app.overnight.cycles import NightStopped
from app.overnight.state import Cycle, OvernightError, Phase
from app.session import League, open_league
from game.executors.base import RunControl, RunState
from league.errors import LeagueError
from tests.app.overnight_desks import CLIMBER, ES, FakeDesk, FromConfig, champion_of, desk_after, gated, phases, player


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with open_league(str(tmp_path)) as opened:
        yield opened


# Planning


def test_the_first_run_is_given_nothing(league):
    cycle = phases(league, CLIMBER).plan(Cycle(number=1), desk_after())
    assert (cycle.settings, cycle.parent) == ({}, None)


def test_later_runs_begin_with_the_champion_and_meet_the_best_and_the_bots(league):
    before = champion_of(league, 1)
    cycle = phases(league, CLIMBER).plan(Cycle(number=2), desk_after(before))
    bots = [
        row.name
        for row in league.library.players()
        if row.kind == "scripted" and row.name not in ("aimer", "predictor")
    ]
    assert cycle.settings == {"start_from": before.champion, "opponents": ("aimer", "predictor", "n 1", *bots)}
    assert cycle.parent == before.champion


def test_a_trainer_that_cannot_begin_with_a_player_under_these_settings_does_not(league):
    class Either(FromConfig):
        @model_validator(mode="after")
        def _check_start(self) -> "Either":
            if self.start_from and self.children == 4:
                raise ValueError("start_from works with other children alone")
            return self

    chosen = dataclasses.replace(CLIMBER, config_class=Either)
    desk = desk_after(champion_of(league, 1), settings={"children": "4", "opponents": "tracker"})
    cycle = phases(league, chosen).plan(Cycle(number=2), desk)
    assert (cycle.settings, cycle.parent) == ({}, desk.night.cycles[0].champion)
    assert desk.lines == ["start from stays as it is: start_from works with other children alone"]


def test_a_trainer_without_these_fields_is_not_given_them(league):
    plain = dataclasses.replace(ES, config_class=TrainerConfig)
    cycle = phases(league, plain).plan(Cycle(number=2), desk_after(champion_of(league, 1)))
    assert cycle.settings == {}


def test_opponents_that_the_user_has_chosen_stay(league):
    desk = desk_after(champion_of(league, 1), settings={"opponents": "tracker"})
    assert phases(league).plan(Cycle(number=2), desk).settings == {}


def test_a_trainer_that_cannot_meet_so_many_meets_its_own(league):
    desk = desk_after(champion_of(league, 1), settings={"children": "4096", "pairs": "30"})
    assert phases(league).plan(Cycle(number=2), desk).settings == {}
    [line] = desk.lines
    assert line.startswith("opponents stays as it is: a generation would have")


@pytest.mark.parametrize("fate", ["gone", "changed"])
def test_players_whose_files_are_gone_or_changed_are_told_and_left_out(league, fate):
    old, new = champion_of(league, 1), champion_of(league, 2)
    path = league.home.folder / league.library.find("n 2").path
    content = path.read_bytes()
    path.unlink() if fate == "gone" else path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    desk = desk_after(old, new)
    at_work = phases(league, CLIMBER)
    cycle = at_work.plan(Cycle(number=3), desk)
    assert cycle.parent == old.champion
    assert "n 2" not in cycle.settings["opponents"]
    assert any(line.startswith("left out: player 'n 2' cannot be used") for line in desk.lines)


def test_an_archived_champion_neither_reigns_nor_is_played(league):
    old, new = champion_of(league, 1), champion_of(league, 2)
    league.library.archive(league.library.find("n 2"))
    desk = desk_after(old, new)
    cycle = phases(league, CLIMBER).plan(Cycle(number=3), desk)
    assert (cycle.parent, "n 2" in cycle.settings["opponents"]) == (old.champion, False)
    assert desk.lines == ["left out: player 'n 2' is archived"]


@pytest.mark.parametrize(("settings", "begins"), [({}, True), ({"start_from": "tracker"}, False)])
def test_the_first_run_begins_with_the_champion_of_an_earlier_night_unless_the_user_has_chosen(
    league, settings, begins
):
    before = champion_of(league, 1).champion
    desk = desk_after(settings=settings)
    desk.night = desk.night.model_copy(update={"inherited": before})
    cycle = phases(league, CLIMBER).plan(Cycle(number=1), desk)
    assert cycle.parent == before
    assert cycle.settings == ({"start_from": before} if begins else {})
    assert desk.lines == ["'n 1' reigns since an earlier night"]


# The gate and who enters


def test_where_nobody_reigns_there_is_no_gate_and_the_candidate_enters(league):
    desk, at_work = desk_after(), phases(league)
    cycle = desk.keep(gated(league, 1, 11))
    assert at_work.judge(cycle, desk) is None
    entered = at_work.enter(cycle.model_copy(update={"is_better": True}), desk)
    assert entered.champion_name == "n 1"
    assert league.library.read(league.library.find("n 1")).hash == player(11).hash == entered.champion


def test_the_gate_is_a_pure_function_of_night_cycle_and_players(league):
    before = champion_of(league, 1)
    cycle = gated(league, 2, 12)
    verdicts = [phases(league).judge(cycle, desk_after(before)) for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0].pairs == 10
    other = phases(league).judge(cycle.model_copy(update={"number": 3}), desk_after(before))
    assert other.counts != verdicts[0].counts


def test_the_champion_itself_is_no_better(league):
    desk = desk_after(champion_of(league, 1))
    record = phases(league).judge(gated(league, 2, 1), desk)
    assert (record.is_better, record.decision) == (False, "same player")
    assert desk.lines == ["the champion of run es-1 is 'n 1' itself"]


def test_a_stop_in_the_gate_leaves_no_verdict(league):
    desk = desk_after(champion_of(league, 1))
    desk.control.set(RunState.STOPPING)
    with pytest.raises(NightStopped):
        phases(league).judge(gated(league, 2, 12), desk)


def test_who_is_not_better_stays_outside(league):
    before = champion_of(league, 1)
    count = len(league.library.players())
    cycle = phases(league).enter(gated(league, 2, 12, is_better=False), desk_after(before))
    assert (cycle.champion, cycle.champion_name) == (before.champion, "n 1")
    assert len(league.library.players()) == count


def test_entering_twice_is_entering_once(league):
    desk, cycle = desk_after(champion_of(league, 1)), gated(league, 2, 12, is_better=True)
    first = phases(league).enter(cycle, desk)
    count = len(league.library.players())
    league.library.archive(league.library.find("n 2"))
    assert phases(league).enter(cycle, desk) == first
    assert len(league.library.players()) == count


def test_a_name_that_somebody_has_taken_gets_a_number(league):
    league.library.add(player(50), name="n 2")
    cycle = phases(league).enter(gated(league, 2, 12, is_better=True), desk_after(champion_of(league, 1)))
    assert cycle.champion_name == "n 2 (2)"


def test_whom_the_run_began_with_is_an_ancestor(league):
    grandparent = league.library.add(player(60))
    league.library.add(player(61, lineage=(grandparent.hash,)), name="parent")
    parent = player(61).hash
    begun = {"is_better": True, "parent": parent}
    started = gated(league, 2, 12, **begun, settings={"start_from": parent})
    entered = phases(league).enter(started, desk_after(champion_of(league, 1)))
    file = league.library.read(league.library.find(entered.champion_name))
    assert file.lineage == (parent, grandparent.hash)
    apart = phases(league).enter(gated(league, 3, 13, **begun, settings={}), desk_after())
    assert league.library.read(league.library.find(apart.champion_name)).lineage == ()


def test_a_candidate_whose_file_is_gone_is_one_sentence(league):
    cycle = gated(league, 1, 11, is_better=True)
    for champion in Runs(league.home, league.store).find(cycle.run).folder.champions():
        champion.path.unlink()
    with pytest.raises(LeagueError, match=r"the champion of run es-1 is not in .* any more: nobody enters"):
        phases(league).enter(cycle, desk_after())


# The season


def in_season(league: League) -> tuple[Cycle, FakeDesk]:
    """Return a cycle at its season, in a league of three."""
    champion = champion_of(league, 1).champion
    for row in league.library.players():
        if row.name not in ("n 1", "tracker", "random"):
            league.library.archive(row)
    desk = desk_after()
    return desk.keep(Cycle(number=1, phase=Phase.SEASON, is_better=True, champion=champion)), desk


def test_everybody_plays_the_season_and_the_champion_is_rated(league):
    cycle, desk = in_season(league)
    done = phases(league).season(cycle, desk)
    assert (done.season, done.players, done.standing.players) == (1, (), 3)
    assert done.standing.rank in (1, 2, 3)
    assert len(done.standing.leaders) == 3
    assert league.store.season(1).state == "complete"
    assert league.store.season(1).name == "n, cycle 1"


def test_a_season_that_was_made_or_played_before_a_kill_is_not_made_again(league):
    cycle, desk = in_season(league)
    done = phases(league).season(cycle, desk)
    planned = cycle.model_copy(update={"players": tuple(row.hash for row in league.store.season_players(1))})
    for begun in (cycle, planned, done.model_copy(update={"standing": None})):
        assert phases(league).season(begun, desk_after()).standing == done.standing
    assert [row.id for row in league.store.seasons()] == [1]


def test_a_player_who_came_after_the_season_was_planned_does_not_play_it(league):
    cycle, desk = in_season(league)
    planned = cycle.model_copy(update={"players": tuple(row.hash for row in league.library.players())})
    league.library.add(player(70))
    assert phases(league).season(planned, desk).standing.players == 3


def test_a_player_whose_file_is_gone_is_left_out_of_the_season(league):
    cycle, desk = in_season(league)
    (league.home.folder / league.library.find("tracker").path).unlink()
    assert phases(league).season(cycle, desk).standing.players == 2
    assert any("left out: player 'tracker' cannot be used" in line for line in desk.lines)


def test_a_season_that_has_lost_a_player_gives_way_to_another(league):
    cycle, desk = in_season(league)
    desk.control.set(RunState.STOPPING)
    with pytest.raises(NightStopped):
        phases(league).season(cycle, desk)
    begun = desk.night.cycles[0]
    assert begun.season == 1
    (league.home.folder / league.library.find("tracker").path).unlink()
    desk.control = RunControl()
    done = phases(league).season(begun, desk)
    assert (done.season, done.standing.players) == (2, 2)
    assert any("season 1 cannot go on without all of its players" in line for line in desk.lines)


def test_a_season_of_one_is_one_sentence(league):
    cycle, desk = in_season(league)
    for name in ("tracker", "random"):
        league.library.archive(league.library.find(name))
    with pytest.raises(OvernightError, match=r"there can be no season: players .* at least 2"):
        phases(league).season(cycle, desk)
