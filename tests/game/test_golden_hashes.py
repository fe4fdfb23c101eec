"""The rules, the bots and the arithmetic give the results that they have always given (``tests.golden.rewrite``)."""

from game.games.rally import VERSION
from tests.golden import matches


def test_the_golden_matches_come_out_as_ever():
    played, stored = matches.play(), matches.stored()
    changed = {name: (row, stored.get(name)) for name, row in played.items() if stored.get(name) != row}
    assert not changed, (
        f"{len(changed)} of {len(played)} golden matches changed; if on purpose: new VERSION, then rewrite"
    )
    assert played.keys() == stored.keys()


def test_the_golden_matches_have_something_to_show():
    rows = matches.stored().values()
    assert len({row["state_hash"] for row in rows}) == len(rows) == 40
    assert sum(sum(row["hits"]) for row in rows) > 300
    assert {len(row["state_hash"]) for row in rows} == {16}


def test_golden_rows_survive_writing(tmp_path):
    rows, copy = matches.stored(), tmp_path / "copy.json"
    matches.write(rows, copy)
    assert matches.stored(copy) == rows
    assert copy.read_bytes() == matches.STORED.read_bytes()


def test_these_hashes_are_of_version_one():
    assert VERSION == 1, "a new version plays differently: rewrite the golden rows and name it here"
