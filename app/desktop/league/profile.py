"""Everything that is known about a player, read in one go. No Qt here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.desktop.league.columns import Column
from app.desktop.league.words import count, percent

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from game.policies.bank import Policy
    from league.store import PlayerRow

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A player that this one descends from; ``player`` is None where the league does not have it."""

    hash: str
    player: "PlayerRow | None"

    @property
    def name(self) -> str:
        """Its name, or the begin of its hash."""
        return self.player.name if self.player is not None else self.hash[:10]


@dataclass(frozen=True, slots=True)
class Rival:
    """The record against one opponent over all seasons."""

    player: "PlayerRow"
    wins: int
    draws: int
    losses: int

    @property
    def matches(self) -> int:
        """How many matches."""
        return self.wins + self.draws + self.losses

    @property
    def score(self) -> float:
        """Share of the points."""
        return (self.wins + 0.5 * self.draws) / self.matches


@dataclass(frozen=True, slots=True)
class FaultLine:
    """A match that was forfeited: where, how, and what the player's program said."""

    season_id: int
    match_id: int
    text: str
    detail: str


@dataclass(frozen=True)
class Profile:
    """A player as the inspector shows it.

    ``ratings`` are its live ratings (Elo) by season, oldest first. ``problem`` says why its file cannot be used, else it is
    empty.
    """

    player: "PlayerRow"
    lineage: tuple[Ancestor, ...]
    training: tuple[tuple[str, str], ...]
    rivals: tuple[Rival, ...]
    ratings: Mapping[int, tuple[float, ...]]
    faults: tuple[FaultLine, ...]
    size: str
    problem: str
    near: "PlayerRow | None"
    """Who is rated nearest: an even match."""


RIVAL_COLUMNS: Final[tuple[Column[Rival], ...]] = (
    Column("Opponent", "Whom it has met", 90, lambda rival: rival.player.name, is_number=False, stretch=1),
    Column(
        "Matches", "In all seasons", 58, lambda rival: f"{rival.matches:,}", lambda rival: rival.matches, gives_way=1
    ),
    Column(
        "W-D-L",
        "Won, drawn and lost",
        80,
        lambda rival: f"{rival.wins:,}-{rival.draws:,}-{rival.losses:,}",
        lambda rival: rival.wins - rival.losses,
    ),
    Column("Score", "Share of the points", 58, lambda rival: percent(rival.score), lambda rival: rival.score),
)

FAULT_COLUMNS: Final[tuple[Column[FaultLine], ...]] = (
    Column("Match", "Season and match", 70, lambda fault: f"{fault.season_id}:{fault.match_id}", is_number=False),
    Column("Fault", "What happened", 120, lambda fault: fault.text, is_number=False, stretch=1),
    Column(
        "Details", "What its program said", 120, lambda fault: fault.detail, gives_way=1, is_number=False, stretch=1
    ),
)


def read_profile(league: "League", content_hash: str) -> Profile | None:
    """Return the profile of a player; None if it is not in the league."""
    store = league.store
    player = store.player_by_hash(content_hash)
    if player is None:
        return None
    by_id = {each.id: each for each in store.players(include_archived=True)}
    by_hash = {each.hash: each for each in by_id.values()}
    size, problem = _size(league, player)
    return Profile(
        player=player,
        lineage=tuple(Ancestor(each, by_hash.get(each)) for each in _lineage(player.lineage_json)),
        training=training_pairs(player.training_json),
        rivals=tuple(
            Rival(by_id[each.opponent_id], each.wins, each.draws, each.losses)
            for each in store.player_record(player.id)
        ),
        ratings=_ratings(league, player),
        faults=tuple(
            FaultLine(fault.season_id, fault.match_id, fault.termination.text, fault.detail)
            for fault in store.player_faults(player.id)
        ),
        size=size,
        problem=problem,
        near=nearest(player, [each for each in by_id.values() if not each.archived], store.latest_ratings()),
    )


def training_pairs(training_json: str) -> tuple[tuple[str, str], ...]:
    """Return what a player's trainer wants to be read about it, as words; nested settings by their path."""
    told = json.loads(training_json)
    return tuple(_pairs("", told)) if isinstance(told, dict) else ()


def _pairs(path: str, told: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in told.items():
        name = f"{path}{key}".replace("_", " ")
        if isinstance(value, dict):
            pairs += _pairs(f"{path}{key} ", value)
        else:
            text = f"{value:,.6g}" if isinstance(value, float) else str(value)
            pairs.append((name, text[:_LONGEST]))
    return pairs


def _lineage(lineage_json: str) -> list[str]:
    told = json.loads(lineage_json)
    return [str(each) for each in told] if isinstance(told, list) else []


def _ratings(league: "League", player: "PlayerRow") -> dict[int, tuple[float, ...]]:
    found: dict[int, list[float]] = {}
    for point in league.store.player_ratings(player.id):
        found.setdefault(point.season_id, []).append(point.rating)
    return {season_id: tuple(ratings) for season_id, ratings in found.items()}


def _size(league: "League", player: "PlayerRow") -> tuple[str, str]:
    """Return how large what plays is, and why it cannot be read if so."""
    from game.errors import GameError
    from league.errors import LeagueError

    try:
        return policy_size(league.library.read(player).policy), ""
    except (LeagueError, GameError) as error:
        return "", str(error)


def policy_size(policy: "Policy") -> str:
    """Return the size of a policy in words."""
    from game.policies.dense import DensePolicy
    from game.policies.graph import GraphPolicy
    from game.policies.python_bot import PythonPolicy
    from game.policies.scripted import ScriptedPolicy

    if isinstance(policy, DensePolicy):
        weights = sum(weight.size for weight in policy.weights) + sum(bias.size for bias in policy.biases)
        layers = " \N{RIGHTWARDS ARROW} ".join(str(size) for size in policy.sizes)
        return f"{layers}, {count(weights, 'weight')}"
    if isinstance(policy, GraphPolicy):
        kind = "recurrent" if policy.is_recurrent else "feed-forward"
        return f"{count(len(policy.bias), 'node')}, {count(len(policy.weight), 'connection')}, {kind}"
    if isinstance(policy, PythonPolicy):
        return count(len(policy.source.splitlines()), "line")
    if isinstance(policy, ScriptedPolicy):
        settings = zip(policy.bot.parameters, policy.parameters, strict=True)
        return (
            ", ".join(f"{parameter.name.replace('_', ' ')} {value:g}" for parameter, value in settings) or "no settings"
        )
    return ""


def nearest(player: "PlayerRow", players: "Sequence[PlayerRow]", ratings: Mapping[str, float]) -> "PlayerRow | None":
    """Return the other player of the same game that is rated nearest; unrated ones count as average."""
    from league.people import UNRATED

    own = ratings.get(player.hash, UNRATED)
    others = [each for each in players if each.hash != player.hash and each.game == player.game]
    return min(others, key=lambda each: abs(ratings.get(each.hash, UNRATED) - own), default=None)
