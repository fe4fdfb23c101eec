"""What a population that plays itself reports, made up: its pool, its payoffs, what its opponents were."""

import numpy as np

from ai.run_folder import MetricRow
from ai.trainer import Json, MetricSpec

FIXED = ("random", "tracker", "predictor", "aimer")
MIX = MetricSpec(
    "mix", "Opponents", "Opponents", "Share of the steps against each.", unit="share", is_family=True, is_part=True
)
ENTROPY = MetricSpec("entropy", "Entropy", "Policy", "Of the policy, in nats.", is_headline=True)
METRICS = (MIX, ENTROPY)


def member_names(members: int) -> list[str]:
    """Return the names of the fixed players and of as many snapshots as there have to be."""
    snapshots = ("main-exploiter" if place % 5 == 3 else "main" for place in range(members))
    return [*FIXED, *(f"{role}-{place}" for place, role in enumerate(snapshots))][:members]


def payoffs(members: int, *, cycles: int = 1, seed: int = 1) -> dict[str, Json]:
    """Return a matrix in which the later ones are better, with noise; the last two of more than six have not met."""
    rng = np.random.default_rng(seed)
    strength = np.linspace(-2.0, 2.0, members) + 0.4 * rng.standard_normal(members)
    score = 1.0 / (1.0 + np.exp(strength[None, :] - strength[:, None]))
    rows: list[list[float | None]] = [[round(float(each), 3) for each in row] for row in score]
    if members > 6:
        rows[-1][-2] = rows[-2][-1] = None
    names = member_names(members)
    nash = np.exp(3.0 * strength)
    return {
        "players": list(names),
        "score": [list(row) for row in rows],
        "pairs": 20,
        "nash": (nash / nash.sum()).tolist(),
        "skill": (-np.sort(rng.random(members))[::-1] / 2).tolist(),
        "cycles": [[names[place], names[place + 1], names[place + 2]] for place in range(cycles)],
    }


def pool(members: int, *, step: int = 2_000_000) -> list[dict[str, Json]]:
    """Return the records of a pool."""
    records: list[dict[str, Json]] = []
    for place, name in enumerate(member_names(members)):
        is_fixed = place < len(FIXED)
        number = place - len(FIXED)
        records.append(
            {
                "name": name,
                "role": "player" if is_fixed else name.rpartition("-")[0],
                "step": None if is_fixed else step // members * place,
                "parent": None if is_fixed or number == 0 else f"main-{number - 1}",
                "games": 1000.0 / (place + 1),
                "win_rate": 1.0 - place / members / 2,
                "hash": f"{place * 7919:012x}",
            }
        )
    return records


def rows(steps: int, members: int = 8, *, seed: int = 2) -> list[MetricRow]:
    """Return the metrics of ``steps`` reports: shares of opponents that sum to 1, of whom more are there with time."""
    rng = np.random.default_rng(seed)
    names = ["current", *member_names(members - 1)]
    found: list[MetricRow] = []
    weights = np.ones(members)
    for step in range(1, steps + 1):
        there = max(3, min(members, 3 + step * members // steps))
        weights *= np.exp(0.1 * rng.standard_normal(members))
        shares = 0.5 * weights[1:there] / weights[1:there].sum()
        values = {"mix/current": 0.5, **{f"mix/{name}": float(x) for name, x in zip(names[1:], shares, strict=False)}}
        found.append(MetricRow(step * 16_384, {**values, "entropy": 1.0 - 0.8 * step / steps}, {}, 1.0))
    return found
