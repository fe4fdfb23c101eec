"""People at the court: what they chose, the match that follows, and what it did to their rating. No Qt here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from app.desktop.arena.casting import Candidate, CastingError, Draw, candidates, contender
from app.desktop.arena.hands import Device, KeyHand, PaddleState, PadHand, PadSource, PointerHand, lean_of
from app.desktop.context import Contender, MatchRequest
from game.spec import Seat

if TYPE_CHECKING:  # the window paints before the kernels and the store are imported
    import numpy as np

    from app.desktop.arena.bots import MakeDecider
    from app.desktop.arena.screening import Bots
    from app.desktop.settings import Settings
    from app.session import League
    from game.spec import GameSpec
    from league.people import PersonStanding
    from league.store import PlayerRow

PERSON: Final = "person"
"""Tag of a match that a person plays."""

DEFAULT_NAME: Final = "You"
MAX_NAME: Final = 24
_SEEDS: Final = 10**9
_GAME: Final = "rally"


class Opponent(Enum):
    """Whom a person plays against."""

    SUITABLE = "suitable"
    """A player of about the person's strength."""
    PLAYER = "player"
    PERSON = "person"
    """A second person at the same computer."""


@dataclass(frozen=True)
class Setup:
    """What was chosen for a person's match."""

    person: str = DEFAULT_NAME
    seat: Seat = Seat.LEFT
    device: Device = Device.KEYS
    opponent: Opponent = Opponent.SUITABLE
    player: "PlayerRow | None" = None
    second: str = "Guest"
    second_device: Device = Device.ARROW_KEYS
    points: int = 5

    def problem(self) -> str:
        """Return why this cannot be played, in a sentence; empty if it can."""
        if not self.person.strip():
            return "give the name under which your matches are kept"
        if self.opponent is Opponent.PLAYER and self.player is None:
            return "choose the player that you want to play against"
        if self.opponent is not Opponent.PERSON:
            return ""
        if self.second.strip() in {"", self.person.strip()}:
            return "give the second person a name of their own"
        if self.second_device is self.device or {self.device, self.second_device} & {Device.KEYS}:
            return f"two people cannot share a device: both chose, in part or whole, '{self.second_device.title}'"
        return ""

    def swapped(self) -> "Setup":
        """Return the same on the other side."""
        return replace(self, seat=Seat(1 - self.seat))

    def save(self, settings: "Settings") -> None:
        """Remember the choices."""
        settings.put("play/person", self.person)
        settings.put("play/seat", int(self.seat))
        settings.put("play/device", self.device.value)
        settings.put("play/opponent", self.opponent.value)
        settings.put("play/second", self.second)
        settings.put("play/second_device", self.second_device.value)
        settings.put("play/points", self.points)

    @classmethod
    def load(cls, settings: "Settings") -> "Setup":
        """Return what was chosen last; what is not known any more counts as never chosen."""
        first = cls()
        opponent = settings.get("play/opponent", first.opponent.value)
        return cls(
            person=settings.get("play/person", first.person)[:MAX_NAME],
            seat=Seat(min(max(settings.get("play/seat", int(first.seat)), 0), 1)),
            device=_device(settings.get("play/device", ""), first.device),
            opponent=Opponent(opponent) if opponent in {each.value for each in Opponent} else first.opponent,
            second=settings.get("play/second", first.second)[:MAX_NAME],
            second_device=_device(settings.get("play/second_device", ""), first.second_device),
            points=min(max(settings.get("play/points", first.points), 1), 21),
        )


def _device(value: str, default: Device) -> Device:
    return Device(value) if value in {each.value for each in Device} else default


@dataclass(frozen=True)
class Choices:
    """What the dialog offers: the players that can be played against, and how the person stands."""

    players: Sequence[Candidate]
    standing: "PersonStanding"


def read_choices(league: "League", person: str) -> Choices:
    """Return what the league offers ``person``; a question for the reader."""
    return Choices(candidates(league, with_bots=True), _standing(league, person))


def _standing(league: "League", person: str) -> "PersonStanding":
    from league.people import opponent_ratings, person_standing

    store = league.store
    return person_standing(person, store.person_matches(person), opponent_ratings(store))


@dataclass(frozen=True)
class PersonCast:
    """A person's match before its first tick."""

    setup: Setup
    request: MatchRequest
    player: "PlayerRow | None"
    """The opponent; None for a second person."""


def cast(league: "League", setup: Setup, draw: Draw) -> PersonCast:
    """Return the match of ``setup`` on a new seed; a question for the reader.

    Raises
    ------
    CastingError
        If nobody suits, or the opponent cannot be played in the arena.
    """
    player = _opponent(league, setup)
    standing = _standing(league, setup.person)
    own = Contender(setup.person, rating=standing.rating if standing.matches else None)
    if player is None:
        other = Contender(setup.second)
    else:
        other = contender(league, player, league.store.latest_ratings().get(player.hash))
    left, right = (own, other) if setup.seat is Seat.LEFT else (other, own)
    title = "Two people" if player is None else "Your match"
    request = MatchRequest(left, right, draw(_SEEDS), setup.points, title=title, game=_GAME, tags=(PERSON,))
    return PersonCast(setup, request, player)


def _opponent(league: "League", setup: Setup) -> "PlayerRow | None":
    from league.people import opponent_ratings, suggest_opponent

    if setup.opponent is not Opponent.SUITABLE:
        return setup.player if setup.opponent is Opponent.PLAYER else None
    store = league.store
    rows = [each.row for each in candidates(league)]
    found = suggest_opponent(setup.person, store.person_matches(setup.person), rows, opponent_ratings(store))
    if found is None:
        raise CastingError("the league has nobody to play against: import a player, or train one")
    return found


@dataclass(frozen=True)
class Outcome:
    """What a match has done to a person's rating."""

    before: "PersonStanding"
    after: "PersonStanding"

    def text(self) -> str:
        """Return the rating with its change, and the record."""
        now = self.after
        record = f"{now.wins} won, {now.draws} drawn, {now.losses} lost"
        if not self.before.matches:
            return f"{now.name}: rated {now.rating:.0f} (95 %: {now.low:.0f} to {now.high:.0f}), {record}"
        change = round(now.rating) - round(self.before.rating)
        sign = "+" if change >= 0 else "\N{MINUS SIGN}"
        return f"{now.name}: {now.rating:.0f} ({sign}{abs(change)}; 95 %: {now.low:.0f} to {now.high:.0f}), {record}"


def keep(league: "League", played: PersonCast, record: "np.void", tape: bytes) -> Outcome:
    """Store a person's match and return what it has done to the rating; a question for the reader."""
    from game.games import game as game_named
    from league.store import PersonMatchRow

    setup = played.setup
    before = _standing(league, setup.person)
    league.store.add_person_match(
        PersonMatchRow(
            person=setup.person,
            seat=setup.seat,
            game=played.request.game,
            game_version=game_named(played.request.game).version,
            points_to_win=played.request.points,
            result=record,
            opponent_hash=played.player.hash if played.player is not None else None,
            opponent_person=setup.second if played.player is None else None,
            tape=tape,
        )
    )
    return Outcome(before, _standing(league, setup.person))


class PersonGame:
    """A person's match while it is played: the hands, and where their keys, pointer and pads go."""

    def __init__(self, played: PersonCast, pads: PadSource, make: "MakeDecider | None" = None) -> None:
        from app.desktop.arena.bots import BotSeat, bot_process, seat_of
        from game.games import game as game_named
        from game.timeline import LiveMatch

        self.played = played
        self._pads = pads
        self._has_pads = False
        self._keys: list[KeyHand] = []
        self._pointers: list[PointerHand] = []
        setup = played.setup
        game = game_named(played.request.game)
        own = self._hand(setup.device, setup.seat, game)
        policy = played.request.right.policy if setup.seat is Seat.LEFT else played.request.left.policy
        other_seat = Seat(1 - setup.seat)
        other = (
            self._hand(setup.second_device, other_seat, game)
            if policy is None
            else seat_of(policy, make or bot_process)
        )
        self.bots: Bots = {other_seat: other} if isinstance(other, BotSeat) else {}
        sides = (own, other) if setup.seat is Seat.LEFT else (other, own)
        self.course: LiveMatch = LiveMatch(game, sides, played.request.seed, played.request.points)

    def key(self, name: str, *, is_down: bool) -> bool:
        """Take a key; False if nobody plays with it."""
        return any(hand.press(name) if is_down else hand.release(name) for hand in self._keys)

    def point(self, y: float) -> None:
        """Take the pointer's height in court units."""
        for hand in self._pointers:
            hand.target = y

    def poll(self) -> None:
        """Ask the gamepads, if somebody plays with one."""
        if self._has_pads:
            self._pads.poll()

    def let_go(self) -> None:
        """Forget keys that are held."""
        for hand in self._keys:
            hand.let_go()

    def _hand(self, device: Device, seat: Seat, game: "GameSpec") -> KeyHand | PointerHand | PadHand:
        if device is Device.MOUSE:
            pointer = PointerHand(lambda: self._paddle(seat), game.shape.paddle_half)
            self._pointers.append(pointer)
            return pointer
        if device in (Device.FIRST_PAD, Device.SECOND_PAD):
            self._has_pads = True
            return PadHand(lean_of(self._pads, 0 if device is Device.FIRST_PAD else 1))
        keys = KeyHand(device)
        self._keys.append(keys)
        return keys

    def _paddle(self, seat: Seat) -> PaddleState:
        picture, side = self.course.picture(), seat.name.lower()
        return PaddleState(picture[f"{side}_y"], picture[f"old_{side}_y"])
