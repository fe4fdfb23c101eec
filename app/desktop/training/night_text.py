"""What a night's card says, in words. No Qt."""

from typing import Final

from app.desktop.league.columns import Column
from app.desktop.league.words import count, duration
from app.desktop.training.cards import Phase
from app.desktop.training.nights import CycleLine, NightCard

_STAGES: Final = {"train": "training", "gate": "gate", "season": "season", "done": "done"}
_DOT: Final = " \N{MIDDLE DOT} "
_NOTHING: Final = float("-inf")


def phase_text(card: NightCard) -> str:
    """Return what the night is doing, in a word or two."""
    return f"{card.phase.value} elsewhere" if card.is_elsewhere else card.phase.value


def plan_text(card: NightCard) -> str:
    """Return what it is to come to: ``Overnight, 8 cycles, selfplay``."""
    length = count(card.cycles, "cycle") if card.cycles else f"{card.hours:g} h" if card.hours else ""
    return _DOT.join(part for part in ("Overnight", length, card.trainer) if part)


def stage_text(card: NightCard) -> str:
    """Return what the cycle at hand is at: ``cycle 3, gate: 150 of 2,000 pairs``."""
    done = sum(line.is_done for line in card.lines)
    if not card.phase.is_active:
        return f"{count(done, 'cycle')} done" + (f" of {card.cycles:,}" if card.cycles else "")
    stage = card.stage
    text = f"cycle {stage.cycle:,}, {_STAGES.get(stage.name, stage.name)}"
    if not stage.done and not stage.expected:
        return text
    expected = f" of {stage.expected:,}" if stage.expected else ""
    return f"{text}: {stage.done:,}{expected} {stage.unit}".rstrip()


def time_text(card: NightCard) -> str:
    """Return how long it will take; while it does nothing, how long it has taken."""
    if card.phase is Phase.RUNNING and card.stage.eta_s is not None:
        return f"{duration(card.stage.eta_s)} left"
    taken = sum(line.seconds for line in card.lines) or card.seconds
    return "" if card.phase.is_active or not taken else duration(taken)


def champion_text(card: NightCard) -> str:
    """Return who reigns, and how good it is; empty before the first champion."""
    line = next((line for line in reversed(card.lines) if line.champion), None)
    if line is None:
        return ""
    rating = next((each.rating for each in reversed(card.lines) if each.rating is not None), None)
    return f"champion {line.champion}" + ("" if rating is None else f", {rating:.0f} Elo")


def reason_text(card: NightCard) -> str:
    """Return why it does not go on, in a sentence; empty if it does or needs no reason."""
    if card.is_elsewhere:
        return "Another program works on this night: it can be paused and stopped there."
    if card.phase is Phase.INTERRUPTED:
        return card.reason or "Its process was ended from outside. Resume goes on from where it was."
    if card.phase is Phase.FAILED:
        return card.reason or "It failed without a reason: see the log."
    return card.reason if card.phase is Phase.STOPPED else ""


def spoken(card: NightCard) -> str:
    """Return the card as a sentence, for those who hear it."""
    parts = (card.name, plan_text(card), phase_text(card), stage_text(card), time_text(card), champion_text(card))
    return ", ".join(part for part in (*parts, reason_text(card)) if part)


def verdict_text(line: CycleLine) -> str:
    """Return what the gate has said of the cycle's candidate, in a word or two."""
    if line.failure:
        return "broken off"
    if line.is_better is None:
        return ""
    if line.is_better and not line.pairs:
        return "first"
    if line.pairs is None and not line.is_better:
        return "no candidate"
    return "better" if line.is_better else "no better"


def line_text(line: CycleLine) -> str:
    """Return a cycle in words, a line a fact."""
    parts = [f"Cycle {line.number:,}" + ("" if line.is_done else ", not done yet")]
    if line.run:
        parts.append(f"Run {line.run}")
    if line.is_better is not None and not line.pairs:
        parts.append(f"Champion gate: {_without_pairs(line)}")
    elif line.pairs:
        score = "" if line.score is None else f", score {100 * line.score:.1f} %"
        llr = "" if line.llr is None else f", log likelihood ratio {line.llr:+.2f}"
        parts.append(f"Champion gate: {verdict_text(line)} after {count(line.pairs, 'pair')}{score}{llr}")
    if line.champion:
        parts.append(f"Champion: {line.champion}")
    if line.rating is not None:
        place = "" if line.rank is None else f", rank {line.rank}"
        parts.append(f"{line.rating:.0f} Elo{place} in season {line.season}")
    if line.seconds:
        parts.append(f"It took {duration(line.seconds)}")
    return "\n".join([*parts, line.failure] if line.failure else parts)


def _without_pairs(line: CycleLine) -> str:
    """Return why the gate has decided without a match."""
    if line.is_better:
        return "nobody reigned yet"
    return "the run has made no champion" if line.pairs is None else "the same player again"


def lines_text(card: NightCard) -> str:
    """Return the cycles as tab separated values, as they are copied."""
    head = "\t".join(column.title for column in COLUMNS)
    return "\n".join([head, *("\t".join(column.text(line) for column in COLUMNS) for line in card.lines)])


def _number(value: float | None) -> float:
    return _NOTHING if value is None else value


COLUMNS: Final[tuple[Column[CycleLine], ...]] = (
    Column("Cycle", "Its number in the night", 44, lambda line: f"{line.number:,}", lambda line: line.number),
    Column(
        "Gate",
        "What the champion gate said of the run's champion: better than the one that reigned, or not",
        72,
        verdict_text,
        verdict_text,
        is_number=False,
        stretch=1,
    ),
    Column(
        "Score",
        "Of the run's champion against the one that reigned, in percent of the points of the gate's pairs",
        48,
        lambda line: "" if line.score is None or not line.pairs else f"{100 * line.score:.0f} %",
        lambda line: _number(line.score),
        gives_way=2,
    ),
    Column(
        "Elo",
        "Rating of the champion that reigns, in the cycle's season",
        44,
        lambda line: "" if line.rating is None else f"{line.rating:.0f}",
        lambda line: _number(line.rating),
    ),
    Column(
        "Rank",
        "Of the champion that reigns, in the cycle's season",
        42,
        lambda line: "" if line.rank is None else f"{line.rank}",
        lambda line: _number(line.rank),
        gives_way=1,
    ),
    Column(
        "Champion",
        "Who reigns after the cycle",
        110,
        lambda line: line.champion,
        lambda line: line.champion.casefold(),
        gives_way=5,
        is_number=False,
        stretch=2,
    ),
    Column(
        "Season",
        "The season that everybody has played",
        52,
        lambda line: "" if line.season is None else f"{line.season}",
        lambda line: _number(line.season),
        gives_way=4,
    ),
    Column(
        "Run",
        "The training run",
        96,
        lambda line: line.run,
        lambda line: line.run,
        gives_way=6,
        is_number=False,
        stretch=1,
    ),
    Column(
        "Time",
        "What the cycle took",
        80,
        lambda line: duration(line.seconds) if line.seconds else "",
        lambda line: line.seconds,
        gives_way=3,
    ),
)
CYCLE: Final = 0
