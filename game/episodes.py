"""One match after the other, as the faces for outside learners play them (``game.env``): rules, seeds, scores, pictures."""

import difflib
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from gymnasium import error, spaces
from numpy.typing import NDArray

from game import contract, seeding, vector
from game.errors import BotError, UnknownNameError
from game.games import game as game_of
from game.jit import LANES, entry
from game.match import Match, is_compiled
from game.policies.bank import Policy
from game.policies.scripted import ScriptedPolicy
from game.spec import Court, GameSpec, MatchEnd, Seat

OBSERVATION_LIMIT: Final = 2.0
"""Bound of every observation: games keep them to about [-1, 1]; by its rules, the vy of a curved ball of Rally can reach 1.2."""

MAX_SHAPING: Final = 10.0
"""Of ``hit_reward`` and ``miss_penalty``; a point is 1."""

_PICTURE_PX: Final = (640, 360)
_TEXT_SIZE: Final = (49, 13)
_LAST_BIT: Final = np.uint64(1)

Observation: TypeAlias = NDArray[np.float32]
Opponent: TypeAlias = str | Policy
"""A scripted bot's name, or any policy that is not a Python bot."""
Info: TypeAlias = dict[str, Any]  # Gymnasium's own type


@dataclass(frozen=True)
class Rules:
    """What is played: ``points`` to win a match, ``frame_skip`` ticks a step, and what a step earns beside points.

    ``hit_reward`` is for a contact of one's own, ``miss_penalty`` for a miss, times how far (``game.contract.MEASURE_MISS``).
    ``ValueError`` beyond what is allowed.
    """

    game: GameSpec
    points: int
    frame_skip: int
    hit_reward: float
    miss_penalty: float

    def __post_init__(self) -> None:
        """Refuse numbers out of their ranges."""
        for name, value, most in (
            ("points", self.points, self.game.max_points),
            ("frame_skip", self.frame_skip, vector.MAX_FRAME_SKIP),
        ):
            if not 1 <= value <= most:
                raise ValueError(f"{name} is {value}: 1 to {most} are allowed")
        for name, share in (("hit_reward", self.hit_reward), ("miss_penalty", self.miss_penalty)):
            if not 0.0 <= share <= MAX_SHAPING:
                raise ValueError(f"{name} is {share}: 0 to {MAX_SHAPING:g} are allowed")

    @classmethod
    def of(
        cls, game: str, points: int | None, frame_skip: int, hit_reward: float = 0.0, miss_penalty: float = 0.0
    ) -> "Rules":
        """Return the rules of the game called ``game``; ``points`` None are the game's own."""
        spec = game_of(game)
        return cls(spec, spec.default_points if points is None else points, frame_skip, hit_reward, miss_penalty)

    @property
    def observation_space(self) -> spaces.Box[np.float32]:
        """What an agent sees, float32[n_observations]."""
        return spaces.Box(-OBSERVATION_LIMIT, OBSERVATION_LIMIT, (self.game.n_observations,), np.float32)

    @property
    def action_space(self) -> spaces.Discrete:
        """What an agent can do."""
        return spaces.Discrete(self.game.n_actions)

    def metadata(self, general: Mapping[str, Any]) -> Info:
        """Return ``general`` with the frames a second at which steps are shown in their own time."""
        return {**general, "render_fps": round(1.0 / (self.game.tick_s * self.frame_skip))}

    def policy(self, opponent: Opponent) -> Policy:
        """Return the policy that ``opponent`` names or is.

        Raises
        ------
        UnknownNameError
            If the game has no bot of that name.
        BotError
            If it is a Python bot.
        """
        if isinstance(opponent, str):
            names = [bot.name for bot in self.game.bots]
            if opponent not in names:
                near = difflib.get_close_matches(opponent, names, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"there is: {', '.join(names)}."
                raise UnknownNameError(f"{self.game.title} has no bot '{opponent}': {hint}")
            return ScriptedPolicy.of(self.game, opponent)
        if not is_compiled(opponent):
            raise BotError("a Python bot cannot be the opponent in an environment: take a scripted bot or a network")
        return opponent

    def checked(self, action: Any) -> int:  # whatever a learner hands in
        """Return ``action`` as an integer; ``gymnasium.error.InvalidAction`` if the game has no such action."""
        try:
            index = operator.index(action)
        except TypeError:
            index = -1
        if not 0 <= index < self.game.n_actions:
            raise error.InvalidAction(
                f"action {action!r} is not allowed: an integer from 0 to {self.game.n_actions - 1} "
                f"({', '.join(self.game.actions)})"
            )
        return index


def stream_seed(seed: int | None, rng: np.random.Generator) -> int:
    """Return 64 bits of ``seed``, or of ``rng`` where there is no seed."""
    return int(rng.integers(2**64, dtype=np.uint64)) if seed is None else seed % 2**64


@entry
def _next_seed(stream: NDArray[np.uint64]) -> np.uint64:
    """Return the seed of a stream's next match, as ``game.vector`` does."""
    stream[0] = seeding.advance_state(stream[0])
    return np.uint64(seeding.mix(stream[0]) >> _LAST_BIT)


@entry
def _read_scores(court: Court, scores: NDArray[np.float32]) -> None:
    contract.read_scores(court, scores, 1)


class Episodes:
    """One match after the other, on the seeds that court 0 of ``game.vector.VectorEnv`` plays with the same seed."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.ticks = 0
        self._scores = np.zeros(contract.N_SCORES, np.float32)
        self._match: Match | None = None
        self._stream: NDArray[np.uint64] | None = None

    @property
    def match(self) -> Match:
        """The match in progress; ``gymnasium.error.ResetNeeded`` if there has been none."""
        if self._match is None:
            raise error.ResetNeeded("there is no match yet: call reset() first")
        return self._match

    def start(self, seed: int | None, rng: np.random.Generator) -> Match:
        """Start the next match; with a ``seed``, the first one of its stream."""
        if seed is not None or self._stream is None:
            state = seeding.stream_state(np.uint64(stream_seed(seed, rng)), np.uint64(0))
            self._stream = np.array([state], np.uint64)
        self._match = Match(self.rules.game, int(_next_seed(self._stream)), self.rules.points)
        self.ticks = 0
        self._scores = self._read()
        return self._match

    def playing(self) -> Match:
        """Return the match in progress; ``gymnasium.error.ResetNeeded`` if it is over."""
        if self.match.is_over:
            raise error.ResetNeeded("the match is over: call reset() before the next step()")
        return self.match

    def tick(self, left: int, right: int) -> bool:
        """Play one tick; return whether the match is over."""
        self.match.step(left, right)
        self.ticks += 1
        return self.match.is_over

    def rewards(self) -> tuple[float, float]:
        """Return what the left and the right side have earned since the last call, in the arithmetic of ``game.vector``."""
        before, self._scores = self._scores, self._read()
        won, lost, left_hits, right_hits, left_miss, right_miss = self._scores - before
        hit, miss = np.float32(self.rules.hit_reward), np.float32(self.rules.miss_penalty)
        lead = won - lost
        return float(lead + hit * left_hits - miss * left_miss), float(hit * right_hits - miss * right_miss - lead)

    def _read(self) -> NDArray[np.float32]:
        """Return the match's scores; see ``game.contract.read_scores``."""
        rows = np.empty(contract.N_SCORES * LANES, np.float32)
        _read_scores(self.match._court, rows)  # noqa: SLF001  # no other face of a match needs this kernel
        return rows[::LANES].copy()

    def info(self, seat: Seat) -> Info:
        """Return the score (own points first, as ``rewards`` has last seen it), the ticks, and at the end the outcome.

        The outcome is 1 won, 0 drawn, -1 lost.
        """
        score = self._scores[:2][:: 1 if seat is Seat.LEFT else -1].astype(np.int32)
        outcome = {"outcome": int(np.sign(score[0] - score[1]))} if self.match.is_over else {}
        return {"score": score, "ticks": self.ticks, **outcome}

    def ends(self) -> tuple[bool, bool]:
        """Return whether the match is terminated, and whether it is truncated."""
        if not self.match.is_over:
            return False, False
        is_truncated = int(self.match.result()["end"][0]) == MatchEnd.TICK_LIMIT
        return not is_truncated, is_truncated

    def render(self, mode: str | None, names: tuple[str, str]) -> NDArray[np.uint8] | str | None:
        """Return the picture of the match as RGB uint8[height, width, 3], or as lines of text."""
        if mode == "rgb_array":
            return _pixels(self.match, names)
        return _text(self.match, names) if mode == "ansi" else None


def _pixels(match: Match, names: tuple[str, str]) -> NDArray[np.uint8]:
    from game.render import STYLES, Renderer, View  # loads pygame, which only pictures need

    renderer = Renderer(match.game.shape, STYLES["dark"])
    renderer.resize(*_PICTURE_PX, 1.0)
    renderer.draw(View(picture=match.picture(), names=names, points_to_win=match.points))
    return np.frombuffer(renderer.rgb(), np.uint8).reshape(_PICTURE_PX[1], _PICTURE_PX[0], 3).copy()


def _text(match: Match, names: tuple[str, str]) -> str:
    picture, shape = match.picture(), match.game.shape
    columns, rows = _TEXT_SIZE
    court = [[" "] * columns for _ in range(rows)]

    def put(sign: str, x: float, y: float) -> None:
        column = round((x / shape.half_width + 1.0) / 2.0 * (columns - 1))
        row = round((1.0 - y / shape.half_height) / 2.0 * (rows - 1))
        court[min(max(row, 0), rows - 1)][min(max(column, 0), columns - 1)] = sign

    for x, y in ((-shape.paddle_line, picture["left_y"]), (shape.paddle_line, picture["right_y"])):
        for part in (-1.0, 0.0, 1.0):
            put("|", x, y + part * shape.paddle_half)
    put("o", picture["ball_x"], picture["ball_y"])
    score = f"{names[0]} {picture['left_points']:.0f} : {picture['right_points']:.0f} {names[1]}"
    return "\n".join([score, *("".join(row) for row in court)]) + "\n"
