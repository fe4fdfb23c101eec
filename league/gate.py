"""The champion gate: a new player takes a champion's place only when it is better, at stated error rates.

Pairs are played a batch at a time until Wald's test decides between "no better" (0 nElo) and "better by ``elo1``", or until
there are no more to play. A player that is no better gets in with a chance of about ``alpha`` at most; one that is better by
``elo1`` or more is turned away with a chance of about ``beta`` at most, as long as ``max_pairs`` leaves the test its time. A
player in between may get in or not. Who is undecided at the end stays outside: the limit costs power, and never lets more in.

Source: A. Wald, 1945, by ``league.ratings.sprt``; gating by matches as in D. Silver et al., "Mastering the game of Go without
human knowledge", Nature 550 (2017), who took a fixed number of games and 55 %.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from game.batch import MATCH_DTYPE
from game.executors.base import Executor, Matches, MatchRows, RunControl, in_order
from game.policies.bank import Policy
from game.seeding import pair_seeds
from game.spec import GameSpec, Results, Termination
from league.errors import LeagueError
from league.ratings.pentanomial import PAIR_CLASSES
from league.ratings.sprt import MAX_ELO, SprtConfig, SprtDecision, bounds, llr

PlayPairs: TypeAlias = Callable[[int, int], NDArray[np.int64]]
"""Plays ``count`` pairs from number ``first`` on; returns the candidate's, int64[5]: LL, LD, WL+DD, WD, WW."""

PlayRows: TypeAlias = Callable[[Sequence[Policy], MatchRows], Results]
"""Plays matches between policies, and returns the results in their order."""

_POINTS: Final = np.linspace(0.0, 1.0, PAIR_CLASSES)


class GateError(LeagueError):
    """The gate cannot say who is better."""


class GateInterrupted(Exception):  # noqa: N818  # no error: somebody asked for it
    """Somebody has stopped or cancelled the matches; played again from the start the gate comes to the same verdict."""


class GateConfig(BaseModel):
    """How sure the gate is, and how long it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    alpha: float = Field(
        0.05, title="Risk alpha", gt=0, lt=0.5, description="Risk of taking in a player that is no better."
    )
    beta: float = Field(
        0.05, title="Risk beta", gt=0, lt=0.5, description="Risk of turning away a player that is better by elo1."
    )
    elo1: float = Field(
        30.0,
        title="Better by (nElo)",
        ge=1.0,
        le=MAX_ELO,
        description="The advantage that is not to be missed, in normalized Elo; half of it takes four times the pairs.",
    )
    batch_pairs: int = Field(
        50, title="Pairs a batch", ge=1, le=100_000, description="Pairs that are played between two looks at the test."
    )
    max_pairs: int = Field(
        2000, title="Most pairs", ge=1, le=1_000_000, description="Pairs after which who is undecided stays outside."
    )

    def sprt(self) -> SprtConfig:
        """Return the two hypotheses and their risks."""
        return SprtConfig(elo0=0.0, elo1=self.elo1, alpha=self.alpha, beta=self.beta, model="normalized")


@dataclass(frozen=True)
class Verdict:
    """What the gate has found; while it plays, what it has found so far.

    ``counts`` are the candidate's pairs (LL, LD, WL+DD, WD, WW), ``score`` its share of the points (1/2 without a pair), ``llr``
    the log-likelihood ratio of better to no better. ``decision`` stays ``CONTINUE`` where ``max_pairs`` decided nothing.
    """

    is_better: bool
    decision: SprtDecision
    pairs: int
    counts: tuple[int, ...]
    llr: float
    score: float

    @classmethod
    def of(cls, counts: NDArray[np.int64], config: GateConfig) -> Self:
        """Return the verdict on ``counts``."""
        test, pairs = config.sprt(), int(counts.sum())
        ratio, (lower, upper) = llr(test, counts), bounds(test)
        decision = SprtDecision.ACCEPT_H0 if ratio <= lower else SprtDecision.CONTINUE
        if ratio >= upper:
            decision = SprtDecision.ACCEPT_H1
        score = float(counts @ _POINTS) / pairs if pairs else 0.5
        return cls(decision is SprtDecision.ACCEPT_H1, decision, pairs, tuple(counts.tolist()), ratio, score)

    def is_open(self, config: GateConfig) -> bool:
        """Whether more pairs are to be played."""
        return self.decision is SprtDecision.CONTINUE and self.pairs < config.max_pairs

    def record(self) -> dict[str, bool | str | int | float | list[int]]:
        """Return the verdict as JSON keeps it."""
        return {**asdict(self), "decision": self.decision.value, "counts": list(self.counts)}

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        found = {
            SprtDecision.ACCEPT_H1: "is better",
            SprtDecision.ACCEPT_H0: "is not better",
            SprtDecision.CONTINUE: "could not be told to be better",
        }
        return f"{found[self.decision]}: {self.score:.1%} of the points in {self.pairs:,} pairs (LLR {self.llr:+.2f})"


def judge(
    play: PlayPairs,
    config: GateConfig,
    *,
    on_progress: Callable[[Verdict], None] | None = None,
) -> Verdict:
    """Return whether the candidate is better than the champion, who meet by ``play``.

    ``on_progress`` is told what was found after every batch. What ``play`` raises passes through: a gate whose pairs are a pure
    function of their number comes to the same verdict when it is held again.
    """
    verdict = Verdict.of(np.zeros(PAIR_CLASSES, np.int64), config)
    while verdict.is_open(config):
        verdict = advance(verdict, play, config)
        if on_progress is not None:
            on_progress(verdict)
    return verdict


def advance(verdict: Verdict, play: PlayPairs, config: GateConfig) -> Verdict:
    """Return what is found when one more batch is played after ``verdict``."""
    batch = min(config.batch_pairs, config.max_pairs - verdict.pairs)
    counts = np.array(verdict.counts, np.int64)
    return Verdict.of(counts + _checked(play(verdict.pairs, batch), batch), config)


def _checked(counts: NDArray[np.int64], pairs: int) -> NDArray[np.int64]:
    if counts.shape != (PAIR_CLASSES,) or counts.min() < 0 or counts.sum() != pairs:
        raise ValueError(f"{pairs} pairs in {PAIR_CLASSES} classes were asked for, got {counts.tolist()}")
    return counts


def gate_pairs(play: PlayRows, candidate: Policy, champion: Policy, *, seed: int, points: int) -> PlayPairs:
    """Return how ``candidate`` and ``champion`` meet: pair ``i`` on seed ``i`` of ``seed``, to ``points`` points.

    A forfeited match is lost. A new gate takes a new ``seed``, or players would be chosen who suit its matches. What ``play``
    raises passes through.
    """
    policies = (candidate, champion)

    def play_pairs(first: int, count: int) -> NDArray[np.int64]:
        rows = _pair_rows(pair_seeds(seed, first, count), points)
        return pair_classes(play(policies, rows))

    return play_pairs


def _pair_rows(seeds: NDArray[np.int64], points: int) -> MatchRows:
    """Return the two matches of players 0 and 1 on each seed, seats swapped in the second."""
    rows = np.zeros(2 * len(seeds), MATCH_DTYPE)
    rows["match_id"] = np.arange(len(rows))
    rows["left"] = rows["match_id"] % 2
    rows["right"] = 1 - rows["left"]
    rows["seed"] = np.repeat(seeds, 2)
    rows["points"] = points
    return rows


def pair_classes(results: Results) -> NDArray[np.int64]:
    """Return how many pairs fell into each class, int64[5], for who is on the left in the first match of each pair.

    Matches ``2 p`` and ``2 p + 1`` are pair ``p``, seats swapped.
    """
    outcomes = results["outcome"].astype(np.int64).reshape(-1, 2)
    return np.bincount(outcomes[:, 0] - outcomes[:, 1] + 2, minlength=PAIR_CLASSES)


def play_through(executor: Executor, game: GameSpec, control: RunControl | None = None) -> PlayRows:
    """Return how ``executor`` plays rows of ``game`` for a gate; pausing ``control`` takes effect between two chunks.

    The returned function raises ``GateInterrupted`` when ``control`` has stopped or cancelled the matches, and ``GateError``
    when matches are lost with their worker processes twice: nobody's strength may depend on who has killed them.
    """

    def play(policies: Sequence[Policy], rows: MatchRows) -> Results:
        results = _played(executor, Matches(game, tuple(policies), rows), control)
        lost = (results["termination"] == Termination.WORKER_DIED).any(axis=1)
        if lost.any():
            results[lost] = _played(executor, Matches(game, tuple(policies), rows[lost]), control)
            if (results["termination"] == Termination.WORKER_DIED).any():
                raise GateError(
                    "worker processes die again and again, perhaps for want of memory: make room, or take fewer workers, and "
                    "hold the gate again"
                )
        return results

    return play


def _played(executor: Executor, matches: Matches, control: RunControl | None) -> Results:
    chunks = list(executor.play(matches.game, matches.policies, [matches.rows], control))
    if sum(len(chunk.results) for chunk in chunks) < len(matches.rows):
        raise GateInterrupted
    return in_order(matches, chunks)
