"""``replay``: a stored match again, and the proof that it is the same."""

import json

import click
import numpy as np

from app.command_options import home_option, json_option
from app.session import League, open_league
from app.stored_season import stored_season
from app.tournament import UsageError
from game.games import game as game_named
from game.replay import Replay, points_course
from game.spec import MatchEnd, Seat
from league.config import SeasonConfig
from league.store import PlayerRow, SeasonRow


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("match")
@click.option(
    "--verify", is_flag=True, help="Compare the replay with what is stored, bit for bit; exit code 1 if it differs."
)
@home_option
@json_option
@click.pass_context
def replay(ctx: click.Context, *, match: str, verify: bool, home: str | None, as_json: bool) -> None:
    """Replay MATCH: its number in the latest season, or SEASON:NUMBER."""
    season_id, match_id = _numbers(match)
    with open_league(home) as league:
        season = stored_season(league, season_id)
        stored = league.store.match_row(season.row.id, match_id)
        ctx.exit(_show(league, season.row, season.players, stored, verify=verify, as_json=as_json))


def _numbers(match: str) -> tuple[int | None, int]:
    try:
        numbers = [int(part) for part in match.split(":")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or min(numbers) < 0:
        raise UsageError(f"'{match}' is no match: give its number in the latest season, or SEASON:NUMBER, such as 3:14")
    return (None, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _show(
    league: League, season: SeasonRow, players: tuple[PlayerRow, ...], stored: np.void, *, verify: bool, as_json: bool
) -> int:
    game = game_named(season.game)
    seats = [players[int(stored[seat.name.lower()])] for seat in Seat]
    left, right = (league.library.read(row).policy for row in seats)
    points = SeasonConfig.from_json(season.config_json).points or game.default_points
    try:
        course = list(points_course(Replay(game, (left, right), int(stored["seed"]), points).frames()))
        verification = Replay(game, (left, right), int(stored["seed"]), points).verify(stored)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if as_json:
        result = {
            "season": season.id,
            "match": int(stored["match_id"]),
            "players": [row.name for row in seats],
            "points": [int(p) for p in stored["points"]],
            "ticks": int(stored["ticks"]),
            "state_hash": f"{int(stored['state_hash']):016x}",
            "same": verification.is_same,
            "differences": list(verification.differences),
        }
        click.echo(json.dumps(result))
    else:
        _print(season, stored, [row.name for row in seats], course, game.tick_s)
        if verify and verification.is_same:
            click.echo(
                f"verified: the replay is the stored match, bit for bit (state hash {int(stored['state_hash']):016x})"
            )
        elif verify:
            click.echo(f"NOT the stored match: the replay differs in {', '.join(verification.differences)}")
    return 1 if verify and not verification.is_same else 0


def _print(
    season: SeasonRow, stored: np.void, names: list[str], course: list[tuple[int, Seat, int, int]], tick_s: float
) -> None:
    click.echo(f"season {season.id}, match {stored['match_id']}: {names[0]} (left) against {names[1]} (right)")
    for tick, scorer, left_points, right_points in course:
        click.echo(f"  {tick * tick_s:7.2f} s  {left_points:2d} : {right_points:<2d}  {names[scorer]}")
    end = MatchEnd(int(stored["end"])).name.lower().replace("_", " ")
    winner = {1: f"{names[0]} has won", 0: "a draw", -1: f"{names[1]} has won"}[int(stored["outcome"])]
    click.echo(
        f"  {winner} (by {end}), {stored['ticks']:,} ticks, {stored['rallies']} rallies, "
        f"longest {stored['longest_rally']} contacts"
    )
    for seat in Seat:
        click.echo(
            f"  {names[seat]}: {stored['hits'][seat]} hits, {stored['misses'][seat]} misses, {stored['aces'][seat]} aces, "
            f"moved {stored['distance'][seat]:.1f}, reaction {stored['mean_reaction'][seat]:.1f} ticks, "
            f"mean offset {stored['mean_offset'][seat]:.2f}"
        )


COMMAND = replay
