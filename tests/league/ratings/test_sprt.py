"""Golden bounds and ratios, the constrained maximum against a general optimiser, and the error rates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.optimize import minimize

from league.ratings import sprt
from league.ratings.pentanomial import NELO_SCALE
from league.ratings.sprt import SprtConfig, SprtDecision, bounds, decide, llr


def test_bounds_are_walds() -> None:
    """Computed by fastchess 1.8.2 and OpenBench for the same risks."""
    assert bounds(SprtConfig()) == pytest.approx((-2.9444389791664403, 2.9444389791664403), abs=1e-12)
    lopsided = bounds(SprtConfig(alpha=0.05, beta=0.10))
    assert lopsided == pytest.approx((-2.251291798606495, 2.8903717578961645), abs=1e-12)


@pytest.mark.parametrize(
    ("model", "counts", "elo0", "elo1", "expected"),
    [
        ("normalized", (36027, 68692, 36433), 0, 2, 0.92),
        ("normalized", (10650, 20431, 10871), -1.75, 0.25, 2.30),
        ("logistic", (21184, 40708, 21404), 0.5, 2.5, -1.57),
        ("normalized", (365, 16618, 36229, 16974, 390), 0, 2, 2.25),
        ("normalized", (127, 4883, 10712, 5150, 104), -1.75, 0.25, 3.01),
        ("logistic", (223, 9863, 21279, 10037, 246), 0.5, 2.5, -3.07),
    ],
)
def test_ratios_are_those_of_fastchess(
    model: str, counts: tuple[int, ...], elo0: float, elo1: float, expected: float
) -> None:
    """fastchess 1.8.2 and fishtest on the same counts (their two printed decimals)."""
    config = SprtConfig.model_validate({"model": model, "elo0": elo0, "elo1": elo1})
    assert llr(config, counts) == pytest.approx(expected, abs=5e-3)
    assert llr(config, np.array(counts)) == llr(config, counts)


_COUNTS = st.sampled_from([3, 5]).flatmap(lambda n: st.lists(st.integers(0, 400), min_size=n, max_size=n))
_MODELS = st.sampled_from(["normalized", "logistic"])


@settings(deadline=None)
@given(_COUNTS, _MODELS, st.floats(-200, 200))
def test_the_best_distribution_has_the_hypothesis_strength(counts: list[int], model: str, elo: float) -> None:
    observed = np.maximum(np.array(counts, float), 1e-3)
    config = SprtConfig.model_validate({"model": model})
    p = sprt._most_likely(config, observed / observed.sum(), elo)
    scores = np.linspace(0, 1, len(p))
    mean = p @ scores
    assert p.min() > 0
    assert p.sum() == pytest.approx(1.0, abs=1e-7)
    if model == "logistic":
        assert mean == pytest.approx(1 / (1 + 10 ** (-elo / 400)), abs=1e-7)
    else:
        sigma = math.sqrt(p @ (scores - mean) ** 2)
        assert (mean - 0.5) / sigma == pytest.approx(elo / NELO_SCALE * math.sqrt(len(p) // 2), abs=1e-6)


def _strength(p: NDArray[np.float64]) -> float:
    scores = np.linspace(0, 1, len(p))
    return float((p @ scores - 0.5) / math.sqrt(p @ (scores - p @ scores) ** 2 * (len(p) // 2)) * NELO_SCALE)


def _softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.exp(x - x.max())
    return weights / weights.sum()


@pytest.mark.parametrize("counts", [(11, 5, 30), (1, 2, 40), (3, 9, 20, 17, 2), (0, 1, 3, 9, 60), (25, 9, 4, 1, 0)])
@pytest.mark.parametrize("elo", [-120.0, 15.0, 90.0])
def test_no_other_distribution_of_that_strength_explains_more(counts: tuple[int, ...], elo: float) -> None:
    """Oracle: scipy's SLSQP on the same program, from several starts."""
    observed = np.maximum(np.array(counts, float), 1e-3)
    observed /= observed.sum()
    rng = np.random.default_rng(7)
    best = max(
        -found.fun
        for found in (
            minimize(
                lambda x: -observed @ np.log(_softmax(x) + 1e-300),
                np.log(rng.dirichlet(np.ones(len(counts)))),
                constraints={"type": "eq", "fun": lambda x: (_strength(_softmax(x)) - elo) / 100},
                method="SLSQP",
                options={"maxiter": 500, "ftol": 1e-12},
            )
            for _ in range(4)
        )
        if found.success
    )
    ours = observed @ np.log(sprt._most_likely(SprtConfig(), observed, elo))
    assert ours == pytest.approx(best, abs=1e-6)


@settings(deadline=None)
@given(_COUNTS, _MODELS)
def test_mirrored_results_and_hypotheses_give_the_negated_ratio(counts: list[int], model: str) -> None:
    config = SprtConfig.model_validate({"model": model, "elo0": -3, "elo1": 25})
    mirrored = SprtConfig.model_validate({"model": model, "elo0": -25, "elo1": 3})
    assert llr(config, counts) == pytest.approx(-llr(mirrored, counts[::-1]), abs=1e-4)


@pytest.mark.parametrize("model", ["normalized", "logistic"])
@pytest.mark.parametrize("counts", [(0, 0, 0, 0, 40), (0, 0, 40), (1, 0, 0, 0, 400)])
def test_a_shut_out_is_decided_and_finite(model: str, counts: tuple[int, ...]) -> None:
    config = SprtConfig.model_validate({"model": model, "elo0": 0, "elo1": 30})
    assert math.isfinite(llr(config, counts))
    assert decide(config, counts) is SprtDecision.ACCEPT_H1
    assert decide(config, counts[::-1]) is SprtDecision.ACCEPT_H0


def test_the_test_stops_at_the_bounds_and_not_before() -> None:
    """The counts are those of the golden ratios 2.30, 3.01 and -3.07; the bounds are 2.94."""
    close = SprtConfig(elo0=-1.75, elo1=0.25)
    assert decide(close, (10650, 20431, 10871)) is SprtDecision.CONTINUE
    assert decide(close, (127, 4883, 10712, 5150, 104)) is SprtDecision.ACCEPT_H1
    logistic = SprtConfig(elo0=0.5, elo1=2.5, model="logistic")
    assert decide(logistic, (21184, 40708, 21404)) is SprtDecision.CONTINUE
    assert decide(logistic, (223, 9863, 21279, 10037, 246)) is SprtDecision.ACCEPT_H0


def test_without_results_the_test_goes_on() -> None:
    assert llr(SprtConfig(), (0, 0, 0)) == 0.0
    assert decide(SprtConfig(), (0, 0, 0, 0, 0)) is SprtDecision.CONTINUE


def test_impossible_settings_and_counts_are_refused() -> None:
    with pytest.raises(ValidationError, match="elo0 must be below elo1"):
        SprtConfig(elo0=5, elo1=5)
    with pytest.raises(ValidationError):
        SprtConfig.model_validate({"gamma": 1})
    with pytest.raises(ValueError, match="counts must be 3"):
        llr(SprtConfig(), (1, 2, 3, 4))
    with pytest.raises(ValueError, match="counts must be 3"):
        llr(SprtConfig(), (1, -2, 3))


def _share_of_h1(config: SprtConfig, truth: NDArray[np.float64], runs: int, rng: np.random.Generator) -> float:
    """Share of simulated tests, looked at every 20 pairs, that accept H1."""
    accepted = 0
    for _ in range(runs):
        counts = np.zeros(5, np.int64)
        while (decision := decide(config, counts)) is SprtDecision.CONTINUE:
            counts += rng.multinomial(20, truth)
        accepted += decision is SprtDecision.ACCEPT_H1
    return accepted / runs


def test_errors_are_as_rare_as_promised() -> None:
    config, usual = SprtConfig(elo0=0, elo1=80), np.array([0.08, 0.2, 0.4, 0.22, 0.1])
    rng = np.random.default_rng(20)
    equal, better = (sprt._most_likely(config, usual, elo) for elo in (config.elo0, config.elo1))
    assert _share_of_h1(config, equal, 200, rng) <= 2 * config.alpha
    assert _share_of_h1(config, better, 200, rng) >= 1 - 2 * config.beta
