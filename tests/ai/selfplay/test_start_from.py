"""A run that begins with a player of the league: its value is learned first, it stays as it is, and not every player will do."""

from contextlib import closing

import pytest

from ai.errors import TrainingError
from game.games.rally import GAME
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from tests.ai.dqn.learners import essence, steps_of
from tests.ai.selfplay.learners import finder, learner_of, start_player
from tests.doubles import STILL


def test_a_run_begins_with_the_player_and_learns_only_its_value_first():
    source = start_player()
    changes = {"start_from": "veteran", "value_steps": 2_500, "hit_reward": 0.5, "exploiter_share": 0.1}
    with closing(learner_of(find=finder(source), **changes)) as learner:
        agent = learner.population.main
        first = agent.parameters
        while agent.steps < 2_500:
            assert same_player(learner.policy, source)
            assert agent.parameters.tobytes() == first.tobytes() or agent.steps > 0
            steps_of_one_rollout(learner)
        assert same_player(learner.policy, source)
        assert agent.parameters.tobytes() != first.tobytes()
        steps_of_one_rollout(learner)
        steps_of_one_rollout(learner)
        assert not same_player(learner.policy, source)


def test_exploiters_begin_as_the_main_agent_does():
    source = start_player()
    for start, is_same in (("main", True), ("scratch", False)):
        with closing(learner_of(find=finder(source), start_from="veteran", exploiter_start=start)) as learner:
            assert [same_player(agent.player, source) for agent in learner.population.agents] == [
                True,
                is_same,
                is_same,
            ]


def steps_of_one_rollout(learner):
    """Let the main agent make a rollout."""
    agent = None
    while agent is not learner.population.main:
        agent, _ = learner.population.train(0.1)


def same_player(one, other):
    return one.pack().reals.tobytes() == other.pack().reals.tobytes()


def test_the_phase_of_the_value_is_in_the_checkpoint():
    changes = {"start_from": "veteran", "value_steps": 3_000, "find": finder(start_player())}
    with closing(learner_of(**changes)) as whole, closing(learner_of(**changes)) as resumed:
        steps_of(whole, 2)
        resumed.restore(whole.state())
        assert essence(steps_of(resumed, 4)) == essence(steps_of(whole, 4))


WRONG = {
    "other layers": lambda: start_player(hidden=(8, 8)),
    "another width": lambda: start_player(hidden=(9,)),
    "not normalised": lambda: start_player(layer_norm=False),
    "scripted": lambda: ScriptedPolicy.of(GAME, "aimer"),
    "Python": lambda: PythonPolicy(STILL),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_a_player_of_another_kind_is_no_beginning(make):
    with pytest.raises(TrainingError) as caught:
        learner_of(start_from="veteran", find=finder(make()))
    assert str(caught.value) == (
        f"player 'veteran' is no network of layers {GAME.n_observations}, 8 and 3 actions with layer normalisation: start from a "
        "self-play player, or set hidden and layer_norm to its own"
    )
