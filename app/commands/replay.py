"""``replay``: a match of a season or of a person again: its course, the proof, pictures and films."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import numpy as np

from app.command_options import events_option, home_option, json_option
from app.people import player_names, seated_names
from app.session import League, open_league
from app.stored_season import stored_season
from app.tournament import UsageError
from game.games import game as game_named
from game.spec import MatchEnd, Seat
from game.tape import Tape
from game.timeline import Timeline
from league.config import SeasonConfig

if TYPE_CHECKING:
    from app.filming import Shot


F = TypeVar("F", bound=Callable[..., Any])

_MOST_ID: Final = 2**63 - 1


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:  # noqa: ARG002
        try:
            width, height = (int(part) for part in str(value).lower().split("x"))
        except ValueError:
            self.fail(f"'{value}' is no size: width and height in pixels are needed, such as 960x540")
        return width, height


@dataclass(frozen=True)
class StoredMatch:
    """A match that can be shown again: which it is, who played, how it went, and what was stored of it.

    ``season_id`` is None of a person's match, whose number is ``match_id``.
    """

    season_id: int | None
    match_id: int
    names: tuple[str, str]
    timeline: Timeline
    stored: np.void


def _file_option(name: str, what: str) -> Callable[[F], F]:
    return click.option(f"--{name}", type=click.Path(path_type=Path, dir_okay=False), default=None, help=what)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("match", required=False)
@click.option(
    "--person", "person_match", type=int, default=None, help="Replay this match of a person: see `people matches`."
)
@click.option(
    "--verify", is_flag=True, help="Compare the replay with what is stored, bit for bit; exit code 1 if it differs."
)
@_file_option("png", "Write a picture of the match to this file.")
@_file_option("gif", "Write the match as a film to this file.")
@_file_option("mp4", "Write the match as a film to this file, by ffmpeg.")
@click.option("--at", "at_s", type=float, default=None, help="Second of the picture.  [default: 0]")
@click.option("--size", type=_Size(), default=None, help="Pixels.  [default: 480x270 of a GIF, else 1280x720]")
@click.option("--fps", type=int, default=None, help="Frames a second.  [default: 20 of a GIF, 60 of an MP4]")
@click.option("--style", default=None, help="Colours: dark, light or contrast.  [default: dark]")
@click.option("--overlays", is_flag=True, help="Show what both players see and do, and where the ball will go.")
@events_option
@home_option
@json_option
@click.pass_context
def replay(ctx: click.Context, /, **options: Any) -> None:  # click hands in one argument an option
    """Replay MATCH: its number in the latest season, or SEASON:NUMBER."""
    if (options["match"] is None) == (options["person_match"] is None):
        raise UsageError("give one match: its number in the latest season, SEASON:NUMBER, or --person NUMBER")
    has_file = any(options[kind] is not None for kind in ("png", "gif", "mp4"))
    needing_file = ("at_s", "size", "fps", "style", "overlays", "is_job")
    if not has_file and any(options[name] is not None and options[name] is not False for name in needing_file):
        raise UsageError(
            "--at, --size, --fps, --style, --overlays and --events need a file: give --png, --gif or --mp4"
        )
    with open_league(options["home"]) as league:
        if options["person_match"] is not None:
            match = person_match(league, options["person_match"])
        else:
            match = stored_match(league, *_numbers(options["match"]))
        if not has_file:
            ctx.exit(_show(match, verify=options["verify"], as_json=options["as_json"]))
        from app.filming import film_match  # draws: a plain replay loads nothing that can

        ctx.exit(film_match(match.timeline, match.names, _shot(options)))


def _shot(options: dict[str, Any]) -> "Shot":
    from app.filming import KINDS, Shot

    kinds = [kind for kind in KINDS if options[kind] is not None]
    if len(kinds) > 1:
        raise UsageError(f"--{kinds[0]} and --{kinds[1]} exclude each other: one file is written at a time")
    if options["at_s"] is not None and kinds[0] != "png":
        raise UsageError("--at is the second of a picture: it needs --png")
    if options["verify"]:
        raise UsageError("--verify and a file exclude each other: run them one after the other")
    return Shot(
        kind=kinds[0],
        path=options[kinds[0]],
        at_s=options["at_s"] or 0.0,
        size=options["size"],
        fps=options["fps"],
        style=options["style"] or "dark",
        has_overlays=options["overlays"],
        is_job=options["is_job"],
        as_json=options["as_json"],
    )


def _numbers(match: str) -> tuple[int | None, int]:
    try:
        numbers = [int(part) for part in match.split(":")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(0 <= number <= _MOST_ID for number in numbers):
        raise UsageError(f"'{match}' is no match: give its number in the latest season, or SEASON:NUMBER, such as 3:14")
    return (None, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def stored_match(league: League, season_id: int | None, match_id: int) -> StoredMatch:
    """Return match ``match_id`` of a season, of the latest one by default.

    Raises
    ------
    UsageError
        If it cannot be played again.
    """
    season = stored_season(league, season_id)
    stored = league.store.match_row(season.row.id, match_id)
    game = game_named(season.row.game)
    left, right = (season.players[int(stored[seat.name.lower()])] for seat in Seat)
    policies = league.library.read(left).policy, league.library.read(right).policy
    points = SeasonConfig.from_json(season.row.config_json).points or game.default_points
    try:
        timeline = Timeline(game, policies, int(stored["seed"]), points)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return StoredMatch(season.row.id, match_id, (left.name, right.name), timeline, stored)


def person_match(league: League, number: int) -> StoredMatch:
    """Return a person's match by its number, from its tape.

    Raises
    ------
    UsageError
        If another version of its game played it.
    UnknownRowError
        If there is none.
    TapeError
        If its tape is damaged.
    """
    row = league.store.person_match(number)
    game = game_named(row.game)
    if row.game_version != game.version:
        raise UsageError(
            f"match {number} was played with {row.game} version {row.game_version}, this program plays version "
            f"{game.version}: it cannot be replayed"
        )
    timeline = Timeline(game, (None, None), int(row.result["seed"]), row.points_to_win, Tape.from_bytes(row.tape))
    return StoredMatch(None, number, seated_names(row, player_names(league)), timeline, row.result)


def _show(match: StoredMatch, *, verify: bool, as_json: bool) -> int:
    verification = match.timeline.verify(match.stored)
    state_hash = f"{int(match.stored['state_hash']):016x}"
    if as_json:
        result = {
            "season": match.season_id,
            "match": match.match_id,
            "players": list(match.names),
            "points": [int(p) for p in match.stored["points"]],
            "ticks": int(match.stored["ticks"]),
            "state_hash": state_hash,
            "same": verification.is_same,
            "differences": list(verification.differences),
        }
        click.echo(json.dumps(result))
    else:
        _print(match)
        if verify and verification.is_same:
            click.echo(f"verified: the replay is the stored match, bit for bit (state hash {state_hash})")
        elif verify:
            click.echo(f"NOT the stored match: the replay differs in {', '.join(verification.differences)}")
    return 1 if verify and not verification.is_same else 0


def _print(match: StoredMatch) -> None:
    names, stored = match.names, match.stored
    place = "a person's" if match.season_id is None else f"season {match.season_id},"
    click.echo(f"{place} match {match.match_id}: {names[0]} (left) against {names[1]} (right)")
    for mark in match.timeline.marks:
        if mark.scorer is not None:
            second = mark.tick * match.timeline.game.tick_s
            click.echo(f"  {second:7.2f} s  {mark.left_points:2d} : {mark.right_points:<2d}  {names[mark.scorer]}")
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
