"""Whom learners play: chances are always chances, roles are AlphaStar's, and courts are dealt in exact proportion."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.selfplay.matchmaking import CURRENT, Choice, Matchmaker, Shares, chances, deal, hard_members
from ai.selfplay.payoffs import PayoffRow
from ai.selfplay.roles import Role

MODES = ("hard", "variance", "linear", "uniform")
PLAIN = Choice("hard", uniform_share=0.0, min_games=0.0, latest_ratio=0.0)
M, E, L = Role.MAIN, Role.MAIN_EXPLOITER, Role.LEAGUE_EXPLOITER


def row(rates, games=100.0, current=0.5) -> PayoffRow:
    known = np.array(rates, float)
    return PayoffRow(known, np.broadcast_to(np.array(games, float), known.shape), current, 100.0)


def matchmaker(choice=PLAIN, **shares) -> Matchmaker:
    return Matchmaker(choice, Shares(**{"past": 0.0, "hard": 0.0, "fixed": 0.0, **shares}))


def plain_chances(rates, mode="hard"):
    return chances(np.array(rates, float), np.full(len(rates), 100.0), Choice(mode, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("mode", "weights"),
    [("hard", [1.0, 0.25, 0.0]), ("variance", [0.0, 1.0, 0.0]), ("linear", [2.0, 1.0, 0.0]), ("uniform", [1, 1, 1])],
)
def test_modes_are_the_papers(mode, weights):
    assert plain_chances([0.0, 0.5, 1.0], mode) == pytest.approx(np.array(weights) / sum(weights))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rate", [1.0, float("nan")])
def test_all_are_equally_likely_where_nobody_weighs_anything(mode, rate):
    assert plain_chances([rate] * 4, mode) == pytest.approx([0.25] * 4)


def test_shares_are_each_of_what_the_one_before_leaves():
    choice = Choice("linear", uniform_share=0.2, min_games=10.0, latest_ratio=0.25)
    found = chances(np.array([0.0, 1.0, 0.5, 0.5]), np.array([10.0, 9.9, 50.0, 0.0]), choice, latest=2)
    pfsp = np.array([1.0, 0.0, 0.5, 0.5]) / 2
    unmet, latest = np.array([0, 0.5, 0, 0.5]), np.array([0, 0, 1.0, 0])
    assert found == pytest.approx(0.2 / 4 + 0.8 * (0.5 * unmet + 0.5 * (0.25 * latest + 0.75 * pfsp)))


@pytest.mark.parametrize("choice", [Choice(latest_ratio=1.0), Choice(uniform_share=1.0), Choice(min_games=1e9)])
def test_extreme_choices_still_choose(choice):
    found = chances(np.array([0.1, 0.9]), np.array([40.0, 40.0]), choice, latest=1)
    assert found.sum() == pytest.approx(1.0)
    assert found.min() > 0.0


def test_without_anybody_there_are_no_chances():
    with pytest.raises(ValueError, match="nobody"):
        chances(np.zeros(0), np.zeros(0), PLAIN)


@pytest.mark.parametrize("wrong", [{"uniform_share": 1.1}, {"latest_ratio": -0.1}, {"uniform_share": float("nan")}])
def test_choices_that_are_no_shares_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Choice(**wrong)


@pytest.mark.parametrize("wrong", [{"past": -0.1}, {"hard": float("inf")}, {"fixed": float("nan")}])
def test_shares_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Shares(**wrong)


choices = st.builds(
    Choice, st.sampled_from(MODES), st.floats(0.0, 1.0), st.floats(0.0, 100.0), latest_ratio=st.floats(0.0, 1.0)
)
members = st.lists(st.tuples(st.sampled_from([None, *Role]), st.floats(), st.floats()), max_size=12)


@settings(deadline=None)
@given(members.filter(len), choices, st.booleans())
def test_chances_are_always_chances_with_a_floor(who, choice, has_latest):
    _, rates, games = (np.array(column) for column in zip(*who, strict=True))
    found = chances(rates, games, choice, len(who) - 1 if has_latest else None)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)
    assert found.min() >= choice.uniform_share / len(who) * (1.0 - 1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=9), st.sampled_from(["hard", "linear"]))
def test_who_is_harder_is_never_less_likely(rates, mode):
    found = plain_chances(sorted(rates), mode)
    assert (np.diff(found) <= 1e-12).all()


@settings(deadline=None)
@given(st.permutations(range(5)))
def test_the_order_of_members_changes_nothing(order):
    rates, games = np.array([0.1, 0.3, 0.5, 0.7, 0.9]), np.array([5.0, 100.0, 0.0, 50.0, 100.0])
    there = list(order)
    found = chances(rates[there], games[there], Choice())
    assert found == pytest.approx(chances(rates, games, Choice())[there])


@settings(deadline=None)
@given(members, choices, st.tuples(*[st.floats(0.0, 10.0)] * 3), st.sampled_from(Role), st.floats())
def test_every_role_always_has_somebody_to_play(who, choice, shares, role, current):
    roles = sorted((each[0] for each in who), key=lambda each: each is not None)
    known = PayoffRow(np.array([each[1] for each in who]), np.array([each[2] for each in who]), current, 5.0)
    found = Matchmaker(choice, Shares(*shares)).mix(role, known, roles)
    assert found.shape == (1 + len(who),)
    assert np.isfinite(found).all()
    assert found.min() >= 0.0
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("choice", [PLAIN, Choice()])
def test_with_an_empty_pool_everybody_plays_the_current_main_agent(role, choice):
    found = matchmaker(choice, past=1.0, hard=1.0, fixed=1.0).mix(role, row([], current=0.0), ())
    assert found.tolist() == [1.0]


def test_the_main_agents_shares():
    roles = (None, None, M, E, M)
    found = matchmaker(past=2.0, hard=1.0, fixed=1.0).mix(M, row([0.5, 0.9, 0.8, 0.1, 0.75]), roles)
    past = plain_chances([0.5, 0.9, 0.8, 0.1, 0.75])
    hard, fixed = np.array([0, 0, 0, 1, 0]), np.array([0.5, 0.5, 0, 0, 0])
    assert found == pytest.approx([0.0, *(0.5 * past + 0.25 * hard + 0.25 * fixed)])


def test_shares_without_anybody_are_the_pasts():
    past = plain_chances([0.8, 0.7])
    for shares in ({"past": 1.0, "hard": 3.0, "fixed": 3.0}, {"hard": 3.0}, {}):
        assert matchmaker(**shares).mix(M, row([0.8, 0.7]), (M, M)) == pytest.approx([0.0, *past])


def test_hard_are_who_beats_it_and_selves_that_it_has_forgotten():
    roles = (None, M, E, M, M, L, M)
    assert hard_members(np.array([0.29, 0.9, 0.3, 0.8, 0.7, 0.1, 0.6]), roles).tolist() == [0, 5]
    forgotten = hard_members(np.array([0.5, 0.65, 0.5, 0.4, 0.5, 0.5, 0.45]), roles)
    assert forgotten.tolist() == [1, 3, 4]  # 0.4 then 0.5: the newest self, beaten least, is not forgotten but near
    assert hard_members(np.array([0.5, 0.7, 0.5, 0.8, 0.9, 0.5, 0.45]), roles).tolist() == []
    assert hard_members(np.zeros(0), ()).tolist() == []


def test_the_newest_snapshot_has_its_ratio_and_fixed_players_are_none():
    latest = Choice("hard", 0.0, 0.0, latest_ratio=0.5)
    found = matchmaker(latest, past=1.0).mix(M, row([0.5, 0.5, 0.5]), (None, M, E))
    assert found == pytest.approx([0.0, 1 / 6, 1 / 6, 2 / 3])
    assert matchmaker(latest, past=1.0).mix(M, row([0.5, 0.5]), (None, None)) == pytest.approx([0.0, 0.5, 0.5])


def test_the_main_exploiter_plays_the_current_main_agent_while_there_is_hope():
    rates, roles = [0.5, 0.5, 0.2, 0.5], (None, M, M, E)
    assert matchmaker().mix(E, row(rates, current=0.11), roles).tolist() == [1.0, 0, 0, 0, 0]
    hopeless = matchmaker().mix(E, row(rates, current=0.1), roles)
    assert hopeless == pytest.approx([0.5, 0.0, *(0.5 * plain_chances([0.5, 0.2], "variance")), 0.0])
    assert matchmaker().mix(E, row(rates, current=0.0), (None, E, L, E)).tolist() == [1.0, 0, 0, 0, 0]


def test_the_league_exploiter_plays_everybody():
    rates = [0.5, 0.25, 1.0]
    for latest in (0.0, 0.9):
        found = matchmaker(Choice("uniform", 0.0, 0.0, latest)).mix(L, row(rates, current=0.0), (None, M, L))
        assert found == pytest.approx([0.0, 0.4, 0.6, 0.0])


def test_members_and_rates_of_different_pools_are_refused():
    with pytest.raises(ValueError, match="2 members"):
        matchmaker().mix(M, row([0.5]), (M, M))


shapes = st.tuples(st.integers(1, 6), st.integers(0, 40))
mixes = st.lists(st.sampled_from([0.0, 1e-9, 0.3, 1.0, 2.0]), min_size=1, max_size=8).filter(any)


@settings(deadline=None)
@given(mixes, shapes, st.integers(0, 2**32 - 1))
def test_courts_are_dealt_in_proportion_in_every_group(weights, shape, seed):
    mix = np.array(weights) / np.sum(weights)
    dealt = deal(mix, shape, np.random.default_rng(seed))
    assert (dealt.shape, dealt.dtype, dealt.flags.c_contiguous) == (shape, np.int32, True)
    assert (np.diff(dealt, axis=1) >= 0).all()
    groups = np.array([np.bincount(group, minlength=len(mix)) for group in dealt])
    assert (np.ptp(groups, axis=0) <= 1).all()
    assert (np.abs(groups.sum(axis=0) - mix * dealt.size) < 1.0 + 1e-6).all()
    assert not groups[:, mix == 0.0].any()


class _Edge(np.random.Generator):
    """Draws the number it was given."""

    def __init__(self, number: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.number = number

    def random(self, *args, **kwargs):
        return self.number


@pytest.mark.parametrize("number", [0.0, 1.0 - 2.0**-53])
def test_the_edges_of_a_draw_deal_nobody_without_a_share(number):
    mix = np.array([0.0, 0.1, 0.2, 0.7, 0.0])
    for courts in (1, 3, 10, 1000):
        dealt = deal(mix, (3, courts), _Edge(number))
        assert set(dealt.ravel().tolist()) <= {1, 2, 3}


def test_who_has_less_than_a_court_gets_one_as_often_as_it_should():
    rng = np.random.default_rng(11)
    dealt = [(deal(np.array([0.99, 0.01]), (1, 10), rng) == 1).sum() for _ in range(4000)]
    assert np.mean(dealt) == pytest.approx(0.1, abs=0.015)


def test_a_resumed_run_draws_the_same_courts():
    roles, known = (None, M, M, E), row([0.9, 0.5, 0.6, 0.2])
    mixed = Matchmaker(Choice(), Shares())
    one, other = np.random.default_rng(9), np.random.default_rng(9)
    for role in Role:
        first = mixed.opponents_of(role, known, roles, (4, 16), one)
        assert first.tobytes() == mixed.opponents_of(role, known, roles, (4, 16), other).tobytes()
    assert one.random() == other.random()
    used = np.random.default_rng(9)
    used.random(len(Role) + 1)
    assert used.random() == one.random()


def test_policies_keep_most_of_their_courts_from_one_rollout_to_the_next():
    roles, known = (M,) * 12, row(np.linspace(0.95, 0.3, 12))
    mixed, rng = Matchmaker(Choice(), Shares()), np.random.default_rng(1)
    rollouts = [mixed.opponents_of(M, known, roles, (2, 64), rng) for _ in range(50)]
    kept = np.mean([one == other for one, other in itertools.pairwise(rollouts)])
    assert kept > 0.8
    assert all((rollout != CURRENT).all() for rollout in rollouts)
