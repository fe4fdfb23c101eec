"""A run of self-play: the same bits again, on any number of threads and after a stop; gates, champions, and what is learned."""

import itertools
import json
import re
from contextlib import closing

import numpy as np
import pytest

from ai.errors import RunFailedError, TrainingCancelled, TrainingError
from ai.evaluation import CandidateSides, pair_rows
from ai.selfplay import TRAINER
from ai.selfplay.compiled_engine import CompiledEngine
from ai.selfplay.learner import SelfPlayLearner
from ai.selfplay.population import AGENT_NAME, content_hash
from ai.selfplay.roles import Role
from ai.trainer import RATE_SUFFIX, LearnerState
from game.batch import play_batch
from game.executors.base import RunControl, RunState
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from tests.ai.dqn.learners import context_of, essence, same_arrays, steps_of
from tests.ai.selfplay.learners import ONE, PQN, config_of, finder, learner_of, one_by_one, start_player, to_the_end

KINDS = {
    "all roles": {},
    "from scratch": {"exploiter_start": "scratch", "pfsp": "variance", "hold_decisions": True},
    "groups": {**ONE, "courts": 256, "minibatch_size": 1024, "report_steps": 4_096, "steps": 60_000},
    "pqn": PQN,
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request):
    return request.param


def score_against(policy, name, pairs=50):
    """Return the score on seeds that no training has seen."""
    rows = pair_rows(1, 1, np.arange(10**9, 10**9 + pairs, dtype=np.int64), points=5)
    results = play_batch(GAME, build_bank([policy, ScriptedPolicy.of(GAME, name)]), rows)
    return float(CandidateSides.of(results, 1, 1).score.mean())


def test_one_seed_is_one_run_bit_for_bit(kind):
    with (
        closing(learner_of(3, **kind)) as one,
        closing(learner_of(3, **kind)) as same,
        closing(learner_of(4, **kind)) as other,
    ):
        first = essence(steps_of(one, 4))
        assert essence(steps_of(same, 4)) == first
        assert same_arrays(one.state().arrays, same.state().arrays)
        assert one.state().numbers == same.state().numbers
        assert essence(steps_of(other, 4)) != first


@pytest.mark.parametrize("changes", [{}, {"algorithm": "pqn", "epochs": 1}], ids=["ppo", "pqn"])
def test_threads_change_no_bit(changes):
    """Two groups of courts, and minibatches of several shards."""
    many = {
        **ONE,
        "courts": 256,
        "rollout_steps": 16,
        "minibatch_size": 4096,
        "report_steps": 12_000,
        "steps": 10**6,
        **changes,
    }
    with closing(learner_of(workers=1, **many)) as one, closing(learner_of(workers=2, **many)) as two:
        assert essence(steps_of(one, 3)) == essence(steps_of(two, 3))
        assert same_arrays(one.state().arrays, two.state().arrays)


def happenings(learner):
    """Return what must happen in a run for a stop to be worth a test."""
    population = learner.population
    return {
        "snapshots": population.pool.next_number - 1,
        "evictions": population.pool.next_number - 1 - len(population.pool.snapshots),
        "restarts": sum(agent.restarts for agent in population.agents),
        "gates": learner.state().numbers["gated"],
    }


@pytest.mark.parametrize("changes", [{}, PQN, {"exploiter_start": "scratch"}], ids=["main", "pqn", "scratch"])
def test_a_run_restored_goes_on_as_if_it_had_never_stopped(changes):
    """After every step, through JSON, as a checkpoint keeps its numbers; each stretch has events of every kind."""
    with closing(learner_of(**changes)) as whole:
        states, reports = [], []
        for _ in range(13):
            states.append(whole.state())
            reports.append(whole.step())
        rest, end, done = essence(reports), whole.state(), happenings(whole)
    assert all(count >= 2 for count in done.values()), done
    for at in (1, 3, 4, 5, 8):
        kept = {name: array.copy() for name, array in states[at].arrays.items()}
        with closing(learner_of(**changes)) as resumed:
            resumed.restore(LearnerState(states[at].arrays, json.loads(json.dumps(states[at].numbers))))
            again = resumed.state()
            assert same_arrays(again.arrays, kept)
            assert again.numbers == states[at].numbers
            assert essence(steps_of(resumed, 13 - at)) == rest[at:], at
            assert same_arrays(resumed.state().arrays, end.arrays)
            assert resumed.state().numbers == end.numbers
        assert same_arrays(states[at].arrays, kept)  # they are the caller's


@pytest.mark.parametrize("changes", [ONE, {**ONE, **PQN}], ids=["ppo", "pqn"])
def test_a_run_of_several_groups_that_has_gone_on_goes_back_to_its_state(changes):
    with closing(learner_of(**{**changes, "courts": 256, "minibatch_size": 512, "report_steps": 6_000})) as learner:
        steps_of(learner, 1)
        state = learner.state()
        rest = essence(steps_of(learner, 2))
        learner.restore(state)
        assert essence(steps_of(learner, 2)) == rest


def test_a_member_that_has_left_the_pool_is_in_no_payoff_matrix_and_the_run_can_be_resumed():
    """It leaves between two looks at the population."""
    changes = {**ONE, "pool_size": 2, "gate_steps": 5_000, "payoff_size": 8}
    with closing(learner_of(**changes)) as learner:
        for _ in range(12):
            learner.step()
            state = learner.state()
            assert set(state.numbers["measured"]["names"]) <= {AGENT_NAME, *learner.population.pool.names}
            with closing(learner_of(**changes)) as other:
                other.restore(state)
                assert other.state().numbers == state.numbers


def test_a_payoff_matrix_holds_all_players_of_the_league_and_a_snapshot():
    names = ("still", "random", "tracker", "predictor", "aimer")
    with closing(learner_of(**{**ONE, "opponents": names, "payoff_size": 4, "gate_steps": 2_000})) as learner:
        found = [
            report.details["payoffs"]["players"] for report in one_by_one(learner, 6) if "payoffs" in report.details
        ]
    assert len(found) >= 3
    assert all(set(players) > {*names, AGENT_NAME} and len(players) == len(names) + 2 for players in found)


def test_a_payoff_matrix_that_is_full_keeps_the_newest_snapshot():
    with closing(
        learner_of(**{**ONE, "pool_size": 12, "payoff_size": 4, "gate_steps": 1_000, "snapshot_steps": 900})
    ) as learner:
        reports = steps_of(learner, 9)
        newest = learner.population.pool.snapshots[-1].name
    players = reports[-1].details["payoffs"]["players"]
    assert len(players) == 4
    assert {newest, AGENT_NAME} < set(players)


def test_the_end_is_by_steps_and_what_is_expected_is_true():
    with closing(learner_of(steps=7_500)) as learner:
        reports = to_the_end(learner)
    assert [each.step for each in reports] == list(range(1, len(reports) + 1))
    assert all(each.step < each.expected <= len(reports) + 1 for each in reports[:-1])
    assert reports[-1].expected == reports[-1].step == len(reports)
    assert reports[-1].values["total_steps"] == sum(each.work["steps"] for each in reports)
    assert 7_500 <= reports[-1].values["total_steps"] < 7_500 + 24 * 8
    assert {"score", "elo", "gate_score", "nash_support"} <= set(reports[-1].values)


def test_evaluations_and_gates_come_when_they_are_due_and_at_the_end():
    with closing(learner_of(steps=12_500, evaluate_steps=2_000, gate_steps=5_000)) as learner:
        reports = to_the_end(learner)
    steps = [0, *(each.values["total_steps"] for each in reports)]
    gates = [now // 5_000 > before // 5_000 for before, now in itertools.pairwise(steps)]
    evaluations = [now // 2_000 > before // 2_000 for before, now in itertools.pairwise(steps)]
    gates[-1] = True
    assert ["gate_score" in each.values for each in reports] == gates
    assert ["payoffs" in each.details for each in reports] == gates
    assert ["elo" in each.values for each in reports] == [a or b for a, b in zip(gates, evaluations, strict=True)]


def test_metrics_are_declared_and_say_what_happened(kind):
    with closing(learner_of(**kind)) as learner:
        steps = 0
        for report in one_by_one(learner, 8):
            values = report.values
            for name in (*values, *(work + RATE_SUFFIX for work in report.work)):
                assert TRAINER.metric(name) is not None, name
            steps += report.work["steps"]
            assert values["total_steps"] == steps
            shares = [value for name, value in values.items() if name.startswith("mix/")]
            assert sum(shares) == pytest.approx(1.0)
            assert all(0.0 <= value <= 1.0 for name, value in values.items() if "win_rate/" in name)
            assert 0.0 <= values.get("entropy", 0.0) <= np.log(3) + 1e-6
            assert values["snapshots"] == len(learner.population.pool.snapshots)
            assert len(report.details["pool"]) == len(learner.population.pool)
            rates = [value for name, value in values.items() if name.startswith("win_rate/")]
            if rates:
                assert values["score"] == pytest.approx(np.mean(rates))
        json.dumps(report.details, allow_nan=False)


# Champions


def gated(monkeypatch, verdicts, **changes):
    """Return a learner whose gates find ``verdicts``, and whom they were asked about."""
    asked = []

    def judge(play, config):
        is_better = verdicts[len(asked)]
        asked.append(config)
        return type("Verdict", (), {"is_better": is_better, "score": 0.5, "pairs": 7})

    monkeypatch.setattr("ai.selfplay.learner.judge", judge)
    return learner_of(**{"gate_steps": 2_000, "gate_elo": 20.0, "gate_alpha": 0.1, "gate_beta": 0.2, **changes}), asked


def test_a_passed_gate_gives_one_champion_the_main_agent_itself_and_no_other_step_does(monkeypatch):
    learner, asked = gated(monkeypatch, (True, False, True, True, False, True))
    with closing(learner):
        champions = []
        for report in one_by_one(learner, 12):
            before = len(champions)
            if report.champion is not None:
                champions.append(report.champion)
                assert report.champion.policy.pack().reals.tobytes() == learner.policy.pack().reals.tobytes()
                assert report.champion.fitness == report.values["elo"]
            passed = "gate_score" in report.values and (True, False, True, True, False, True)[len(asked) - 1]
            assert (len(champions) > before) == passed
            assert report.values["champions"] == len(champions)
        assert len(asked) == 6
    assert (asked[0].elo1, asked[0].alpha, asked[0].beta, asked[0].max_pairs) == (20.0, 0.1, 0.2, 20)


def test_a_candidate_meets_the_last_champion_and_before_there_is_one_the_network_of_the_beginning(monkeypatch):
    met = []

    def pairs(play, candidate, champion, **options):
        met.append((candidate.pack().reals.tobytes(), champion.pack().reals.tobytes(), options["seed"]))

    monkeypatch.setattr("ai.selfplay.learner.gate_pairs", pairs)
    monkeypatch.setattr("ai.selfplay.learner.SelfPlayLearner._exploited", lambda _: {})
    learner, _ = gated(monkeypatch, (False, True, False, True, False))
    with closing(learner):
        beginning = learner.policy.pack().reals.tobytes()
        first = learner.state().arrays["champion"]
        steps_of(learner, 10)
        state = learner.state()
        assert state.arrays["champion"].tobytes() != first.tobytes()
        learner.step()
        other = learner_of(gate_steps=2_000)
        with closing(other):
            other.restore(state)
            assert other.state().arrays["champion"].tobytes() == state.arrays["champion"].tobytes()
    assert [champion for _, champion, _ in met] == [beginning, beginning, met[1][0], met[1][0], met[3][0]]
    assert len({candidate for candidate, _, _ in met}) == 5
    assert len({seed for _, _, seed in met}) == 5


def test_lineage_is_the_snapshots_that_the_champion_has_been(monkeypatch):
    """The nearest first, also those that have left the pool; nobody is an ancestor of itself."""
    learner, _ = gated(monkeypatch, (True,) * 24, gate_steps=1_000, report_steps=192, snapshot_steps=960, pool_size=2)
    with closing(learner):
        snapshots, checked, just_left = [], 0, 0
        for report in one_by_one(learner, 60):
            for snapshot in learner.population.pool.snapshots:
                if snapshot.role is Role.MAIN and snapshot.hash not in snapshots:
                    snapshots.append(snapshot.hash)
            if report.champion is not None:
                own = content_hash(GAME, report.champion.policy)
                just_left += own in snapshots
                assert report.champion.lineage == tuple(each for each in reversed(snapshots) if each != own)
                checked += 1
    assert checked >= 8
    assert 0 < just_left < checked
    assert len(snapshots) > 3


def test_a_player_to_start_from_is_the_last_ancestor(monkeypatch):
    source = start_player()
    learner, _ = gated(monkeypatch, (True,) * 9, start_from="veteran", find=finder(source), snapshot_steps=1_500)
    with closing(learner):
        champions = [report.champion for report in one_by_one(learner, 6) if report.champion is not None]
    assert [champion.lineage[-1] for champion in champions] == ["hash of veteran"] * len(champions)
    assert len(champions[-1].lineage) > len(champions[0].lineage) >= 1


# What goes wrong


def go_on(learner, state):
    """Take a step from a state; courts are looked at when they are played."""
    learner.restore(state)
    learner.step()


class Diverging(CompiledEngine):
    """An engine whose steps become far too long after a dozen updates."""

    def update_rows(self, samples, places, learning_rate, entropy_weight):
        rate = learning_rate if self.state()["updates"][0] < 12 else 1e30
        return super().update_rows(samples, places, rate, entropy_weight)


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(monkeypatch):
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Diverging)
    with closing(learner_of(**{**ONE, "layer_norm": False})) as learner, pytest.raises(RunFailedError) as caught:
        steps_of(learner, 9)
    assert re.fullmatch(
        r"the (policy loss|value loss|gradient) is [-\w.+]+: training has diverged; the last checkpoint before it is kept; start "
        r"a new run with a smaller learning_rate or max_grad_norm",
        str(caught.value),
    )


def test_a_cancelled_run_ends_within_a_step():
    control = RunControl()
    with closing(SelfPlayLearner(config_of(), context_of(control=control))) as learner:
        control.set(RunState.CANCELLED)
        with pytest.raises(TrainingCancelled):
            learner.step()


@pytest.mark.parametrize(
    "other", [{"hidden": (9,)}, {"hidden": (8, 8)}, PQN, {"courts": 12}, {"main_exploiters": 0}, {"opponents": ()}]
)
@pytest.mark.parametrize("kind", [{}, PQN], ids=["ppo", "pqn"])
def test_the_checkpoint_of_another_configuration_is_refused_with_a_sentence(kind, other):
    if kind == other:
        other = {"rollout_steps": 6}
    with closing(learner_of(**kind)) as learner, closing(learner_of(**{**kind, **other})) as stranger:
        learner.step()
        with pytest.raises(TrainingError) as caught:
            go_on(stranger, learner.state())
    assert "checkpoint" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_state_that_lacks_a_part_is_refused():
    with closing(learner_of()) as learner, closing(learner_of()) as other:
        learner.step()
        state = learner.state()
        for missing in ("iteration", "steps", "gated", "population", "measured"):
            numbers = {name: value for name, value in state.numbers.items() if name != missing}
            with pytest.raises(TrainingError, match=missing):
                other.restore(LearnerState(state.arrays, numbers))
        for missing in ("champion", "population/agent-1/parameters", "population/agent-0/courts-0/explore"):
            arrays = {name: array for name, array in state.arrays.items() if name != missing}
            assert len(arrays) == len(state.arrays) - 1
            with pytest.raises(TrainingError, match="checkpoint"):
                go_on(other, LearnerState(arrays, state.numbers))


# Learning


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {**PQN, "steps": 2_400_000, "minibatch_size": 512}], ids=["ppo", "pqn"])
def test_a_small_budget_of_pure_self_play_beats_the_random_bot_and_the_tracker(changes):
    """It has never met them."""
    small = {
        **ONE, "steps": 1_200_000, "courts": 256, "hidden": (32, 32), "rollout_steps": 32, "frame_skip": 8, "epochs": 3,
        "minibatch_size": 2048, "report_steps": 400_000, "snapshot_steps": 200_000, "pool_size": 8, "evaluate_steps": 10**9,
        "gate_steps": 10**9, "evaluation_pairs": 5, "learning_rate_end": 3e-4, **changes,
    }  # fmt: skip
    with closing(learner_of(1, **small)) as learner:
        champion = to_the_end(learner)[-1].champion
        policy = learner.policy
    assert champion is not None
    assert score_against(policy, "random") >= 0.9
    assert score_against(policy, "tracker") >= 0.75
