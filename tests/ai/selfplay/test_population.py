"""The population: turns and their shares, whom a learner meets, snapshots and their names, and what there is to show."""

import json

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.selfplay.matchmaking import CURRENT
from ai.selfplay.population import MAIN, check_opponents, content_hash, part_of
from ai.selfplay.roles import Role
from ai.trainer import LearnerState, Opponent
from game.games.rally import GAME
from game.policies.python_bot import PythonPolicy
from game.vector import SELF
from tests.ai.dqn.learners import same_arrays
from tests.ai.fakes import find_opponent
from tests.ai.selfplay.learners import ONE, PQN, population_of
from tests.doubles import STILL
from tests.game import networks

NEVER = {"snapshot_steps": 10**9, "exploiter_steps": 10**9}
ALONE = {**ONE, "main_exploiters": 0}


def train(population, count):
    """Let learners have their turns; return whose turns they were, and what happened."""
    found = []
    for _ in range(count):
        agent, stats = population.train(0.1)
        found.append((population.agents.index(agent), stats))
    return found


def shares(turns, learners):
    steps = np.zeros(learners)
    for place, stats in turns:
        steps[place] += stats.steps
    return steps / steps.sum()


@pytest.mark.parametrize(
    ("main", "league", "share", "self_share"), [(1, 1, 0.2, 0.5), (1, 0, 0.05, 0.0), (2, 1, 0.3, 0.9), (0, 1, 0.5, 0.5)]
)
def test_each_learner_gets_its_share_of_the_steps_all_the_time(main, league, share, self_share):
    """The main agent's rollouts have more steps, as both seats of some courts are its own."""
    population = population_of(
        main_exploiters=main, league_exploiters=league, exploiter_share=share, self_share=self_share, past_share=1 - self_share,
        hard_share=0.0, courts=10, rollout_steps=1, minibatch_size=2, **NEVER,
    )  # fmt: skip
    learners = 1 + main + league
    turns = train(population, 400)
    wanted = [1.0 - (main + league) * share, *(share,) * (main + league)]
    assert shares(turns, learners) == pytest.approx(wanted, abs=0.01)
    assert shares(turns[:100], learners) == pytest.approx(wanted, abs=0.04)


def test_exploiters_have_no_part_where_there_are_none():
    turns = train(population_of(**ALONE), 5)
    assert {place for place, _ in turns} == {MAIN}


def test_with_an_empty_pool_everybody_plays_the_main_agent_of_today():
    population = population_of(**NEVER)
    for place, stats in train(population, 40):
        assert stats.by_opponent.shape == (1, 3), place
    assert len(population.pool) == 0
    assert population.mix() == {"itself": pytest.approx(1.0)}
    assert population.win_rates() == {}
    assert set(population.exploiters()) == {"main-exploiter 1", "league-exploiter 2"}


def test_results_are_credited_to_the_learner_and_to_whom_it_met():
    """Each knows its own; the main exploiter plays the main agent alone, the main agent never itself on such courts."""
    population = population_of(
        players=("still", "aimer"), self_share=0.0, past_share=1.0, hard_share=0.0, pfsp="uniform", frame_skip=8, decay=1.0,
        **NEVER,
    )  # fmt: skip
    counts = np.zeros((3, 3, 3), np.int64)
    for place, stats in train(population, 240):
        counts[place] += stats.by_opponent
    for place in range(3):
        row = population.payoffs.row(place)
        won, drawn, played = counts[place].T
        assert [row.current_games, *row.games] == played.tolist()
        assert [row.current_rate, *row.rates] == pytest.approx(((won + drawn / 2 + 2) / (played + 4)).tolist())
    assert (counts[MAIN, 1:, 2] > 50).all()
    assert counts[1, CURRENT, 2] > 50
    assert (counts[2, 1:, 2] > 20).all()
    assert not counts[MAIN, CURRENT].any()
    assert not counts[1, 1:].any()


def test_snapshots_are_left_at_even_distances_and_are_the_learner_as_it_is():
    population = population_of(**ALONE, snapshot_steps=600, pool_size=8)
    left = []
    for _ in range(16):
        population.train(0.1)
        newest = population.pool.snapshots[-1:]
        if newest and newest[0].number > len(left):
            left.append(newest[0].step)
            assert newest[0].parameters.tobytes() == population.main.parameters.tobytes()
            assert newest[0].hash == content_hash(GAME, population.main.player)
            assert (
                population.player_of(newest[0]).pack().reals.tobytes() == population.main.player.pack().reals.tobytes()
            )
    assert left == [768, 1536, 2304, 3072]
    assert population.pool.names == ("main-1", "main-2", "main-3", "main-4")
    assert [each.parent for each in population.pool.snapshots] == [None, 1, 2, 3]
    hashes = [each.hash for each in population.pool.snapshots]
    assert population.main.since_snapshot == 0
    assert population.lineage() == tuple(hashes[2::-1])  # it is its newest snapshot, which is no ancestor of its
    population.train(0.1)
    assert population.lineage() == tuple(hashes[::-1])


@pytest.mark.parametrize("start", ["main", "scratch"])
def test_exploiters_leave_snapshots_and_begin_again_as_the_configuration_says(start):
    population = population_of(
        exploiter_start=start, exploiter_steps=256, pool_size=24, snapshot_steps=500, exploiter_share=0.3
    )
    exploiter, restarts, checked = population.agents[1], 0, 0
    while checked < 4:
        agent, _ = population.train(0.1)
        if agent is exploiter and exploiter.restarts > restarts:
            restarts, checked = exploiter.restarts, checked + 1
            assert population.pool.snapshots[-1].role is Role.MAIN_EXPLOITER
            assert exploiter.since_snapshot == 0
            same = exploiter.parameters.tobytes() == population.main.parameters.tobytes()
            assert same == (start == "main")
            assert exploiter.parent == (population.main.parent if start == "main" else None)
            row = population.payoffs.row(1)
            assert (row.games.sum(), row.current_games) == (0.0, 0.0)
            assert row.rates.tolist() == [0.5] * len(population.pool)
    names = [name for name in population.pool.names if name.startswith("main-exploiter-")]
    assert names == [f"main-exploiter-{number}" for number in range(1, len(names) + 1)]
    assert population.newest() == tuple(dict.fromkeys(population.newest()))


def test_a_pool_that_is_full_keeps_everything_in_step():
    """Payoffs, courts and players of who has left are gone; the others keep theirs, and everybody plays on against the same."""
    population = population_of(players=("still",), pool_size=2, snapshot_steps=300, exploiter_steps=300)
    for _ in range(60):
        before = facing(population)
        trained, _ = population.train(0.1)
        there = {"today's", *population.pool.names}
        for agent, courts in facing(population).items():
            if agent is not trained:
                assert courts == [who if who in there else "today's" for who in before[agent]]
        assert population.payoffs.n_members == len(population.pool)
        assert set(population._policies) <= {each.number for each in population.pool.snapshots}
    assert population.pool.next_number > 8
    assert set(population.policies()) == set(population.pool.names)
    assert [record["name"] for record in population.records()] == list(population.pool.names)


def facing(population):
    """Return by learner the names of whom its courts play, and will."""
    names = ("today's", *population.pool.names)
    return {
        agent: [
            names[index]
            for group in agent._groups
            for index in (*group.env.courts.opponents.tolist(), *group.env.courts.following.tolist())
            if index != SELF
        ]
        for agent in population.agents
    }


@pytest.mark.parametrize("is_wished", [True, False])
def test_learned_opponents_hold_their_decisions_if_that_is_wished_and_fixed_ones_never(is_wished):
    population = population_of(players=("still", "aimer"), hold_decisions=is_wished, snapshot_steps=300, **ALONE)
    train(population, 6)
    bank, holds = population._opposition()
    assert len(bank.table) == len(holds) == 1 + len(population.pool) > 3
    assert holds.tolist() == [int(is_wished), 0, 0, *(int(is_wished),) * len(population.pool.snapshots)]


def test_the_mix_is_of_kinds_and_is_whole():
    population = population_of(players=("still",), pool_size=6, snapshot_steps=300, exploiter_steps=300)
    train(population, 30)
    mix = population.mix()
    assert set(mix) == {"itself", "newest self", "past selves", "exploiters", "players"}
    assert sum(mix.values()) == pytest.approx(1.0)
    assert mix["itself"] == 0.5
    assert min(mix.values()) > 0.0
    assert set(population.win_rates()) <= set(mix) - {"itself"}
    assert all(0.0 < rate < 1.0 for rate in population.win_rates().values())


@pytest.mark.parametrize("changes", [{}, PQN], ids=["ppo", "pqn"])
@pytest.mark.parametrize("after", [0, 1, 2, 23, 47])
def test_a_state_goes_on_as_it_would_have(changes, after):
    changes = {**changes, "players": ("still",), "pool_size": 2, "snapshot_steps": 300, "exploiter_steps": 300}
    population, other = population_of(**changes), population_of(**changes)
    train(population, after)
    state = population.state()
    other.restore(LearnerState(state.arrays, json.loads(json.dumps(state.numbers))))
    one, same = train(population, 24), train(other, 24)
    assert [place for place, _ in one] == [place for place, _ in same]
    assert [stats.by_opponent.tolist() for _, stats in one] == [stats.by_opponent.tolist() for _, stats in same]
    assert same_arrays(population.state().arrays, other.state().arrays)
    assert population.state().numbers == other.state().numbers


def test_the_state_of_another_population_is_refused():
    population = population_of(players=("still",))
    train(population, 12)
    state = population.state()
    for changes in ({"players": ()}, {"players": ("tracker",)}, {"main_exploiters": 2}, {"hidden": (9,)}):
        with pytest.raises(TrainingError, match="checkpoint"):
            population_of(**{"players": ("still",), **changes}).restore(state)
    for missing in ("pool", "training", "agent-2", "turns", "rng"):
        with pytest.raises(TrainingError, match="checkpoint"):
            population.restore(
                LearnerState(state.arrays, {key: each for key, each in state.numbers.items() if key != missing})
            )


def test_parts_of_a_state_are_told_apart_by_their_whole_name():
    arrays = {"agent-1/x": np.ones(1), "agent-10/x": np.zeros(1)}
    part = part_of(LearnerState(arrays, {"agent-1": {"a": 1}}), "agent-1")
    assert (list(part.arrays), part.arrays["x"].tolist(), dict(part.numbers)) == (["x"], [1.0], {"a": 1})
    with pytest.raises(TrainingError, match=r"^the checkpoint lacks 'agent-10': resume from another one$"):
        part_of(LearnerState(arrays, {"agent-1": {}}), "agent-10")


@pytest.mark.parametrize(
    ("players", "says"),
    [
        (
            (Opponent("slow", "1", PythonPolicy(STILL)),),
            "opponent 'slow' is a Python bot: only compiled players play fast enough",
        ),
        ((find_opponent("still"), find_opponent("tracker"), find_opponent("still")), "opponent 'still' is named twice"),
        (
            (Opponent("main-1", "1", networks.bot("still")),),
            "opponent 'main-1' is called as a part of the population is",
        ),
        ((Opponent("main agent", "1", networks.bot("still")),), "opponent 'main agent' is called as a part"),
        ((Opponent("league-exploiter-23", "1", networks.bot("still")),), "opponent 'league-exploiter-23' is called"),
    ],
)
def test_who_cannot_join_the_pool_is_refused_with_a_sentence(players, says):
    with pytest.raises(TrainingError, match=f"^{says}"):
        check_opponents(players)


def test_who_can_join_the_pool_joins():
    names = ("main", "main-x", "main agent 2", "selfplay-1")
    check_opponents([Opponent(name, name, networks.bot("still")) for name in names])
