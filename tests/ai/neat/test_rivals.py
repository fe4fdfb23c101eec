"""Whom a generation meets: the configured players, a rung of the ladder, or the population and its past."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.hall_of_fame import HallOfFame
from ai.neat.networks import express, graph_policies
from ai.neat.rivals import FixedRivals, LadderRivals, PastRivals
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from tests.ai.neat.evolution import INPUTS, OUTPUTS, VARIED, flat, population_of

BOTS = tuple(ScriptedPolicy.of(GAME, name) for name in ("random", "tracker", "predictor"))
GENOMES = population_of(VARIED).genomes


def policies_of(genomes):
    return [*graph_policies(genomes, express(genomes, INPUTS, OUTPUTS), INPUTS)]


POLICIES = policies_of(GENOMES)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_fixed_rivals_are_always_the_same():
    fixed = FixedRivals(BOTS)
    for _ in range(2):
        rivals = fixed.choose(POLICIES, rng())
        assert rivals.policies == BOTS
        assert rivals.members.tolist() == [-1] * 3
        fixed.measured(np.ones(3))
    assert (fixed.metrics(), fixed.arrays(), fixed.numbers()) == ({}, {}, {})


def rungs(ladder: LadderRivals) -> tuple[float, tuple[object, ...]]:
    return ladder.metrics()["rung"], ladder.choose(POLICIES, rng()).policies


def test_the_ladder_is_climbed_when_the_champion_scores_on_its_rung():
    ladder = LadderRivals(BOTS, promotion_score=0.75)
    assert rungs(ladder) == (1.0, BOTS[:1])
    ladder.measured(np.array([0.74, 1.0, 1.0]))
    assert rungs(ladder) == (1.0, BOTS[:1])
    ladder.measured(np.array([0.75, 0.5, 1.0]))
    assert rungs(ladder) == (2.0, BOTS[:2])
    ladder.measured(np.array([0.0, 0.8, 0.0]))
    assert rungs(ladder) == (3.0, BOTS[1:])
    ladder.measured(np.zeros(3))  # nobody is sent back
    assert rungs(ladder) == (3.0, BOTS[1:])


def test_a_champion_that_is_good_enough_climbs_several_rungs_at_once_and_not_beyond_the_last():
    ladder = LadderRivals(BOTS, promotion_score=0.75)
    ladder.measured(np.ones(3))
    assert rungs(ladder) == (3.0, BOTS[1:])


def test_a_rung_survives_a_checkpoint():
    ladder = LadderRivals(BOTS, promotion_score=0.75)
    ladder.measured(np.array([0.9, 0.0, 0.0]))
    again = LadderRivals(BOTS, promotion_score=0.75)
    again.restore(ladder.arrays(), ladder.numbers())
    assert rungs(again) == rungs(ladder)


@pytest.mark.parametrize("rung", [None, "1", -1, 3, 1.5])
def test_a_rung_that_is_none_is_refused(rung):
    with pytest.raises(TrainingError, match=r"rung is .*: 0 to 2 are allowed"):
        LadderRivals(BOTS, promotion_score=0.75).restore({}, {"rung": rung})


def past(count: int = 6, share: float = 0.5) -> PastRivals:
    return PastRivals(HallOfFame(8, "hard"), count, share, policies_of)


def test_without_a_past_rivals_are_of_the_population():
    rivals = past().choose(POLICIES, rng())
    assert len(rivals.policies) == 6
    assert len({id(policy) for policy in rivals.policies}) == 6
    assert all(any(policy is each for each in POLICIES) for policy in rivals.policies)
    assert rivals.members.tolist() == [-1] * 6


def test_past_champions_take_their_share_and_their_scores_are_remembered():
    choice = past()
    for place in range(5):
        choice.crowned(GENOMES.take([place]), POLICIES[place], place)
    rivals = choice.choose(POLICIES, rng())
    assert len(rivals.policies) == 6
    assert (rivals.members[:3] >= 0).all()
    assert rivals.members[3:].tolist() == [-1] * 3
    for member, policy in zip(rivals.members[:3], rivals.policies, strict=False):
        assert policy.pack().reals.tobytes() == POLICIES[member].pack().reals.tobytes()
    assert choice.metrics() == {"hall": 5.0}
    choice.played(rivals, np.array([1.0, 1.0, 0.4, 0.0, 0.0, 0.0]), 100)
    assert choice.metrics()["hall_score"] == pytest.approx(0.8)
    rates = choice._hall.win_rates
    assert rates[rivals.members[:3]].tolist() == pytest.approx([1.0, 1.0, 0.4], abs=0.01)
    others = np.setdiff1d(np.arange(5), rivals.members)
    assert rates[others].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("share", "members"), [(0.0, 0), (1.0, 6)])
def test_all_or_none_may_be_of_the_past(share, members):
    choice = past(share=share)
    for place in range(8):
        choice.crowned(GENOMES.take([place]), POLICIES[place], place)
    rivals = choice.choose(POLICIES, rng())
    assert (rivals.members >= 0).sum() == members
    assert len(rivals.policies) == 6
    choice.played(rivals, np.ones(6), 4)


def test_a_small_population_is_met_as_a_whole():
    rivals = past(count=6).choose(POLICIES[:4], rng())
    assert len(rivals.policies) == 4


def test_a_past_survives_a_checkpoint_and_is_drawn_alike():
    choice = past()
    for place in range(5):
        choice.crowned(GENOMES.take([place]), POLICIES[place], place)
    choice.played(choice.choose(POLICIES, rng()), np.linspace(0.0, 1.0, 6), 10)
    again = past()
    again.restore(choice.arrays(), choice.numbers())
    assert flat(dict(again.arrays())) == flat(dict(choice.arrays()))
    one, other = choice.choose(POLICIES, rng(3)), again.choose(POLICIES, rng(3))
    assert one.members.tolist() == other.members.tolist()
