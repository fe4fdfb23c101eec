"""Learning from hindsight: the rows that are kept, who learns from them, and whose matches are looked back on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.neat import NeatConfig
from ai.neat.config import EvolutionConfig
from ai.neat.hindsight import Lessons, Study, lessons
from ai.neat.networks import express, graph_policies
from ai.neat.population import Population
from ai.neat_backprop.backprop import block_points, scores
from game.games.rally import GAME
from game.match import Match, compiled_players
from game.policies.python_bot import PythonPolicy
from game.spec import Seat
from tests.doubles import STILL, broken_network
from tests.game.networks import bot, follower

UNKNOWN = -1


def rows_of(numbers):
    """Return a row for each number, which says it in all its columns."""
    numbers = np.asarray(numbers)
    return np.repeat(numbers[:, None], 2, axis=1).astype(np.float32), (numbers % 3).astype(np.int32)


def drawn(kept):
    """Return the numbers of all rows, drawn until all have come."""
    x, y = kept.draw(200 * kept.count, np.random.default_rng(1))
    assert np.array_equal(y, x[:, 0] % 3)
    assert np.array_equal(x[:, 0], x[:, 1])
    return sorted(set(x[:, 0].astype(int).tolist()))


class TestLessons:
    @given(st.lists(st.integers(0, 9), max_size=8))
    def test_the_newest_are_kept(self, counts):
        kept, begin = Lessons(6, 2, 3), 0
        for count in counts:
            kept.add(*rows_of(range(begin, begin + count)))
            begin += count
        assert kept.count == min(begin, 6)
        if begin:
            assert drawn(kept) == list(range(max(0, begin - 6), begin))

    @given(st.lists(st.integers(0, 9), max_size=5), st.integers(0, 9))
    def test_kept_and_restored_it_goes_on_as_before(self, counts, more):
        whole, begin = Lessons(6, 2, 3), 0
        for count in counts:
            whole.add(*rows_of(range(begin, begin + count)))
            begin += count
        broken = Lessons(6, 2, 3)
        broken.restore(whole.to_arrays())
        for each in (whole, broken):
            each.add(*rows_of(range(begin, begin + more)))
        one, other = whole.to_arrays(), broken.to_arrays()
        assert {name: array.tobytes() for name, array in one.items()} == {
            name: array.tobytes() for name, array in other.items()
        }

    def test_what_was_kept_does_not_change_later(self):
        kept = Lessons(4, 2, 3)
        kept.add(*rows_of([1, 2, 3, 4]))
        arrays = kept.to_arrays()
        kept.add(*rows_of([5, 6]))
        assert arrays["hindsight/observations"][:, 0].tolist() == [1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("observations", None),
            ("observations", np.zeros((3, 5), np.float32)),
            ("observations", np.zeros((2, 2), np.float32)),
            ("observations", np.full((3, 2), np.nan, np.float32)),
            ("actions", None),
            ("actions", np.int32(1)),
            ("actions", np.zeros((3, 1), np.int32)),
            ("actions", np.array([0, 1, 3], np.int32)),
            ("actions", np.array([0, 1, -1], np.int32)),
            ("next", None),
            ("next", np.zeros(0, np.int64)),
            ("next", np.zeros((1, 1), np.int64)),
        ],
    )
    def test_what_does_not_fit_is_refused(self, name, value):
        kept = Lessons(4, 2, 3)
        kept.add(*rows_of([1, 2, 3]))
        arrays = dict(kept.to_arrays())
        arrays.pop(f"hindsight/{name}")
        if value is not None:
            arrays[f"hindsight/{name}"] = value
        with pytest.raises(TrainingError, match="rows of hindsight do not fit the configuration"):
            Lessons(4, 2, 3).restore(arrays)

    def test_more_than_the_capacity_is_refused(self):
        kept = Lessons(4, 2, 3)
        kept.add(*rows_of([1, 2, 3]))
        with pytest.raises(TrainingError, match="rows of hindsight"):
            Lessons(2, 2, 3).restore(kept.to_arrays())


def watched(player, opponent, seed, seat):
    """Return what ``player`` sees in a match, as the step face of the match loop shows it."""
    policies = (player, opponent) if seat is Seat.LEFT else (opponent, player)
    match, seen = Match(GAME, seed, 1), []
    players = compiled_players(GAME, policies, seed)
    while not match.is_over:
        views = [match.observation(side) for side in Seat]
        seen.append(views[seat])
        match.step(*(each.decide(view) for each, view in zip(players, views, strict=True)))
    return np.array(seen)


class TestRecording:
    @pytest.mark.parametrize("every", [1, 4])
    def test_rows_are_those_of_the_matches_whose_right_action_is_known(self, every):
        player, opponents = follower(np.random.default_rng(1)), [bot("tracker"), bot("predictor")]
        x, y = lessons(GAME, GAME.hindsight, (player, opponents), (4, 9), 1, every)
        wanted = []
        for opponent in opponents:
            for seed in (4, 9):
                for seat in Seat:
                    seen = watched(player, opponent, seed, seat)
                    right = GAME.hindsight(seen)
                    known = np.flatnonzero(right != UNKNOWN)[::every]
                    wanted.append((seen[known], right[known]))
        assert np.array_equal(x, np.concatenate([rows for rows, _ in wanted]))  # -0 of a mirrored match is 0
        assert np.array_equal(y, np.concatenate([actions for _, actions in wanted]))
        assert (x.dtype, y.dtype) == (np.float32, np.int32)

    def test_many_pairs_are_recorded_a_part_at_a_time(self, monkeypatch):
        arguments = (GAME, GAME.hindsight, (follower(np.random.default_rng(1)), [bot("tracker")]), (4, 9, 11), 1, 2)
        whole = lessons(*arguments)
        monkeypatch.setattr("ai.neat.hindsight._PAIRS_AT_ONCE", 1)
        monkeypatch.setattr("ai.neat.hindsight.MAX_ROWS", len(whole[1]))  # fewer than the ticks of all three
        parts = lessons(*arguments)
        assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))

    def test_python_bots_are_left_out(self):
        player, python = follower(np.random.default_rng(1)), PythonPolicy(STILL)
        alone = lessons(GAME, GAME.hindsight, (player, [bot("tracker")]), (4,), 1, 3)
        mixed = lessons(GAME, GAME.hindsight, (player, [python, bot("tracker"), python]), (4,), 1, 3)
        assert all(np.array_equal(one, other) for one, other in zip(alone, mixed, strict=True))
        x, y = lessons(GAME, GAME.hindsight, (player, [python]), (4,), 1, 3)
        assert (x.shape, y.shape) == ((0, GAME.n_observations), (0,))


CONFIG = NeatConfig(hindsight_steps=20, hindsight_rows=256, hindsight_batch=64, hindsight_capacity=2000, points=1)


def study_of(config=CONFIG, workers=1):
    return Study(config, GAME, workers)


@pytest.fixture(scope="module")
def genomes():
    config = EvolutionConfig(population=12, num_hidden=4)
    return Population(config, GAME.n_observations, GAME.n_actions, np.random.default_rng(2)).genomes


@pytest.fixture
def study(genomes):
    """A study that has looked back on one match."""
    study = study_of()
    study.look_back(player_of(genomes), [bot("tracker")], (1, 2))
    return study


def player_of(genomes):
    return graph_policies(genomes, express(genomes, GAME.n_observations, GAME.n_actions), GAME.n_observations)[0]


def rng(seed=3):
    return np.random.default_rng(seed)


def genes(genomes, place):
    one = genomes.take([place])
    return one.weight.tobytes() + one.bias.tobytes()


class TestStudy:
    def test_only_those_who_are_chosen_learn(self, study, genomes):
        learners = np.array([1, 4, 5, 11])
        taught = study.teach(genomes, learners, rng())
        assert [place for place in range(12) if genes(taught, place) != genes(genomes, place)] == learners.tolist()
        for name in ("keys", "node", "response", "function", "source", "target", "innovation", "enabled"):
            assert getattr(taught, name) is getattr(genomes, name)

    def test_they_learn_what_would_have_been_right(self, study, genomes):
        taught = study.teach(genomes, np.arange(12), rng())
        arrays = study.arrays()
        points = block_points(arrays["hindsight/observations"], arrays["hindsight/actions"], GAME.n_actions)
        networks = express(genomes, GAME.n_observations, GAME.n_actions)
        before, after = (scores(each, networks, points).cross_entropy for each in (genomes, taught))
        assert (after < before).all()

    def test_what_one_learns_depends_neither_on_the_others_nor_on_the_workers(self, study, genomes):
        everybody = study.teach(genomes, np.arange(12), rng())
        some = study.teach(genomes, np.array([3, 7]), rng())
        crowd = study_of(workers=3)
        crowd.restore(study.arrays())
        for taught in (some, crowd.teach(genomes, np.array([3, 7]), rng())):
            assert [genes(taught, place) for place in (3, 7)] == [genes(everybody, place) for place in (3, 7)]
        assert genes(study.teach(genomes, np.array([3]), rng(4)), 3) != genes(everybody, 3)  # other rows are drawn

    def test_without_rows_or_learners_nothing_happens(self, study, genomes):
        for each, learners in ((study_of(), np.arange(12)), (study, np.zeros(0, np.int64))):
            luck = rng()
            assert each.teach(genomes, learners, luck) is genomes
            assert luck.bit_generator.state == rng().bit_generator.state

    def test_genes_stay_in_their_range(self, study, genomes):
        config = CONFIG.model_copy(
            update={"weight_min_value": -0.2, "weight_max_value": 0.3, "bias_min_value": -0.1, "bias_max_value": 0.1}
        )
        narrow = study_of(config)
        narrow.restore(study.arrays())
        taught = narrow.teach(genomes, np.arange(12), rng())
        assert (taught.weight.min(), taught.weight.max()) == pytest.approx((-0.2, 0.3))
        assert np.abs(taught.bias).max() <= np.float32(0.1)
        assert taught.weight.dtype == taught.bias.dtype == np.float32

    def test_a_champion_without_an_answer_teaches_nothing(self, study):
        before = study.arrays()
        study.look_back(broken_network(), [bot("tracker")], (1,))
        assert all(np.array_equal(array, before[name]) for name, array in study.arrays().items())

    def test_a_game_without_hindsight_teaches_nothing(self, genomes):
        study = Study(CONFIG, replace(GAME, hindsight=None), 1)
        study.look_back(player_of(genomes), [bot("tracker")], (1,))
        assert study.teach(genomes, np.arange(12), rng()) is genomes
