"""``people``: who has played at this computer, how strong they are, and their matches."""

import json

import click

from app.command_options import home_option, json_option
from app.people import player_names, seated_names
from app.session import open_league
from app.tables import aligned
from game.games import game as game_named
from league.errors import UnknownRowError
from league.people import PersonStanding, opponent_ratings, person_standing
from league.store import PersonMatchRow, Store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def people() -> None:
    """List people and their matches."""


@people.command("list")
@home_option
@json_option
def list_people(*, home: str | None, as_json: bool) -> None:
    """List everybody who has played a match, with the rating against players."""
    with open_league(home) as league:
        standings = _standings(league.store)
    if as_json:
        click.echo(json.dumps({"people": [_standing_object(standing) for standing in standings]}))
        return
    head = ["person", "rating", "95 % interval", "matches", "W-D-L"]
    lines = [
        [s.name, f"{s.rating:.0f}", f"{s.low:.0f} to {s.high:.0f}", str(s.matches), f"{s.wins}-{s.draws}-{s.losses}"]
        for s in standings
    ]
    click.echo("\n".join(aligned([head, *lines], left=(0,))))


def _standings(store: Store) -> list[PersonStanding]:
    matches, ratings = store.person_matches(), opponent_ratings(store)
    return [person_standing(name, matches, ratings) for name in store.person_names()]


def _standing_object(standing: PersonStanding) -> dict[str, object]:
    return {
        "name": standing.name,
        "rating": standing.rating,
        "low": standing.low,
        "high": standing.high,
        "matches": standing.matches,
        "wins": standing.wins,
        "draws": standing.draws,
        "losses": standing.losses,
    }


@people.command("matches")
@click.argument("name", required=False)
@home_option
@json_option
def list_matches(*, name: str | None, home: str | None, as_json: bool) -> None:
    """List the matches of NAME, or of everybody; `replay --person NUMBER` shows one again."""
    with open_league(home) as league:
        known = league.store.person_names()
        if name is not None and name not in known:
            raise UnknownRowError(f"there is no person '{name}': {', '.join(known) or 'nobody'} has played")
        names = player_names(league)
        matches = [(match, seated_names(match, names)) for match in league.store.person_matches(name)]
    if as_json:
        click.echo(json.dumps({"matches": [_match_object(match, seats) for match, seats in matches]}))
        return
    head = ["match", "left", "right", "score", "length", "played"]
    lines = [[str(match.id), *seats, _score(match), _length(match), match.created[:10]] for match, seats in matches]
    click.echo("\n".join(aligned([head, *lines], left=(1, 2))))


def _score(match: PersonMatchRow) -> str:
    left, right = match.result["points"].tolist()
    return f"{left} : {right}"


def _length(match: PersonMatchRow) -> str:
    return f"{int(match.result['ticks']) * game_named(match.game).tick_s:.1f} s"


def _match_object(match: PersonMatchRow, seats: tuple[str, str]) -> dict[str, object]:
    return {
        "match": match.id,
        "person": match.person,
        "seat": match.seat.name.lower(),
        "players": list(seats),
        "opponent": match.opponent_hash,
        "game": match.game,
        "game_version": match.game_version,
        "points_to_win": match.points_to_win,
        "points": match.result["points"].tolist(),
        "outcome": match.outcome_of(match.person),
        "ticks": int(match.result["ticks"]),
        "seed": int(match.result["seed"]),
        "created": match.created,
    }


COMMAND = people
