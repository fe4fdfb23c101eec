"""The scripted bots of Rally: a graded ladder that every learned player is measured against.

A bot acts on the same observation as a network, nothing more. ``random`` < ``tracker`` < ``predictor`` < ``aimer``;
``still`` never moves. Each has a *reaction delay* (ticks after the ball turns towards it before it responds) and an
*aim noise* (paddle reaches by which it misjudges one approach, drawn anew for each), so that a ladder has rungs in between.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game import seeding
from game.games.rally_court import (
    BALL_TOP,
    CONTACT_SLOPE,
    HALF,
    HALF_HEIGHT,
    HALF_WIDTH,
    MAGNUS_TICK,
    ONE,
    PACE_GAIN,
    PACE_LIMIT,
    PADDLE_ACCELERATION,
    PADDLE_LINE,
    PADDLE_SPEED,
    PADDLE_TOP,
    REACH,
    SPIN_DECAY,
    SPIN_GAIN,
    SPIN_KEPT,
    SPIN_LIMIT,
    TICK,
    TWO,
    WALL_GRIP,
    ZERO,
    RallyCourt,
)
from game.jit import LANES, kernel
from game.spec import BotParameter, ScriptedBot

RANDOM_BOT: Final = 0
STILL: Final = 1
TRACKER: Final = 2
PREDICTOR: Final = 3
AIMER: Final = 4

# Rows of a bot's memory.
_APPROACH: Final = 0 * LANES  # ticks for which the ball has been coming, 0 while it leaves
_ERROR: Final = 1 * LANES  # misjudgement of this approach, in court units
_TARGET: Final = 2 * LANES  # aimer: paddle y wanted at the contact
_SWING: Final = 3 * LANES  # aimer: +1 or -1 to move through the contact, 0 to stand
_ARRIVAL: Final = 4 * LANES  # aimer: ticks until the contact
MEMORY_ROWS: Final = 5

_DEAD_ZONE: Final = np.float32(0.008)
_SWING_TICKS: Final = np.float32(6.0)
_SWING_PATH: Final = np.float32(0.03)  # what the paddle covers in that time from standing
_OFFSET_STEP: Final = np.float32(0.3)  # the aimer considers contact offsets of -2 to 2 steps
_THREE: Final = np.float32(3.0)
_PLAN_TICKS: Final = 400  # longest flight that a plan looks ahead
_FAR: Final = np.float32(4.0)  # ticks a step of the coarse look at where a return would land

_DELAY: Final = BotParameter("delay", 0.0, 0.0, 60.0, "ticks before the bot responds to a ball that turns towards it")
_NOISE: Final = BotParameter(
    "noise", 0.0, 0.0, 4.0, "misjudgement of each approach, standard deviation in paddle reaches"
)

BOTS: Final = (
    ScriptedBot(
        "random",
        RANDOM_BOT,
        "takes a random action and keeps it for some ticks",
        (BotParameter("hold", 12.0, 1.0, 600.0, "ticks for which an action is kept"),),
    ),
    ScriptedBot("still", STILL, "never moves", ()),
    ScriptedBot(
        "tracker", TRACKER, "follows the ball's height", (_DELAY._replace(default=6.0), _NOISE._replace(default=0.3))
    ),
    ScriptedBot(
        "predictor",
        PREDICTOR,
        "goes where a straight flight with wall bounces would meet its line, and to the middle otherwise",
        (_DELAY._replace(default=6.0), _NOISE._replace(default=0.6)),
    ),
    ScriptedBot(
        "aimer",
        AIMER,
        "computes the flight with spin, and chooses contact offset and swing so that the return is hardest to reach",
        (_DELAY._replace(default=6.0), _NOISE._replace(default=0.12)),
    ),
)


@kernel
def _uniform(random: NDArray[np.uint64], lane: int) -> np.float32:
    """Return the lane's next random number, in [0, 1)."""
    random[lane] = seeding.advance_state(random[lane])
    return seeding.unit_float(seeding.mix(random[lane]))


@kernel
def _bell(random: NDArray[np.uint64], lane: int) -> np.float32:
    """Return a number of mean 0 and standard deviation 1: Irwin-Hall of three uniforms, within +-3."""
    total: np.float32 = _uniform(random, lane) + _uniform(random, lane) + _uniform(random, lane)
    bell: np.float32 = TWO * (total - np.float32(1.5))
    return bell


@kernel
def _steer(own_y: np.float32, own_v: np.float32, target: np.float32) -> int:
    """Return the action that brings a paddle to rest at ``target``, its braking path counted in."""
    miss = target - (own_y + own_v * abs(own_v) / (TWO * PADDLE_ACCELERATION))
    if miss > _DEAD_ZONE:
        return 0
    return 2 if miss < -_DEAD_ZONE else 1


@kernel
def _count_approach(
    noise: np.float32, observation: NDArray[np.float32], memory: NDArray[np.float32], random: NDArray[np.uint64], n: int
) -> None:
    """Count the ticks for which the ball has been coming; a new approach draws a new misjudgement."""
    for i in range(n):
        coming = observation[2 * LANES + i] < ZERO
        memory[_APPROACH + i] = memory[_APPROACH + i] + ONE if coming else ZERO
    for i in range(n):
        if memory[_APPROACH + i] == ONE:
            memory[_ERROR + i] = noise * REACH * _bell(random, i)


@kernel
def _fold_wave(y: np.float32) -> np.float32:
    """Return ``y`` reflected into the court as often as needed (a triangle wave)."""
    period = np.float32(4.0) * BALL_TOP
    phase = (y + BALL_TOP) / period
    phase = phase - np.float32(np.floor(phase))
    return BALL_TOP - abs(np.float32(4.0) * phase - TWO) * BALL_TOP


@kernel
def _decide_random(
    hold: np.float32, mind: tuple[NDArray[np.float32], NDArray[np.uint64]], actions: NDArray[np.int32], n: int
) -> None:
    memory, random = mind
    for i in range(n):
        if memory[_APPROACH + i] <= ZERO:
            memory[_APPROACH + i] = hold
            memory[_TARGET + i] = np.floor(_uniform(random, i) * _THREE)
        memory[_APPROACH + i] -= ONE
        actions[i] = np.int32(memory[_TARGET + i])


@kernel
def _decide_tracker(
    delay: np.float32, observation: NDArray[np.float32], memory: NDArray[np.float32], actions: NDArray[np.int32], n: int
) -> None:
    for i in range(n):
        seen = observation[LANES + i] * HALF_HEIGHT - observation[3 * LANES + i] * PACE_LIMIT * delay * TICK
        target = seen + memory[_ERROR + i]
        actions[i] = _steer(observation[5 * LANES + i] * HALF_HEIGHT, observation[6 * LANES + i] * PADDLE_SPEED, target)


@kernel
def _decide_predictor(
    delay: np.float32, observation: NDArray[np.float32], memory: NDArray[np.float32], actions: NDArray[np.int32], n: int
) -> None:
    for i in range(n):
        vx = observation[2 * LANES + i] * PACE_LIMIT
        ticks = (-PADDLE_LINE - observation[i] * HALF_WIDTH) / (vx if vx < ZERO else -ONE)
        y = _fold_wave(observation[LANES + i] * HALF_HEIGHT + observation[3 * LANES + i] * PACE_LIMIT * ticks)
        target = y + memory[_ERROR + i] if memory[_APPROACH + i] > delay else ZERO
        actions[i] = _steer(observation[5 * LANES + i] * HALF_HEIGHT, observation[6 * LANES + i] * PADDLE_SPEED, target)


@kernel
def _fly(
    ball: tuple[np.float32, np.float32, np.float32, np.float32, np.float32], line: np.float32, stride: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Fly a ball (x, y, vx, vy, spin) to x = ``line``, ``stride`` ticks a step; return (y, ticks, spin) there."""
    x, y, vx, vy, spin = ball
    ticks = ZERO
    for _ in range(_PLAN_TICKS):
        vy = vy + MAGNUS_TICK * stride * spin * vx
        to = x + vx * TICK * stride
        if (vx < ZERO and to <= line) or (vx > ZERO and to >= line):
            part = (line - x) / (to - x)
            return _fold_wave(y + vy * TICK * stride * part), ticks + stride * part, spin
        free = y + vy * TICK * stride
        if abs(free) > BALL_TOP:
            kick = WALL_GRIP * spin if free > ZERO else -(WALL_GRIP * spin)
            vx = vx + kick if abs(vx + kick) > HALF * abs(vx) else vx
            vy = -vy
            spin = spin * HALF
        x = to
        y = _fold_wave(free)
        spin = spin * (ONE - stride * (ONE - SPIN_DECAY))
        ticks = ticks + stride
    return y, ticks, spin


@kernel
def _choose_return(
    observation: NDArray[np.float32], contact: tuple[np.float32, np.float32, np.float32], lane: int
) -> tuple[np.float32, np.float32]:
    """Return (contact offset, swing) of the return that lands furthest from what the opponent can reach."""
    y, _, spin = contact
    vx = observation[2 * LANES + lane]
    vy = observation[3 * LANES + lane]
    pace = min(np.sqrt(vx * vx + vy * vy) * PACE_LIMIT * PACE_GAIN, PACE_LIMIT)
    other = observation[7 * LANES + lane] * HALF_HEIGHT
    best = -TWO
    offset, swing = ZERO, ZERO
    for step in range(5):
        for turn in range(3):
            slope = CONTACT_SLOPE * np.float32(step - 2) * _OFFSET_STEP
            paddle_v = np.float32(turn - 1) * PADDLE_SPEED
            out_vx = pace / np.sqrt(ONE + slope * slope)
            new_spin = max(min(SPIN_KEPT * spin - SPIN_GAIN * paddle_v, SPIN_LIMIT), -SPIN_LIMIT)
            land, ticks, _ = _fly((-PADDLE_LINE, y, out_vx, out_vx * slope, new_spin), PADDLE_LINE, _FAR)
            gap = abs(land - other * HALF) - PADDLE_SPEED * ticks * TICK
            if gap > best:
                best = gap
                offset = np.float32(step - 2) * _OFFSET_STEP
                swing = np.float32(turn - 1)
    return offset, swing


@kernel
def _plan(observation: NDArray[np.float32], memory: NDArray[np.float32], lane: int) -> None:
    """Work out where the ball arrives, and how to meet it."""
    ball = (
        observation[lane] * HALF_WIDTH,
        observation[LANES + lane] * HALF_HEIGHT,
        observation[2 * LANES + lane] * PACE_LIMIT,
        observation[3 * LANES + lane] * PACE_LIMIT,
        observation[4 * LANES + lane] * SPIN_LIMIT,
    )
    contact = _fly(ball, -PADDLE_LINE, ONE)
    offset, swing = _choose_return(observation, contact, lane)
    target = contact[0] - offset * REACH + memory[_ERROR + lane]
    memory[_TARGET + lane] = max(min(target, PADDLE_TOP), -PADDLE_TOP)
    memory[_SWING + lane] = swing
    memory[_ARRIVAL + lane] = contact[1]


@kernel
def _decide_aimer(
    delay: np.float32, observation: NDArray[np.float32], memory: NDArray[np.float32], actions: NDArray[np.int32], n: int
) -> None:
    for i in range(n):
        if memory[_APPROACH + i] == np.floor(delay) + ONE:
            _plan(observation, memory, i)
        planned = memory[_APPROACH + i] > delay
        swing = memory[_SWING + i] if planned else ZERO
        target = memory[_TARGET + i] - swing * _SWING_PATH if planned else ZERO
        action = _steer(observation[5 * LANES + i] * HALF_HEIGHT, observation[6 * LANES + i] * PADDLE_SPEED, target)
        if planned and swing != ZERO and memory[_ARRIVAL + i] <= _SWING_TICKS:
            action = 0 if swing > ZERO else 2
        memory[_ARRIVAL + i] -= ONE
        actions[i] = action


@kernel
def decide(
    court: RallyCourt,
    script: tuple[int, NDArray[np.float32]],
    observation: NDArray[np.float32],
    mind: tuple[NDArray[np.float32], NDArray[np.uint64]],
    actions: NDArray[np.int32],
    n: int,
) -> None:
    """Let bot ``script`` = (code, parameters) act; see ``game.contract.decide_scripted``."""
    code, parameters = script
    memory, random = mind
    if code == RANDOM_BOT:
        _decide_random(parameters[0], mind, actions, n)
    elif code == STILL:
        for i in range(n):
            actions[i] = 1
    else:
        _count_approach(parameters[1], observation, memory, random, n)
        if code == TRACKER:
            _decide_tracker(parameters[0], observation, memory, actions, n)
        elif code == PREDICTOR:
            _decide_predictor(parameters[0], observation, memory, actions, n)
        else:
            _decide_aimer(parameters[0], observation, memory, actions, n)
