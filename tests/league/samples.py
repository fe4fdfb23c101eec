"""Made-up rows for the tests of the store."""

import numpy as np

from game.spec import RESULT_DTYPE, UNSTORED_COLUMNS, Results, Seat
from league.schema import PersonMatchRow, PlayerRow, SeasonRow
from league.store import Store


def player(name, content_hash=None, **changes):
    return PlayerRow(
        name=name,
        hash=content_hash or f"hash of {name}",
        kind="dense",
        game="rally",
        game_version=1,
        path=f"players/{name}.safetensors",
        **changes,
    )


def season(key="key", **changes):
    fields = {"name": "Spring", "config_json": '{"pairs": 3}', "game": "rally", "game_version": 1, "seed": 2**63 - 1}
    return SeasonRow(key=key, **fields | changes)


def new_season(store: Store, key="key") -> int:
    """Store a season of two players and return its id."""
    names = ("ann", "bob")
    players = [store.player_by_name(name) or store.add_player(player(name)) for name in names]
    return store.create_season(season(key), players).id


def results(match_ids, seed=1) -> Results:
    """Return rows of random bits, as the store gives them back; the bits of a row depend on the seed and its place.

    Every float is a number, but in the columns that are not stored.
    """
    rng = np.random.default_rng(seed)
    n = len(match_ids)
    rows = np.frombuffer(rng.bytes(n * RESULT_DTYPE.itemsize), RESULT_DTYPE).copy()
    for name in ("mean_rally", "distance", "mean_reaction", "mean_offset"):
        rows[name][~np.isfinite(rows[name]) | (rows[name] == 0)] = 0.1
    for name in UNSTORED_COLUMNS:
        rows[name] = np.nan
    rows["match_id"] = match_ids
    return rows


def person_match(outcome=1, opponent="hash of ann", *, seat=Seat.LEFT, person="You", **changes) -> PersonMatchRow:
    """Return a match that ended with ``outcome`` for the person."""
    result = results([0])[0]
    result["left"], result["right"] = 0, 1
    result["outcome"] = outcome if seat == Seat.LEFT else -outcome
    fields = {"game": "rally", "game_version": 1, "points_to_win": 5, "tape": b"\x01tape", "opponent_hash": opponent}
    return PersonMatchRow(person=person, seat=seat, result=result, **fields | changes)
