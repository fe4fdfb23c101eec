"""Sounds: what is heard from one frame to the next, and silence where there is no device."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from app.desktop.arena.sound import FOLDER, Sound, Sounds, has_linux_audio, heard, load_with_pygame
from game.render import Ripple, View

PICTURE = {"tick": 10.0, "left_points": 0.0, "right_points": 0.0, "rally_hits": 2.0}
QUIET = View(PICTURE, ("left", "right"), 5)


class FakeSound:
    def __init__(self) -> None:
        self.played = 0

    def play(self) -> None:
        self.played += 1


def later(**changed: float) -> View:
    return replace(QUIET, picture={**PICTURE, "tick": 11.0, **changed})


def test_each_event_has_its_sound() -> None:
    assert heard(QUIET, later(), is_over=False) is None
    assert heard(QUIET, later(rally_hits=3.0), is_over=False) is Sound.HIT
    assert heard(QUIET, later(right_points=1.0, rally_hits=0.0), is_over=False) is Sound.POINT
    assert heard(QUIET, later(left_points=5.0), is_over=True) is Sound.WIN


def test_a_wall_is_heard_once() -> None:
    touched = replace(later(), ripples=(Ripple(0.0, 0.45, 0.0),))
    assert heard(QUIET, touched, is_over=False) is Sound.WALL
    older = replace(later(tick=12.0), ripples=(Ripple(0.0, 0.45, 0.1),))
    assert heard(touched, older, is_over=False) is None


def test_going_back_and_beginning_are_silent() -> None:
    assert heard(None, later(rally_hits=3.0), is_over=False) is None
    assert heard(later(rally_hits=1.0), QUIET, is_over=False) is None


def test_sounds_play_when_they_are_wanted() -> None:
    hit = FakeSound()
    sounds = Sounds(lambda: {Sound.HIT: hit}, is_muted=False)
    sounds.open()
    sounds.play(Sound.HIT)
    sounds.is_muted = True
    sounds.play(Sound.HIT)
    assert hit.played == 1


def test_a_muted_device_is_not_opened_before_it_is_wanted() -> None:
    opened: list[bool] = []
    sounds = Sounds(lambda: opened.append(True) or {}, is_muted=True)  # type: ignore[func-returns-value]
    sounds.open()
    assert not opened
    sounds.is_muted = False
    sounds.open()
    sounds.open()
    assert opened == [True]


def test_without_a_device_all_is_silent() -> None:
    def load():
        raise OSError("no audio device")

    sounds = Sounds(load, is_muted=False)
    assert sounds.is_there
    sounds.open()
    sounds.play(Sound.WIN)
    assert not sounds.is_there


def test_the_dummy_driver_counts_as_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    with pytest.raises(OSError, match="SDL_AUDIODRIVER"):
        load_with_pygame()


@pytest.mark.parametrize("sound", list(Sound))
def test_every_sound_is_a_short_file_at_a_moderate_level(sound: Sound) -> None:
    with wave.open(str(FOLDER / f"{sound.value}.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert 0.03 < file.getnframes() / file.getframerate() < 1.0
        data = memoryview(file.readframes(file.getnframes())).cast("h")
        assert 15_000 < max(map(abs, data)) < 25_000


@pytest.mark.parametrize(
    ("cards", "has_audio"),
    [
        (
            " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7e10000 irq 31\n",
            True,
        ),
        ("--- no soundcards ---\n", False),
        (None, False),
    ],
)
def test_a_card_is_what_alsa_lists(tmp_path: Path, cards: str | None, has_audio: bool) -> None:  # a parameter
    if cards is not None:
        (tmp_path / "proc/asound").mkdir(parents=True)
        (tmp_path / "proc/asound/cards").write_text(cards)
    assert has_linux_audio({}, tmp_path) is has_audio


@pytest.mark.parametrize(
    ("environment", "socket"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "run/user/7/pulse/native"),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "run/user/7/pipewire-0"),
        ({"PULSE_SERVER": "unix:/tmp/pulse"}, "tmp/pulse"),
    ],
)
def test_a_sound_server_is_found_by_its_socket(tmp_path: Path, environment: dict[str, str], socket: str) -> None:
    assert not has_linux_audio(environment, tmp_path)
    (tmp_path / socket).parent.mkdir(parents=True)
    (tmp_path / socket).touch()
    assert has_linux_audio(environment, tmp_path)


def test_a_sound_server_elsewhere_is_not_looked_for(tmp_path: Path) -> None:
    assert has_linux_audio({"PULSE_SERVER": "tcp:studio:4713"}, tmp_path)
