"""The fixed matches whose state hashes are kept: every bot, and small networks whose weights are a formula.

The weights are sixteenths, so that any machine and any numpy make the same ones. ``python -m tests.golden.rewrite``
writes the file anew; its diff shows which matches a change of the rules, the bots or the arithmetic has changed.
"""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.batch import play_batch
from game.games.rally import GAME
from game.match import match_array
from game.policies.activation import Activation
from game.policies.bank import Policy, build_bank
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seed
from game.spec import MatchSpec

STORED: Final = Path(__file__).with_name("state_hashes.json")
_MATCHES: Final = 40
_SEASON_SEED: Final = 2026

Row: TypeAlias = Mapping[str, str | int | list[int]]


def _formula(count: int, salt: int) -> NDArray[np.float32]:
    """Return ``count`` sixteenths in [-0.5, 0.5] that look like nothing in particular."""
    at = np.arange(count, dtype=np.int64)
    return (((at * 37 + at * at * 11 + salt * 5) % 17 - 8) / 16).astype(np.float32)


_FIRST_ACTIVATIONS = 7  # those that were there when these matches were written down


def _dense(activation: Activation, *sizes: int) -> DensePolicy:
    """Return a network of layers ``sizes`` that mostly follows the ball."""
    weights, biases = [], []
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weights.append(_formula(inputs * outputs, layer).reshape(outputs, inputs) / np.float32(4))
        biases.append(_formula(outputs, layer + 7) / np.float32(8))
    weights[0][:2, [1, 5]] += np.array([[4, -4], [-4, 4]], np.float32)
    for follows in weights[1:-1]:
        follows[:2, :2] += np.array([[2, 0], [0, 2]], np.float32)
    weights[-1][:, :2] += np.array([[1, -1], [0, 0], [-1, 1]], np.float32)
    return DensePolicy(tuple(weights), tuple(biases), activation)


def _graph(nodes: int, *, is_recurrent: bool) -> GraphPolicy:
    """Return a graph whose nodes read three values each; the last three are up, stay and down."""
    inputs = GAME.n_observations
    numbers = np.arange(nodes)
    readable = np.full(nodes, inputs + nodes) if is_recurrent else inputs + numbers
    sources = np.stack([(numbers * step + 1) % readable for step in (3, 5, 7)], axis=1)
    weights = _formula(3 * nodes, 3).reshape(nodes, 3)
    for node, sign in ((nodes - 3, 4), (nodes - 1, -4)):
        sources[node, :2] = 1, 5
        weights[node, :2] = sign, -sign
    return GraphPolicy(
        n_inputs=inputs,
        row=np.arange(0, 3 * nodes + 1, 3, dtype=np.int32),
        source=sources.ravel().astype(np.int32),
        weight=weights.ravel(),
        bias=_formula(nodes, 1) / np.float32(8),
        activation=(numbers % _FIRST_ACTIVATIONS).astype(np.int32),
        outputs=np.arange(inputs + nodes - 3, inputs + nodes, dtype=np.int32),
        is_recurrent=is_recurrent,
    )


def players() -> Mapping[str, Policy]:
    """Return the golden players by name."""
    bots: dict[str, Policy] = {each.name: ScriptedPolicy.of(GAME, each.name) for each in GAME.bots}
    return bots | {
        "sharp predictor": ScriptedPolicy.of(GAME, "predictor", delay=0, noise=0.125),
        "dull aimer": ScriptedPolicy.of(GAME, "aimer", delay=12, noise=0.5),
        "dense rational": _dense(Activation.RATIONAL, 8, 16, 3),
        "dense tanh": _dense(Activation.TANH, 8, 6, 5, 3),
        "dense relu": _dense(Activation.RELU, 8, 12, 3),
        "dense sigmoid": _dense(Activation.SIGMOID, 8, 9, 3),
        "graph": _graph(11, is_recurrent=False),
        "recurrent graph": _graph(10, is_recurrent=True),
    }


def play() -> Mapping[str, Row]:
    """Play the golden matches; return what is kept of each, by its name."""
    named = players()
    names = list(named)
    size = len(names)
    matches = []
    for index in range(_MATCHES):
        left = index % size
        right = (left + 1 + 3 * (index // size)) % size
        matches.append(MatchSpec(index, left, right, pair_seed(_SEASON_SEED, index), 1 + index % 5))
    rows = play_batch(GAME, build_bank(list(named.values())), match_array(matches))
    return {
        f"{match.match_id:02} {names[match.left]} - {names[match.right]} to {match.points}": {
            "state_hash": f"{int(row['state_hash']):016x}",
            "ticks": int(row["ticks"]),
            "points": row["points"].tolist(),
            "hits": row["hits"].tolist(),
        }
        for match, row in zip(matches, rows, strict=True)
    }


def stored(path: Path = STORED) -> Mapping[str, Row]:
    """Return the golden rows."""
    rows: Mapping[str, Row] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def write(rows: Mapping[str, Row], path: Path = STORED) -> None:
    """Make ``rows`` the golden rows, a line a match so that a diff is readable."""
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
