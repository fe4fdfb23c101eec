"""People on the command line: their standing, their matches, and a match again from its tape."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.cli import run
from app.session import open_league
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from game.timeline import Hand, LiveMatch
from league.store import PersonMatchRow


def live_match(seat=Seat.LEFT):
    """Play a match of a person, who moves at random, against a tracker."""
    hand, rng = Hand(1), np.random.default_rng(3)
    sides = (hand, ScriptedPolicy.of(GAME, "tracker"))
    match = LiveMatch(GAME, sides if seat is Seat.LEFT else sides[::-1], 9, 1)
    while match.step():
        hand.action = int(rng.integers(3))
    return match


def row_of(match, seat=Seat.LEFT, **changes):
    fields = {
        "person": "Ada", "seat": seat, "game": GAME.name, "game_version": GAME.version, "points_to_win": 1,
        "result": match.result(), "tape": match.tape.to_bytes(), "created": "2031-05-06T07:08:09+00:00",
    }  # fmt: skip
    return PersonMatchRow(**fields | changes)


@pytest.fixture(scope="module")
def outcomes():
    """The person's, sitting left and right against the tracker."""
    return [int(live_match().result()["outcome"]), -int(live_match(Seat.RIGHT).result()["outcome"])]


@pytest.fixture
def home(tmp_path):
    """A league with three matches of people: against a player, against one that is gone, and against a person."""
    folder = tmp_path / "league"
    with open_league(str(folder)) as league:
        tracker = league.library.find("tracker").hash
        league.store.add_person_match(row_of(live_match(), opponent_hash=tracker))
        league.store.add_person_match(row_of(live_match(Seat.RIGHT), Seat.RIGHT, opponent_hash="0123456789abcdef"))
        league.store.add_person_match(row_of(live_match(), opponent_person="Bob"))
    return folder


@pytest.fixture
def call(capsys, home):
    def call(*arguments):
        capsys.readouterr()
        code = run(["--home", str(home), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_everybody_is_listed_with_the_rating_against_players(call, outcomes):
    code, out, _ = call("people", "list", "--json")
    ada, bob = json.loads(out)["people"]
    assert (code, ada["name"], bob["name"]) == (0, "Ada", "Bob")
    assert (ada["matches"], ada["wins"], ada["losses"], bob["matches"]) == (2, outcomes.count(1), outcomes.count(-1), 0)
    assert ada["low"] < ada["rating"] < ada["high"]
    assert bob["rating"] == pytest.approx(1500)
    lines = call("people", "list")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["person", "Ada", "Bob"]
    assert lines[1].endswith(f"{ada['wins']}-0-{ada['losses']}")


def test_a_persons_matches_are_listed_by_seat(call, outcomes):
    found = json.loads(call("people", "matches", "--json")[1])["matches"]
    assert [match["players"] for match in found] == [["Ada", "tracker"], ["player 0123456789ab", "Ada"], ["Ada", "Bob"]]
    assert [match["match"] for match in found] == [1, 2, 3]
    assert [match["outcome"] for match in found] == [*outcomes, outcomes[0]]
    assert found[0]["points"] == ([1, 0] if outcomes[0] > 0 else [0, 1])
    lines = call("people", "matches", "Bob")[1].splitlines()
    assert len(lines) == 2
    assert lines[1].split()[:3] == ["3", "Ada", "Bob"]
    assert lines[1].endswith("2031-05-06")


def test_an_unknown_person_is_one_sentence(call):
    assert call("people", "matches", "Eve")[::2] == (2, "error: there is no person 'Eve': Ada, Bob has played\n")


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_a_persons_match_is_replayed_from_its_tape(call, number):
    code, out, _ = call("replay", "--person", number, "--verify")
    assert code == 0
    assert out.startswith(f"a person's match {number}: ")
    assert "verified: the replay is the stored match, bit for bit" in out
    result = json.loads(call("replay", "--person", number, "--json")[1])
    assert (result["season"], result["match"], result["same"]) == (None, int(number), True)


def test_a_tape_that_is_not_the_match_is_found_out(call, home):
    match = live_match()
    with open_league(str(home)) as league:
        other = replace(row_of(match, opponent_person="Bob"), tape=live_match(Seat.RIGHT).tape.to_bytes())
        number = league.store.add_person_match(other).id
    code, out, _ = call("replay", "--person", str(number), "--verify")
    assert code == 1
    assert "NOT the stored match" in out


def test_a_picture_of_a_persons_match(call, tmp_path):
    path = tmp_path / "shot.png"
    code, out, _ = call("replay", "--person", "1", "--png", str(path), "--size", "160x90", "--json")
    assert (code, json.loads(out)["size"]) == (0, [160, 90])
    assert path.stat().st_size == json.loads(out)["bytes"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tape": b"\1hello"}, "a tape is damaged"),
        ({"tape": b""}, "a tape is empty"),
        ({"game_version": 99}, "played with rally version 99, this program plays version"),
    ],
    ids=["damaged", "empty", "of another version"],
)
def test_a_match_that_cannot_be_shown_is_one_sentence(call, home, changes, says):
    with open_league(str(home)) as league:
        number = league.store.add_person_match(replace(row_of(live_match(), opponent_person="Bob"), **changes)).id
    code, _, err = call("replay", "--person", str(number))
    assert code == 2
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--person", "9"], "there is no match 9 of a person"),
        (["--person", "1", "0"], "give one match"),
        ([], "give one match"),
        (["99999999999999999999"], "is no match: give its number"),
        (["--person", "1", "--fps", "0"], "--fps, --style, --overlays and --events need a file"),
        (["--person", "1", "--at", "0"], "need a file"),
        (["--person", "1", "--gif", "x.gif", "--fps", "0"], "fps is 0: 1 to 60 are allowed"),
        (["--person", "1", "--png", ""], "it is a folder; name a file in it"),
    ],
    ids=str,
)
def test_bad_words_of_a_replay_are_one_sentence(call, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call("replay", *arguments)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*.gif"))


def test_a_player_is_renamed_annotated_and_archived(call):
    assert call("players", "rename", "tracker", "The Tracker")[:2] == (0, "renamed 'tracker' to 'The Tracker'\n")
    assert call("players", "annotate", "The Tracker", "follows the ball")[1] == "noted on 'The Tracker'\n"
    players = {player["name"]: player for player in json.loads(call("players", "list", "--json")[1])["players"]}
    assert players["The Tracker"]["notes"] == "follows the ball"
    assert "tracker" not in players
    assert call("players", "annotate", "The Tracker", "")[1] == "no notes on 'The Tracker'\n"
    assert call("players", "archive", "The Tracker")[0] == 0
    assert "The Tracker" not in call("players", "list")[1]
    assert call("players", "archive", "The Tracker", "--undo")[0] == 0
    assert "The Tracker" in call("players", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rename", "nobody", "x"], "there is no player 'nobody'"),
        (["rename", "tracker", "aimer"], "the name 'aimer' is taken"),
        (["rename", "tracker", "a/b"], "a player cannot be called 'a/b'"),
        (["rename", "tracker", ""], "a player cannot be called ''"),
        (["annotate", "nobody", "x"], "there is no player 'nobody'"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_one_sentence(call, arguments, says):
    code, _, err = call("players", *arguments)
    assert code == 2
    assert says in err
