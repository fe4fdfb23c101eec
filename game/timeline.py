"""Matches for a screen: a decided one with random access in time, and one that is being played.

Both are a ``Course``: a screen, a network view or an export reads them alike.
"""

import itertools
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from game.fault import Fault
from game.match import CompiledPlayer, Keyframe, Match, Player, Tally, idle_action, is_compiled, play_tick
from game.policies.bank import Policy, build_bank
from game.replay import Verification, compare
from game.spec import GameSpec, Seat
from game.tape import Tape

KEYFRAME_TICKS: Final = 64
_FORESIGHT_TICKS: Final = 300  # a prediction looks no further ahead

Players: TypeAlias = tuple[CompiledPlayer | None, CompiledPlayer | None]
Policies: TypeAlias = tuple[Policy | None, Policy | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """The end of a rally: the tick after which the score is this one.

    ``scorer`` is None for a let. ``hits`` are the rally's contacts.
    """

    tick: int
    left_points: int
    right_points: int
    scorer: Seat | None
    hits: int


@dataclass
class Hand:
    """Whoever decides outside of the match, a person say: sets ``action`` whenever they like."""

    action: int

    def decide(self, observation: object) -> int:  # noqa: ARG002  # a player's signature
        """Return the action that is set now."""
        return self.action


class Course:
    """What can be seen of a match: where it stands, who plays, what it has come to."""

    def __init__(self, game: GameSpec, seed: int, points: int, players: Players) -> None:
        self.game = game
        self.match = Match(game, seed, points)
        self.players = players
        self.tick = 0
        self._marks: list[Mark] = []
        self._foresight = _Foresight(game, seed, points)

    @property
    def actions(self) -> tuple[int, int]:
        """The actions of the last tick."""
        return self.match.actions

    @property
    def is_over(self) -> bool:
        """Whether the match has ended here."""
        return self.match.is_over

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The ends of the rallies that are known."""
        return tuple(self._marks)

    def picture(self) -> dict[str, float]:
        """Return what a screen draws: the game's named quantities."""
        return self.match.picture()

    def path(self, ticks: int) -> list[tuple[float, float]]:
        """Return where the ball will be in each of the next ``ticks`` ticks, at most until it meets a paddle or a goal.

        Empty before a serve, whose direction nobody can know.
        """
        return self._foresight.path(self.match, ticks)


class Timeline(Course):
    """A match whose every tick is known or can be computed: forwards, backwards and at random."""

    def __init__(  # a match is these five, a tape stands in for who cannot play again
        self, game: GameSpec, policies: Policies, seed: int, points: int, tape: Tape | None = None
    ) -> None:
        """Begin at tick 0.

        Without a tape both policies decide; with one its actions are played, and a compiled policy beside it decides
        for show, so that what its network computes can be seen.

        Raises
        ------
        ValueError
            If there is no tape, and a policy is missing or a Python bot's.
        TapeError
            If the tape holds an action that the game does not have.
        """
        if tape is None and not all(policy is not None and is_compiled(policy) for policy in policies):
            raise ValueError("a match of a Python bot cannot be replayed: its decisions may depend on anything")
        if tape is not None:
            tape.check_actions(game.n_actions)
        super().__init__(game, seed, points, _seated(game, policies, seed))
        self._shown = _Reel(self.match, self.players, tape)
        self._scout = _Reel(Match(game, seed, points), _seated(game, policies, seed), tape)
        self._keyframes = [self._scout.keyframe()]
        self._tally = self._scout.match.tally()

    @property
    def scanned(self) -> int:
        """How many ticks are known."""
        return self._scout.tick

    @property
    def length(self) -> int | None:
        """How many ticks the match has; None until it is scanned to the end."""
        return self._scout.tick if self._scout.is_at_end else None

    def scan(self, ticks: int) -> bool:
        """Play up to ``ticks`` ticks ahead of what is known; return whether the match is known to its end."""
        scout, until = self._scout, self._scout.tick + ticks
        while scout.tick < until and not scout.is_at_end:
            scout.run(min(KEYFRAME_TICKS - scout.tick % KEYFRAME_TICKS, until - scout.tick))
            self._note()
        return scout.is_at_end

    def step(self) -> bool:
        """Play one tick; return False, and do nothing, at the end."""
        self._scan_past(self.tick + 1)
        if self._shown.is_at_end or self.tick == self.length:
            self._arrive()  # at tick 0 of a match that was forfeited there, nothing has arrived yet
            return False
        self._shown.run(1)
        self._arrive()
        return True

    def seek(self, tick: int) -> None:
        """Go to ``tick``, at most to the end; scans as far as that needs."""
        self._scan_past(tick)
        target = max(0, min(tick, self.scanned))
        place = max(0, target - 1) // KEYFRAME_TICKS  # at least one tick is played, so that actions and values live
        if not place * KEYFRAME_TICKS <= self.tick < target:
            self._shown.restore(self._keyframes[place], place * KEYFRAME_TICKS)
        while self._shown.tick < target:
            self._shown.run(target - self._shown.tick)
        self._arrive()

    def result(self, match_id: int = 0, left: int = 0, right: int = 1) -> np.void:
        """Return the match's result, a record of ``RESULT_DTYPE``, scanned to the end; stays where it is."""
        while not self.scan(KEYFRAME_TICKS):
            pass
        record: np.void = self._scout.match.result(match_id, left, right)[0]
        return record

    def verify(self, stored: np.void) -> Verification:
        """Compare the match with ``stored``, a record of ``RESULT_DTYPE``, bit for bit."""
        return compare(self.result(int(stored["match_id"]), int(stored["left"]), int(stored["right"])), stored)

    def _scan_past(self, tick: int) -> None:
        """Know ``tick`` and, unless it is the end, the next one."""
        if tick >= self.scanned:
            self.scan(tick - self.scanned + KEYFRAME_TICKS)

    def _arrive(self) -> None:
        """Take over where the match is now; a forfeit costs no tick, so at the last one it has happened."""
        if self._shown.tick == self.length and not self._shown.is_at_end:
            self._shown.run(1)
        self.tick = self._shown.tick

    def _note(self) -> None:
        """Keep what the scout has come to: the end of a rally, a keyframe."""
        tick, now = self._scout.tick, self._scout.match.tally()
        if now.rallies > self._tally.rallies:
            self._marks.append(_mark(tick, self._tally, now))
            self._tally = now
        if tick == len(self._keyframes) * KEYFRAME_TICKS:
            self._keyframes.append(self._scout.keyframe())


class LiveMatch(Course):
    """A match that is being played, by people say: it records its tape and cannot be wound."""

    def __init__(self, game: GameSpec, sides: tuple[Policy | Player, Policy | Player], seed: int, points: int) -> None:
        """Begin at tick 0; a side is a compiled policy, a ``Hand``, or any other player."""
        policies = (_policy(sides[0]), _policy(sides[1]))
        super().__init__(game, seed, points, _seated(game, policies, seed))
        self.tape = Tape()
        self.faults: tuple[tuple[Seat, Fault], ...] = ()
        self._deciders = tuple(_decider(*pair) for pair in zip(sides, self.players, strict=True))
        self._tally = self.match.tally()

    def step(self) -> bool:
        """Let both sides decide and play one tick; return False, and do nothing, when the match is over."""
        if self.match.is_over:
            return False
        self.faults = tuple(play_tick(self.match, self._deciders[0], self._deciders[1]))
        for seat, fault in self.faults:
            self.tape.forfeit(seat, fault.termination)
        if self.faults:
            return False
        self.tape.append(*self.match.actions)
        self.tick += 1
        now = self.match.tally()
        if now.rallies > self._tally.rallies:
            self._marks.append(_mark(self.tick, self._tally, now))
            self._tally = now
        return True

    def result(self, match_id: int = 0, left: int = 0, right: int = 1) -> np.void:
        """Return the result, a record of ``RESULT_DTYPE``; ``ValueError`` while the match is played."""
        if not self.match.is_over:
            raise ValueError(f"the match is still played at tick {self.tick}: it has no result yet")
        record: np.void = self.match.result(match_id, left, right)[0]
        return record


class _Reel:
    """A match that is played on by what decides it: both policies, or a tape."""

    def __init__(self, match: Match, players: Players, tape: Tape | None) -> None:
        self.match = match
        self.tick = 0
        self._players = players
        self._tape = tape

    @property
    def is_at_end(self) -> bool:
        """Whether nothing follows: the match is over, or it was broken off and its tape ends."""
        if self._tape is None or self.match.is_over:
            return self.match.is_over
        return self.tick >= len(self._tape) and not self._tape.is_forfeited

    def run(self, limit: int) -> None:
        """Play up to ``limit`` ticks, at most to the end of a rally, or the forfeit that is due."""
        left, right = self._players
        if self._tape is not None:
            self._run_tape(self._tape, limit)
        elif left is not None and right is not None:
            self.tick += self.match.run(left, right, limit)

    def keyframe(self) -> Keyframe:
        """Return where the match and both players are."""
        return self.match.keyframe(self._players)

    def restore(self, frame: Keyframe, tick: int) -> None:
        """Go back to ``frame``, which was taken at ``tick``."""
        self.match.restore(frame, self._players)
        self.tick = tick

    def _run_tape(self, tape: Tape, limit: int) -> None:
        rallies = self.match.tally().rallies
        for tick in range(self.tick, min(self.tick + limit, len(tape))):
            self._let_decide()
            self.match.step(*tape[tick])
            self.tick += 1
            if self.match.is_over or self.match.tally().rallies > rallies:
                return
        if self.tick == len(tape):
            for seat, termination in zip(Seat, tape.terminations, strict=True):
                if termination:
                    self.match.forfeit(seat, termination)

    def _let_decide(self) -> None:
        """Let the players beside a tape decide: what they remember and compute is then what it was."""
        for seat, player in zip(Seat, self._players, strict=True):
            if player is not None:
                try:
                    player.decide(self.match.observation(seat))
                except Fault:
                    continue  # the tape knows how the match went on


class _Foresight:
    """Where the ball will fly. A flight is computed once and holds until the ball is elsewhere than foreseen."""

    def __init__(self, game: GameSpec, seed: int, points: int) -> None:
        self._match = Match(game, seed, points)
        self._idle = idle_action(game)
        self._origin = 0  # the tick at which the flight was computed
        self._flight: list[tuple[float, float]] = []  # from there on

    def path(self, match: Match, ticks: int) -> list[tuple[float, float]]:
        """Return the ball's places in the next ``ticks`` ticks of ``match``, if nobody meets it."""
        now = match.picture()
        if match.is_over or now["serve_in"] > 0:
            return []
        past = int(now["tick"]) - self._origin
        if not (0 <= past < len(self._flight) and self._flight[past] == (now["ball_x"], now["ball_y"])):
            self._fly(match, now)
            past = 0
        return self._flight[past + 1 : past + 1 + ticks]

    def _fly(self, match: Match, now: dict[str, float]) -> None:
        self._match.restore(match.keyframe())
        self._origin, self._flight = int(now["tick"]), [(now["ball_x"], now["ball_y"])]
        hits = now["rally_hits"]
        for _ in range(_FORESIGHT_TICKS):
            self._match.step(self._idle, self._idle)
            then = self._match.picture()
            if self._match.is_over or then["serve_in"] > 0 or then["rally_hits"] != hits:
                return
            self._flight.append((then["ball_x"], then["ball_y"]))


def _mark(tick: int, before: Tally, now: Tally) -> Mark:
    scorer = None
    if now.left_points > before.left_points:
        scorer = Seat.LEFT
    elif now.right_points > before.right_points:
        scorer = Seat.RIGHT
    return Mark(tick, now.left_points, now.right_points, scorer, now.hits - before.hits)


def _seated(game: GameSpec, policies: Policies, seed: int) -> Players:
    """Return the players of the compiled ``policies``, of one bank; None for everybody else."""
    compiled = [policy for policy in policies if policy is not None and is_compiled(policy)]
    bank = build_bank(compiled)
    places = itertools.count()
    left, right = (
        CompiledPlayer(game, bank, next(places), seat=seat, seed=seed)
        if policy is not None and is_compiled(policy)
        else None
        for seat, policy in zip(Seat, policies, strict=True)
    )
    return left, right


def _policy(side: Policy | Player) -> Policy | None:
    if not isinstance(side, Policy):
        return None
    if not is_compiled(side):
        raise ValueError("a Python bot decides in a process of its own: hand in the player that asks it")
    return side


def _decider(side: Policy | Player, player: CompiledPlayer | None) -> Player:
    if player is not None:
        return player
    assert not isinstance(side, Policy)  # noqa: S101  # such a side has a compiled player
    return side
