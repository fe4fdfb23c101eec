"""The outcome of a tournament as the user gets it: text, one JSON object, files."""

import sys
from pathlib import Path

from app.tables import crosstable_text, outcome_text, standings_text
from app.tournament import Outcome
from league.report import write_csv, write_report
from league.summary import Line, Summary


def write_files(summary: Summary, csv_path: Path | None, html_path: Path | None) -> None:
    """Write the standings and the report where asked for."""
    if csv_path is not None:
        write_csv(summary, csv_path)
    if html_path is not None:
        write_report(summary, html_path)


def json_object(outcome: Outcome) -> dict[str, object]:
    """Return the one object that ``--json`` prints; docs/formats.md explains each key."""
    summary = outcome.summary
    seconds = outcome.seconds
    return {
        "season": summary.season.id,
        "seed": summary.season.seed,
        "state": summary.season.state,
        "matches": summary.matches,
        "pairs": summary.matches // 2,
        "ticks": summary.ticks,
        "played": outcome.played,
        "seconds": round(seconds, 3),
        "matches_per_s": round(outcome.played / seconds, 1) if seconds else 0.0,
        "ticks_per_s": round(outcome.played_ticks / seconds) if seconds else 0,
        "workers": outcome.workers,
        "faults": len(summary.faults),
        "standings": [_standing(line) for line in summary.lines],
        "rows_sha256": summary.rows_sha256,
    }


def _standing(line: Line) -> dict[str, object]:
    s = line.standing
    return {
        "rank": s.rank,
        "band": line.band,
        "player": line.player.name,
        "hash": line.player.hash,
        "kind": line.player.kind,
        "rating": round(s.rating, 2),
        "low": round(s.low, 2),
        "high": round(s.high, 2),
        "games": s.games,
        "wins": s.wins,
        "draws": s.draws,
        "losses": s.losses,
    }


def season_text(summary: Summary) -> list[str]:
    """Return a season as lines: standings, placement, cross table, outcomes."""
    lines = ["", *standings_text(summary)]
    if summary.placement:
        names = [f"{rank + 1}. {summary.players[player].name}" for rank, player in enumerate(summary.placement)]
        lines += ["", "placement by the format: " + ", ".join(names)]
    return [*lines, "", *crosstable_text(summary), "", *outcome_text(summary)]


def print_outcome(outcome: Outcome, home: str | None) -> None:
    """Print the tables to stdout, with the seed and the commands that go on from here."""
    summary = outcome.summary
    place = f" --home {home}" if home else ""
    season = summary.season
    lines = [*season_text(summary), ""]
    if outcome.seconds:
        lines.append(
            f"played {outcome.played:,} matches ({outcome.played_ticks:,} ticks) in {outcome.seconds:.1f} s: "
            f"{outcome.played / outcome.seconds:,.0f} matches/s with {outcome.workers} worker(s)"
        )
    lines.append(f"season {season.id}, seed {season.seed}, rows {summary.rows_sha256[:16]}")
    if outcome.is_interrupted:
        expected = f" of {season.planned_matches:,}" if season.planned_matches else ""
        lines.append(f"interrupted: {summary.matches:,}{expected} matches are stored")
        lines.append(f"go on:   python main.py{place} --no-visuals --resume {season.id}")
    if summary.matches:
        lines.append(f"replay:  python main.py{place} replay {season.id}:0 --verify")
        lines.append(f"report:  python main.py{place} report --season {season.id} --html report.html")
    sys.stdout.write("\n".join(lines).lstrip("\n") + "\n")
