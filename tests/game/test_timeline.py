"""The timeline: any tick, reached in any way, is the tick of the match played step by step."""

import numpy as np
import pytest

from game.executors.base import Matches
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.match import Match, compiled_players, play_tick
from game.policies.python_bot import PythonPolicy
from game.spec import MatchEnd, MatchSpec, Seat, Termination
from game.tape import Tape, TapeError
from game.timeline import KEYFRAME_TICKS, Hand, LiveMatch, Timeline
from tests.doubles import STILL, broken_network
from tests.game.networks import bot, follower, graph

RNG = np.random.default_rng(11)
SEED, POINTS = 41, 2
PAIRINGS = {
    "scripted": (bot("predictor"), bot("tracker")),
    "random": (bot("random"), bot("aimer", noise=1.0)),
    "dense": (follower(RNG), follower(RNG, 9)),
    "graph": (graph(RNG, follows=2.0), follower(RNG)),
    "recurrent that ends in NaN": (graph(RNG, is_recurrent=True, follows=2.0), bot("predictor", noise=1.5)),
    "recurrent": (graph(RNG, is_recurrent=True, scale=0.2, follows=2.0), bot("predictor", noise=1.5)),
}


class Played:
    """A match played step by step, the slow and obvious way: digests, pictures, actions and marks of every tick."""

    def __init__(self, policies, seed=SEED, points=POINTS):
        match, players = Match(GAME, seed, points), compiled_players(GAME, policies, seed)
        self.digests, self.pictures, self.actions = [match.digest()], [match.picture()], [match.actions]
        self.values = [None]
        self.marks = []
        rallies = 0
        while not match.is_over:
            if play_tick(match, *players):
                break
            self.digests.append(match.digest())
            self.pictures.append(match.picture())
            self.actions.append(match.actions)
            self.values.append(tuple(player.values.copy() for player in players))
            result = match.result()[0]
            if result["rallies"] > rallies:
                rallies = result["rallies"]
                self.marks.append((len(self.digests) - 1, *result["points"].tolist()))
        self.length = len(self.digests) - 1
        self.result = match.result()[0]


def tape_of(played):
    tape = Tape(played.actions[1:])
    for seat in Seat:
        tape.forfeit(seat, Termination(played.result["termination"][seat]))
    return tape


@pytest.fixture(scope="module")
def played():
    return {name: Played(policies) for name, policies in PAIRINGS.items()}


def test_the_field_has_both_kinds_of_ends(played):
    ends = {name: once.result["end"] for name, once in played.items()}
    assert ends.pop("recurrent that ends in NaN") == MatchEnd.FORFEIT
    assert set(ends.values()) == {MatchEnd.POINTS}
    assert all(once.length > KEYFRAME_TICKS for once in played.values())


@pytest.fixture(params=PAIRINGS)
def pairing(request, played):
    return PAIRINGS[request.param], played[request.param]


def assert_at(timeline, once, tick):
    assert timeline.tick == tick
    assert timeline.match.digest() == once.digests[tick]
    assert timeline.picture() == once.pictures[tick]
    assert timeline.actions == once.actions[tick]
    assert timeline.is_over == (tick == once.length)


def test_step_by_step_it_is_the_match(pairing):
    policies, once = pairing
    timeline = Timeline(GAME, policies, SEED, POINTS)
    for tick in range(once.length):
        assert_at(timeline, once, tick)
        assert timeline.step()
    assert_at(timeline, once, once.length)
    assert not timeline.step()
    assert_at(timeline, once, once.length)


@pytest.mark.parametrize("with_tape", [False, True], ids=["simulated", "from tape"])
def test_seeks_back_and_forth_land_on_the_same_states(pairing, with_tape):
    policies, once = pairing
    tape = tape_of(once) if with_tape else None
    timeline = Timeline(GAME, policies, SEED, POINTS, tape)
    rng = np.random.default_rng(5)
    edges = [0, 1, KEYFRAME_TICKS - 1, KEYFRAME_TICKS, KEYFRAME_TICKS + 1, once.length, once.length - 1]
    for target in [*edges, *rng.integers(0, once.length + 1, 40).tolist(), 0, once.length]:
        tick = min(target, once.length)
        timeline.seek(target)
        assert_at(timeline, once, tick)
        is_forfeit = tick == once.length and once.result["end"] == MatchEnd.FORFEIT
        if tick and not is_forfeit:  # then the values are those of the decision that failed
            for player, values in zip(timeline.players, once.values[tick], strict=True):
                assert player.values.tobytes() == values.tobytes()
        if rng.integers(2) and tick < once.length:
            timeline.step()
            assert_at(timeline, once, tick + 1)


def test_beyond_the_ends_is_the_end(played):
    once = played["scripted"]
    timeline = Timeline(GAME, PAIRINGS["scripted"], SEED, POINTS)
    timeline.seek(10**9)
    assert_at(timeline, once, once.length)
    timeline.seek(-5)
    assert_at(timeline, once, 0)


def test_scanning_moves_nothing_and_knows_length_marks_and_result(pairing):
    policies, once = pairing
    timeline = Timeline(GAME, policies, SEED, POINTS)
    timeline.seek(77)
    assert timeline.length is None
    known = timeline.scanned
    assert not timeline.scan(10)
    assert timeline.scanned == known + 10
    while not timeline.scan(100):
        pass
    assert_at(timeline, once, 77)
    assert timeline.length == timeline.scanned == once.length
    assert [(mark.tick, mark.left_points, mark.right_points) for mark in timeline.marks] == once.marks
    unfinished = once.pictures[-1]["rally_hits"]  # a forfeit comes in the middle of a rally
    assert sum(mark.hits for mark in timeline.marks) + unfinished == once.result["hits"].sum()
    assert max(mark.hits for mark in timeline.marks) == once.result["longest_rally"]
    assert timeline.result().tobytes() == once.result.tobytes()
    assert_at(timeline, once, 77)


def test_marks_name_the_scorer(played):
    timeline = Timeline(GAME, PAIRINGS["scripted"], SEED, POINTS)
    timeline.result()
    before = (0, 0)
    for mark in timeline.marks:
        gained = (mark.left_points - before[0], mark.right_points - before[1])
        assert gained == {Seat.LEFT: (1, 0), Seat.RIGHT: (0, 1), None: (0, 0)}[mark.scorer]
        before = mark.left_points, mark.right_points


def test_a_let_is_a_mark_without_a_scorer():
    patient = bot("predictor", delay=0, noise=0)
    timeline = Timeline(GAME, (patient, patient), 18, 1)
    timeline.result()
    lets = [mark for mark in timeline.marks if mark.scorer is None]
    assert len(lets) == timeline.result()["lets"] > 0
    assert all((mark.left_points, mark.right_points) == (0, 0) for mark in lets)


@pytest.mark.parametrize("sides", [(0, 1), (1, 0), (1, 1)], ids=str)
def test_a_network_that_answers_nan_forfeits_as_in_a_batch(sides):
    field = (bot("tracker"), broken_network())
    policies = tuple(field[side] for side in sides)
    stored = SerialExecutor().run(Matches.of(GAME, field, [MatchSpec(0, *sides, 5, 1)]))[0]
    timeline = Timeline(GAME, policies, 5, 1)
    assert timeline.verify(stored).is_same
    assert stored["end"] == MatchEnd.FORFEIT
    assert (timeline.length, timeline.marks) == (0, ())
    assert not timeline.step()
    timeline.seek(0)
    assert timeline.is_over


def test_a_tape_replays_a_forfeit_in_the_middle(played):
    moves = played["scripted"].actions[1:301]
    tape = Tape(moves)
    tape.forfeit(Seat.RIGHT, Termination.RAISED)
    timeline = Timeline(GAME, (None, None), SEED, POINTS, tape)
    result = timeline.result()
    assert (result["end"], result["outcome"], result["ticks"]) == (MatchEnd.FORFEIT, 1, 300)
    assert result["termination"].tolist() == [Termination.OK, Termination.RAISED]
    for tick in (300, 120, 299):
        timeline.seek(tick)
        assert timeline.match.digest() == played["scripted"].digests[tick]
        assert timeline.is_over == (tick == 300)
        assert bool(timeline.path(10)) == (tick != 300)
    assert timeline.step()
    assert timeline.is_over
    assert timeline.match.result()[0].tobytes() == result.tobytes()


@pytest.mark.parametrize("goes", ["sought", "stepped"])
def test_a_forfeit_behind_what_was_scanned_is_met_on_its_tick(played, goes):
    """It costs no tick of its own, so a scan that ends on that tick has not met it."""
    once = played["recurrent that ends in NaN"]
    timeline = Timeline(GAME, PAIRINGS["recurrent that ends in NaN"], SEED, POINTS)
    assert not timeline.scan(once.length)
    assert timeline.length is None
    if goes == "stepped":
        timeline.seek(once.length - 1)
        assert timeline.step()
    else:
        timeline.seek(once.length)
    assert_at(timeline, once, once.length)
    assert timeline.path(10) == []


@pytest.mark.parametrize("ticks", [KEYFRAME_TICKS - 1, KEYFRAME_TICKS, 2 * KEYFRAME_TICKS])
def test_a_forfeit_of_a_tape_is_there_on_its_last_tick(played, ticks):
    tape = Tape(played["scripted"].actions[1 : ticks + 1])
    tape.forfeit(Seat.LEFT, Termination.RAISED)
    stepped, sought = (Timeline(GAME, (None, None), SEED, POINTS, tape) for _ in range(2))
    for tick in range(1, ticks + 1):
        assert stepped.step()
        sought.seek(tick)
        assert (stepped.is_over, sought.is_over) == (tick == ticks, tick == ticks)


def test_a_match_that_was_broken_off_ends_where_its_tape_ends(played):
    timeline = Timeline(GAME, (None, None), SEED, POINTS, Tape(played["scripted"].actions[1:101]))
    while timeline.step():
        pass
    assert (timeline.tick, timeline.length, timeline.is_over) == (100, 100, False)
    timeline.seek(50)
    assert timeline.step()


def test_a_policy_that_answers_nan_beside_a_tape_changes_nothing(played):
    once = played["scripted"]
    timeline = Timeline(GAME, (broken_network(), None), SEED, POINTS, tape_of(once))
    timeline.seek(200)
    assert_at(timeline, once, 200)
    assert timeline.result().tobytes() == once.result.tobytes()


def test_a_policy_beside_one_that_answers_nan_still_decides(played):
    once = played["dense"]
    timeline = Timeline(GAME, (broken_network(), PAIRINGS["dense"][1]), SEED, POINTS, tape_of(once))
    timeline.seek(200)
    assert timeline.players[1].values.tobytes() == once.values[200][1].tobytes()


@pytest.mark.parametrize("missing", [PythonPolicy(STILL), None], ids=["Python bot", "person"])
def test_who_cannot_play_again_needs_a_tape(missing):
    with pytest.raises(ValueError, match="cannot be replayed"):
        Timeline(GAME, (bot("tracker"), missing), 1, 1)
    timeline = Timeline(GAME, (bot("tracker"), missing), 1, 1, Tape([(0, 2)] * 5))
    assert timeline.players[1] is None
    timeline.seek(3)
    assert timeline.actions == (0, 2)


def test_a_tape_of_another_game_is_refused():
    with pytest.raises(TapeError, match="action 7"):
        Timeline(GAME, (None, None), 1, 1, Tape([(0, 7)]))


def test_the_path_is_where_the_ball_flies_and_leaves_no_trace(played):
    once = played["scripted"]
    timeline = Timeline(GAME, PAIRINGS["scripted"], SEED, POINTS)
    for tick in (0, 45, 46, 60, 130):
        timeline.seek(tick)
        path = timeline.path(50)
        assert_at(timeline, once, tick)
        assert len(path) <= 50
        for ahead, place in enumerate(path, start=1):
            picture = once.pictures[tick + ahead]
            if picture["rally_hits"] != once.pictures[tick]["rally_hits"]:
                break  # somebody moved, and met it
            assert place == (picture["ball_x"], picture["ball_y"])
        if once.pictures[tick]["serve_in"]:
            assert path == []
    assert timeline.path(10) == timeline.path(50)[:10] != []


def test_a_path_holds_until_somebody_meets_the_ball(played):
    """What was foreseen is kept, and given up as soon as the ball is elsewhere."""
    once = played["scripted"]
    timeline = Timeline(GAME, PAIRINGS["scripted"], SEED, POINTS)
    for tick in range(once.length):
        timeline.seek(tick)
        now, then = once.pictures[tick], once.pictures[tick + 1]
        path = timeline.path(1)
        if path and then["rally_hits"] == now["rally_hits"]:
            assert path == [(then["ball_x"], then["ball_y"])]
    timeline.seek(once.length)
    assert timeline.path(10) == []


def test_a_path_ends_before_a_paddle_is_met(played):
    once = played["scripted"]
    first = next(tick for tick, picture in enumerate(once.pictures) if picture["rally_hits"] == 1)
    timeline = Timeline(GAME, PAIRINGS["scripted"], SEED, POINTS)
    timeline.seek(first - 5)
    assert len(timeline.path(300)) >= 4
    timeline.seek(first)
    x, _ = timeline.path(1)[0]
    assert abs(x) < abs(once.pictures[first]["ball_x"])


def test_a_live_match_records_a_tape_that_replays_it():
    hand = Hand(1)
    live = LiveMatch(GAME, (hand, bot("predictor", noise=2.0)), 9, 1)
    with pytest.raises(ValueError, match="no result yet"):
        live.result()
    rng = np.random.default_rng(2)
    while True:
        hand.action = int(rng.integers(3))
        if not live.step():
            break
    assert live.is_over
    tape = Tape.from_bytes(live.tape.to_bytes())
    assert live.tick == len(tape)
    assert live.players[0] is None
    for policies in ((None, None), (None, bot("predictor", noise=2.0))):
        timeline = Timeline(GAME, policies, 9, 1, tape)
        assert timeline.verify(live.result()).is_same
        assert timeline.marks == live.marks != ()


def test_a_live_match_of_compiled_players_is_the_timeline(played):
    live = LiveMatch(GAME, PAIRINGS["recurrent"], SEED, POINTS)
    while live.step():
        assert live.match.digest() == played["recurrent"].digests[live.tick]
        assert live.actions == played["recurrent"].actions[live.tick]
    assert live.result().tobytes() == played["recurrent"].result.tobytes()


def test_a_player_that_faults_on_the_screen_forfeits_and_is_on_the_tape():
    live = LiveMatch(GAME, (Hand(1), Hand(1)), 3, 1)
    assert live.step()
    bad = LiveMatch(GAME, (Hand(1), broken_network()), 3, 1)
    assert not bad.step()
    assert [(seat, fault.termination) for seat, fault in bad.faults] == [(Seat.RIGHT, Termination.NOT_A_NUMBER)]
    assert Timeline(GAME, (None, None), 3, 1, bad.tape).verify(bad.result()).is_same


def test_a_python_bot_cannot_be_handed_in_as_a_policy():
    with pytest.raises(ValueError, match="process of its own"):
        LiveMatch(GAME, (Hand(1), PythonPolicy(STILL)), 3, 1)


def test_a_forfeit_before_the_first_tick_is_met_by_a_step():
    timeline = Timeline(GAME, (broken_network(), bot("tracker")), SEED, POINTS)
    timeline.scan(KEYFRAME_TICKS)
    assert (timeline.length, timeline.is_over) == (0, False)
    assert not timeline.step()
    assert timeline.is_over
