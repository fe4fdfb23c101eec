"""Who plays on the screen: matches made from the league's players. Its functions are questions for the reader's thread.

No Qt here, and nothing that is heavy to import before the league is open.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from app.desktop.context import Contender, MatchRequest
from league.errors import LeagueError

if TYPE_CHECKING:  # the window paints before these are imported
    from app.session import League
    from game.policies.bank import Policy
    from game.spec import GameSpec
    from league.store import PlayerRow

logger = logging.getLogger(__name__)

Draw: TypeAlias = Callable[[int], int]
"""Returns a random whole number from 0 to below its argument, as ``secrets.randbelow`` does."""

EXHIBITION: Final = "exhibition"
"""Tag of a match that is shown because nobody has asked for another."""

_SEEDS: Final = 10**9  # seeds that people can copy by hand
_LEAST_FIELD: Final = 4
_LEARNED_RANK: Final = 0.9
_VARIANT_LOSS: Final = 0.1  # a bot with other parameters than its usual ones is taken for a weaker one
_GAME: Final = "rally"


class CastingError(LeagueError):
    """A match cannot be put on the screen; the message says why and what to do."""


@dataclass(frozen=True)
class Candidate:
    """A player that may be shown, and what is known of its strength (Elo; None: never rated)."""

    row: "PlayerRow"
    rating: float | None
    rank: float
    """Strength from 0 to 1 of those without a rating: by the place in the game's ladder of bots."""


def candidates(league: "League", *, with_bots: bool = False) -> list[Candidate]:
    """Return the players of the league, the strongest first; Python bots only if they are wanted."""
    from game.games import game as game_named
    from game.policies.bank import Kind
    from league.library import default_field

    game = game_named(_GAME)
    ratings = league.store.latest_ratings()
    rows = default_field(league.library.players(), game.name)
    found = [
        Candidate(row, ratings.get(row.hash), 0.0 if row.hash in ratings else _rank(game, league, row))
        for row in rows
        if with_bots or row.kind != Kind.PYTHON.name.lower()
    ]
    middle = sorted(ratings.values())[len(ratings) // 2] if ratings else 0.0
    return sorted(found, key=lambda each: (middle if each.rating is None else each.rating, each.rank), reverse=True)


def _rank(game: "GameSpec", league: "League", row: "PlayerRow") -> float:
    """Return a bot's place in the ladder; a learned player is put just below the top, one that cannot be read last."""
    from game.policies.bank import Kind
    from game.policies.scripted import ScriptedPolicy

    if row.kind != Kind.SCRIPTED.name.lower():
        return _LEARNED_RANK
    policy = _policy(league, row)
    if not isinstance(policy, ScriptedPolicy):
        return 0.0
    place = [bot.name for bot in game.bots].index(policy.bot.name) / max(len(game.bots) - 1, 1)
    is_usual = policy == ScriptedPolicy.of(game, policy.bot.name)
    return place if is_usual else place - _VARIANT_LOSS


def pick_pairs(
    field: Sequence[Candidate], count: int, draw: Draw, recent: Sequence[frozenset[str]] = ()
) -> list[tuple[Candidate, Candidate]]:
    """Return ``count`` pairings of the better half of ``field``, different ones and not in ``recent`` while there are such.

    Fewer than two players give none.
    """
    better = field[: max(_LEAST_FIELD, len(field) // 2)]
    every = [(one, other) for place, one in enumerate(better) for other in better[place + 1 :]]
    picked: list[tuple[Candidate, Candidate]] = []
    seen = list(recent)
    while every and len(picked) < count:
        fresh = [pair for pair in every if hashes(pair) not in seen] or every
        pair = fresh[draw(len(fresh))]
        seen.append(hashes(pair))
        picked.append(pair if draw(2) else (pair[1], pair[0]))
    return picked


def hashes(pair: tuple[Candidate, Candidate]) -> frozenset[str]:
    """Return what makes a pairing the same, whoever sits where."""
    return frozenset(each.row.hash for each in pair)


def exhibitions(league: "League", count: int, draw: Draw, recent: Sequence[frozenset[str]] = ()) -> list[MatchRequest]:
    """Return matches between good players of the league; none if it has fewer than two that the arena can play.

    A player whose file is gone or was changed is passed over.
    """
    field = candidates(league)
    pairs = pick_pairs(field, count, draw, recent)
    while unusable := {each.row.hash for pair in pairs for each in pair if _policy(league, each.row) is None}:
        field = [each for each in field if each.row.hash not in unusable]
        pairs = pick_pairs(field, count, draw, recent)
    return [
        match_of(
            league, left.row, right.row, draw, ratings=(left.rating, right.rating), title="Exhibition", tag=EXHIBITION
        )
        for left, right in pairs
    ]


def _policy(league: "League", row: "PlayerRow") -> "Policy | None":
    """Return what plays; None if its file cannot be used, which is logged."""
    from league.library import PlayerError

    try:
        return league.library.read(row).policy
    except PlayerError as error:
        logger.warning("passed over: %s", error)
        return None


def match_of(  # noqa: PLR0913  # who, where, and how it is announced
    league: "League",
    left: "PlayerRow",
    right: "PlayerRow",
    draw: Draw,
    *,
    ratings: tuple[float | None, float | None] | None = None,
    points: int | None = None,
    title: str = "Challenge",
    tag: str = "",
) -> MatchRequest:
    """Return a match between two players on a new seed."""
    from game.games import game as game_named

    if ratings is None:
        known = league.store.latest_ratings()
        ratings = known.get(left.hash), known.get(right.hash)
    return MatchRequest(
        contender(league, left, ratings[0]),
        contender(league, right, ratings[1]),
        seed=draw(_SEEDS),
        points=points or game_named(_GAME).default_points,
        title=title,
        tags=(tag,) if tag else (),
    )


def contender(league: "League", row: "PlayerRow", rating: float | None) -> Contender:
    """Return ``row`` as it is shown in the arena."""
    return Contender(row.name, league.library.read(row).policy, row.hash, rating)
