"""What a new season would be: presets, how many matches, how long. No Qt here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.desktop.league.words import count, duration

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from league.config import SeasonConfig
    from league.store import PlayerRow


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of settings by one name. ``has_sprt`` ends encounters once they are decided."""

    name: str
    tip: str
    values: Mapping[str, object]
    has_sprt: bool = False


PRESETS: Final = (
    Preset("Quick", "10 matches an encounter: a first ranking, soon.", {"pairs": 5}),
    Preset("Standard", "40 matches an encounter: a ranking to rely on.", {"pairs": 20}),
    Preset("Long", "1,000 matches an encounter: tells players of nearly equal strength apart.", {"pairs": 500}),
    Preset(
        "Until decided",
        "Each encounter goes on until a sequential test says who is better, up to 2,000 matches.",
        {"pairs": 1000, "sprt_block": 10},
        has_sprt=True,
    ),
)


def planned_line(config: "SeasonConfig", matches_per_s: float | None) -> str:
    """Return how many matches ``config`` plans and about how long they take at the speed measured last."""
    planned = config.planned_pairs()
    matches = 2 * (config.most_pairs() if planned is None else planned)
    most = "at most " if planned is None else ""
    time = "-" if not matches_per_s else duration(max(1.0, matches / matches_per_s))
    return f"{most}{count(matches, 'match', 'matches')} planned, about {time}"


def strongest(players: "Sequence[PlayerRow]", ratings: Mapping[str, float], size: int) -> set[str]:
    """Return the hashes of the ``size`` players that are rated highest; unrated ones come last, in their order."""
    ranked = sorted(players, key=lambda player: -ratings.get(player.hash, float("-inf")))
    return {player.hash for player in ranked[:size]}
