"""NEAT with backpropagation: every task runs, repeats, stops and goes on, and is learned; what is learned is inherited."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ai.errors import TrainingCancelled, TrainingError
from ai.evaluation_settings import PoolSettings
from ai.neat.genomes import to_arrays
from ai.neat_backprop import TRAINER, NeatBackpropConfig
from ai.neat_backprop.fitness import GENOMES, ROWS, FitnessBackpropShared
from ai.neat_backprop.learner import NeatBackpropLearner, pool_settings
from ai.trainer import LearnerState, Opponent
from game.executors.base import RunState
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from tests.ai.neat.evolution import context_of, flat, steps_of, told
from tests.ai.neat.test_learner import damaged, hash_of, score_against

SMALL = NeatBackpropConfig(
    task="xor", population=12, generations=9, num_hidden=2, steps=5, elite_steps=4, elite_share=0.25, lr=0.02, task_points=100,
    match_pairs=5, record_every=9, rows=64, opponents=("random", "tracker"), teacher="tracker", node_add_prob=0.4,
    eval_workers=1,
)  # fmt: skip
TASKS = ("two-spirals", "xor", "circles", "file", "imitation")


def small(**values: object) -> NeatBackpropConfig:
    return NeatBackpropConfig.model_validate({**SMALL.model_dump(), **values})


def learner_of(config: NeatBackpropConfig, seed: int = 1) -> NeatBackpropLearner:
    return NeatBackpropLearner(config, context_of(seed))


@pytest.fixture
def config_of(tmp_path):
    """Return the small configuration of a task; a file's rows are written first."""

    def config(task, **values):
        if task in ("file", "csv"):
            path = tmp_path / "rows.csv"
            path.write_text(table(1))
            return small(task="file", data_file=str(path), task_points=0, **values)
        if task == "npz":
            path = tmp_path / "rows.npz"
            x = np.random.default_rng(1).normal(size=(90, 3))
            np.savez(path, x=x, y=(x[:, 0] > 0).astype(int) + (x[:, 1] > 0))
            return small(task="file", data_file=str(path), task_points=0, **values)
        return small(task=task, **values)

    return config


def table(seed):
    """Return rows of which two features tell three classes."""
    x = np.random.default_rng(seed).normal(size=(300, 2))
    words = np.array(["ant", "bee", "cow"])[(x[:, 0] > 0.3).astype(int) + (x[:, 1] > 0)]
    return "one,two,label\n" + "".join(f"{a:.4f},{b:.4f},{word}\n" for (a, b), word in zip(x, words, strict=True))


class TestRuns:
    @pytest.mark.parametrize("task", [*TASKS, "npz"])
    def test_one_seed_is_one_run(self, task, config_of):
        config = config_of(task)
        one, again, other = (learner_of(config, seed) for seed in (3, 3, 4))
        reports = steps_of(one, 5)
        assert [told(report) for report in steps_of(again, 5)] == [told(report) for report in reports]
        assert [told(report) for report in steps_of(other, 5)] != [told(report) for report in reports]
        assert flat(dict(one.state().arrays)) == flat(dict(again.state().arrays))
        assert [report.step for report in reports] == [1, 2, 3, 4, 5]
        for report in reports:
            assert [name for name in report.values if TRAINER.metric(name) is None] == []
            assert report.expected == 9
            assert report.work == {"evaluations": 12, "updates": 12 * 5 + 3 * 4}

    @pytest.mark.parametrize("task", [*TASKS, "npz"])
    @pytest.mark.parametrize("values", [{}, {"inheritance": "baldwin"}], ids=["lamarck", "baldwin"])
    def test_stopped_and_resumed_is_never_stopped(self, task, values, config_of):
        config = config_of(task, **values)
        whole, broken = learner_of(config, 5), learner_of(config, 5)
        expected = [told(report) for report in steps_of(whole, 6)]
        seen = []
        for _ in range(3):  # a new learner every other step
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

    @pytest.mark.parametrize("backend", ["serial", "thread"])
    @pytest.mark.parametrize("workers", [1, 2, 3])
    def test_workers_change_nothing(self, backend, workers):
        expected = [told(report) for report in steps_of(learner_of(small()), 4)]
        learner = learner_of(small(backend=backend, eval_workers=workers))
        assert [told(report) for report in steps_of(learner, 4)] == expected
        learner.close()

    @pytest.mark.slow
    @pytest.mark.parametrize("workers", [1, 2, 3])
    def test_nor_do_processes(self, workers):
        expected = [told(report) for report in steps_of(learner_of(small()), 2)]
        learner = learner_of(small(backend="process", eval_workers=workers))
        try:
            assert [told(report) for report in steps_of(learner, 2)] == expected
        finally:
            learner.close()

    def test_a_state_is_not_changed_by_what_comes_after(self):
        learner = learner_of(small())
        steps_of(learner, 3)
        state = learner.state()
        before = flat(dict(state.arrays)), json.dumps(state.numbers)
        steps_of(learner, 3)
        assert (flat(dict(state.arrays)), json.dumps(state.numbers)) == before

    def test_cancelling_ends_the_step(self):
        learner = learner_of(small())
        learner.step()
        learner._context.control.set(RunState.CANCELLED)
        with pytest.raises(TrainingCancelled):
            learner.step()


class TestData:
    def test_other_rows_in_the_file_are_refused(self, config_of):
        config = config_of("csv")
        learner = learner_of(config)
        steps_of(learner, 2)
        state = learner.state()
        learner_of(config).restore(state)
        Path(config.data_file).write_text(table(2))
        with pytest.raises(TrainingError, match=r"the data of the task 'file' are not those that the run began with"):
            learner_of(config).restore(state)

    def test_another_teacher_of_the_same_name_is_refused(self):
        config = small(task="imitation")
        learner = learner_of(config)
        learner.step()
        state = learner.state()

        def find(name):
            return Opponent(name, name, ScriptedPolicy.of(GAME, "predictor" if name == "tracker" else name))

        with pytest.raises(TrainingError, match="the data of the task 'imitation' are not those"):
            NeatBackpropLearner(config, context_of(find=find)).restore(state)

    def test_rows_are_drawn_anew_and_for_batches_in_no_order(self):
        learner = learner_of(small(task_points=400))
        one, other = learner._drawn_rows(), learner._drawn_rows()
        assert len(set(one.tolist())) == len(one) == 64
        assert one.tolist() == sorted(one)
        assert one.tolist() != other.tolist()
        batched = learner_of(small(task_points=400, batch=10))._drawn_rows()
        assert len(set(batched.tolist())) == 64
        assert batched.tolist() != sorted(batched)
        whole = learner_of(small(task_points=400, batch=10, rows=0))._drawn_rows()
        assert sorted(whole) == list(range(240))
        assert len(learner_of(small(task_points=400, rows=240))._drawn_rows()) == 0  # all, in their order

    def test_points_and_noise_of_a_task_can_be_chosen(self):
        plain, noisy, more = (
            learner_of(small(task="circles", **values))
            for values in ({"task_points": 50}, {"task_points": 50, "task_noise": 1.0}, {"task_points": 60})
        )
        assert len({each.state().numbers["data"] for each in (plain, noisy, more)}) == 3

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"task": "file"}, "data_file is empty; the task 'file' needs"),
            ({"data_file": "x.csv"}, "data_file is x.csv; it needs the task 'file', not 'imitation'"),
            ({"feed_forward": False}, "feed_forward is False; gradients need networks without cycles"),
            ({"opponents": ("tracker", "tracker")}, "opponents is tracker, tracker; each opponent can be there once"),
            ({"write_back": 1.1}, "write_back is 1.1; it must be at most 1"),
            ({"inheritance": "darwin"}, "inheritance is 'darwin'; it must be 'lamarck' or 'baldwin'"),
        ],
    )
    def test_what_makes_no_sense_is_refused_in_one_sentence(self, values, says):
        with pytest.raises(TrainingError, match=says):
            TRAINER.configure(values)


def survivors(learner):
    """Let a generation pass; return the genes of those who live on, before and after, and what they have learned."""
    before = learner._evolution.genomes
    twin = learner_of(learner._config)
    twin.restore(learner.state())
    learned, _ = twin._learn()
    learner.step()
    after = learner._evolution.genomes
    keys = [int(key) for key in after.keys if key in before.keys]
    assert len(keys) >= 2
    return [
        tuple(genes_of(genomes.take([int(np.flatnonzero(genomes.keys == key)[0])])) for genomes in (before, after, learned))
        for key in keys
    ]  # fmt: skip


def genes_of(genome):
    return genome.weight.tobytes() + genome.bias.tobytes()


class TestInheritance:
    def test_with_baldwin_nobody_inherits_what_was_learned(self):
        learner = learner_of(small(inheritance="baldwin", elitism=3))
        for _ in range(3):
            for before, after, learned in survivors(learner):
                assert after == before != learned

    def test_with_lamarck_everybody_keeps_it(self):
        learner = learner_of(small(inheritance="lamarck", write_back=1.0, elitism=3))
        for _ in range(3):
            for before, after, learned in survivors(learner):
                assert after == learned != before

    def test_with_lamarck_a_share_keeps_it(self):
        learner = learner_of(small(inheritance="lamarck", write_back=0.5, elitism=4, population=40))
        kept = []
        for _ in range(3):
            for before, after, learned in survivors(learner):
                assert after in (before, learned)
                kept.append(after == learned)
        assert 0.2 < np.mean(kept) < 0.8

    def test_the_best_learn_on_from_what_they_have_learned(self):
        plain, learner = (learner_of(small(elite_steps=steps)) for steps in (0, 4))
        first, judged = plain._learn()
        second, better = learner._learn()
        best = np.sort(np.argsort(-judged["fitness"], kind="stable")[:3])
        further = FitnessBackpropShared(n_inputs=2, n_classes=2, steps=4, lr=0.02)
        rows = np.zeros(0, np.int64)  # 60 of 100 are for training: all of them
        found = further(learner._data.arrays, {**to_arrays(first.take(best), GENOMES), ROWS: rows}, range(3))
        assert second.take(best).weight.tobytes() == found["weight"].tobytes()
        assert better["fitness"][best].tobytes() == found["fitness"].tobytes()
        others = np.setdiff1d(np.arange(12), best)
        assert genes_of(second.take(others)) == genes_of(first.take(others))
        assert better["fitness"][others].tobytes() == judged["fitness"][others].tobytes()
        assert better["loss"][best].mean() < judged["loss"][best].mean()

    def test_what_is_learned_stays_in_the_range_of_the_genes(self):
        learner = learner_of(
            small(lr=1.0, weight_max_value=0.5, weight_min_value=-0.4, bias_max_value=0.3, bias_min_value=-0.2)
        )
        steps_of(learner, 2)
        learned, _ = learner._learn()
        assert (learned.weight.min(), learned.weight.max()) == pytest.approx((-0.4, 0.5))
        assert (learned.bias.min(), learned.bias.max()) == pytest.approx((-0.2, 0.3))

    def test_size_costs(self):
        cheap, dear = (
            [report.values for report in steps_of(learner_of(small(alpha_nodes=a, alpha_edges=a, steps=20)), 9)][-1]
            for a in (0.0, 0.5)
        )
        assert (
            dear["champion_nodes"] + dear["champion_connections"]
            < cheap["champion_nodes"] + cheap["champion_connections"]
        )


class TestChampions:
    def test_only_who_imitates_a_player_becomes_one(self):
        imitator, other = steps_of(learner_of(small(task="imitation")), 6), steps_of(learner_of(small()), 6)
        hashes: dict[int, str] = {}
        assert imitator[0].champion is not None
        for report in imitator:
            if report.champion is not None:
                line = [each["id"] for each in report.details["ancestry"]]
                assert report.champion.lineage == tuple(hashes[key] for key in line[1:] if key in hashes)
                hashes[line[0]] = hash_of(report.champion)
                assert report.champion.fitness == report.values["best"]
        assert not [report for report in other if report.champion is not None]

    def test_the_network_is_told_with_what_its_user_needs(self):
        report = learner_of(small(task="circles")).step()
        network = report.details["network"]
        facts = network["metadata"]
        assert facts["features"] == ["x", "y"]
        assert facts["classes"] == ["outer", "inner"]
        assert len(facts["feature_mean"]) == len(facts["feature_scale"]) == 2
        assert facts["accuracy"] == report.values["accuracy"]
        assert network["topology"]["num_inputs"] == 2

    def test_a_champion_stays_until_somebody_is_better(self):
        learner = learner_of(small())
        best, reports = -np.inf, steps_of(learner, 9)
        for report in reports:
            is_better = report.values["best"] > best
            assert ("genome" in report.details) == is_better
            best = max(best, report.values["best"])
        assert sum("genome" in report.details for report in reports) > 2


class TestLearning:
    @pytest.mark.parametrize(
        ("task", "values"),
        [
            ("xor", {"task_noise": 0.0, "task_points": 500}),
            ("circles", {"task_noise": 0.05, "task_points": 200}),
            ("csv", {}),
        ],
    )
    def test_a_small_budget_learns_the_simple_tasks(self, task, values, config_of):
        config = config_of(
            task, **{"rows": 0, "steps": 60, "population": 16, "num_hidden": 6, "generations": 12, **values}
        )
        last = steps_of(learner_of(config, 2), 12)[-1].values
        assert last["accuracy"] >= 0.9
        assert last["validation"] >= 0.9

    @pytest.mark.slow
    def test_two_spirals_are_solved_on_held_out_points(self):
        config = TRAINER.configure({"eval_workers": 1}, "spirals")
        learner = NeatBackpropLearner(config, context_of(1))
        for _ in range(config.generations):
            values = learner.step().values
            if values["validation"] == 1.0 and values["accuracy"] >= 0.98:
                break
        assert values["accuracy"] >= 0.98

    @pytest.mark.slow
    def test_who_imitates_the_tracker_plays(self):
        config = small(
            task="imitation", population=20, generations=12, num_hidden=6, steps=40, elite_steps=40, rows=2000, record_every=3,
            opponents=("tracker", "predictor"),
        )  # fmt: skip
        champion = None
        for report in steps_of(learner_of(config), 12):
            champion = report.champion or champion
        assert champion is not None
        assert score_against(champion.policy, "random") >= 0.75
        assert score_against(champion.policy, "still") >= 0.75


class TestSettings:
    def test_the_configuration_says_more_than_the_environment(self):
        environ = {
            "NEAT_EVAL_WORKERS": "5",
            "NEAT_EVAL_BACKEND": "process",
            "NEAT_PROCESS_START_METHOD": "spawn",
            "NEAT_POOL_KEEPALIVE": "0",
            "NEAT_POOL_RESTART_EVERY": "7",
        }
        plain = small(eval_workers=0)
        assert pool_settings(plain, {}, 3) == PoolSettings(3, "thread", keepalive=True)
        assert pool_settings(plain, environ, 3) == PoolSettings(5, "process", "spawn", False, 7)
        given = small(eval_workers=2, backend="serial", start_method="spawn", keepalive="yes", restart_every=9)
        assert pool_settings(given, environ, 3) == PoolSettings(2, "serial", "spawn", True, 9)
        assert not pool_settings(small(keepalive="no"), {}, 3).keepalive

    @pytest.mark.parametrize("name", ["NEAT_EVAL_WORKERS", "NEAT_EVAL_BACKEND", "NEAT_PROCESS_START_METHOD"])
    def test_a_variable_with_an_impossible_value_is_named(self, name):
        with pytest.raises(TrainingError, match=f"{name} is 'x'"):
            pool_settings(small(), {name: "x"}, 3)

    @pytest.mark.parametrize(("variable", "backend"), [("serial", "serial"), ("", "thread")])
    def test_a_learner_asks_the_environment(self, monkeypatch, variable, backend):
        monkeypatch.setenv("NEAT_EVAL_BACKEND", variable)
        assert learner_of(small())._pool.backend == backend


@pytest.fixture(scope="module")
def state():
    learner = learner_of(small())
    steps_of(learner, 3)
    return learner.state()


class TestDamage:
    def test_a_state_that_lacks_something_is_refused(self, state):
        numbers = [*state.numbers, *(f"crown.{name}" for name in state.numbers["crown"])]
        for name in [*state.arrays, *(name for name in numbers if name != "crown")]:
            with pytest.raises(TrainingError):
                learner_of(small()).restore(damaged(state, name))

    @pytest.mark.parametrize(
        ("name", "value"),
        [("step", "3"), ("step", -1), ("hashes", []), ("hashes", {"x": "y"}), ("crown", {}), ("crown", 5)],
    )
    def test_a_state_with_something_else_in_it_is_refused(self, state, name, value):
        with pytest.raises(TrainingError):
            learner_of(small()).restore(LearnerState(state.arrays, {**state.numbers, name: value}))

    @pytest.mark.parametrize("name", ["crown/source", "crown/target", "crown/weight", "crown/node"])
    def test_a_champion_that_is_no_network_is_refused(self, state, name):
        array = state.arrays[name].copy()
        array[-1] = np.nan if array.dtype == np.float32 else 12345
        with pytest.raises(TrainingError):
            learner_of(small()).restore(replace(state, arrays={**state.arrays, name: array}))

    def test_a_state_of_another_configuration_is_refused(self, state):
        with pytest.raises(TrainingError, match="the checkpoint has 12 genomes: the configuration needs 13"):
            learner_of(small(population=13)).restore(state)
