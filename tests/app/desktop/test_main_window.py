"""The shell: panels come after the first picture, layouts are remembered, menus and keys reach every command."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.desktop.close_dialog import CloseChoice, CloseDialog
from app.desktop.context import Desktop
from app.desktop.key_sheet import KeySheet
from app.desktop.main_window import MainWindow
from app.desktop.palette import CommandPalette, Entry, matching
from app.desktop.panel import Area, PanelSpec, panels
from app.desktop.settings import FILE_NAME, Settings
from app.desktop.theme import THEMES
from league.home import Home
from tests.app.desktop.doubles import FakeJobBoard

Open = Callable[[], MainWindow]


def _spec(name: str, area: Area, made: list[str]) -> PanelSpec:
    def create(_desktop: Desktop) -> QWidget:
        made.append(name)
        return QLabel(name)

    return PanelSpec(name, name.title(), area, 0, create)


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def open_window(qtbot: QtBot, home: Home, jobs: FakeJobBoard, made: list[str]) -> Iterator[Open]:
    """Open windows with one small panel in every area; they are closed in the end."""
    windows: list[MainWindow] = []

    def open_one() -> MainWindow:
        window = MainWindow(
            home,
            jobs=jobs,  # type: ignore[arg-type]  # the same face
            specs=[_spec(area.name.lower(), area, made) for area in Area],
        )
        windows.append(window)
        with qtbot.waitSignal(window.filled):
            window.show()
        return window

    yield open_one
    for window in windows:
        window.close()
        window.deleteLater()


def test_nothing_is_made_before_the_first_picture(
    qtbot: QtBot, home: Home, jobs: FakeJobBoard, made: list[str]
) -> None:
    window = MainWindow(home, jobs=jobs, specs=[_spec("left", Area.LEFT, made)])  # type: ignore[arg-type]
    assert made == []
    with qtbot.waitSignal(window.painted):
        window.show()
    with qtbot.waitSignal(window.filled):
        pass
    assert made == ["left"]
    assert isinstance(window.panel("left"), QLabel)
    window.close()
    window.deleteLater()


def test_every_panel_takes_its_place(open_window: Open, made: list[str]) -> None:
    window = open_window()
    assert sorted(made) == sorted(area.name.lower() for area in Area)
    assert window.dockWidgetArea(window.docks["left"]) == Qt.DockWidgetArea.LeftDockWidgetArea
    assert window.dockWidgetArea(window.docks["lower_right"]) == Qt.DockWidgetArea.RightDockWidgetArea
    assert window.tabs.tabText(0) == "Centre"


def test_a_panel_that_fails_is_said_and_the_others_are_there(
    qtbot: QtBot, home: Home, jobs: FakeJobBoard, made: list[str]
) -> None:
    def create(_desktop: Desktop) -> QWidget:
        raise RuntimeError("no such thing")

    specs = [PanelSpec("bad", "Bad", Area.LEFT, 0, create), _spec("good", Area.RIGHT, made)]
    window = MainWindow(home, jobs=jobs, specs=specs)  # type: ignore[arg-type]
    with qtbot.captureExceptions() as caught, qtbot.waitSignal(window.filled):
        window.show()
    assert [str(each[1]) for each in caught] == ["no such thing"]
    assert window.desktop.toasts.texts() == ["the panel Bad cannot be shown: no such thing"]
    assert made == ["good"]
    window.close()
    window.deleteLater()


def test_the_layout_and_the_theme_are_remembered(open_window: Open) -> None:
    first = open_window()
    first.docks["left"].hide()
    first.desktop.theme.use("light")
    first.desktop.theme.zoom_by(1)
    first.close()
    second = open_window()
    assert not second.docks["left"].isVisible()
    assert second.docks["right"].isVisible()
    assert second.desktop.theme.theme is THEMES["light"]
    assert second.desktop.theme.zoom == 110
    second.desktop.theme.zoom_by(0)
    second.desktop.theme.use("dark")


@pytest.mark.parametrize("state", [b"garbage", b"\xff" * 400])
def test_a_layout_that_cannot_be_read_gives_the_default_and_says_so(
    open_window: Open, home: Home, state: bytes
) -> None:
    settings = Settings(home.folder)
    settings.put_bytes("window/state", QByteArray(state))
    settings.put_bytes("window/geometry", QByteArray(state))
    settings.save()
    window = open_window()
    assert window.desktop.toasts.texts() == ["the saved layout cannot be read: the default one is used"]
    assert window.docks["left"].isVisible()


def test_settings_of_the_wrong_type_count_as_absent(home: Home) -> None:
    (home.folder / FILE_NAME).write_text("[General]\nzoom=huge\nloud=perhaps\nname=You\n")
    settings = Settings(home.folder)
    assert settings.get("zoom", 100) == 100
    assert settings.get("loud", True) is True
    assert settings.get("name", "") == "You"
    assert settings.get("absent", 2.5) == 2.5


def test_a_settings_file_that_is_a_folder_does_not_stop_the_window(open_window: Open, home: Home) -> None:
    (home.folder / FILE_NAME).mkdir()
    window = open_window()
    assert window.isVisible()


def test_settings_that_cannot_be_read_are_put_aside_and_said(home: Home) -> None:
    path = home.folder / FILE_NAME
    path.write_bytes(b"[General\n\x00\x01 = = \n[[[\n%%%")
    settings = Settings(home.folder)
    assert settings.get("zoom", 100) == 100
    if settings.problem:
        assert path.with_name(FILE_NAME + ".broken").exists()


def test_workspaces_show_and_hide_areas_and_reset_brings_all_back(open_window: Open) -> None:
    window = open_window()
    actions = window.desktop.actions
    actions.action("workspace-watch").trigger()
    assert [name for name, dock in window.docks.items() if dock.isVisible()] == ["lower_right"]
    actions.action("workspace-league").trigger()
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == {"left", "bottom"}
    actions.action("reset-layout").trigger()
    assert all(dock.isVisible() for dock in window.docks.values())


def test_a_workspace_can_be_saved_used_and_deleted(open_window: Open) -> None:
    window = open_window()
    window.docks["bottom"].hide()
    window.layout_store.save_as("mine")
    window.layout_store.arrange()
    assert window.docks["bottom"].isVisible()
    assert window.layout_store.saved() == ["mine"]
    assert window.layout_store.use("mine")
    assert not window.docks["bottom"].isVisible()
    window.layout_store.forget("mine")
    assert window.layout_store.saved() == []


@pytest.mark.parametrize("name", sorted(THEMES))
def test_themes_change_at_once(open_window: Open, name: str) -> None:
    window = open_window()
    window.desktop.actions.action(f"theme-{name}").trigger()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert app.palette().window().color().name() == THEMES[name].window
    window.desktop.theme.use("dark")


def test_the_key_sheet_shows_every_command_that_has_a_key(open_window: Open, qtbot: QtBot) -> None:
    window = open_window()
    window.desktop.actions.action("keys").trigger()
    sheet = window.findChild(KeySheet)
    assert sheet is not None
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    with_keys = [c.action for c in window.desktop.actions.commands() if c.action.shortcuts()]
    assert with_keys
    assert {action.text().replace("&", "") for action in with_keys} <= shown
    sheet.close()


def test_the_palette_runs_what_is_typed(open_window: Open, qtbot: QtBot) -> None:
    window = open_window()
    window.desktop.actions.action("palette").trigger()
    palette = window.findChild(CommandPalette)
    assert palette is not None
    qtbot.keyClicks(palette.findChild(QLineEdit), "theme lig")
    assert palette.texts()[0] == "Theme: Light"
    qtbot.keyClick(palette.findChild(QLineEdit), Qt.Key.Key_Return)
    assert window.desktop.theme.theme is THEMES["light"]
    window.desktop.theme.use("dark")


def test_the_palette_offers_the_players(open_window: Open, qtbot: QtBot) -> None:
    window = open_window()
    chosen: list[object] = []
    window.desktop.hub.player_selected.connect(chosen.append)
    window.menus.show_palette()
    palette = window.findChild(CommandPalette)
    assert palette is not None
    line = palette.findChild(QLineEdit)
    qtbot.keyClicks(line, "profile of aimer")
    qtbot.waitUntil(lambda: palette.texts() == ["Profile of aimer"])
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert [row.name for row in chosen] == ["aimer"]  # type: ignore[attr-defined]


def test_the_best_match_comes_first() -> None:
    texts = ["Zoom in", "Match: Pause", "View: Zoom out", "Play a zoo match"]
    entries = [Entry(text, "", lambda: None) for text in texts]
    assert [entry.text for entry in matching(entries, "zoo")] == ["Zoom in", "View: Zoom out", "Play a zoo match"]
    assert [entry.text for entry in matching(entries, "oom o")] == ["View: Zoom out"]
    assert [entry.text for entry in matching(entries, "mps")] == ["Match: Pause"]
    assert matching(entries, "xyz") == []
    assert len(matching(entries, "")) == 4


def test_a_league_that_cannot_be_opened_is_said_in_the_window(
    qtbot: QtBot, tmp_path: Path, jobs: FakeJobBoard, made: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "league.db").write_bytes(b"this is no database")
    window = MainWindow(Home(tmp_path), jobs=jobs, specs=[_spec("left", Area.LEFT, made)])  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR), qtbot.waitSignal(window.desktop.reader.failed_to_open):
        window.show()
    sentence = window.findChild(QLabel, "sentence")
    assert sentence is not None
    assert "league.db" in sentence.text()
    assert not caplog.records
    window.close()
    window.deleteLater()


def test_closing_asks_only_when_work_runs(open_window: Open, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    window = open_window()
    jobs.start("season 1", ["play"], kind="season")
    for choice in (None, CloseChoice.BACKGROUND):
        window.close()
        window.close()
        (dialog,) = window.findChildren(CloseDialog)
        assert window.isVisible()
        assert jobs.closed_with is None
        dialog.buttons[choice].click()
        qtbot.waitUntil(lambda: not window.findChildren(CloseDialog))
    qtbot.waitUntil(lambda: not window.isVisible())
    assert jobs.closed_with is CloseChoice.BACKGROUND


def test_a_signal_closes_the_window_while_a_dialog_waits(open_window: Open, qtbot: QtBot) -> None:
    window = open_window()
    QTimer.singleShot(0, window, lambda: window.close_with(CloseChoice.PAUSE))
    assert QInputDialog.getText(window, "Save workspace", "Name:") == ("", False)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_a_signal_closes_the_window_while_it_asks(open_window: Open, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    window = open_window()
    jobs.start("season 1", ["play"], kind="season")
    window.close()
    assert window.findChildren(CloseDialog)
    window.close_with(CloseChoice.PAUSE)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert jobs.closed_with is CloseChoice.PAUSE


def test_every_real_panel_has_a_name_a_title_and_a_place() -> None:
    found = panels()
    assert len({spec.name for spec in found}) == len(found)
    assert all(spec.title for spec in found)
    assert {Area.CENTRE, Area.LEFT, Area.RIGHT, Area.BOTTOM} <= {spec.area for spec in found}
