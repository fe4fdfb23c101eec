"""What a person chooses, the match that follows, and what it does to the rating."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.desktop.arena.casting import CastingError
from app.desktop.arena.hands import DOWN, STAY, UP, Device
from app.desktop.arena.people import Opponent, PersonGame, Setup, cast, keep, read_choices
from app.desktop.settings import Settings
from app.session import League, open_league
from game.spec import Seat
from game.tape import Tape
from league.home import Home
from tests.app.desktop.test_human_hands import FakePad, FakePads


@pytest.fixture
def league(home: Home) -> Iterator[League]:
    with open_league(str(home.folder)) as opened:
        yield opened


def seven(_below: int) -> int:
    return 7


def against(league: League, name: str, **chosen: object) -> Setup:
    return replace(Setup(opponent=Opponent.PLAYER, player=league.library.find(name), points=1), **chosen)  # type: ignore[arg-type]


def play(game: PersonGame) -> None:
    while game.course.step():
        pass


def test_choices_are_remembered_and_nonsense_is_not(home: Home) -> None:
    settings = Settings(home.folder)
    assert Setup.load(settings) == Setup()
    chosen = Setup("Ada", Seat.RIGHT, Device.MOUSE, Opponent.PERSON, None, "Bob", Device.LETTER_KEYS, 11)
    chosen.save(settings)
    assert Setup.load(settings) == chosen
    for key, value in (("seat", 7), ("device", "paws"), ("opponent", "nobody"), ("points", 99)):
        settings.put(f"play/{key}", value)
    loaded = Setup.load(settings)
    assert (loaded.device, loaded.opponent, loaded.points) == (Device.KEYS, Opponent.SUITABLE, 21)


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        (Setup(person=" "), "give the name"),
        (Setup(opponent=Opponent.PLAYER), "choose the player"),
        (Setup(opponent=Opponent.PERSON, second="You", device=Device.LETTER_KEYS), "name of their own"),
        (Setup(opponent=Opponent.PERSON, device=Device.KEYS), "cannot share a device"),
        (Setup(opponent=Opponent.PERSON, device=Device.MOUSE, second_device=Device.MOUSE), "cannot share a device"),
        (Setup(opponent=Opponent.PERSON, device=Device.LETTER_KEYS), ""),
        (Setup(), ""),
    ],
)
def test_what_cannot_be_played_is_said(setup: Setup, words: str) -> None:
    assert words in setup.problem()
    assert bool(setup.problem()) == bool(words)


@pytest.mark.parametrize("seat", list(Seat))
def test_the_person_sits_where_it_was_chosen(league: League, seat: Seat) -> None:
    played = cast(league, against(league, "tracker", seat=seat), seven)
    sides = (played.request.left, played.request.right)
    assert sides[seat].name == "You"
    assert sides[seat].is_person
    assert sides[1 - seat].name == "tracker"
    assert played.request.seed == 7
    swapped = cast(league, played.setup.swapped(), seven).request
    assert (swapped.left.name, swapped.right.name) == (sides[1].name, sides[0].name)


def test_someone_suitable_is_found_and_nobody_is_said(league: League) -> None:
    assert cast(league, Setup(), seven).player is not None
    for row in league.library.players():
        league.store.set_archived(row.id, archived=True)
    with pytest.raises(CastingError, match="nobody to play against"):
        cast(league, Setup(), seven)


def test_keys_reach_the_paddle_in_the_next_tick(league: League) -> None:
    game = PersonGame(cast(league, against(league, "still"), seven), FakePads())
    game.course.step()
    assert game.course.actions[Seat.LEFT] == STAY
    assert game.key("W", is_down=True)
    game.course.step()
    assert game.course.actions[Seat.LEFT] == UP
    assert game.course.picture()["left_y"] > 0
    assert game.key("W", is_down=False)
    assert not game.key("Q", is_down=True)
    assert game.key("S", is_down=True)
    game.let_go()
    game.course.step()
    assert game.course.actions[Seat.LEFT] == STAY


def test_two_people_play_with_their_own_keys(league: League) -> None:
    setup = Setup("Ada", Seat.LEFT, Device.LETTER_KEYS, Opponent.PERSON, None, "Bob", Device.ARROW_KEYS, 1)
    game = PersonGame(cast(league, setup, seven), FakePads())
    game.key("W", is_down=True)
    game.key("Down", is_down=True)
    game.course.step()
    assert game.course.actions == (UP, DOWN)


def test_pointer_and_pad_move_their_paddles(league: League) -> None:
    pads = FakePads(FakePad(1.0))
    setup = Setup("Ada", Seat.RIGHT, Device.MOUSE, Opponent.PERSON, None, "Bob", Device.FIRST_PAD, 1)
    game = PersonGame(cast(league, setup, seven), pads)
    game.point(0.3)
    game.poll()
    game.course.step()
    assert game.course.actions == (DOWN, UP)
    assert pads.polls == 1
    without = PersonGame(cast(league, against(league, "still"), seven), pads)
    without.poll()
    assert pads.polls == 1


def test_a_match_is_stored_with_its_tape_and_rates_the_person(league: League) -> None:
    played = cast(league, against(league, "still", seat=Seat.RIGHT), seven)
    game = PersonGame(played, FakePads())
    play(game)
    record = game.course.result()
    outcome = keep(league, played, record, game.course.tape.to_bytes())
    assert outcome.before.matches == 0
    assert outcome.after.matches == 1
    (listed,) = league.store.person_matches("You")
    stored = league.store.person_match(listed.id)
    assert stored.seat is Seat.RIGHT
    assert stored.opponent_hash == league.library.find("still").hash
    assert Tape.from_bytes(stored.tape) == game.course.tape
    assert stored.result["state_hash"] == record["state_hash"]
    assert outcome.text().startswith(f"You: rated {outcome.after.rating:.0f} (95 %: ")
    again = keep(league, played, record, game.course.tape.to_bytes())
    change = round(again.after.rating) - round(again.before.rating)
    assert f"({'+' if change >= 0 else chr(0x2212)}{abs(change)};" in again.text()


def test_a_match_of_two_people_is_stored_for_both(league: League) -> None:
    setup = Setup("Ada", Seat.LEFT, Device.LETTER_KEYS, Opponent.PERSON, None, "Bob", Device.ARROW_KEYS, 1)
    played = cast(league, setup, seven)
    game = PersonGame(played, FakePads())
    play(game)
    keep(league, played, game.course.result(), game.course.tape.to_bytes())
    assert len(league.store.person_matches("Ada")) == len(league.store.person_matches("Bob")) == 1


def test_choices_name_the_players_and_the_standing(league: League) -> None:
    choices = read_choices(league, "You")
    assert {"aimer", "still"} <= {each.row.name for each in choices.players}
    assert choices.standing.matches == 0
