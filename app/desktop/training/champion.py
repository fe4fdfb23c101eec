"""The champions of a run, on the screen and in the league. Its functions are questions for the reader's thread. No Qt."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from app.desktop.arena.casting import CastingError, Draw, candidates, contender
from app.desktop.context import Contender, MatchRequest

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.run_folder import ChampionFile
    from ai.runs import Run
    from app.session import League
    from league.schema import PlayerRow, RunRow

TAG: Final = "champion"
"""First tag of a match that shows a champion; the second is the run's id."""

_SEEDS: Final = 10**9


def runs(league: "League") -> "list[RunRow]":
    """Return the row of every run, in the order they were created."""
    from ai.runs import Runs

    return Runs(league.home, league.store).rows()


def champion_match(league: "League", run_id: str, draw: Draw) -> MatchRequest:
    """Return a match of the newest champion of a run, on the left, against a player that it is worth to be seen against.

    Raises
    ------
    LeagueError, GameError
        If the run has no champion yet, or nobody can play against it.
    """
    from ai.runs import Runs
    from game.games import game as game_named
    from game.policies.file import read_player

    run = Runs(league.home, league.store).find(run_id)
    kept = _newest(run)
    player = read_player(kept.path)
    known = league.store.player_by_hash(kept.hash)
    rating = league.store.latest_ratings().get(kept.hash)
    name = known.name if known is not None else f"{run.manifest.name} (step {kept.step:,})"
    return MatchRequest(
        Contender(name, player.policy, kept.hash, rating),
        _opponent(league, run, kept.hash),
        seed=draw(_SEEDS),
        points=game_named(player.game).default_points,
        title=f"Champion of {run.manifest.name}, step {kept.step:,}",
        game=player.game,
        tags=(TAG, run_id),
    )


def add_champion(league: "League", run_id: str, name: str) -> "PlayerRow":
    """Bring the newest champion of a run into the league; what ``python main.py runs add`` does."""
    from ai.runs import Runs

    every = Runs(league.home, league.store)
    return every.add_champion(league.library, every.find(run_id), name=name or None)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return ``wanted``, or with a number behind it if a player is called that."""
    names = set(taken)
    number, name = 2, wanted
    while name in names:
        name, number = f"{wanted} {number}", number + 1
    return name


def run_of(request: MatchRequest) -> str:
    """Return the run whose champion a match shows; empty if it shows none."""
    return request.tags[1] if len(request.tags) > 1 and request.tags[0] == TAG else ""


def _newest(run: "Run") -> "ChampionFile":
    kept = run.folder.champions()
    if not kept:
        raise CastingError(f"run {run.manifest.name} has no champion yet: wait for its first steps")
    return kept[-1]


def _opponent(league: "League", run: "Run", champion: str) -> Contender:
    """Return the last, hardest opponent of the training that is still there, else the league's strongest player."""
    ratings = league.store.latest_ratings()
    named = run.manifest.config.get("opponents")
    names = [str(name) for name in reversed(named)] if isinstance(named, list) else []
    rows = {row.name: row for row in league.library.players()}
    rows |= {row.hash: row for row in rows.values()}
    trained = [rows[name] for name in names if name in rows]
    for row in [*trained, *(each.row for each in candidates(league))]:
        if row.hash != champion and row.game == run.manifest.game and row.kind != "python":
            return contender(league, row, ratings.get(row.hash))
    raise CastingError("the league has nobody to play against the champion: import a player first")
