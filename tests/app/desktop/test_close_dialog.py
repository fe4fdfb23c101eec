"""Closing while work runs: what is listed, what each button and key means."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.desktop.close_dialog import CloseChoice, CloseDialog, ask_before_closing
from tests.app.desktop.doubles import FakeCard

SEASON = FakeCard("1", "season", "Season 4", progress=0.425)
TRAINING = FakeCard("2", "training", "es quick")


@pytest.fixture
def dialog(qtbot: QtBot) -> CloseDialog:
    made = CloseDialog([SEASON, TRAINING])
    qtbot.addWidget(made)
    made.show()
    return made


def test_what_runs_is_listed(dialog: CloseDialog) -> None:
    assert dialog.job_list.text() == "• Season 4, 42% done\n• es quick"


def test_a_long_list_is_cut(qtbot: QtBot) -> None:
    dialog = CloseDialog([FakeCard(str(number), "season", f"Season {number}") for number in range(20)])
    qtbot.addWidget(dialog)
    assert dialog.job_list.text().splitlines()[-1] == "• and 12 more"


@pytest.mark.parametrize("choice", [*CloseChoice, None])
def test_each_button_is_its_choice(dialog: CloseDialog, qtbot: QtBot, choice: CloseChoice | None) -> None:
    qtbot.mouseClick(dialog.buttons[choice], Qt.MouseButton.LeftButton)
    assert dialog.choice is choice
    assert not dialog.isVisible()
    assert dialog.buttons[choice].accessibleDescription()


def test_pausing_is_the_default(dialog: CloseDialog) -> None:
    assert [choice for choice, button in dialog.buttons.items() if button.isDefault()] == [CloseChoice.PAUSE]


@pytest.mark.parametrize(("key", "choice"), [(Qt.Key.Key_Return, CloseChoice.PAUSE), (Qt.Key.Key_Escape, None)])
def test_enter_pauses_and_escape_stays(
    dialog: CloseDialog, qtbot: QtBot, key: Qt.Key, choice: CloseChoice | None
) -> None:
    qtbot.keyClick(dialog, key)
    assert dialog.choice is choice
    assert not dialog.isVisible()


@pytest.mark.parametrize(("pressed", "told"), [(CloseChoice.STOP, [CloseChoice.STOP]), (None, [])])
def test_asking_tells_the_choice_and_nothing_if_all_is_to_stay(
    qtbot: QtBot, pressed: CloseChoice | None, told: list[CloseChoice]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    choices: list[CloseChoice] = []
    ask_before_closing(window, [SEASON], choices.append).buttons[pressed].click()
    assert choices == told
