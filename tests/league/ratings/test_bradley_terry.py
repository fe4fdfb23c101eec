"""Golden ratings, choix and scipy as oracles, what a table must not depend on, and the bootstrap."""

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.optimize import minimize

from league.ratings import bradley_terry
from league.ratings.bradley_terry import (
    ELO_PER_NAT,
    BradleyTerryConfig,
    Fit,
    PairTable,
    RatingsError,
    UnboundedFitError,
    bootstrap,
    fit,
    fit_scores,
    islands,
)

BARE = BradleyTerryConfig(prior_draws=0, mean_rating=0)
BARE_WITH_SEATS = BradleyTerryConfig(prior_draws=0, mean_rating=0, seat_advantage=True)
ORDO_SCALE = 1.0087847
"""Ordo's default scale: 202 points are 76 %."""

# (wins, draws, losses) of the left player, ten games each; the matrix was given to Ordo, choix and scipy
FOUR_PLAYERS = {
    "AB": (6, 2, 2),
    "BA": (3, 3, 4),
    "AC": (7, 1, 2),
    "CA": (2, 3, 5),
    "AD": (8, 2, 0),
    "DA": (1, 2, 7),
    "BC": (5, 3, 2),
    "CB": (3, 4, 3),
    "BD": (6, 2, 2),
    "DB": (2, 3, 5),
    "CD": (5, 2, 3),
    "DC": (4, 2, 4),
}


def _four_players(config: BradleyTerryConfig) -> Fit:
    left = np.array(["ABCD".index(names[0]) for names in FOUR_PLAYERS], np.int32)
    right = np.array(["ABCD".index(names[1]) for names in FOUR_PLAYERS], np.int32)
    score = np.array([wins + 0.5 * draws for wins, draws, _ in FOUR_PLAYERS.values()])
    return fit_scores(4, left, right, score, np.full(12, 10.0), config)


def _four_player_table() -> PairTable:
    names = ["AB", "AC", "AD", "BC", "BD", "CD"]
    single = np.array([[FOUR_PLAYERS[name][::-1], FOUR_PLAYERS[name[::-1]]] for name in names], np.int64)
    first, second = (np.array(["ABCD".index(name[side]) for name in names], np.int32) for side in (0, 1))
    return PairTable(4, first, second, np.zeros((6, 3, 3), np.int64), single)


def _random_table(seed: int, n: int = 6, pairs: int = 12, seat: float = 0.0, draw: float = 0.1) -> PairTable:
    """A round robin between players of sd 150 Elo; ``seat`` natural units help the left side."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.0, 150.0 / ELO_PER_NAT, n)
    first, second = (side.astype(np.int32) for side in np.triu_indices(n, 1))
    as_left, as_right = (_outcome_chances(truth[first] - truth[second] + bias, draw) for bias in (seat, -seat))
    cells = (as_left[:, :, None] * as_right[:, None, :]).reshape(-1, 9)
    return PairTable(n, first, second, rng.multinomial(pairs, cells).reshape(-1, 3, 3))


def _outcome_chances(log_odds: NDArray[np.float64], draw: float) -> NDArray[np.float64]:
    chance = 1.0 / (1.0 + np.exp(-log_odds))
    return np.stack([(1 - draw) * (1 - chance), np.full(len(chance), draw), (1 - draw) * chance], axis=1)


# Golden numbers


def test_four_players_are_rated_as_by_scipy_choix_and_evalica() -> None:
    """scipy 1.17, choix 0.4.1 and evalica agree on these four decimals."""
    assert _four_players(BARE).ratings == pytest.approx([129.1226, 22.6003, -42.2308, -109.4921], abs=5e-5)
    assert fit(_random_table(1), BARE).advantage == 0.0


def test_four_players_are_rated_as_by_ordo() -> None:
    """Ordo 1.2.6, default scale."""
    assert _four_players(BARE).ratings * ORDO_SCALE == pytest.approx([130.26, 22.80, -42.60, -110.45], abs=5.1e-3)
    assert _four_players(BARE_WITH_SEATS).advantage * ORDO_SCALE == pytest.approx(44.60, abs=6e-3)  # Ordo -W -D


def test_wikipedias_example() -> None:
    """Wikipedia, "Bradley-Terry model", worked example: p has geometric mean 1."""
    wins = {(0, 1): 2, (1, 0): 3, (0, 3): 1, (3, 0): 4, (1, 2): 5, (2, 1): 3, (2, 3): 1, (3, 2): 3}
    winner, loser = (np.array(side, np.int32) for side in zip(*wins, strict=True))
    won = np.array(list(wins.values()), float)
    strength = np.exp(fit_scores(4, winner, loser, won, won, BARE).ratings / ELO_PER_NAT)
    assert strength == pytest.approx([0.640, 1.043, 0.660, 2.270], abs=6e-4)


def test_single_matches_make_the_same_table_as_their_scores() -> None:
    for config in (BARE, BARE_WITH_SEATS, BradleyTerryConfig(seat_advantage=True)):
        one, other = fit(_four_player_table(), config), _four_players(config)
        assert one.ratings == pytest.approx(other.ratings, abs=1e-7)
        assert one.advantage == pytest.approx(other.advantage, abs=1e-7)


# Oracles


@pytest.mark.parametrize("seed", range(5))
def test_choix_finds_the_same_ratings(seed: int) -> None:
    """choix has no draws: every match counts twice, a draw as one win each."""
    table = _random_table(seed)
    data: list[tuple[int, int]] = []
    for one, other, outcomes in zip(table.first, table.second, table.outcomes().sum(axis=1), strict=True):
        losses, draws, wins = outcomes
        data += [(one, other)] * (2 * wins + draws) + [(other, one)] * (2 * losses + draws)
    oracle = choix.opt_pairwise(table.n_players, data, method="BFGS", tol=1e-7)
    assert fit(table, BARE).ratings == pytest.approx(ELO_PER_NAT * (oracle - oracle.mean()), abs=1e-2)


@pytest.mark.parametrize("seed", range(3))
def test_a_general_optimiser_finds_the_same_advantage_and_prior(seed: int) -> None:
    """Oracle: scipy's BFGS on the likelihood as it is written down, three virtual draws included."""
    table = _random_table(seed, n=4, pairs=5, seat=0.4)
    rows = []
    for one, other, (as_left, as_right) in zip(table.first, table.second, table.outcomes(), strict=True):
        rows.append((one, other, as_left @ [0, 0.5, 1] + 0.75, as_left.sum() + 1.5))
        rows.append((other, one, as_right @ [1, 0.5, 0] + 0.75, as_right.sum() + 1.5))

    def negative_likelihood(x: NDArray[np.float64]) -> float:
        odds = [(x[left] - x[right] + x[4], score, games) for left, right, score, games in rows]
        ridge = x[:4].sum() ** 2  # fixes the mean, changes no difference
        return ridge + sum(games * np.logaddexp(0, d) - score * d for d, score, games in odds)

    oracle = minimize(negative_likelihood, np.zeros(5), method="BFGS", options={"gtol": 1e-6}).x * ELO_PER_NAT
    ours = fit(table, BradleyTerryConfig(prior_draws=3, seat_advantage=True, mean_rating=0))
    assert [*ours.ratings, ours.advantage] == pytest.approx(oracle, abs=1e-2)


# What the ratings must not depend on


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_order_of_matches_does_not_matter(seed: int, seats: bool) -> None:
    config = BradleyTerryConfig(seat_advantage=seats)
    rng = np.random.default_rng(seed)
    left = rng.integers(0, 6, 40).astype(np.int32)
    right = ((left + rng.integers(1, 6, 40)) % 6).astype(np.int32)
    score, order = rng.integers(0, 3, 40) / 2, rng.permutation(40)
    one = fit_scores(6, left, right, score, np.ones(40), config)
    other = fit_scores(6, left[order], right[order], score[order], np.ones(40), config)
    assert np.array_equal(one.ratings, other.ratings)
    assert one.advantage == other.advantage


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_new_numbers_for_the_players_only_permute_the_ratings(seed: int) -> None:
    table = _random_table(seed % 100, pairs=3, seat=0.3)
    new = np.random.default_rng(seed).permutation(table.n_players).astype(np.int32)
    first, second = new[table.first], new[table.second]
    turned = first > second  # the other player is first now: its outcomes, its seats
    counts = np.where(turned[:, None, None], table.counts.transpose(0, 2, 1)[:, ::-1, ::-1], table.counts)
    renamed = PairTable(6, np.minimum(first, second), np.maximum(first, second), counts)
    config = BradleyTerryConfig(seat_advantage=True)
    one, other = fit(table, config), fit(renamed, config)
    assert other.ratings[new] == pytest.approx(one.ratings, abs=1e-6)
    assert other.advantage == pytest.approx(one.advantage, abs=1e-6)


@settings(deadline=None)
@given(st.integers(0, 100))
def test_swapped_seats_negate_the_advantage(seed: int) -> None:
    table, config = _random_table(seed, pairs=3, seat=0.5), BradleyTerryConfig(seat_advantage=True)
    swapped = PairTable(6, table.first, table.second, table.counts.transpose(0, 2, 1))
    one, other = fit(table, config), fit(swapped, config)
    assert other.ratings == pytest.approx(one.ratings, abs=1e-6)
    assert other.advantage == pytest.approx(-one.advantage, abs=1e-6)


@settings(deadline=None)
@given(st.integers(0, 100))
def test_one_more_win_raises_the_winner_and_lowers_the_loser(seed: int) -> None:
    table = _random_table(seed, pairs=2)
    counts = table.counts.copy()
    counts[0, 2, 2] += 1
    before = fit(table).ratings
    after = fit(PairTable(6, table.first, table.second, counts)).ratings
    assert after[0] > before[0]
    assert after[1] < before[1]


# Scale, anchors, islands, priors


def test_the_mean_is_the_given_one_and_anchors_hold_exactly() -> None:
    table = _random_table(3)
    free = fit(table).ratings
    assert free.mean() == pytest.approx(1500.0)
    one = fit(table, BradleyTerryConfig(anchors={2: 2000.0})).ratings
    assert one[2] == 2000.0
    assert one - one[2] == pytest.approx(free - free[2], abs=1e-6)
    two = fit(table, BradleyTerryConfig(anchors={2: 2000.0, 4: 1234.5})).ratings
    assert [two[2], two[4]] == [2000.0, 1234.5]
    assert two - two[2] != pytest.approx(free - free[2], abs=1.0)


def test_islands_are_reported_and_each_has_its_own_mean() -> None:
    counts = np.zeros((2, 3, 3), np.int64)
    counts[0, 2, 2], counts[1, 2, 1] = 8, 3
    table = PairTable(6, np.array([0, 4], np.int32), np.array([3, 5], np.int32), counts)
    assert islands(table) == [(0, 3), (4, 5), (1,), (2,)]
    ratings = fit(table, BradleyTerryConfig(anchors={4: 1000.0})).ratings
    assert ratings[[0, 3]].mean() == pytest.approx(1500.0)
    assert ratings[0] > ratings[3]
    assert list(ratings[[1, 2]]) == [1500.0, 1500.0]
    assert ratings[4] == 1000.0
    assert ratings[5] < 1000.0


def test_the_prior_is_one_virtual_draw_a_pairing() -> None:
    """Seven wins and one virtual draw: odds 7.5 to 0.5, worked out by hand."""
    single = np.zeros((1, 2, 3), np.int64)
    single[0, 0, 2], single[0, 1, 2] = 4, 3
    table = PairTable(2, np.array([0], np.int32), np.array([1], np.int32), np.zeros((1, 3, 3), np.int64), single)
    ratings = fit(table).ratings
    assert ratings[0] - ratings[1] == pytest.approx(400 * np.log10(7.5 / 0.5))


def test_a_huge_shut_out_converges() -> None:
    counts = np.zeros((1, 3, 3), np.int64)
    counts[0, 2, 2] = 10**6
    table = PairTable(2, np.array([0], np.int32), np.array([1], np.int32), counts)
    ratings = fit(table).ratings
    assert ratings[0] - ratings[1] == pytest.approx(400 * np.log10((2e6 + 0.5) / 0.5), abs=1e-6)


def test_an_unbeaten_player_needs_a_prior() -> None:
    one, two, score = np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.array([3.0, 1.0])
    with pytest.raises(UnboundedFitError, match="never took a point"):
        fit_scores(3, one, two, score, np.array([3.0, 2.0]), BARE)
    assert np.isfinite(fit_scores(3, one, two, score, np.array([3.0, 2.0])).ratings).all()


def test_without_a_prior_islands_and_anchors_are_no_divergence() -> None:
    left, right = np.array([0, 2], np.int32), np.array([1, 3], np.int32)
    score, games = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    ratings = fit_scores(5, left, right, score, games, BARE).ratings
    assert ratings == pytest.approx([0, 0, 200 * np.log10(3), -200 * np.log10(3), 0], abs=1e-6)
    middle = BARE.model_copy(update={"anchors": {0: 100.0, 2: -100.0}})  # 1 beat 2 and lost to 0: bounded by both
    ratings = fit_scores(3, np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.ones(2), np.ones(2), middle)[0]
    assert ratings == pytest.approx([100, 0, -100], abs=1e-6)


def test_an_advantage_that_cannot_be_told_is_refused() -> None:
    left, right = np.array([0, 0, 1], np.int32), np.array([1, 1, 2], np.int32)
    with pytest.raises(UnboundedFitError, match="seat advantage"):
        fit_scores(3, left, right, np.array([1.0, 0.0, 0.5]), np.ones(3), BARE_WITH_SEATS)


def test_a_seat_that_always_wins_is_refused() -> None:
    left, right = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    with pytest.raises(UnboundedFitError, match="infinite"):
        fit_scores(2, left, right, np.array([5.0, 5.0]), np.array([5.0, 5.0]), BARE_WITH_SEATS)


def test_impossible_input_is_refused() -> None:
    zero, one = np.array([0], np.int32), np.array([1], np.int32)
    none = np.zeros((1, 3, 3), np.int64)
    with pytest.raises(RatingsError, match="between 0 and"):
        fit_scores(2, zero, one, np.array([3.0]), np.array([2.0]))
    with pytest.raises(RatingsError, match="anchors must be players"):
        fit_scores(2, zero, one, np.array([1.0]), np.array([2.0]), BradleyTerryConfig(anchors={2: 0.0}))
    with pytest.raises(RatingsError, match="first must be below"):
        PairTable(2, one, zero, none)
    with pytest.raises(RatingsError, match="players must be"):
        PairTable(1, zero, one, none)
    with pytest.raises(RatingsError, match="more than one row"):
        PairTable(2, np.tile(zero, 2), np.tile(one, 2), np.tile(none, (2, 1, 1)))
    with pytest.raises(RatingsError, match="negative"):
        PairTable(2, zero, one, none - 1)
    with pytest.raises(RatingsError, match="counts"):
        PairTable(2, zero, one, none[0])
    with pytest.raises(ValidationError):
        BradleyTerryConfig(prior_draws=-1)


def test_an_empty_table_has_no_ratings() -> None:
    empty = np.zeros(0, np.int32)
    table = PairTable(3, empty, empty, np.zeros((0, 3, 3), np.int64))
    assert list(fit(table).ratings) == [1500.0] * 3
    assert bootstrap(table, rng=np.random.default_rng(0), resamples=2).tolist() == [[1500.0] * 3] * 2


# The table


def test_a_tables_cells_are_read_by_seat_and_by_points() -> None:
    counts = np.zeros((1, 3, 3), np.int64)
    counts[0, 2, 0], counts[0, 1, 1], counts[0, 1, 2], counts[0, 0, 1], counts[0, 0, 0], counts[0, 2, 2] = range(1, 7)
    single = np.array([[[100, 0, 0], [0, 0, 200]]], np.int64)
    table = PairTable(2, np.array([0], np.int32), np.array([1], np.int32), counts, single)
    assert table.pentanomial().tolist() == [[5, 4, 3, 3, 6]]
    assert table.outcomes().tolist() == [[[109, 5, 7], [6, 6, 209]]]


# The bootstrap


def test_resamples_depend_on_the_seed_alone() -> None:
    table = _random_table(5)
    one, same, other = (bootstrap(table, rng=np.random.default_rng(seed), resamples=40) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_each_resample_is_the_fit_of_its_totals() -> None:
    """A resampler that returns the counts themselves, and a prior of weight one, must give the fit itself."""
    table = _random_table(8, pairs=4, seat=0.4)
    single = np.random.default_rng(0).integers(0, 3, (15, 2, 3))
    table = PairTable(6, table.first, table.second, table.counts, single)

    class Constant(np.random.Generator):
        def multinomial(self, n, pvals, size=None):
            return np.broadcast_to(np.rint(n[:, None] * pvals).astype(np.int64), (*size, pvals.shape[1]))

        def standard_exponential(self, size=None, *_):
            return np.ones(size)

    config = BradleyTerryConfig(seat_advantage=True, prior_draws=2, anchors={3: 1700.0})
    samples = bootstrap(table, rng=Constant(np.random.PCG64(0)), resamples=3, config=config)
    assert samples == pytest.approx(np.tile(fit(table, config).ratings, (3, 1)), abs=1e-6)


def test_intervals_cover_the_truth() -> None:
    """Nominal 95 %, of 60 players in ten tables."""
    covered = []
    for seed in range(10):
        table = _random_table(seed, pairs=40, draw=0.0)
        truth = np.random.default_rng(seed).normal(0.0, 150.0, 6)
        samples = bootstrap(table, rng=np.random.default_rng(seed), resamples=200)
        low, high = np.percentile(samples, [2.5, 97.5], axis=0)
        covered += list((low <= truth - truth.mean() + 1500) & (truth - truth.mean() + 1500 <= high))
    assert 0.85 <= np.mean(covered) < 1.0


def test_evidence_is_the_pair_not_the_match() -> None:
    """Both tables have 100 wins each; where the seed decided every match, pairs are all alike and nothing varies."""
    zero, one = np.array([0], np.int32), np.array([1], np.int32)
    split, mixed = np.zeros((2, 1, 3, 3), np.int64)
    split[0, 2, 0] = 100
    mixed[0, 2, 2] = mixed[0, 0, 0] = 50
    widths = [
        np.ptp(bootstrap(PairTable(2, zero, one, counts), rng=np.random.default_rng(0), resamples=200)[:, 0])
        for counts in (split, mixed)
    ]
    assert widths[0] < 1e-6
    assert widths[1] > 50


def test_a_shut_out_still_has_an_interval() -> None:
    counts = np.zeros((1, 3, 3), np.int64)
    counts[0, 2, 2] = 50
    table = PairTable(2, np.array([0], np.int32), np.array([1], np.int32), counts)
    samples = bootstrap(table, rng=np.random.default_rng(0), resamples=400)
    assert np.isfinite(samples).all()
    low, high = np.percentile(samples[:, 0] - samples[:, 1], [2.5, 97.5])
    assert low < np.ptp(fit(table).ratings) < high
    assert high - low > 200


def test_the_tolerance_of_a_resample_is_below_what_anyone_sees() -> None:
    table, config = _random_table(6), BradleyTerryConfig(seat_advantage=True)
    frame = bradley_terry._frame(bradley_terry._game_matrix(table), config)
    totals = bradley_terry._Resampler(table, 1.0)(np.random.default_rng(3), 30)
    usual, exact = (bradley_terry._maximise(totals, frame, np.zeros((30, 7)), tolerance=t) for t in (1e-4, 1e-11))
    assert ELO_PER_NAT * usual == pytest.approx(ELO_PER_NAT * exact, abs=1e-4)
