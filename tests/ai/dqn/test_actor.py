"""An actor plays what the network says, explores as its epsilons say, and writes down what happened."""

import itertools

import numpy as np
import pytest

from ai.dqn.actor import Actor, ActorSpec, Plan
from ai.dqn.columns import new_columns
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import EngineSettings
from ai.dqn.network import Network
from ai.errors import TrainingError
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.vector import VectorEnv
from tests.ai.dqn.learners import same_arrays
from tests.game import networks

NETWORK = Network((GAME.n_observations, 8, GAME.n_actions))
COURTS, ROWS, STEPS = 12, 41, 16
MASK = (1 << 64) - 1


def spec_of(group=1, courts=COURTS, seed=77, **changes):
    values = {"frame_skip": 2, "points": 1, "rollout_steps": STEPS, **changes}
    return ActorSpec("rally", NETWORK, group, courts, seed, **values)


def plan_of(number=0, epsilon=0.2, courts=COURTS, **changes):
    """Return a plan; its opponents take other courts from one to the next."""
    rng = np.random.default_rng(number)
    parameters = (2 * NETWORK.initial(rng)).astype(np.float32)
    bank = build_bank([networks.bot("tracker"), networks.graph(np.random.default_rng(1), 6, is_recurrent=True),
                       networks.bot("random")])  # fmt: skip
    opponents = (np.arange(2 * courts).reshape(2, courts) // 3 + number) % 3
    epsilons = np.full((2, courts), epsilon, np.float32)
    epsilons[1, ::3] = epsilon / 2
    values = {"hit_reward": 0.25, "miss_penalty": 0.125, **changes}
    return Plan(parameters, bank, opponents.astype(np.int32), epsilons, **values)


def columns_of(courts=COURTS, rows=ROWS):
    return new_columns((2, rows, courts), GAME.n_observations)


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def luck(seed, stream):
    """Yield (unit, action) of a court: whether a random number lies below epsilon, and what is done then."""
    gamma = 0x9E3779B97F4A7C15
    state = mix(mix((seed + gamma) & MASK) ^ mix((stream * 0xBF58476D1CE4E5B9 + gamma) & MASK))
    while True:
        state = (state + gamma) & MASK
        bits = mix(state)
        yield (bits >> 40) / 2**24, ((bits & 0xFFFF) * GAME.n_actions) >> 16


class PlainActor:
    """The same in plain Python: one step after the other, values by the engine, courts by the environment."""

    def __init__(self, spec, plan):
        self.spec = spec
        self.env = VectorEnv(GAME, plan.bank, plan.opponents[spec.group], spec.seed, frame_skip=spec.frame_skip)
        self.luck = [luck(spec.seed, spec.courts + court) for court in range(spec.courts)]
        self.visited = np.zeros([cells for _, cells in GAME.coverage], np.uint8)

    def collect(self, plan):
        env, group, steps = self.env, self.spec.group, self.spec.rollout_steps
        env.hit_reward, env.miss_penalty = plan.hit_reward, plan.miss_penalty
        env.set_opponents(plan.bank, plan.opponents[group])
        engine = CompiledEngine(NETWORK, plan.parameters, EngineSettings())
        seen, taken, rewards, flags = [env.observations.copy()], [], [], []
        episodes, ticks, by_opponent = 0, 0, np.zeros((3, 2), np.int64)
        for step in range(steps):
            if step % 4 == 0:
                self.look(env.observations)
            actions = engine.values(env.observations).argmax(axis=1)
            for court, draws in enumerate(self.luck):
                unit, action = next(draws)
                if unit < plan.epsilons[group, court]:
                    actions[court] = action
            env.step(actions.astype(np.int32))
            ended = np.flatnonzero(env.terminated | env.truncated)
            episodes += len(ended)
            ticks += int(env.outcome.ticks[ended].sum())
            np.add.at(
                by_opponent, plan.opponents[group][ended], np.stack([env.outcome.leads[ended] > 0, ended >= 0], 1)
            )
            taken.append(actions.astype(np.uint8))
            rewards.append(env.rewards.copy())
            flags.append(env.terminated + 2 * env.truncated)
            seen.append(env.observations.copy())
        stats = (episodes, float(np.sum(rewards, dtype=np.float64)), ticks, by_opponent)
        return [np.stack(part) for part in (seen, taken, rewards, flags)], stats

    def look(self, observations):
        names = list(GAME.observations)
        for row in observations.astype(np.float64):
            cell = tuple(
                int(np.clip(np.floor((row[names.index(name)] + 1) / 2 * cells), 0, cells - 1))
                for name, cells in GAME.coverage
            )
            self.visited[cell] = 1


def at(row, count):
    return (row + np.arange(count)) % ROWS


@pytest.mark.parametrize("changes", [{}, {"points": 1, "frame_skip": 5}])
def test_a_collection_is_the_plain_loop_of_acting_and_stepping(changes):
    """Bit for bit, round the ring of rows, with new parameters, opponents and shaping in every round."""
    spec, columns = spec_of(**changes), columns_of()
    actor, plain = Actor(spec), PlainActor(spec, plan_of())
    row, total = 5, 0
    for number in range(9):
        plan = plan_of(number, hit_reward=0.25 * (number % 2))
        stats = actor.collect(plan, columns, row)
        (seen, taken, rewards, flags), (episodes, reward_sum, ticks, by_opponent) = plain.collect(plan)
        assert columns.observations[1, at(row, STEPS + 1)].tobytes() == seen.tobytes()
        assert columns.actions[1, at(row, STEPS)].tolist() == taken.tolist()
        assert columns.rewards[1, at(row, STEPS)].tobytes() == rewards.tobytes()
        assert columns.flags[1, at(row, STEPS)].tolist() == flags.tolist()
        assert (stats.episodes, stats.episode_ticks) == (episodes, ticks)
        assert stats.reward_sum == pytest.approx(reward_sum, abs=1e-4)
        assert stats.by_opponent.tolist() == by_opponent.tolist()
        row, total = (row + STEPS) % ROWS, total + episodes
    assert total > 5
    # a value at the border of two cells may be rounded into either
    assert (stats.visited != plain.visited.ravel()).sum() <= 2
    assert stats.visited.sum() > 50
    assert [part[0].any() for part in columns] == [False] * 4  # another group's


def test_epsilon_is_the_share_of_random_actions():
    columns, epsilons = columns_of(100), np.linspace(0, 1, 200, dtype=np.float32).reshape(2, 100)
    plan = plan_of(courts=100)._replace(epsilons=epsilons)
    actor = Actor(spec_of(courts=100))
    engine = CompiledEngine(NETWORK, plan.parameters, EngineSettings())
    other, found = np.zeros(100), []
    for _ in range(12):
        actor.collect(plan, columns, 0)
        for step in range(STEPS):
            best = engine.values(columns.observations[1, step]).argmax(axis=1)
            other += best != columns.actions[1, step]
        found.append(columns.actions[1, :STEPS, 90:].ravel())
    expected = epsilons[1] * (1 - 1 / GAME.n_actions)
    assert other / (12 * STEPS) == pytest.approx(expected, abs=0.15)
    assert (other / (12 * STEPS)).mean() == pytest.approx(expected.mean(), abs=0.01)
    counts = np.bincount(np.concatenate(found), minlength=3)
    assert counts.min() / counts.sum() > 0.28


def rounds(actor, numbers, row=0):
    """Return what some rounds write."""
    columns = columns_of()
    rows = []
    for number in numbers:
        stats = actor.collect(plan_of(number), columns, row)
        rows.append([part[1].tobytes() for part in columns] + [stats.by_opponent.tolist(), stats.visited.tobytes()])
        row = (row + STEPS) % ROWS
    return rows


def test_the_same_plans_are_the_same_bits_and_another_seed_is_not():
    first = rounds(Actor(spec_of()), range(4))
    assert rounds(Actor(spec_of()), range(4)) == first
    assert rounds(Actor(spec_of(seed=78)), range(4)) != first


def test_a_state_goes_on_as_it_would_have():
    """Where the opponents change with the very next plan, too."""
    actor, other = Actor(spec_of()), Actor(spec_of())
    rounds(actor, range(4))
    state = actor.state()
    kept = {name: array.copy() for name, array in state.items()}
    wanted = rounds(actor, range(4, 8))
    rounds(other, range(10, 13))
    other.restore(state)
    assert same_arrays(other.state(), kept)
    assert rounds(other, range(4, 8)) == wanted
    assert same_arrays(state, kept)
    assert same_arrays(other.state(), actor.state())


def test_an_actor_that_has_not_played_has_no_state():
    actor = Actor(spec_of())
    assert actor.state() == {}
    actor.restore({})
    assert rounds(actor, range(2)) == rounds(Actor(spec_of()), range(2))


def test_the_state_of_other_courts_is_refused():
    other = Actor(spec_of(courts=6))
    other.collect(plan_of(courts=6), columns_of(6), 0)
    with pytest.raises(TrainingError, match=r"^the checkpoint's courts do not fit"):
        Actor(spec_of()).restore(other.state())
    actor = Actor(spec_of())
    rounds(actor, range(1))
    state = actor.state()
    state["seeds"] = state["seeds"][:3]
    again = Actor(spec_of())
    again.restore(state)
    with pytest.raises(TrainingError, match=r"^the checkpoint's courts do not fit"):
        rounds(again, range(1))


def test_courts_have_luck_of_their_own():
    draws = [tuple(itertools.islice(luck(77, COURTS + court), 20)) for court in range(COURTS)]
    assert len(set(draws)) == COURTS
