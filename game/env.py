"""The faces for outside learners: Gymnasium (one match, and many in lockstep) and PettingZoo, over the same rules as everything.

``import game.env`` registers ``rally/<Title>-v<version>`` for every game; without that import, say the module's name, too:

    gymnasium.make("game.env:rally/Rally-v1", opponent="tracker", points=1, frame_skip=4)
    gymnasium.make_vec("game.env:rally/Rally-v1", num_envs=1024, vectorization_mode="vector_entry_point")
    parallel_env(points=1, frame_skip=4)

An *episode* is a match, a *step* is ``frame_skip`` ticks on which the agent's action is held; its opponent decides on every tick.
The reward of a step is points won less points lost; where asked for, plus ``hit_reward`` for every contact of one's own, less
``miss_penalty`` times how far a ball was missed. An episode is terminated when a side has its points, truncated at the match's
tick limit. An observation is what the game's rule book says, seen as if the agent played on the left. Nothing else in the project
imports this module, nor what it imports.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import gymnasium
import numpy as np
from gymnasium import error, spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from game import vector
from game.episodes import Episodes, Info, Observation, Opponent, Rules, stream_seed
from game.fault import Fault
from game.games import games
from game.match import CompiledPlayer, Match, idle_action
from game.policies.bank import build_bank
from game.spec import GameSpec, Seat

NAMESPACE: Final = "rally"
"""Of all games of this project among Gymnasium's environments."""

AGENTS: Final = ("left", "right")

_METADATA: Final[Info] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 60}
_VECTOR_METADATA: Final[Info] = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}


def _seats(agent: str, other: str, seat: Seat) -> tuple[str, str]:
    """Return the names by seat."""
    return (agent, other) if seat is Seat.LEFT else (other, agent)


def _checked_mode(mode: str | None, metadata: Mapping[str, Any]) -> str | None:
    if mode is not None and mode not in metadata["render_modes"]:
        raise error.UnsupportedMode(
            f"render_mode is {mode!r}: {', '.join(metadata['render_modes'])} or None are allowed"
        )
    return mode


class MatchEnv(gymnasium.Env[Observation, np.int64]):
    """One match of ``game`` against ``opponent``, with the agent on ``seat`` ("left" or "right").

    ``reset(seed=...)`` begins a stream of matches; ``reset()`` goes on to the next one.
    An opponent whose network answers NaN idles.

    Raises
    ------
    ValueError
        If ``points``, ``frame_skip``, ``hit_reward``, ``miss_penalty`` or ``seat`` is not allowed.
    UnknownNameError, BotError
        If there is no such game or bot, or the opponent is a Python bot.
    """

    metadata = _METADATA

    def __init__(  # noqa: PLR0913  # the options of an environment are its arguments
        self,
        game: str = "rally",
        *,
        opponent: Opponent = "tracker",
        points: int | None = None,
        frame_skip: int = 1,
        hit_reward: float = 0.0,
        miss_penalty: float = 0.0,
        seat: str = "left",
        render_mode: str | None = None,
    ) -> None:
        if seat not in AGENTS:
            raise ValueError(f"seat is {seat!r}: {' or '.join(AGENTS)} is allowed")
        rules = Rules.of(game, points, frame_skip, hit_reward, miss_penalty)
        self.observation_space = rules.observation_space
        self.action_space = rules.action_space
        self.metadata = rules.metadata(_METADATA)
        self.render_mode = _checked_mode(render_mode, self.metadata)
        self._seat = Seat(AGENTS.index(seat))
        self._names = _seats("agent", opponent if isinstance(opponent, str) else "opponent", self._seat)
        self._bank = build_bank([rules.policy(opponent)])
        self._episodes = Episodes(rules)
        self._idle = idle_action(rules.game)

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[Observation, Info]:
        """Start the next match, with a ``seed`` the first of its stream; there are no ``options``."""
        super().reset(seed=seed, options=options)
        match = self._episodes.start(seed, self.np_random)
        other = Seat(1 - self._seat)
        self._player = CompiledPlayer(match.game, self._bank, 0, seat=other, seed=match.seed)
        return match.observation(self._seat), self._episodes.info(self._seat)

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, Info]:
        """Play one step; return observation, reward, terminated, truncated, info.

        Raises
        ------
        gymnasium.error.InvalidAction, gymnasium.error.ResetNeeded
            If the game has no such action; if the match is over.
        """
        mine = self._episodes.rules.checked(action)
        match = self._episodes.playing()
        for _ in range(self._episodes.rules.frame_skip):
            theirs = self._opponent_action(match)
            sides = (mine, theirs) if self._seat is Seat.LEFT else (theirs, mine)
            if self._episodes.tick(*sides):
                break
        reward = self._episodes.rewards()[self._seat]
        info = self._episodes.info(self._seat)
        return match.observation(self._seat), reward, *self._episodes.ends(), info

    def render(self) -> NDArray[np.uint8] | str | None:
        """Return the picture that ``render_mode`` asks for; None without one."""
        return self._episodes.render(self.render_mode, self._names)

    def _opponent_action(self, match: Match) -> int:
        try:
            return self._player.decide(match.observation(Seat(1 - self._seat)))
        except Fault:
            return self._idle


class VectorMatchEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """``num_envs`` matches of ``game`` in lockstep, compiled, the agents on the left.

    With several opponents, as many courts play each. A court whose match ends starts the next at once (autoreset ``SAME_STEP``):
    ``infos["final_obs"]`` holds the last observation of the match, ``infos["final_info"]`` its ticks and outcome. Where a match
    ends within a step, its court idles through the rest of the step in the next match.

    Raises
    ------
    ValueError
        If ``num_envs``, ``points``, ``frame_skip``, ``hit_reward`` or ``miss_penalty`` is not allowed.
    UnknownNameError, BotError
        If there is no such game or bot, or an opponent is a Python bot.
    """

    metadata = _VECTOR_METADATA

    def __init__(  # noqa: PLR0913  # as above
        self,
        num_envs: int = 1,
        game: str = "rally",
        *,
        opponent: Opponent | Sequence[Opponent] = "tracker",
        points: int | None = None,
        frame_skip: int = 1,
        hit_reward: float = 0.0,
        miss_penalty: float = 0.0,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs}: at least 1 is needed")
        self.rules = Rules.of(game, points, frame_skip, hit_reward, miss_penalty)
        opponents = opponent if isinstance(opponent, Sequence) and not isinstance(opponent, str) else (opponent,)
        bank = build_bank([self.rules.policy(one) for one in opponents])
        self.num_envs = num_envs
        self.single_observation_space = self.rules.observation_space
        self.single_action_space = self.rules.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        played = (np.arange(num_envs) * len(opponents) // num_envs).astype(np.int32)
        self._courts = vector.VectorEnv(
            self.rules.game, bank, played, 0, points=self.rules.points, frame_skip=self.rules.frame_skip
        )
        self._courts.hit_reward, self._courts.miss_penalty = hit_reward, miss_penalty
        self._is_seeded = False

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[Observation, Info]:
        """Start a match on every court, with a ``seed`` the first ones of its streams; there are no ``options``."""
        super().reset(seed=seed, options=options)
        is_first = seed is not None or not self._is_seeded
        self._is_seeded = True
        self._courts.reset(stream_seed(seed, self.np_random) if is_first else None)
        return self._courts.observations.copy(), {}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observation, NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """Play one step with ``actions`` [num_envs]; return observations, rewards, terminations, truncations, infos.

        Raises
        ------
        gymnasium.error.InvalidAction, gymnasium.error.ResetNeeded
            If there are not ``num_envs`` actions, or the game has no such action; before the first ``reset()``.
        """
        if not self._is_seeded:
            raise error.ResetNeeded("there is no match yet: call reset() first")
        courts = self._courts
        courts.step(self._checked(actions))
        terminated, truncated = courts.terminated.astype(np.bool_), courts.truncated.astype(np.bool_)
        infos = self._ended(terminated | truncated)
        return courts.observations.copy(), courts.rewards.astype(np.float64), terminated, truncated, infos

    def _checked(self, actions: Any) -> NDArray[np.int32]:  # whatever a learner hands in
        array = np.asarray(actions)
        if array.shape != (self.num_envs,) or array.dtype.kind not in "iu":
            raise error.InvalidAction(
                f"actions are {array.dtype}{array.shape}: integers of shape ({self.num_envs},) are needed"
            )
        if array.min() < 0 or array.max() >= self.rules.game.n_actions:
            raise error.InvalidAction(
                f"actions from {array.min()} to {array.max()} are not allowed: 0 to {self.rules.game.n_actions - 1} are"
            )
        return np.ascontiguousarray(array, np.int32)

    def _ended(self, is_over: NDArray[np.bool_]) -> Info:
        """Return what Gymnasium says of episodes that ended in this step; values of the others are 0 or None."""
        if not is_over.any():
            return {}
        outcome = self._courts.outcome
        final = np.full(self.num_envs, None, object)
        for court in np.flatnonzero(is_over).tolist():
            final[court] = outcome.final_observations[court].copy()
        told = {"ticks": np.where(is_over, outcome.ticks, 0), "outcome": np.where(is_over, outcome.leads, 0)}
        masks = {f"_{name}": is_over.copy() for name in told}
        return {
            "final_obs": final,
            "_final_obs": is_over.copy(),
            "final_info": {**told, **masks},
            "_final_info": is_over.copy(),
        }


class ParallelMatchEnv(ParallelEnv[str, Observation, int]):  # type: ignore[misc]  # PettingZoo ships no types
    """One match of ``game`` between two agents, ``left`` and ``right``, who act at the same time.

    Raises
    ------
    ValueError, UnknownNameError
        If ``points``, ``frame_skip``, ``hit_reward`` or ``miss_penalty`` is not allowed; if there is no such game.
    """

    metadata = _METADATA

    def __init__(
        self,
        game: str = "rally",
        *,
        points: int | None = None,
        frame_skip: int = 1,
        hit_reward: float = 0.0,
        miss_penalty: float = 0.0,
        render_mode: str | None = None,
    ) -> None:
        rules = Rules.of(game, points, frame_skip, hit_reward, miss_penalty)
        name = f"{rules.game.name}_v{rules.game.version}"
        self.metadata = rules.metadata({**_METADATA, "name": name, "is_parallelizable": True})
        self.render_mode = _checked_mode(render_mode, self.metadata)
        self.possible_agents = list(AGENTS)
        self.agents: list[str] = []
        self.observation_spaces = {"left": rules.observation_space, "right": rules.observation_space}
        self.action_spaces = {"left": rules.action_space, "right": rules.action_space}
        self._episodes = Episodes(rules)
        self._rng = np.random.default_rng()

    def observation_space(self, agent: str) -> spaces.Box[np.float32]:
        """Return what ``agent`` sees, the same object each time."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """Return what ``agent`` can do, the same object each time."""
        return self.action_spaces[agent]

    def reset(
        self,
        seed: int | None = None,
        options: Info | None = None,  # noqa: ARG002  # PettingZoo's signature
    ) -> tuple[dict[str, Observation], dict[str, Info]]:
        """Start the next match, with a ``seed`` the first of its stream; there are no ``options``."""
        self._episodes.start(seed, self._rng)
        self.agents = list(AGENTS)
        return self._observations(), self._infos()

    def step(
        self, actions: dict[str, int]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Info]]:
        """Play one step; return observations, rewards, terminations, truncations and infos by agent.

        Raises
        ------
        gymnasium.error.InvalidAction, gymnasium.error.ResetNeeded
            If an agent has no action or one that the game does not have; if the match is over.
        """
        match = self._episodes.playing()
        if set(actions) != set(AGENTS):
            raise error.InvalidAction(f"actions are for {sorted(actions)}: both {' and '.join(AGENTS)} need one")
        left, right = (self._episodes.rules.checked(actions[agent]) for agent in AGENTS)
        for _ in range(self._episodes.rules.frame_skip):
            if self._episodes.tick(left, right):
                break
        rewards = self._episodes.rewards()
        terminated, truncated = self._episodes.ends()
        if match.is_over:
            self.agents = []
        return (
            self._observations(),
            dict(zip(AGENTS, rewards, strict=True)),
            dict.fromkeys(AGENTS, terminated),
            dict.fromkeys(AGENTS, truncated),
            self._infos(),
        )

    def render(self) -> NDArray[np.uint8] | str | None:
        """Return the picture that ``render_mode`` asks for; None without one."""
        return self._episodes.render(self.render_mode, AGENTS)

    def _observations(self) -> dict[str, Observation]:
        return {agent: self._episodes.match.observation(seat) for agent, seat in zip(AGENTS, Seat, strict=True)}

    def _infos(self) -> dict[str, Info]:
        return {agent: self._episodes.info(seat) for agent, seat in zip(AGENTS, Seat, strict=True)}


parallel_env: Final = ParallelMatchEnv
"""What PettingZoo's libraries ask a module for."""


def environment_id(game: GameSpec) -> str:
    """Return the name of ``game`` among Gymnasium's environments."""
    return f"{NAMESPACE}/{game.title.replace(' ', '')}-v{game.version}"


for _game in games():
    gymnasium.register(
        environment_id(_game),
        entry_point=f"{__name__}:{MatchEnv.__name__}",
        vector_entry_point=f"{__name__}:{VectorMatchEnv.__name__}",
        kwargs={"game": _game.name},
    )
