"""What follows from a night alone, and its file."""

import errno
import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.overnight.config import OvernightConfig
from app.overnight.planning import (
    cycle_name,
    eta_s,
    gate_seed,
    is_name_of,
    is_over,
    run_seed,
    season_config,
    without_refused,
)
from app.overnight.state import Cycle, Night, NightFolder, OvernightError, Phase, find_night, nights
from league.errors import DiskFullError, LeagueError

PLAYERS = ("a" * 64, "b" * 64)


def night(*seconds: float, **config: object) -> Night:
    """Return a night with done cycles that took ``seconds``, and one more that is open."""
    done = [Cycle(number=i + 1, phase=Phase.DONE, seconds=s) for i, s in enumerate(seconds)]
    cycles = (*done, Cycle(number=len(done) + 1))
    return Night(id="overnight-1", name="n", seed=7, config=OvernightConfig.model_validate(config), cycles=cycles)


def test_all_seeds_of_a_night_differ_and_follow_from_its_seed():
    one = night(cycles=3)
    seeds = [of(one, cycle) for cycle in range(1, 40) for of in (run_seed, gate_seed)]
    seeds += [season_config(one, cycle, PLAYERS, "rally").seed for cycle in range(1, 40)]
    assert len(set(seeds)) == len(seeds)
    other = one.model_copy(update={"seed": 8})
    assert run_seed(one, 3) == run_seed(night(cycles=9), 3) != run_seed(other, 3)


def test_a_season_is_a_pure_function_of_night_cycle_and_players():
    config = season_config(night(pairs=3), 2, PLAYERS, "rally")
    assert config.key() == season_config(night(pairs=3, hours=2.0), 2, reversed(PLAYERS), "rally").key()
    assert config.key() != season_config(night(pairs=3), 3, PLAYERS, "rally").key()
    assert config.pairs == 3


@pytest.mark.parametrize(
    ("name", "other", "expected"),
    [("n", "n 3", True), ("n", "n", False), ("n", "n 3 b", False), ("n", "nn 3", False), ("n", "n  3", False)],
)
def test_names_of_champions_are_told_from_others(name, other, expected):
    assert is_name_of(name, other) is expected
    assert is_name_of(name, cycle_name(name, 12))


CHOSEN = {"start_from": "ab12" * 16, "opponents": ("main-1", "tracker", "n 1")}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("opponent 'main-1' is called so", {**CHOSEN, "opponents": ("tracker", "n 1")}),
        ("player 'n 1' is no network", {"opponents": CHOSEN["opponents"]}),
        (f"there is no player '{CHOSEN['start_from']}'", {"opponents": CHOSEN["opponents"]}),
        ("start_from is 'x'", {"opponents": CHOSEN["opponents"]}),
        ("main-1 tracker n 1", None),
        ("'main-1', 'tracker' and 'main-10' are there", {**CHOSEN, "opponents": ("n 1",)}),
    ],
)
def test_who_is_named_in_a_refusal_is_left_out(sentence, expected):
    assert without_refused(CHOSEN, "n 1", sentence) == expected


def test_without_opponents_a_run_has_the_trainer_s_own():
    assert without_refused({"opponents": ("n 1",)}, "", "'n 1' is gone") == {}


def test_a_night_is_over_after_its_cycles_or_its_hours():
    assert is_over(OvernightConfig(cycles=2), night(10.0))
    assert not is_over(OvernightConfig(cycles=3), night(10.0))
    assert not is_over(OvernightConfig(hours=0.5), night(1000.0, 799.0))
    assert is_over(OvernightConfig(hours=0.5), night(1000.0, 800.0))


@pytest.mark.parametrize(
    ("begun", "in_this_cycle", "rest", "expected"),
    [
        (night(cycles=5), 10.0, None, None),
        (night(cycles=5), 10.0, 30.0, 30.0 + 4 * 40.0),
        (night(100.0, 200.0, cycles=5), 60.0, 10.0, 90.0 + 2 * 150.0),
        (night(100.0, 200.0, cycles=5), 60.0, 120.0, 120.0 + 2 * 150.0),
        (night(100.0, 200.0, cycles=5), 60.0, None, 90.0 + 2 * 150.0),
        (night(100.0, 200.0, cycles=5), 170.0, None, 2 * 150.0),
        (night(1000.0, hours=1.0), 600.0, 50.0, 2000.0),
        (night(1000.0, 1000.0, 1000.0, hours=1.0), 400.0, 50.0, 600.0),
    ],
)
def test_the_time_left_follows_from_the_cycles_before(begun, in_this_cycle, rest, expected):
    cycle = begun.cycles[-1].model_copy(update={"seconds": in_this_cycle})
    assert eta_s(begun.with_cycle(cycle), cycle, rest) == (pytest.approx(expected) if expected is not None else None)


def test_broken_cycles_tell_nothing_about_the_time_of_others():
    broken = Cycle(number=1, phase=Phase.DONE, seconds=1.0, failure="it has diverged")
    open_cycle = Cycle(number=2, seconds=10.0)
    begun = night(cycles=3).model_copy(update={"cycles": (broken, open_cycle)})
    assert eta_s(begun, open_cycle, 20.0) == 20.0 + 30.0


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"hours": 0.0}, "greater than 0"),
        ({"cycles": -1}, "greater than or equal to 0"),
        ({"name": "../x"}, "letters, digits"),
        ({"name": "x" * 57}, "1 to 56"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"gate": {"alpha": 0.7}}, "less than 0.5"),
        ({"trainers": "es"}, "Extra inputs"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        OvernightConfig.model_validate(fields)


def test_a_night_comes_back_from_its_file_as_it_was(tmp_path):
    begun = night(3.5, cycles=2, settings={"generations": "6"}, gate={"max_pairs": 10})
    begun = begun.with_cycle(
        begun.cycles[1].model_copy(update={"settings": {"opponents": ("a", "b"), "start_from": "h"}})
    )
    folder = NightFolder(tmp_path / "overnights" / begun.id)
    folder.write(begun)
    assert folder.read() == begun
    (folder.path / ".overnight.json.abc").touch()
    folder.sweep()
    assert [path.name for path in folder.path.iterdir()] == ["overnight.json"]
    folder.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", r"is damaged .*put it back"),
        ("[]", r"is damaged"),
        (json.dumps({"format": 9}), r"is of format 9: this program reads format 1"),
        (json.dumps({"format": 1, "id": "x"}), r"is damaged \(name is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, content, says):
    folder = NightFolder(tmp_path)
    folder.file.write_text(content)
    with pytest.raises(OvernightError, match=says):
        folder.read()


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, DiskFullError), (errno.EACCES, LeagueError)])
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path, number, kind):
    def refuse(path: Path, content: bytes) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(kind, match=r"overnight\.json cannot be written"):
        NightFolder(tmp_path, refuse).write(night(cycles=1))


def write(home: Path, night_id: str, state: str) -> None:
    folder = NightFolder(home / "overnights" / night_id)
    folder.write(night(cycles=1).model_copy(update={"id": night_id, "state": state}))


def test_nights_are_found_by_id_or_the_latest_that_is_not_complete(tmp_path):
    for night_id, state in {"overnight-2": "stopped", "overnight-10": "running", "overnight-11": "complete"}.items():
        write(tmp_path, night_id, state)
    assert [folder.id for folder in nights(tmp_path)] == ["overnight-2", "overnight-10", "overnight-11"]
    assert find_night(tmp_path, "").id == "overnight-10"
    assert find_night(tmp_path, "overnight-11").id == "overnight-11"
    with pytest.raises(OvernightError, match="no overnight 'x': there is overnight-2, overnight-10, overnight-11"):
        find_night(tmp_path, "x")


def test_without_an_unfinished_night_none_is_resumed(tmp_path):
    write(tmp_path, "overnight-1", "complete")
    with pytest.raises(LeagueError, match="no overnight is unfinished"):
        find_night(tmp_path, "")
