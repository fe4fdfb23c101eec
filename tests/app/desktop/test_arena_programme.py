"""The programme: who is shown, who waits, and who is told that nobody will look."""

from dataclasses import replace

from app.desktop.arena.casting import EXHIBITION
from app.desktop.arena.programme import Change, Programme
from app.desktop.context import Contender, MatchRequest


def request(number: int, *, is_season: bool = False, tags: tuple[str, ...] = ()) -> MatchRequest:
    return MatchRequest(
        Contender("left"), Contender("right"), number, 5, is_season_live=is_season, match_id=number, tags=tags
    )


def exhibition(number: int) -> MatchRequest:
    return request(number, tags=(EXHIBITION,))


def test_an_exhibition_makes_room_for_everything() -> None:
    for other in (request(2), request(3, is_season=True)):
        programme = Programme()
        programme.put(exhibition(1))
        assert programme.put(other) == Change(other)
        assert programme.current is other


def test_the_matches_of_a_season_wait_for_each_other() -> None:
    programme = Programme()
    first, second, third = (request(number, is_season=True) for number in (1, 2, 3))
    assert programme.put(first).show is first
    assert programme.put(second) == Change()
    assert programme.put(third) == Change()
    assert programme.waiting == 2
    programme.note_end()
    assert programme.note_finish() == Change(second)
    programme.note_end()
    assert programme.note_finish() == Change(third)


def test_what_the_user_chooses_dismisses_the_season() -> None:
    programme = Programme()
    shown, waiting, chosen = request(1, is_season=True), request(2, is_season=True), request(3)
    programme.put(shown)
    programme.put(waiting)
    assert programme.put(chosen) == Change(chosen, dismissed=(shown, waiting))


def test_a_season_does_not_take_the_screen_from_what_was_chosen() -> None:
    programme = Programme()
    season = request(2, is_season=True)
    programme.put(request(1))
    assert programme.put(season) == Change(dismissed=(season,))
    programme.note_end()
    programme.note_finish()
    assert programme.put(season) == Change(season)


def test_a_season_that_was_just_asked_for_takes_the_screen() -> None:
    programme = Programme()
    programme.put(request(1))
    asked, next_one = replace(request(2, is_season=True), is_asked_for=True), request(3, is_season=True)
    assert programme.put(asked) == Change(asked)
    assert programme.put(next_one) == Change()
    assert programme.waiting == 1


def test_a_chosen_match_whose_end_is_there_gives_way_to_a_season() -> None:
    programme = Programme()
    programme.put(request(1))
    programme.note_end()
    season = request(2, is_season=True)
    assert programme.put(season) == Change(season)


def test_a_match_whose_end_was_seen_is_not_dismissed() -> None:
    programme = Programme()
    programme.put(request(1, is_season=True))
    programme.note_end()
    chosen = request(2)
    assert programme.put(chosen) == Change(chosen)


def test_next_leaves_a_match_of_the_season_for_the_one_that_waits() -> None:
    programme = Programme()
    first, second = request(1, is_season=True), request(2, is_season=True)
    programme.put(first)
    programme.put(second)
    assert programme.advance() == Change(second, dismissed=(first,))
    assert programme.advance() == Change()


def test_leaving_a_season_gives_up_everything_of_it() -> None:
    programme = Programme()
    first, second = request(1, is_season=True), request(2, is_season=True)
    programme.put(first)
    programme.put(second)
    assert programme.leave() == (first, second)
    assert programme.waiting == 0


def test_exhibitions_follow_exhibitions_only() -> None:
    programme = Programme()
    assert programme.is_idle
    programme.put(exhibition(1))
    assert not programme.is_idle
    programme.note_finish()
    assert programme.is_idle
    programme.put(request(2))
    programme.note_end()
    programme.note_finish()
    assert not programme.is_idle
