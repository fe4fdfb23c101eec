"""What people play with: keys, pointer, gamepads."""

import pytest

from app.desktop.arena.hands import DOWN, STAY, UP, Device, KeyHand, PaddleState, PadHand, PointerHand, lean_of
from game.games import game as game_named
from game.match import Match


class FakePad:
    def __init__(self, axis: float = 0.0, hat: int | None = None) -> None:
        self.axis, self.hat = axis, hat

    def get_numaxes(self) -> int:
        return 2

    def get_axis(self, axis: int, /) -> float:
        return self.axis if axis == 1 else 0.0

    def get_numhats(self) -> int:
        return int(self.hat is not None)

    def get_hat(self, hat: int, /) -> tuple[float, float]:
        return (0.0, float(self.hat or 0))


class FakePads:
    def __init__(self, *pads: FakePad) -> None:
        self.found = list(pads)
        self.polls = 0

    def poll(self) -> None:
        self.polls += 1

    def pads(self) -> list[FakePad]:
        return self.found

    def look_again(self) -> None:
        pass


def test_actions_are_the_games() -> None:
    assert [game_named("rally").actions[action] for action in (UP, STAY, DOWN)] == ["up", "stay", "down"]


@pytest.mark.parametrize("device", [Device.KEYS, Device.LETTER_KEYS])
def test_the_key_pressed_last_counts_until_it_is_up(device: Device) -> None:
    hand = KeyHand(device)
    assert hand.decide(None) == STAY
    assert hand.press("W")
    assert hand.press("S")
    assert hand.decide(None) == DOWN
    assert hand.release("S")
    assert hand.decide(None) == UP
    hand.release("W")
    assert hand.decide(None) == STAY


def test_hands_take_only_their_keys() -> None:
    letters, arrows, both = KeyHand(Device.LETTER_KEYS), KeyHand(Device.ARROW_KEYS), KeyHand(Device.KEYS)
    assert not letters.press("Up")
    assert not arrows.press("W")
    assert both.press("Up")
    assert both.press("S")
    assert not both.press("X")
    both.let_go()
    assert both.decide(None) == STAY


def test_the_pointers_paddle_comes_to_rest_at_the_pointer() -> None:
    match = Match(game_named("rally"), 4, 5)
    hand = PointerHand(
        lambda: PaddleState(match.picture()["left_y"], match.picture()["old_left_y"]), match.game.shape.paddle_half
    )
    assert hand.decide(None) == STAY
    for target in (0.2, -0.3, 0.0):
        hand.target = target
        actions = []
        for _ in range(90):
            actions.append(hand.decide(None))
            match.step(actions[-1], STAY)
        assert match.picture()["left_y"] == pytest.approx(target, abs=0.012)
        assert actions[-10:] == [STAY] * 10


@pytest.mark.parametrize(
    ("pad", "action"),
    [
        (FakePad(-1.0), UP),
        (FakePad(0.2), STAY),
        (FakePad(0.9), DOWN),
        (FakePad(0.0, hat=1), UP),
        (FakePad(0.0, hat=-1), DOWN),
        (FakePad(-1.0, hat=0), UP),
    ],
)
def test_stick_and_cross_move_the_paddle(pad: FakePad, action: int) -> None:
    assert PadHand(lean_of(FakePads(pad), 0)).decide(None) == action


def test_a_pad_that_is_not_there_stays() -> None:
    assert PadHand(lean_of(FakePads(), 0)).decide(None) == STAY
    assert PadHand(lean_of(FakePads(FakePad(1.0)), 1)).decide(None) == STAY
