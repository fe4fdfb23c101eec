"""Why a window cannot open is said before Qt ends the program."""

import pytest

from app.display import missing_display
from app.launch import desktop_home


def _all(_: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("environment", "lacks", "answers", "says"),
    [
        ({}, "", True, "neither DISPLAY nor WAYLAND_DISPLAY is set"),
        ({"DISPLAY": ":0"}, "", True, ""),
        ({"DISPLAY": ":77"}, "", False, "no X server answers at DISPLAY=:77"),
        ({"DISPLAY": ":0"}, "libxcb-cursor.so.0", True, "apt-get install libxcb-cursor0)"),
        ({"DISPLAY": ":0"}, "libEGL.so.1", True, "apt-get install libegl1)"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "libxcb-cursor.so.0", False, ""),
        ({"WAYLAND_DISPLAY": "wayland-0", "QT_QPA_PLATFORM": "xcb"}, "", True, "neither DISPLAY nor"),
        ({"QT_QPA_PLATFORM": "offscreen"}, "", False, ""),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, "", False, ""),
        ({"QT_QPA_PLATFORM": "offscreen"}, "libGL.so.1", False, "libgl1"),
    ],
)
def test_what_is_missing_on_linux_is_said(environment: dict[str, str], lacks: str, answers: bool, says: str) -> None:
    reason = missing_display(
        environment, "linux", can_load=lambda library: library != lacks, can_connect=lambda _: answers
    )
    assert says in reason
    assert bool(reason) == bool(says)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_always_have_a_display(platform: str) -> None:
    assert missing_display({}, platform, can_load=lambda _: False, can_connect=lambda _: False) == ""


def test_a_display_that_is_not_there_is_found_out_by_asking_it() -> None:
    reason = missing_display({"DISPLAY": ":7654"}, "linux", can_load=_all)
    assert "DISPLAY=:7654" in reason


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], (True, None)),
        (["--home", "x"], (True, "x")),
        (["--home=x"], (True, "x")),
        (["--home"], (False, None)),
        (["--no-visuals"], (False, None)),
        (["--home", "x", "--no-visuals"], (False, None)),
        (["standings"], (False, None)),
    ],
)
def test_only_a_bare_call_goes_straight_to_the_window(arguments: list[str], wanted: tuple[bool, str | None]) -> None:
    assert desktop_home(arguments) == wanted
