"""A night as text and as a JSON object."""

import shlex

from app.overnight.state import Cycle, GateRecord, Night
from app.tables import aligned


def night_object(night: Night) -> dict[str, object]:
    """Return the object of a night that ``--json`` prints; docs/formats.md explains each key."""
    config = night.config
    return {
        "overnight": night.id,
        "name": night.name,
        "state": night.state,
        "reason": night.reason,
        "trainer": config.trainer,
        "preset": config.preset,
        "seed": night.seed,
        "seconds": round(night.seconds, 3),
        "champion": night.succession[0] if night.succession else None,
        "cycles": [cycle_object(cycle) for cycle in night.done],
    }


def cycle_object(cycle: Cycle) -> dict[str, object]:
    """Return the object of one cycle."""
    standing, gate = cycle.standing, cycle.gate
    return {
        "cycle": cycle.number,
        "run": cycle.run,
        "candidate": cycle.candidate,
        "champion": cycle.champion_name,
        "champion_hash": cycle.champion,
        "is_better": cycle.is_better,
        "gate": gate.model_dump(mode="json") if gate is not None else None,
        "rating": standing.rating if standing else None,
        "rank": standing.rank if standing else None,
        "players": standing.players if standing else None,
        "season": cycle.season,
        "rows_sha256": standing.rows_sha256 if standing else None,
        "seconds": round(cycle.seconds, 3),
        "failure": cycle.failure,
    }


def verdict_text(cycle: Cycle) -> str:
    """Return what the gate has found, in a few words."""
    if cycle.is_better is None:
        return ""
    if cycle.gate is None:
        return "first" if cycle.is_better else "no candidate"
    return _verdict(cycle.gate)


def _verdict(gate: GateRecord) -> str:
    words = {"accept H1": "better", "accept H0": "not better", "continue": "undecided"}
    if not gate.pairs:
        return gate.decision
    return f"{words.get(gate.decision, gate.decision)}, {100 * gate.score:.1f} % of {gate.pairs:,} pairs"


def cycles_text(count: int) -> str:
    """Return how many cycles there are: ``1 cycle``, ``8 cycles``."""
    return f"{count} cycle{'' if count == 1 else 's'}"


def cycle_text(cycle: Cycle, cycles: int) -> str:
    """Return one line about a cycle that is done; ``cycles`` is how many the night has, 0 if it goes by hours."""
    head = f"cycle {cycle.number}{f' of {cycles}' if cycles else ''}"
    if cycle.failure:
        return f"{head} was broken off after {cycle.seconds:.0f} s: {cycle.failure}"
    champion = f"champion '{cycle.champion_name}'" if cycle.champion_name else "no champion yet"
    place = f"rating {_rating(cycle)}, rank {_rank(cycle)}" if cycle.standing and cycle.standing.rank else "no rating"
    return (
        f"{head}: run {cycle.run}, gate: {verdict_text(cycle)}; {champion}, {place} "
        f"in season {cycle.season}; {cycle.seconds:.0f} s"
    )


def night_text(night: Night, home: str | None) -> list[str]:
    """Return what came of a night as lines, and what can be done next."""
    head = (
        f"overnight {night.id} '{night.name}': {night.state}, {cycles_text(len(night.done))} in {night.seconds:.0f} s, "
    )
    lines = [f"{head}seed {night.seed}"]
    if night.cycles:
        titles = ["cycle", "run", "champion", "gate", "rating", "rank", "season", "seconds"]
        lines += aligned([titles, *(_row(cycle) for cycle in night.cycles)], left=(1, 2, 3))
    lines += [f"cycle {cycle.number} was broken off: {cycle.failure}" for cycle in night.cycles if cycle.failure]
    if night.state != "complete":
        lines.append(f"go on: {_command(home, 'overnight', '--resume', night.id)}")
    seasons = [cycle.season for cycle in night.cycles if cycle.standing is not None]
    if seasons:
        lines.append(f"report: {_command(home, 'report', '--season', str(seasons[-1]), '--html', 'report.html')}")
    return lines


def _row(cycle: Cycle) -> list[str]:
    return [
        str(cycle.number),
        cycle.run or "",
        cycle.champion_name or "",
        verdict_text(cycle),
        _rating(cycle),
        _rank(cycle),
        str(cycle.season or ""),
        f"{cycle.seconds:.0f}",
    ]


def _rating(cycle: Cycle) -> str:
    standing = cycle.standing
    return f"{standing.rating:.0f}" if standing is not None and standing.rating is not None else ""


def _rank(cycle: Cycle) -> str:
    standing = cycle.standing
    return f"{standing.rank} of {standing.players}" if standing is not None and standing.rank is not None else ""


def _command(home: str | None, *words: str) -> str:
    place = ("--home", home) if home else ()
    return shlex.join(("python", "main.py", *place, *words))
