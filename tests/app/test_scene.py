"""What the last ticks leave to see: told from pictures alone, the same on every way to a tick."""

import itertools

import numpy as np
import pytest

from app.scene import MEMORY_TICKS, Cast, Effects, Overlays, Scene
from game.games.rally import GAME
from game.policies.dense import DensePolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from game.timeline import Hand, LiveMatch, Timeline
from tests.doubles import broken_network

POLICIES = ScriptedPolicy.of(GAME, "aimer"), ScriptedPolicy.of(GAME, "predictor")
CAST = Cast(("Ada", "Bob"), ("1500", "1400"))


def timeline(points=3):
    return Timeline(GAME, POLICIES, 7, points)


@pytest.fixture(scope="module")
def course():
    """Every tick of a match: its picture, and the effects after it."""
    line, effects = timeline(), Effects(GAME.shape)
    seen = []
    effects.feed(line.picture())
    while line.step():
        effects.feed(line.picture())
        seen.append((line.picture(), effects.trail, effects.flashes, effects.ripples, effects.scorer))
    return seen


def test_a_contact_flashes_its_paddle_and_leaves_a_ripple_there(course):
    hits = 0
    for (before, *_), (now, _, flashes, ripples, _) in itertools.pairwise(course):
        if now["rally_hits"] > before["rally_hits"]:
            hits += 1
            seat = Seat.RIGHT if now["ball_x"] > 0 else Seat.LEFT
            assert flashes[seat] == 1.0
            assert ripples[-1].seat is seat
            assert abs(ripples[-1].x) == GAME.shape.paddle_line
            assert ripples[-1].age == 0.0
    assert hits > 10


def test_a_wall_sparks_where_the_ball_turns(course):
    sparks = [ripple for _, _, _, ripples, _ in course for ripple in ripples if ripple.seat is None and ripple.age == 0]
    turns = sum(
        before["ball_vy"] * now["ball_vy"] < 0
        and now["rally_hits"] == before["rally_hits"]
        and abs(now["ball_y"]) > 0.4
        for (before, *_), (now, *_) in itertools.pairwise(course)
    )
    assert len(sparks) == turns > 3
    assert {abs(spark.y) for spark in sparks} == {GAME.shape.half_height}


def test_everything_fades(course):
    for _, trail, flashes, ripples, _ in course:
        assert len(trail) <= MEMORY_TICKS
        assert all(0 <= flash <= 1 for flash in flashes)
        assert all(0 <= ripple.age < 1 for ripple in ripples)
    assert any(flashes == (0, 0) for _, _, flashes, _, _ in course)


def test_the_trail_is_where_the_ball_was_and_ends_with_the_rally(course):
    for (before, *_), (now, trail, *_) in itertools.pairwise(course):
        if now["serve_in"] > 0:
            assert trail == ()
        elif trail:
            assert trail[-1][:2] == (before["ball_x"], before["ball_y"])


def test_a_point_names_its_scorer_for_a_while(course):
    for (before, *_), (now, _, _, _, scorer) in itertools.pairwise(course):
        for seat in Seat:
            column = f"{seat.name.lower()}_points"
            if now[column] > before[column]:
                assert scorer is seat
    scored = [bool(scorer is not None) for *_, scorer in course]
    ends = [tick for tick, (was, then) in enumerate(itertools.pairwise(scored)) if was and not then]
    begins = [tick for tick, (was, then) in enumerate(itertools.pairwise(scored)) if then and not was]
    assert len(ends) >= 2
    assert {end - begin for begin, end in zip(begins, ends, strict=False)} == {46}


@pytest.mark.parametrize("tick", [0, 1, 50, 300, 700])
def test_a_seek_shows_what_playing_shows(tick):
    played, sought = Scene(timeline(), CAST), Scene(timeline(), CAST)
    for _ in range(tick):
        played.course.step()
        played.follow()
    sought.seek(900)
    sought.seek(tick)
    one, other = played.view(), sought.view()
    assert one.picture == other.picture
    assert (one.trail, one.flashes, one.ripples, one.message) == (
        other.trail,
        other.flashes,
        other.ripples,
        other.message,
    )


def test_a_seek_beyond_the_end_shows_the_last_ticks():
    beyond, end = Scene(timeline(), CAST), Scene(timeline(), CAST)
    beyond.seek(10**6)
    end.seek(beyond.course.tick)
    turns = [scene._effects.turn for scene in (beyond, end)]
    assert turns[0] == turns[1] != 0


def test_a_gap_makes_the_effects_forget():
    line, effects = timeline(), Effects(GAME.shape)
    for tick in range(90):
        line.seek(tick)
        effects.feed(line.picture())
    assert effects.trail
    line.seek(400)
    effects.feed(line.picture())
    assert (effects.trail, effects.flashes, effects.ripples, effects.scorer) == ((), (0, 0), (), None)


def test_the_end_names_the_winner():
    scene = Scene(timeline(1), CAST)
    scene.seek(10**6)
    winner = scene.course.match.result()[0]["outcome"]
    assert scene.view().message == f"{CAST.names[0 if winner > 0 else 1]} wins"


def test_a_match_without_a_winner_is_a_draw():
    scene = Scene(Timeline(GAME, (broken_network(), broken_network()), 7, 1), CAST)
    scene.seek(1)
    assert scene.view().message == "Draw"


def test_a_long_name_is_cut_in_messages():
    name = "A name of thirty-three letters   !"
    scene = Scene(timeline(1), Cast((name, name)))
    scene.seek(10**6)
    assert scene.view().message == "A name of thirty-three… wins"


def test_a_flash_is_gone_before_the_ball_comes_back(course):
    for seat in Seat:
        fading = [flashes[seat] for _, _, flashes, _, _ in course]
        begin = fading.index(1.0)
        assert fading[begin + 8] == pytest.approx(0.5)
        assert fading[begin + 16] == 0.0


def test_overlays_are_there_only_when_asked_for():
    scene = Scene(timeline(), CAST)
    scene.seek(100)
    plain, full = scene.view(), scene.view(overlays=Overlays(path=True, sight=True, actions=True), is_paused=True)
    assert (plain.path, plain.sight, plain.actions, plain.is_paused) == ((), None, None, False)
    assert len(full.path) > 5
    assert full.sight[Seat.RIGHT].values == scene.course.match.observation(Seat.RIGHT).tolist()
    assert (full.actions, full.is_paused) == (scene.course.actions, True)
    assert (full.names, full.ratings, full.points_to_win) == (CAST.names, CAST.ratings, 3)


def network(seed):
    rng = np.random.default_rng(seed)
    weights = (rng.standard_normal((9, 8), np.float32), rng.standard_normal((3, 9), np.float32))
    return DensePolicy(weights, (np.zeros(9, np.float32), np.zeros(3, np.float32)))


def test_the_values_of_a_networks_actions_are_those_it_decides_by():
    sides = network(1), network(2)
    scene = Scene(Timeline(GAME, sides, 7, 1), CAST, sides)
    chosen = []
    for _ in range(300):
        valued = scene.view(overlays=Overlays(values=True)).values
        scene.course.step()
        chosen.append(tuple(each.chosen for each in valued) == scene.course.actions)
    assert all(chosen)
    assert scene.view().values == (None, None)


def test_only_a_network_has_values():
    sides = Hand(1), network(1)
    scene = Scene(LiveMatch(GAME, sides, 3, 1), CAST, (None, sides[1]))
    left, right = scene.view(overlays=Overlays(values=True)).values
    assert left is None
    assert len(right.values) == 3
    assert Scene(timeline(), CAST, POLICIES).view(overlays=Overlays(values=True)).values == (None, None)


def test_a_live_match_has_a_scene_but_cannot_be_wound():
    scene = Scene(LiveMatch(GAME, (Hand(1), POLICIES[1]), 3, 1), CAST)
    scene.course.step()
    scene.follow()
    assert scene.view().picture["tick"] == 1
    with pytest.raises(TypeError, match="cannot be wound"):
        scene.seek(0)
