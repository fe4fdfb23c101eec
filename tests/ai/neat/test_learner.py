"""NEAT in training: every mode runs, repeats, stops and goes on, learns, and refuses what it cannot use."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.evaluation import CandidateSides, pair_rows
from ai.neat import TRAINER, NeatConfig
from ai.neat.learner import NeatLearner
from ai.trainer import Champion, LearnerState, Opponent, TrainContext
from game.batch import play_batch
from game.executors.base import ExecutorSettings
from game.executors.pool import PoolExecutor
from game.games.rally import GAME
from game.policies.activation import Activation
from game.policies.bank import Policy, build_bank
from game.policies.file import PlayerFile
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from tests.ai.neat.evolution import (
    SMALL,
    context_of,
    flat,
    learner_of,
    one_opponent,
    steps_of,
    told,
)
from tests.doubles import PATIENT
from tests.game.networks import dense

MODES = ("baseline", "competitive", "self_play", "curriculum")
HINDSIGHT = {
    "hindsight_steps": 3, "hindsight_rows": 64, "hindsight_every": 2, "hindsight_pairs": 1, "hindsight_rivals": 1,
}  # fmt: skip


def small(mode: str = "baseline", **values: object) -> NeatConfig:
    return NeatConfig.model_validate({**SMALL.model_dump(), "mode": mode, **values})


VARIANTS = [
    *(pytest.param(small(mode), id=mode) for mode in MODES),
    pytest.param(small("baseline", feed_forward=False), id="recurrent"),
    pytest.param(small("self_play", novelty_weight=1.0, novelty_neighbours=3, result_weight=1.0), id="novelty"),
    pytest.param(small("baseline", **HINDSIGHT), id="hindsight"),
    pytest.param(small("competitive", **HINDSIGHT, population=15), id="hindsight in competition"),
    pytest.param(small("curriculum", max_stagnation=2, species_elitism=0), id="dying out"),
    pytest.param(small("self_play", species_target_mode="hill", species_target=4.0, pairs=2), id="hill climbing"),
]


def score_against(policy: Policy, name: str, pairs: int = 50) -> float:
    """Return the score on seeds that no training has seen."""
    rows = pair_rows(1, 1, np.arange(10**9, 10**9 + pairs, dtype=np.int64), points=5)
    results = play_batch(GAME, build_bank([policy, ScriptedPolicy.of(GAME, name)]), rows)
    return float(CandidateSides.of(results, 1, 1).score.mean())


def hash_of(champion: Champion) -> str:
    return PlayerFile("", GAME.name, GAME.version, champion.policy).hash


@pytest.mark.parametrize("config", VARIANTS)
def test_one_seed_is_one_run(config):
    one, again, other = (learner_of(config, seed) for seed in (3, 3, 4))
    reports = steps_of(one, 7)
    assert [told(report) for report in steps_of(again, 7)] == [told(report) for report in reports]
    assert [told(report) for report in steps_of(other, 7)] != [told(report) for report in reports]
    assert flat(dict(one.state().arrays)) == flat(dict(again.state().arrays))
    assert [report.step for report in reports] == list(range(1, 8))
    assert {report.expected for report in reports} == {9}
    assert reports[0].champion is not None
    for report in reports:
        assert [name for name in report.values if TRAINER.metric(name) is None] == []
        assert ("mean_score" in report.values) == (report.step % 3 == 0)


@pytest.mark.parametrize("config", VARIANTS)
def test_stopped_and_resumed_is_never_stopped(config):
    whole, broken = learner_of(config, 5), learner_of(config, 5)
    expected = [told(report) for report in steps_of(whole, 8)]
    seen = []
    for _ in range(4):  # a new learner every other step
        seen += [told(report) for report in steps_of(broken, 2)]
        state = broken.state()
        kept = LearnerState(dict(state.arrays), json.loads(json.dumps(state.numbers)))
        broken = learner_of(config, 5)
        broken.restore(kept)
        again = broken.state()
        assert flat(dict(again.arrays)) == flat(dict(kept.arrays))
        assert json.loads(json.dumps(again.numbers)) == kept.numbers
    assert seen == expected
    assert flat(dict(broken.state().arrays)) == flat(dict(whole.state().arrays))


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_workers_change_nothing(mode):
    config = small(mode, **HINDSIGHT, population=20)
    expected = [told(report) for report in steps_of(learner_of(config), 3)]
    with PoolExecutor(settings=ExecutorSettings(workers=2, batch_size=40, limits=PATIENT)) as pool:
        for workers in (2, 1):
            pool.set_workers(workers)
            assert [told(report) for report in steps_of(learner_of(config, executor=pool), 3)] == expected


def test_a_state_is_not_changed_by_what_comes_after():
    learner = learner_of(small("self_play", **HINDSIGHT))
    steps_of(learner, 3)
    state = learner.state()
    before = flat(dict(state.arrays)), json.dumps(state.numbers)
    steps_of(learner, 3)
    assert (flat(dict(state.arrays)), json.dumps(state.numbers)) == before


@pytest.mark.parametrize("mode", MODES)
def test_every_match_is_counted(mode):
    config = small(mode, population=10, opponents=("random", "still", "tracker"), rivals=4, pairs=2, evaluate_every=2)
    first, second = steps_of(learner_of(config), 2)
    rivals = {"baseline": 3, "curriculum": 1, "competitive": 4, "self_play": 4}[mode]
    meetings = 10 // 2 * 4 if mode == "competitive" else 10 * rivals
    generation = 2 * 2 * meetings
    assert first.work["matches"] == generation + 2 * rivals * config.finalists
    measured = 2 * 3 * config.evaluation_pairs
    assert second.work["matches"] == generation + 2 * rivals * (config.finalists + 1) + measured
    for report in (first, second):
        assert report.work["ticks"] > report.work["matches"] * 20
    assert first.work["evaluations"] == 10 + config.finalists


def test_what_a_report_says_of_species_champion_and_ancestry():
    learner = learner_of(small(population=24, compatibility_threshold=1.0))
    genomes = {}
    for report in steps_of(learner, 9):
        species = report.details["species"]
        assert sum(each["size"] for each in species) == 24
        assert len(species) == report.values["species_count"]
        for each in species:
            assert report.values[f"species/{each['id']}"] == each["size"]
            assert each["best"] >= each["mean"]
            assert 0 <= each["stagnant"] <= each["age"] + 1
        assert report.values["best"] >= report.values["mean"]
        assert report.values["best"] == max(each["best"] for each in species)
        if report.champion is not None:
            genome, line = report.details["genome"], report.details["ancestry"]
            genomes[genome["id"]] = genome
            assert genome["fitness"] == report.champion.fitness
            assert genome["inputs"] == list(GAME.observations)
            assert genome["outputs"] == list(GAME.actions)
            assert line[0]["id"] == genome["id"]
            assert line[-1]["parents"] == []
            assert line[-1]["generation"] == 0
            for child, parent in itertools.pairwise(line):
                assert child["parents"][0] == parent["id"]
                assert child["generation"] > parent["generation"]
            assert sum(each["enabled"] for each in genome["connections"]) == report.values["champion_connections"]
    assert len(genomes) > 1


@pytest.mark.parametrize("mode", ["baseline", "self_play"])
def test_the_lineage_of_a_champion_are_the_champions_among_its_ancestors(mode):
    learner, hashes = learner_of(small(mode, population=30)), {}
    longest = 0
    for _ in range(25):
        report = learner.step()
        if report.champion is None:
            continue
        line = [each["id"] for each in report.details["ancestry"]]
        expected = tuple(hashes[key] for key in line[1:] if key in hashes)
        assert report.champion.lineage == expected
        longest = max(longest, len(expected))
        hashes[line[0]] = hash_of(report.champion)
    assert len(hashes) > 3
    assert longest >= 1


def test_a_champion_stays_until_somebody_is_better():
    learner = learner_of(small(population=30))
    crowned = [report.champion is not None for report in steps_of(learner, 20)]
    assert crowned[0]
    assert not all(crowned)


def test_the_ladder_is_climbed_and_told():
    ladder = ("still", "random", "tracker")
    learner = learner_of(small("curriculum", population=40, evaluate_every=2, promotion_score=0.6, opponents=ladder))
    rungs = [report.values["rung"] for report in steps_of(learner, 20)]
    assert rungs[0] == 1.0
    assert rungs == sorted(rungs)
    assert rungs[-1] >= 2.0


def test_self_play_remembers_its_champions():
    learner = learner_of(small("self_play", hall_size=3, population=30))
    reports = steps_of(learner, 15)
    champions = np.cumsum([report.champion is not None for report in reports])
    assert [report.values["hall"] for report in reports] == np.minimum(champions, 3).tolist()
    assert champions[-1] > 3
    assert "hall_score" not in reports[0].values
    assert all(0.0 <= report.values["hall_score"] <= 1.0 for report in reports[1:])


def test_a_population_that_dies_out_says_so():
    lines: list[str] = []
    config = small(max_stagnation=1, species_elitism=0, weight_mutate_rate=0.0, weight_replace_rate=0.0)
    learner = NeatLearner(config, replace(context_of(), say=lines.append))
    steps_of(learner, 6)
    assert any(line.startswith("every species has died out") for line in lines)
    with pytest.raises(TrainingError, match="every species has died out"):
        steps_of(learner_of(config.model_copy(update={"reset_on_extinction": False})), 6)


def test_novelty_is_in_the_fitness_but_does_not_choose_champions():
    plain, novel = (learner_of(small(novelty_weight=weight, novelty_neighbours=3)) for weight in (0.0, 2.0))
    one, other = plain.step(), novel.step()
    assert other.values["mean"] > one.values["mean"] + 0.1
    assert other.champion is not None
    assert one.champion is not None
    assert hash_of(other.champion) == hash_of(one.champion)


# Learning


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_small_budget_beats_random_and_still(mode):
    """By evolution alone; in competition and self-play without ever having met them."""
    config = small(
        mode, population=100, generations=60, opponents=("still", "random"), rivals=4, pairs=3, points=2, finalists=10,
        final_pairs=8, evaluate_every=4, evaluation_pairs=20,
    )  # fmt: skip
    learner = learner_of(config)
    champion = learner.step().champion
    assert champion is not None
    first = score_against(champion.policy, "random")
    for _ in range(59):
        champion = learner.step().champion or champion
        if min(score_against(champion.policy, name) for name in ("random", "still")) >= 0.9:
            break
    else:
        pytest.fail("sixty generations did not beat random and still")
    assert first < 0.9


def species_counts(**values: object) -> np.ndarray:
    """Return the number of species in the generations of a real run."""
    config = small(population=100, opponents=("random",), generations=80, **values)
    return np.array([report.values["species_count"] for report in steps_of(learner_of(config, seed=2), 80)])


@pytest.mark.slow
@pytest.mark.parametrize("target", [6.0, 12.0])
def test_the_number_of_species_reaches_and_holds_a_target_where_a_fixed_threshold_does_not(target):
    held = species_counts(
        species_target_mode="pid", species_target=target, species_target_min=target, species_target_max=target
    )
    fixed = species_counts(species_target_mode="fixed")
    assert np.abs(held[40:] - target).mean() <= 0.3 * target
    assert held[40:].mean() == pytest.approx(target, rel=0.2)
    assert np.abs(fixed[40:] - target).mean() > 0.5 * target


# A beginning from a player


def graph_player() -> GraphPolicy:
    """Return a champion that is no first genome."""
    learner, policy = learner_of(small(node_add_prob=0.9, population=20)), None
    for report in steps_of(learner, 8):
        policy = report.champion.policy if report.champion is not None else policy
    assert isinstance(policy, GraphPolicy)
    return policy


def begun_with(policy: Policy) -> NeatLearner:
    player = Opponent("the player", "hash", policy)
    context: TrainContext = context_of(find=one_opponent(player))
    return NeatLearner(small(start_from="the player"), context)


def test_it_begins_with_a_graph_of_the_league():
    policy = graph_player()
    learner = begun_with(policy)
    first = learner._policies(learner._evolution.genomes.take([0]))[0]
    observation = np.random.default_rng(1).uniform(-1, 1, GAME.n_observations).astype(np.float32)
    for name in ("random", "tracker"):
        assert score_against(first, name) == pytest.approx(score_against(policy, name), abs=0.02)
    assert observation.shape == (GAME.n_observations,)
    others = learner._policies(learner._evolution.genomes)
    assert len({each.pack().reals.tobytes() for each in others}) > 10
    steps_of(learner, 2)


@pytest.mark.slow
def test_it_begins_with_thousands_of_nodes():
    nodes = 2000
    source = [
        each for node in range(nodes) for each in (node % 8, 7 + node)
    ]  # a chain that sees every input again and again
    chain = GraphPolicy(
        GAME.n_observations,
        np.arange(0, 2 * nodes + 1, 2, dtype=np.int32),
        np.array(source, np.int32),
        np.full(2 * nodes, 0.5, np.float32),
        np.zeros(nodes, np.float32),
        np.full(nodes, int(Activation.TANH), np.int32),
        np.arange(5 + nodes, 8 + nodes, dtype=np.int32),
    )
    learner = begun_with(chain)
    reports = steps_of(learner, 2)
    assert reports[0].values["mean_nodes"] > nodes - 10
    assert (
        learner._evolution.genomes.hidden_counts(GAME.n_actions).max() <= nodes
    )  # larger than max_nodes: it cannot grow


@pytest.mark.parametrize("policy", [dense(np.random.default_rng(1), (4,)), ScriptedPolicy.of(GAME, "tracker")])
def test_other_players_are_no_beginning(policy):
    with pytest.raises(
        TrainingError, match=r"start_from is 'the player', a .* player: evolution begins from graphs only"
    ):
        begun_with(policy)


def test_a_recurrent_player_is_no_beginning_of_feed_forward_networks():
    learner, policy = learner_of(small(feed_forward=False)), None
    for report in steps_of(learner, 4):
        policy = report.champion.policy if report.champion is not None else policy
    assert policy is not None
    with pytest.raises(TrainingError, match="start_from is 'the player', a recurrent network"):
        begun_with(policy)


# Damage


def damaged(state: LearnerState, name: str) -> LearnerState:
    """Return ``state`` without an array or number; dots lead into objects."""
    numbers = json.loads(json.dumps(state.numbers))
    place, *rest = name.split(".")
    inner = numbers
    for part in rest:
        inner, place = inner[place], part
    inner.pop(place, None)
    return LearnerState({key: each for key, each in state.arrays.items() if key != name}, numbers)


@pytest.mark.parametrize(
    "name",
    [
        "step", "seeds_used", "hashes", "control", "rivals", "rng", "species", "generation", "crown.generation", "parents",
        "known", "crown/evidence", "crown/weight",
        "ancestry", "genomes/weight", "hall/score", "control.inner.threshold", "crown.scores",
    ],
)  # fmt: skip
def test_a_state_that_lacks_something_is_refused(name):
    learner = learner_of(small("self_play"))
    steps_of(learner, 3)
    state = learner.state()
    broken = damaged(state, name)
    assert (dict(broken.arrays).keys(), broken.numbers) != (dict(state.arrays).keys(), state.numbers)
    with pytest.raises(TrainingError):
        learner_of(small("self_play")).restore(broken)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", "3"),
        ("seeds_used", None),
        ("hashes", []),
        ("hashes", {"x": "y"}),
        ("crown", {}),
        ("crown", 5),
        ("step", -1),
    ],
)
def test_a_state_with_something_else_in_it_is_refused(name, value):
    learner = learner_of(small())
    steps_of(learner, 2)
    state = learner.state()
    with pytest.raises(TrainingError):
        learner_of(small()).restore(LearnerState(state.arrays, {**state.numbers, name: value}))


@pytest.mark.parametrize(
    "name", ["known", "parents", "crown/evidence", "crown/source", "novelty", "representatives/bias"]
)
def test_an_array_of_another_shape_is_refused(name):
    config = small(novelty_weight=1.0)
    learner = learner_of(config)
    steps_of(learner, 2)
    state = learner.state()
    for change in (state.arrays[name].T[:-1].T, np.zeros(3), np.zeros((2, 2, 2))):
        with pytest.raises(TrainingError):
            learner_of(config).restore(replace(state, arrays={**state.arrays, name: change}))


def test_a_state_of_another_configuration_is_refused():
    learner = learner_of(small())
    steps_of(learner, 2)
    with pytest.raises(TrainingError, match="the checkpoint has 16 genomes: the configuration needs 17"):
        learner_of(small(population=17)).restore(learner.state())
