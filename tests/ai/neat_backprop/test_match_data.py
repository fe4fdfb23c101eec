"""Match data: exactly what the player sees and does, and whole matches held out."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.match_record import MatchRecorder, RecordedMatch
from ai.neat_backprop.match_data import Recording, record_matches
from game.batch import play_batch
from game.games.rally import GAME
from game.jit import LANES
from game.match import Match, compiled_players, match_array
from game.policies.bank import build_bank
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds
from game.spec import MatchSpec, Seat
from tests.doubles import STILL, broken_network
from tests.game.networks import dense, follower, graph


def bot(name):
    return ScriptedPolicy.of(GAME, name)


def stepwise(teacher, opponent, seed, seat, every):
    """What the step face of the match loop shows of one match."""
    policies = (teacher, opponent) if seat is Seat.LEFT else (opponent, teacher)
    players = compiled_players(GAME, policies, seed)
    match = Match(GAME, seed)
    seen, done, tick = [], [], 0
    while not match.is_over:
        observations = [match.observation(side) for side in Seat]
        actions = [player.decide(view) for player, view in zip(players, observations, strict=True)]
        if tick % every == 0:
            seen.append(observations[seat])
            done.append(actions[seat])
        match.step(*actions)
        tick += 1
    return np.array(seen), np.array(done)


def has_rows(all_rows, part):
    """Whether ``part`` is in ``all_rows``, as one piece."""
    return (part + 0).tobytes() in (all_rows + 0).tobytes()  # a mirrored match has -0 for 0


def rows(data, part):
    return getattr(data, f"x_{part}"), getattr(data, f"y_{part}")


@pytest.mark.parametrize(
    ("teacher", "every"),
    [(bot("random"), 3), (follower(np.random.default_rng(1)), 1), (bot("predictor"), 7)],
    ids=["random", "network", "predictor"],
)
def test_rows_are_what_the_step_face_shows_tick_by_tick(teacher, every):
    opponents = [bot("tracker"), graph(np.random.default_rng(2))]
    data = record_matches(GAME, teacher, opponents, Recording(5, 11, every))
    found = []
    for opponent in opponents:
        for seed in pair_seeds(11, 0, 5).tolist():
            found += [stepwise(teacher, opponent, seed, seat, every) for seat in Seat]
    recorded = [rows(data, part) for part in ("train", "validation", "test")]
    assert sum(len(y) for _, y in recorded) == sum(len(actions) for _, actions in found)
    places = []
    for observations, actions in found:
        inside = [has_rows(x, observations) and has_rows(y, actions.astype(np.int32)) for x, y in recorded]
        assert sum(inside) == 1
        places.append(inside.index(True))
    by_seed = np.array(places).reshape(len(opponents), 5, 2)
    assert (by_seed == by_seed[:1, :, :1]).all()  # whole seeds are held out
    assert np.bincount(by_seed[0, :, 0]).tolist() == [3, 1, 1]


def test_more_matches_than_lanes_last_as_long_as_in_the_batch_face():
    bank = build_bank([bot("predictor"), bot("tracker")])
    seeds = pair_seeds(3, 0, LANES).tolist()
    jobs = [RecordedMatch(1, pair, seed, swapped) for pair, seed in enumerate(seeds) for swapped in (False, True)]
    specs = [MatchSpec(n, int(job.is_swapped), 1 - int(job.is_swapped), job.seed) for n, job in enumerate(jobs)]
    ticks = play_batch(GAME, bank, match_array(specs))["ticks"]
    record = MatchRecorder(GAME, bank, jobs, GAME.default_points).record(1, 10**6)
    assert np.bincount(record.jobs).tolist() == ticks.tolist()


def test_features_are_raw_and_classes_the_games_actions():
    data = record_matches(GAME, bot("predictor"), [bot("tracker")], Recording(5, 1, 4))
    assert not data.is_standardised
    assert data.feature_names == GAME.observations
    assert data.class_names == GAME.actions
    assert data.n_classes == GAME.n_actions
    assert data.x_train.dtype == np.float32
    assert data.y_train.dtype == np.int32
    assert data.digest() == record_matches(GAME, bot("predictor"), [bot("tracker")], Recording(5, 1, 4)).digest()
    assert data.digest() != record_matches(GAME, bot("predictor"), [bot("tracker")], Recording(5, 2, 4)).digest()


@pytest.mark.parametrize(
    ("teacher", "opponents", "numbers", "says"),
    [
        (bot("tracker"), [bot("tracker")], (4, 1, 1), "pairs is 4: at least 5"),
        (bot("tracker"), [bot("tracker")], (5, 1, 0), "every is 0"),
        (bot("tracker"), [], (5, 1, 1), "there is no opponent"),
        (PythonPolicy(STILL), [bot("tracker")], (5, 1, 1), "a Python bot cannot be recorded"),
        (bot("tracker"), [PythonPolicy(STILL)], (5, 1, 1), "a Python bot cannot be recorded"),
        (dense(np.random.default_rng(0), inputs=3), [bot("tracker")], (5, 1, 1), "policy 0 has 3 inputs"),
        (broken_network(), [bot("tracker")], (5, 1, 1), "the recorded player answers NaN"),
        (bot("still"), [bot("tracker")], (5, 1, 1), "the teacher always does 'stay'"),
    ],
)
def test_what_nobody_can_learn_from_is_refused(teacher, opponents, numbers, says):
    with pytest.raises(TrainingError, match=says):
        record_matches(GAME, teacher, opponents, Recording(*numbers))


def test_opponents_that_answer_nan_end_their_matches_without_a_row():
    with pytest.raises(TrainingError, match="nothing was recorded"):
        record_matches(GAME, bot("tracker"), [broken_network()], Recording(5, 1, 1))


def test_a_few_such_opponents_do_no_harm_to_the_rest():
    opponents = [broken_network(), bot("tracker"), broken_network()]
    data = record_matches(GAME, bot("predictor"), opponents, Recording(5, 1, 4))
    alone = record_matches(GAME, bot("predictor"), [bot("tracker")], Recording(5, 1, 4))
    assert data.digest() == alone.digest()


def test_too_much_is_refused():
    bank = build_bank([bot("tracker")] * 2)
    jobs = [RecordedMatch(1, pair, pair, is_swapped=False) for pair in range(5)]
    recorder = MatchRecorder(GAME, bank, jobs, GAME.default_points)
    with pytest.raises(TrainingError, match="more than 5,000,000 ticks are recorded: choose fewer pairs"):
        recorder.record(1, 1000)
