"""The population: learners with their roles, the pool of whom they play, and what they achieve against it."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.agent import Agent
from ai.selfplay.algorithm import Floats
from ai.selfplay.matchmaking import CURRENT, Choice, Matchmaker, Shares
from ai.selfplay.payoffs import PayoffRow, Payoffs
from ai.selfplay.pool import Pool, Snapshot
from ai.selfplay.roles import Role, SnapshotRules, is_due, starts_again
from ai.selfplay.rollout import Opposition, RolloutStats
from ai.trainer import Json, LearnerState, Opponent, TrainContext, rng_state, set_rng_state
from game.match import is_compiled
from game.policies.bank import Policy, build_bank
from game.policies.dense import DensePolicy
from game.policies.file import PlayerFile
from game.seeding import pair_seed
from game.spec import GameSpec

MAIN: Final = 0
"""The place of the main agent among the learners."""

AGENT_NAME: Final = "main agent"
"""What the main agent of today is called."""

_AGENTS: Final = 1
_MATCHMAKING: Final = 3
"""Which of the run's streams of random numbers is whose; 2 is that of the observations' magnitudes."""


_OWN_NAME: Final = re.compile(rf"({'|'.join(Role)})[- ]\d+|{AGENT_NAME}")


class Population:
    """Everybody who learns or is played; ``train`` lets the one whose turn it is play a rollout and learn from it."""

    def __init__(
        self,
        config: SelfPlayConfig,
        context: TrainContext,
        players: Sequence[Opponent],
        magnitudes: Floats,
        threads: Executor,
    ) -> None:
        check_opponents(players)
        self._config, self._game = config, context.game
        roles = (
            Role.MAIN,
            *(Role.MAIN_EXPLOITER,) * config.main_exploiters,
            *(Role.LEAGUE_EXPLOITER,) * config.league_exploiters,
        )
        seed = pair_seed(context.seed, _AGENTS)
        self.agents = [
            Agent(config, role, context.game, pair_seed(seed, place), magnitudes, threads)
            for place, role in enumerate(roles)
        ]
        self.pool = Pool(players, config.pool_size)
        self.payoffs = Payoffs(len(roles), len(players), config.decay)
        self._rng = np.random.default_rng([context.seed, _MATCHMAKING])
        self._matchmaker = Matchmaker(
            Choice(config.pfsp, config.uniform_share, config.min_games, config.latest_ratio),
            Shares(config.past_share, config.hard_share, config.fixed_share),
        )
        self._turns = np.zeros(len(roles))
        self._quotas = self._turn_shares()
        self._policies: dict[int, DensePolicy] = {}
        self._origin: tuple[str, ...] = ()

    def _turn_shares(self) -> NDArray[np.float64]:
        """Return how often whose turn is; the main agent makes more steps in one, as it plays both sides of some courts."""
        shares = np.full(len(self.agents), self._config.exploiter_share)
        shares[MAIN] = 1.0 - shares[1:].sum()
        turns: NDArray[np.float64] = shares / [agent.rollout_size for agent in self.agents]
        turns /= turns.sum()
        return turns

    def begin_with(self, player: Opponent) -> None:
        """Let the main agent, and exploiters that begin as it does, begin with the network of a player of the league.

        Raises
        ------
        TrainingError
            If it is another network, or values are learned.
        """
        for agent in self.agents:
            if agent is self.main or self._config.exploiter_start == "main":
                agent.begin_with(player)
        self._origin = (player.hash,)

    @property
    def main(self) -> Agent:
        """The main agent."""
        return self.agents[MAIN]

    # Training

    def train(self, done: float) -> tuple[Agent, RolloutStats]:
        """Let one learner play and learn; return it and what has happened."""
        place = self._next()
        agent, row = self.agents[place], self.payoffs.row(place)
        opponents = self._matchmaker.opponents_of(agent.role, row, self.pool.roles, agent.shape, self._rng)
        stats = agent.train(self._opposition(), opponents, self._done(agent, done))
        self.payoffs.record(place, stats.by_opponent)
        self._leave_snapshot(place)
        return agent, stats

    def _next(self) -> int:
        """Return whose turn it is: the learner that lies behind its share the most."""
        self._turns += self._quotas
        place = int(np.argmax(self._turns))
        self._turns[place] -= 1.0
        return place

    def _done(self, agent: Agent, done: float) -> float:
        """Return how far a learner is on its schedules: an exploiter's begin with each of its starts."""
        return done if agent.role is Role.MAIN else min(1.0, agent.since_start / self._config.exploiter_steps)

    def _opposition(self) -> Opposition:
        """Return the bank of the current main agent and the pool."""
        policies = [self.main.player, *(player.policy for player in self.pool.fixed)]
        policies += [self.player_of(snapshot) for snapshot in self.pool.snapshots]
        holds = np.zeros(len(policies), np.int32)
        if self._config.hold_decisions:
            holds[:] = 1
            holds[1 : 1 + len(self.pool.fixed)] = 0
        return Opposition(build_bank(policies), holds)

    def player_of(self, snapshot: Snapshot) -> DensePolicy:
        """Return the player that a snapshot is; it is made once."""
        if snapshot.number not in self._policies:
            self._policies[snapshot.number] = self.main.player_of(snapshot.parameters)
        return self._policies[snapshot.number]

    # Snapshots

    def _leave_snapshot(self, place: int) -> None:
        """Let a learner leave a snapshot where one is due, and an exploiter begin again."""
        agent = self.agents[place]
        if not is_due(agent.role, self._rules(agent.role), agent.since_snapshot, self.payoffs.row(place)):
            return
        number = self.pool.next_number
        snapshot = Snapshot(
            number=number,
            name=self.pool.next_name(agent.role),
            role=agent.role,
            step=sum(each.steps for each in self.agents),
            parent=agent.parent,
            parameters=agent.parameters,
            hash=content_hash(self._game, agent.player),
        )
        leaving = self.pool.add(snapshot, self.payoffs.rates(MAIN))
        self.payoffs.add_member()
        for member in leaving:
            for each in self.agents:
                each.drop(1 + member)
        self.payoffs.remove_members(leaving)
        kept = {each.number for each in self.pool.snapshots}
        self._policies = {each: policy for each, policy in self._policies.items() if each in kept}
        agent.since_snapshot, agent.parent = 0, number
        if starts_again(agent.role, self._rng):
            is_scratch = self._config.exploiter_start == "scratch"
            agent.restart(None if is_scratch else self.main.parameters, None if is_scratch else self.main.parent)
            self.payoffs.reset(place)

    def _rules(self, role: Role) -> SnapshotRules:
        config = self._config
        if role is Role.MAIN:
            return SnapshotRules(config.snapshot_steps, config.snapshot_steps)
        return SnapshotRules(config.exploiter_steps // 4, config.exploiter_steps, min_games=config.min_games)

    # What there is to show

    def policies(self) -> dict[str, Policy]:
        """Return the players of the pool by name."""
        found: dict[str, Policy] = {player.name: player.policy for player in self.pool.fixed}
        return found | {snapshot.name: self.player_of(snapshot) for snapshot in self.pool.snapshots}

    def today(self) -> dict[str, Policy]:
        """Return the players that the learners are now: the main agent, then the exploiters."""
        found: dict[str, Policy] = {AGENT_NAME: self.main.player}
        return found | {self._name(place): agent.player for place, agent in enumerate(self.agents) if place != MAIN}

    def _name(self, place: int) -> str:
        """Return what an exploiter is called."""
        return f"{self.agents[place].role} {place}"

    def newest(self) -> tuple[str, ...]:
        """Return the names of the fixed players and of the newest snapshot of each role."""
        last = {snapshot.role: snapshot.name for snapshot in self.pool.snapshots}
        return (*(player.name for player in self.pool.fixed), *last.values())

    def lineage(self) -> tuple[str, ...]:
        """Return the hashes of the main agent's ancestors, the nearest first; the player it began with is the last."""
        parent = self.main.parent
        if parent is None:
            return self._origin
        itself = () if self.main.since_snapshot == 0 else (self.pool.hash_of(parent),)
        return (*itself, *self.pool.lineage(parent), *self._origin)

    def records(self) -> list[dict[str, Json]]:
        """Return a table of the pool for people."""
        return self.pool.records(self.payoffs.row(MAIN))

    def mix(self) -> dict[str, float]:
        """Return the share of the main agent's courts by the kind of who plays there; the sum is 1."""
        row, own = self.payoffs.row(MAIN), self.main.self_share
        shares = (1.0 - own) * self._matchmaker.mix(Role.MAIN, row, self.pool.roles)
        kinds = {"itself": own + float(shares[CURRENT])}
        for kind, places in self._kinds().items():
            kinds[kind] = float(shares[1 + places].sum())
        return kinds

    def win_rates(self) -> dict[str, float]:
        """Return the main agent's win rate in training by the kind of opponent, where it has met any."""
        row = self.payoffs.row(MAIN)
        kinds = {kind: (row.rates[places], row.games[places]) for kind, places in self._kinds().items()}
        return {
            kind: float((rates * games).sum() / games.sum())
            for kind, (rates, games) in kinds.items()
            if games.sum() > 0.0
        }

    def _kinds(self) -> dict[str, NDArray[np.int64]]:
        """Return the places of the members by what they are."""
        roles = self.pool.roles
        selves = [place for place, role in enumerate(roles) if role is Role.MAIN]
        exploiters = [place for place, role in enumerate(roles) if role not in (None, Role.MAIN)]
        players = [place for place, role in enumerate(roles) if role is None]
        kinds = {"newest self": selves[-1:], "past selves": selves[:-1], "exploiters": exploiters, "players": players}
        return {kind: np.array(places, np.int64) for kind, places in kinds.items() if places}

    def exploiters(self) -> dict[str, float]:
        """Return the win rate of each exploiter against the main agent of today, where they have met."""
        found: dict[str, float] = {}
        for place in range(1, len(self.agents)):
            row: PayoffRow = self.payoffs.row(place)
            if row.current_games > 0.0:
                found[self._name(place)] = row.current_rate
        return found

    # Checkpoints

    def state(self) -> LearnerState:
        """Return everything that changes."""
        parts = {"pool": self.pool.state(), "training": self.payoffs.state()}
        for place, agent in enumerate(self.agents):
            parts[f"agent-{place}"] = LearnerState(*agent.state())
        arrays = {f"{part}/{name}": array for part, state in parts.items() for name, array in state.arrays.items()}
        numbers: dict[str, Json] = {part: dict(state.numbers) for part, state in parts.items()}
        return LearnerState(
            arrays, {**numbers, "turns": [float(turn) for turn in self._turns], "rng": rng_state(self._rng)}
        )

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; ``TrainingError`` if it does not fit the configuration."""
        self.pool.restore(part_of(state, "pool"))
        self.payoffs.restore(part_of(state, "training"), len(self.pool))
        for place, agent in enumerate(self.agents):
            part = part_of(state, f"agent-{place}")
            agent.restore(part.arrays, part.numbers)
        turns = np.array(state.numbers.get("turns"), np.float64)
        if turns.shape != self._turns.shape:
            raise TrainingError("the checkpoint is of other learners: start a new run")
        self._turns = turns
        set_rng_state(self._rng, state.numbers.get("rng"))
        self._policies = {}

    def close(self) -> None:
        """Free what is held."""
        for agent in self.agents:
            agent.close()


def check_opponents(players: Sequence[Opponent]) -> None:
    """Raise ``TrainingError`` for a player that cannot join the pool."""
    hashes = [player.hash for player in players]
    for player in players:
        if not is_compiled(player.policy):
            raise TrainingError(
                f"opponent '{player.name}' is a Python bot: only compiled players play fast enough here, choose others"
            )
        if hashes.count(player.hash) > 1:
            raise TrainingError(f"opponent '{player.name}' is named twice: each player can be there once")
        if _OWN_NAME.fullmatch(player.name):
            raise TrainingError(
                f"opponent '{player.name}' is called as a part of the population is: give the player another name"
            )


def content_hash(game: GameSpec, policy: DensePolicy) -> str:
    """Return the content hash of a player."""
    return PlayerFile("", game.name, game.version, policy).hash


def part_of(state: LearnerState, name: str) -> LearnerState:
    """Return a part of a state, its arrays and numbers by their own names; ``TrainingError`` if it is not there."""
    prefix, numbers = f"{name}/", state.numbers.get(name)
    if not isinstance(numbers, Mapping):
        raise TrainingError(f"the checkpoint lacks '{name}': resume from another one")
    arrays = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
    return LearnerState(arrays, numbers)
