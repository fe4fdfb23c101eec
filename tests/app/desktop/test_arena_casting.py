"""Casting: exhibitions between good players, challenges, and who cannot be shown."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.desktop.arena.casting import Candidate, candidates, exhibitions, match_of, pick_pairs
from app.session import League, open_league
from league.home import Home
from league.store import PlayerRow


@pytest.fixture
def league(home: Home) -> Iterator[League]:
    with open_league(str(home.folder)) as opened:
        yield opened


def counting(start: int = 0):
    """Return a draw that counts up."""
    numbers = itertools.count(start)
    return lambda below: next(numbers) % below


def candidate(name: str) -> Candidate:
    return Candidate(PlayerRow(name=name, hash=name, kind="dense", game="rally", game_version=1, path=""), None, 0.5)


def test_without_ratings_the_ladder_of_bots_ranks_and_the_learned_are_near_its_top(league: League) -> None:
    names = [each.row.name for each in candidates(league)]
    assert names[0] == "aimer"
    assert set(names[1:3]) == {"quick-dense", "quick-graph"}
    assert names[-2:] == ["still", "random"]
    assert names.index("predictor") < names.index("novice predictor")


def test_an_exhibition_is_between_two_good_players_on_a_seed_to_copy(league: League) -> None:
    (request,) = exhibitions(league, 1, counting())
    names = {request.left.name, request.right.name}
    assert len(names) == 2
    assert not names & {"random", "still", "tracker"}
    assert 0 <= request.seed < 10**9
    assert request.left.policy is not None


def test_pairings_differ_until_all_were_shown() -> None:
    field = [candidate(name) for name in "abcd"]
    pairs = pick_pairs(field, 6, counting())
    assert len({frozenset((one.row.name, other.row.name)) for one, other in pairs}) == 6
    recent = [frozenset(pair) for pair in itertools.combinations("abcd", 2)][:5]
    ((one, other),) = pick_pairs(field, 1, counting(), recent)
    assert {one.row.name, other.row.name} == {"c", "d"}
    assert len(pick_pairs(field, 9, counting())) == 9


def test_only_the_better_half_of_a_large_field_is_shown() -> None:
    field = [candidate(f"player {number:02d}") for number in range(20)]
    shown = {each.row.name for pair in pick_pairs(field, 200, counting()) for each in pair}
    assert shown == {f"player {number:02d}" for number in range(10)}


def test_nobody_is_paired_alone() -> None:
    assert pick_pairs([candidate("alone")], 3, counting()) == []
    assert pick_pairs([], 3, counting()) == []


def test_a_python_bot_can_be_challenged_but_is_in_no_exhibition(league: League, tmp_path: Path) -> None:
    path = tmp_path / "mybot.py"
    path.write_text("class Bot:\n    def decide(self, observation):\n        return 1\n")
    bot = league.library.import_file(path, trust_python=True)
    request = match_of(league, league.library.find("aimer"), bot, counting())
    assert request.right.name == "mybot"
    assert bot.hash not in {each.row.hash for each in candidates(league)}
    assert bot.hash in {each.row.hash for each in candidates(league, with_bots=True)}


def test_a_player_whose_file_is_gone_is_passed_over(league: League, home: Home) -> None:
    gone = [league.library.find(name) for name in ("aimer", "quick-dense")]
    for row in gone:
        (home.folder / row.path).unlink()
    shown = {side.hash for request in exhibitions(league, 6, counting()) for side in (request.left, request.right)}
    assert len(shown) >= 2
    assert not shown & {row.hash for row in gone}
    for row in league.library.players():
        (home.folder / row.path).unlink(missing_ok=True)
    assert exhibitions(league, 2, counting()) == []
