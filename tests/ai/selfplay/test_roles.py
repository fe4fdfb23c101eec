"""Who leaves a snapshot when, and who starts again then."""

import numpy as np
import pytest

from ai.selfplay.payoffs import PayoffRow
from ai.selfplay.roles import LEAGUE_EXPLOITER_RESET, Role, SnapshotRules, is_due, starts_again

RULES = SnapshotRules(least_steps=100, most_steps=200, win_rate=0.7, min_games=20)
EXPLOITERS = (Role.MAIN_EXPLOITER, Role.LEAGUE_EXPLOITER)


def row(rates=(), games=None, current=(0.5, 0.0)) -> PayoffRow:
    known = np.full(len(rates), 50.0) if games is None else np.array(games, float)
    return PayoffRow(np.array(rates, float), known, *current)


WEAK = row([0.2, 0.9], current=(0.2, 50.0))
STRONG = row([0.71, 0.9], current=(0.71, 50.0))


@pytest.mark.parametrize("role", Role)
def test_nobody_leaves_a_snapshot_too_early_and_everybody_does_in_the_end(role):
    assert not is_due(role, RULES, 99, STRONG)
    assert is_due(role, RULES, 100, STRONG)
    assert not is_due(role, RULES, 199, WEAK)
    assert is_due(role, RULES, 200, WEAK)


def test_the_main_exploiter_has_to_beat_the_current_main_agent_alone():
    loses_to_members = row([0.1, 0.1], current=(0.8, 20.0))
    assert is_due(Role.MAIN_EXPLOITER, RULES, 150, loses_to_members)
    assert not is_due(Role.LEAGUE_EXPLOITER, RULES, 150, loses_to_members)
    assert not is_due(Role.MAIN_EXPLOITER, RULES, 150, row(current=(0.7, 50.0)))


@pytest.mark.parametrize("role", [Role.MAIN, Role.LEAGUE_EXPLOITER])
def test_the_others_have_to_beat_every_member(role):
    loses_to_main = row([0.8, 0.8], current=(0.0, 50.0))
    assert is_due(role, RULES, 150, loses_to_main)
    assert not is_due(role, RULES, 150, row([0.8, 0.7]))


def test_a_rate_counts_only_with_matches_behind_it():
    assert not is_due(Role.MAIN_EXPLOITER, RULES, 150, row(current=(0.9, 19.9)))
    assert not is_due(Role.LEAGUE_EXPLOITER, RULES, 150, row([0.9, 0.9], games=[30.0, 19.9]))


@pytest.mark.parametrize("role", [Role.MAIN, Role.LEAGUE_EXPLOITER])
def test_who_has_no_target_beats_it(role):
    assert is_due(role, RULES, 100, row())


def test_equal_numbers_make_even_distances():
    rules = SnapshotRules(least_steps=50, most_steps=50)
    assert [steps for steps in (0, 49, 50, 51) if is_due(Role.MAIN, rules, steps, WEAK)] == [50, 51]


def test_exploiters_start_again_as_in_alphastar_and_the_main_agent_never():
    rng = np.random.default_rng(3)
    again = {role: np.mean([starts_again(role, rng) for _ in range(4000)]) for role in Role}
    assert again[Role.MAIN] == 0.0
    assert again[Role.MAIN_EXPLOITER] == 1.0
    assert again[Role.LEAGUE_EXPLOITER] == pytest.approx(LEAGUE_EXPLOITER_RESET, abs=0.02)


def test_every_role_takes_one_number_from_the_generator():
    left = []
    for role in Role:
        rng = np.random.default_rng(5)
        starts_again(role, rng)
        left.append(rng.random())
    assert len(set(left)) == 1


@pytest.mark.parametrize(("least", "most"), [(5, 4), (-1, 4), (0, 0)])
def test_rules_that_make_no_sense_are_refused(least, most):
    with pytest.raises(ValueError, match="least <= most"):
        SnapshotRules(least, most)
