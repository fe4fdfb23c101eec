"""The learner: it lets the population train, measures how good the main agent has become, and lets champions through the gate."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from ai.anchors import Ladder
from ai.dense.observing import observed_magnitudes
from ai.errors import TrainingCancelled, TrainingError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.algorithm import LearnStats
from ai.selfplay.demand import check_memory
from ai.selfplay.measuring import MeasuredPayoffs
from ai.selfplay.pool import leaves
from ai.selfplay.population import AGENT_NAME, Population, part_of
from ai.selfplay.roles import Role
from ai.selfplay.rollout import RolloutStats
from ai.trainer import Champion, Json, LearnerState, Opponent, StepReport, TrainContext
from game.match import is_compiled
from game.policies.bank import Policy, build_bank
from game.policies.dense import DensePolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seed
from game.spec import GameSpec
from league.gate import GateConfig, PlayPairs, Verdict, gate_pairs, judge

_MAGNITUDES: Final = 2
_GATE: Final = 4
_EXPLOIT: Final = 5
"""Which of the run's streams of random numbers is whose; see ``ai.selfplay.population``."""

_EXPLOIT_PAIRS: Final = 50
"""In which it is measured how well the main agent can be beaten."""

_COUNTS: Final = ("iteration", "steps", "episodes", "evaluated", "gated", "champions")


class SelfPlayLearner:
    """One run of self-play."""

    def __init__(self, config: SelfPlayConfig, context: TrainContext) -> None:
        check_memory(config, context.game)
        self._config, self._context = config, context
        players = context.opponents(config.opponents)
        anchors = context.opponents(config.anchors)
        self._ladder = Ladder(context, anchors, config.evaluation_pairs)
        magnitudes = observed_magnitudes(
            context.game,
            build_bank(_compiled(context.game, anchors)),
            config.frame_skip,
            pair_seed(context.seed, _MAGNITUDES),
        )
        self._threads = ThreadPoolExecutor(max(1, context.workers), thread_name_prefix="selfplay")
        self._population = Population(config, context, players, magnitudes, self._threads)
        if config.start_from:
            self._population.begin_with(context.opponent(config.start_from))
        self._payoffs = MeasuredPayoffs(context, config.payoff_pairs)
        self._champion = self._population.main.parameters
        self._iteration = self._steps = self._episodes = 0
        self._evaluated = self._gated = self._champions = 0

    @property
    def policy(self) -> DensePolicy:
        """The player that the main agent is now."""
        return self._population.main.player

    @property
    def population(self) -> Population:
        """Who learns and is played."""
        return self._population

    # Training

    def step(self) -> StepReport:
        """Play and learn for an iteration, ``report_steps`` steps."""
        before, goal = self._steps, self._steps + self._config.report_steps
        tally = _Tally()
        while self._steps < goal and not self._is_over:
            if self._context.control.is_cancelled:
                raise TrainingCancelled
            agent, stats = self._population.train(self._done)
            self._steps += stats.steps
            self._episodes += stats.episodes
            tally.add(stats, agent.learned, is_main=agent.role is Role.MAIN)
        self._iteration += 1
        self._forget()
        values = {**tally.values(self._context.game.tick_s), **self._facts()}
        details: dict[str, Json] = {"pool": list(self._population.records())}
        champion = self._look(values, details)
        work = {"steps": self._steps - before, "episodes": tally.episodes, "updates": tally.updates}
        return StepReport(self._iteration, self._expected, values, work, champion, details)

    @property
    def _done(self) -> float:
        """Share of the training that is over."""
        return min(1.0, self._steps / self._config.steps)

    @property
    def _is_over(self) -> bool:
        return self._steps >= self._config.steps

    @property
    def _expected(self) -> int | None:
        left = max(0, self._config.steps - self._steps)
        return self._iteration + math.ceil(left * self._iteration / self._steps)

    def _facts(self) -> dict[str, float]:
        population = self._population
        families = {
            "mix": population.mix(),
            "training_win_rate": population.win_rates(),
            "exploiter_win_rate": population.exploiters(),
        }
        values = {f"{family}/{name}": value for family, found in families.items() for name, value in found.items()}
        counts = {"snapshots": len(population.pool.snapshots), "champions": self._champions, "total_steps": self._steps}
        return {**values, **{name: float(count) for name, count in counts.items()}}

    # Evaluation

    def _look(self, values: dict[str, float], details: dict[str, Json]) -> Champion | None:
        """Evaluate the main agent and the population where that is due; return a champion that has passed the gate."""
        config = self._config
        due, gate_due = self._steps // config.evaluate_steps, self._steps // config.gate_steps
        is_gate_due = gate_due > self._gated or self._is_over
        elo = self._rate(values) if due > self._evaluated or is_gate_due else 0.0
        self._evaluated, self._gated = due, gate_due
        if not is_gate_due:
            return None
        self._measure()
        values |= self._payoffs.metrics()
        values |= self._exploited()
        details["payoffs"] = self._payoffs.detail()
        return self._hold_gate(values, elo)

    def _rate(self, values: dict[str, float]) -> float:
        """Play the main agent against the anchors; return its rating."""
        found = self._ladder.evaluate(self.policy)
        for player, rate in zip(self._ladder.players, found.win_rates, strict=True):
            values[f"win_rate/{player.name}"] = rate
        values["score"] = sum(found.win_rates) / len(found.win_rates)
        values["elo"] = found.elo
        return found.elo

    def _measure(self) -> None:
        """Bring the payoff matrix up to date: the learners of today and the newest snapshot of each role come in.

        Of the other snapshots those stay that ``payoff_size`` has room for.
        """
        population, payoffs = self._population, self._payoffs
        policies = population.policies()
        newcomers = {name: policies[name] for name in population.newest() if name not in payoffs.names}
        payoffs.join_all({**newcomers, **population.today()})
        shown = [each for each in population.pool.snapshots if each.name in payoffs.names]
        while len(payoffs.names) > self._config.payoff_size and len(shown) > 1:
            scores = payoffs.matrix.score[payoffs.names.index(AGENT_NAME)]
            known = np.array([scores[payoffs.names.index(each.name)] for each in shown])
            payoffs.leave(shown.pop(leaves(np.array([each.step for each in shown]), known)).name)

    def _exploited(self) -> dict[str, float]:
        """Return the score against the main agent of whom the matrix says does best, in pairs of their own.

        The best of many scores is too high by chance; on new seeds it is not.
        """
        best = self._payoffs.matrix.best_response(AGENT_NAME)
        if best is None:
            return {}
        player = {**self._population.policies(), **self._population.today()}[best.name]
        counts = self._pairs(player, self.policy, _EXPLOIT)(0, _EXPLOIT_PAIRS)
        return {"exploitability": float(counts @ np.linspace(0.0, 1.0, len(counts))) / _EXPLOIT_PAIRS}

    def _forget(self) -> None:
        """Take who has left the pool out of the payoff matrix."""
        there = {*self._population.today(), *self._population.pool.names}
        for name in self._payoffs.names:
            if name not in there:
                self._payoffs.leave(name)

    def _hold_gate(self, values: dict[str, float], elo: float) -> Champion | None:
        """Let the main agent play the champion; return it if it is better."""
        verdict = self._judge(self.policy)
        values["gate_score"], values["gate_pairs"] = verdict.score, float(verdict.pairs)
        if not verdict.is_better:
            return None
        self._champions += 1
        values["champions"] = float(self._champions)
        self._champion = self._population.main.parameters
        return Champion(self.policy, elo, self._population.lineage())

    def _judge(self, candidate: Policy) -> Verdict:
        """Return what the gate finds; each gate has pairs of its own."""
        config = self._config
        champion = self._population.main.player_of(self._champion)
        gate = GateConfig(
            alpha=config.gate_alpha, beta=config.gate_beta, elo1=config.gate_elo, max_pairs=config.gate_pairs
        )
        return judge(self._pairs(candidate, champion, _GATE), gate)

    def _pairs(self, one: Policy, other: Policy, stream: int) -> PlayPairs:
        """Return how two players meet now, on seeds of this iteration and purpose alone."""
        context = self._context
        seed = pair_seed(pair_seed(context.seed, stream), self._iteration)
        return gate_pairs(context.play, one, other, seed=seed, points=context.game.default_points)

    # Checkpoints

    def state(self) -> LearnerState:
        """Return everything that the next step depends on."""
        measured, numbers = self._payoffs.state()
        parts = {"population": self._population.state(), "measured": LearnerState(measured, numbers)}
        arrays = {f"{part}/{name}": array for part, state in parts.items() for name, array in state.arrays.items()}
        kept: dict[str, Json] = {part: dict(state.numbers) for part, state in parts.items()}
        counts: dict[str, Json] = {name: getattr(self, f"_{name}") for name in _COUNTS}
        return LearnerState({**arrays, "champion": self._champion.copy()}, {**kept, **counts})

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; see ``Learner.restore``."""
        missing = [name for name in _COUNTS if not isinstance(state.numbers.get(name), int)]
        champion = state.arrays.get("champion")
        if missing or champion is None:
            raise TrainingError(f"the checkpoint lacks {', '.join(missing) or 'its champion'}: resume from another one")
        self._population.restore(part_of(state, "population"))
        if champion.shape != self._champion.shape:
            raise TrainingError("the checkpoint's champion is of another network: resume from another one")
        measured = part_of(state, "measured")
        self._payoffs.restore(
            measured.arrays, measured.numbers, {**self._population.policies(), **self._population.today()}
        )
        self._champion = champion.astype(np.float32)
        for name in _COUNTS:
            setattr(self, f"_{name}", state.numbers[name])

    def close(self) -> None:
        """End the threads and free what is held."""
        self._threads.shutdown()
        self._population.close()


def _compiled(game: GameSpec, players: Sequence[Opponent]) -> list[Policy]:
    """Return the policies of ``players`` that kernels can play, or a bot of the game if there are none."""
    policies = [player.policy for player in players if is_compiled(player.policy)]
    return policies or [ScriptedPolicy.of(game, game.bots[0].name)]


class _Tally:
    """What happened in an iteration."""

    def __init__(self) -> None:
        self.episodes = self.updates = 0
        self._main_episodes = self._ticks = 0
        self._reward = 0.0
        self._learned: dict[str, float] = {}
        self._main_updates = 0

    def add(self, stats: RolloutStats, learned: LearnStats, *, is_main: bool) -> None:
        """Take a rollout in, and what was learned from it; metrics are of the main agent."""
        self.episodes += stats.episodes
        self.updates += learned.updates
        if is_main:
            self._main_episodes += stats.episodes
            self._ticks += stats.episode_ticks
            self._reward += stats.reward_sum
            self._main_updates += learned.updates
            for name, value in learned.values.items():
                self._learned[name] = self._learned.get(name, 0.0) + value * learned.updates

    def values(self, tick_s: float) -> dict[str, float]:
        """Return the metrics; what did not happen is left out."""
        values = {name: total / self._main_updates for name, total in self._learned.items()}
        if self._main_episodes:
            values["reward"] = self._reward / self._main_episodes
            values["episode_s"] = self._ticks * tick_s / self._main_episodes
        return values
