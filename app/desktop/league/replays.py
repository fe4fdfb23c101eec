"""Stored matches as requests to the arena; asked in the reader's thread."""

from typing import TYPE_CHECKING

from app.desktop.context import Contender, MatchRequest

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.store import PlayerRow


def season_replay(league: "League", season_id: int, match_id: int) -> MatchRequest:
    """Return a stored match of a season, to be compared with what was stored.

    Raises
    ------
    LeagueError
        If it is not stored, or cannot be played again.
    """
    from game.games import game as game_named
    from league.config import SeasonConfig
    from league.errors import LeagueError

    season, players = league.store.season(season_id), league.store.season_players(season_id)
    stored = league.store.match_row(season_id, match_id)
    sides = players[int(stored["left"])], players[int(stored["right"])]
    for player in sides:
        if player.kind == "python":
            raise LeagueError(
                f"match {match_id} cannot be replayed: {player.name} is a Python bot, whose decisions may depend on anything"
            )
    game = game_named(season.game)
    if season.game_version != game.version:
        raise LeagueError(
            f"match {match_id} cannot be replayed: it was played by {game.name} version {season.game_version}, "
            f"this program plays version {game.version}"
        )
    left, right = (contender(league, player) for player in sides)
    return MatchRequest(
        left,
        right,
        seed=int(stored["seed"]),
        points=SeasonConfig.from_json(season.config_json).points or game.default_points,
        title=f"Replay: season {season_id}, match {match_id}",
        game=season.game,
        stored=stored,
        season_id=season_id,
        match_id=match_id,
        tags=("replay",),
    )


def person_replay(league: "League", number: int) -> MatchRequest:
    """Return a person's match, from its tape; ``LeagueError`` or ``TapeError`` if it cannot be shown."""
    from game.tape import Tape

    match = league.store.person_match(number)
    player = league.store.player_by_hash(match.opponent_hash) if match.opponent_hash else None
    person = Contender(match.person)
    opponent = contender(league, player) if player is not None else Contender(match.opponent_person or "gone")
    left, right = (person, opponent) if match.seat == 0 else (opponent, person)
    return MatchRequest(
        left,
        right,
        seed=int(match.result["seed"]),
        points=match.points_to_win,
        title=f"Replay: your match {number}",
        game=match.game,
        tape=Tape.from_bytes(match.tape),
        stored=match.result,
        match_id=match.id,
        tags=("replay",),
    )


def contender(league: "League", player: "PlayerRow", rating: float | None = None) -> Contender:
    """Return a player of the league on its seat; ``PlayerError`` if its file cannot be used."""
    return Contender(player.name, league.library.read(player).policy, player.hash, rating)
