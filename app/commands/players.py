"""``players``: who is in the league."""

import json
from pathlib import Path

import click

from app.command_options import home_option, json_option
from app.player_formats import PLAYER_FORMATS
from app.session import open_league
from app.tables import aligned
from game.games import game as game_named
from league.library import read_file
from league.preflight import preflight
from league.store import PlayerRow


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def players() -> None:
    """List, import, export, check, rename, annotate and archive players."""


@players.command("list")
@home_option
@json_option
@click.option("--all", "is_all", is_flag=True, help="Archived players too.")
def list_players(*, home: str | None, as_json: bool, is_all: bool) -> None:
    """List the league's players."""
    with open_league(home) as league:
        rows = league.library.players(include_archived=is_all)
    if as_json:
        click.echo(json.dumps({"players": [_object(row) for row in rows]}))
        return
    head = ["player", "kind", "game", "hash", "author", "created", ""]
    lines = [
        [r.name, r.kind, f"{r.game} {r.game_version}", r.hash[:12], r.author, r.created[:10], "archived" * r.archived]
        for r in rows
    ]
    click.echo("\n".join(aligned([head, *lines], left=(0, 1, 2, 3, 4, 5, 6))))


def _object(row: PlayerRow) -> dict[str, object]:
    return {
        "name": row.name,
        "hash": row.hash,
        "kind": row.kind,
        "game": row.game,
        "game_version": row.game_version,
        "author": row.author,
        "created": row.created,
        "archived": row.archived,
        "notes": row.notes,
        "lineage": json.loads(row.lineage_json),
        "training": json.loads(row.training_json),
    }


@players.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default=None, help="Name in the league.  [default: the one in the file]")
@click.option("--trust-python", is_flag=True, help="Allow a Python bot: its code runs with your rights.")
@home_option
def import_player(*, file: Path, name: str | None, trust_python: bool, home: str | None) -> None:
    """Bring the player in FILE into the league: .safetensors, a Python bot (.py), or a network of neat-python (.json)."""
    with open_league(home) as league:
        row = league.library.import_file(file, name=name, trust_python=trust_python)
    click.echo(f"imported '{row.name}' ({row.kind}, {row.hash[:12]})")


@players.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@home_option
def export_player(*, name: str, file: Path, home: str | None) -> None:
    """Write the file of player NAME to FILE; to a .json file as neat-python exports its networks."""
    with open_league(home) as league:
        row = league.library.find(name)
        league.library.export(row, file)
    click.echo(f"exported '{row.name}' to {file}")


@players.command("archive")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Bring the player back.")
@home_option
def archive_player(*, name: str, undo: bool, home: str | None) -> None:
    """Take player NAME out of the lists; nothing is deleted."""
    with open_league(home) as league:
        row = league.library.find(name)
        change = league.library.restore if undo else league.library.archive
        change(row)
    click.echo(f"{'brought back' if undo else 'archived'} '{row.name}'")


@players.command("rename")
@click.argument("name")
@click.argument("new")
@home_option
def rename_player(*, name: str, new: str, home: str | None) -> None:
    """Call player NAME by the name NEW."""
    with open_league(home) as league:
        row = league.library.rename(league.library.find(name), new)
    click.echo(f"renamed '{name}' to '{row.name}'")


@players.command("annotate")
@click.argument("name")
@click.argument("text")
@home_option
def annotate_player(*, name: str, text: str, home: str | None) -> None:
    """Replace the notes on player NAME by TEXT; an empty one takes them away."""
    with open_league(home) as league:
        row = league.library.annotate(league.library.find(name), text)
    click.echo(f"{'noted on' if row.notes else 'no notes on'} '{row.name}'")


@players.command("check")
@click.argument("file")
@click.option("--trust-python", is_flag=True, help="Allow a Python bot: its code runs with your rights.")
@home_option
@json_option
@click.pass_context
def check_player(ctx: click.Context, *, file: str, trust_python: bool, home: str | None, as_json: bool) -> None:
    """Check beforehand whether the player in FILE, or a player of the league, would get through a season."""
    path = Path(file)
    if path.exists() or path.suffix:
        player = read_file(path, trust_python=trust_python, formats=PLAYER_FORMATS)
    else:
        with open_league(home) as league:
            player = league.library.read(league.library.find(file))
    report = preflight(game_named(player.game), player.policy)
    if as_json:
        checks = [{"check": c.name, "ok": c.is_ok, "text": c.text} for c in report.checks]
        click.echo(json.dumps({"player": player.name, "hash": player.hash, "ok": report.is_ok, "checks": checks}))
    else:
        click.echo(f"{player.name} ({player.policy.kind.name.lower()}, {player.hash[:12]})")
        for check in report.checks:
            click.echo(f"  {'ok  ' if check.is_ok else 'FAIL'}  {check.name}: {check.text}")
    ctx.exit(0 if report.is_ok else 1)


COMMAND = players
