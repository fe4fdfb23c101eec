"""A walk through the window as a user takes it, with real jobs: ``python -m tests.app.desktop.walk HOME PICTURES THEME WxH``.

Each step does something by mouse or key and waits until the window shows what follows. Pictures are left on the way. The last
line on stdout is a JSON object: the steps with their seconds, and what the league is afterwards.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QLineEdit, QWidget

from app.desktop.application import open_desktop
from app.desktop.arena.panel import ArenaPanel
from app.desktop.arena.play_dialog import PlayDialog
from app.desktop.close_dialog import CloseChoice, CloseDialog
from app.desktop.league.cross_panel import CrossPanel
from app.desktop.league.new_season import NewSeason
from app.desktop.league.panel import LeaguePanel
from app.desktop.main_window import MainWindow
from tests.app.desktop.walk_dqn import DqnWalk
from tests.app.desktop.walk_neat import NeatWalk
from tests.app.desktop.walk_until import Until

_LOOK_MS = 30
_PATIENCE_S = 120.0
SEASON = {"pairs": 2, "points": 1, "seed": 4711}
"""The season that is played with visuals on, off and on again."""


class Walk(QObject):
    """Takes the steps one after the other; a step that is not reached ends the walk with exit code 1."""

    def __init__(self, window: MainWindow, pictures: Path | None) -> None:
        super().__init__(window)
        self._window = window
        self._pictures = pictures
        self._steps = self._walk()
        self._wanted: Until | None = None
        self._since = time.monotonic()
        self.took_s: dict[str, float] = {}
        self.problem = ""
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        window.filled.connect(lambda: self._timer.start(_LOOK_MS))

    def _look(self) -> None:
        waited_s = time.monotonic() - self._since
        if self._wanted is not None:
            if not self._wanted.is_so():
                if waited_s > _PATIENCE_S:
                    self._give_up(f"waited {waited_s:.0f} s in vain for: {self._wanted.what}")
                return
            self.took_s[self._wanted.what] = round(waited_s, 2)
        try:
            self._wanted = next(self._steps)
        except StopIteration:
            self._timer.stop()
        except Exception as error:
            self._give_up(f"after {self._wanted}: {type(error).__name__}: {error}")
            raise
        self._since = time.monotonic()

    def _give_up(self, problem: str) -> None:
        self._timer.stop()
        self.problem = problem
        self.picture("failed")
        self._window.close_with(CloseChoice.STOP)

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Leave a picture."""
        if self._pictures is not None:
            (widget or self._window).grab().save(str(self._pictures / f"{name}.png"))

    # The parts of the window

    @property
    def _arena(self) -> ArenaPanel:
        return self._window.panel("arena")  # type: ignore[return-value]

    @property
    def _league(self) -> LeaguePanel:
        return self._window.panel("league")  # type: ignore[return-value]

    def _tick(self) -> int:
        screening = self._arena.stage.screening
        return -1 if screening is None else screening.course.tick

    def _key(self, key: Qt.Key | str) -> None:
        canvas = self._arena.stage.canvas
        canvas.setFocus()
        if isinstance(key, str):
            QTest.keyClicks(canvas, key)
        else:
            QTest.keyClick(canvas, key)

    def _dialog(self, kind: type[QDialog]) -> QDialog | None:
        return next((each for each in self._window.findChildren(kind) if each.isVisible()), None)

    def _act(self, name: str) -> None:
        self._window.desktop.actions.action(name).trigger()

    # The steps

    def _walk(self) -> Iterator[Until]:
        yield from self._watch()
        yield from self._play()
        yield from self._season()
        yield from self._cross_table()
        yield from self._replay()
        yield from DqnWalk(self._window, self.picture).steps()
        yield from NeatWalk(self._window, self.picture).steps()
        yield from self._look_around()
        yield from self._leave()

    def _watch(self) -> Iterator[Until]:
        """Start, watch, change the speed, stand still, step."""
        stage = self._arena.stage
        self._window.activateWindow()
        yield Until("the window has the keys", self._window.isActiveWindow)
        yield Until("a match is running by itself", lambda: self._tick() > 120)
        self.picture("arena")
        self._key("+")
        self._key("+")
        before = self._tick()
        yield Until("the match runs at four times its speed", lambda: self._tick() > before + 300)
        assert stage.screening is not None
        assert stage.screening.playback.target_speed == 4.0
        self._key("-")
        self._key("-")
        self._key(Qt.Key.Key_Space)
        stood = self._tick()
        self._key(".")
        yield Until("one tick forward", lambda: self._tick() == stood + 1)
        self._key(",")
        yield Until("one tick back", lambda: self._tick() == stood)
        self._key(Qt.Key.Key_End)
        yield Until("the end is shown", lambda: stage.screening is not None and stage.screening.course.is_over)
        self._key(Qt.Key.Key_Home)
        yield Until("the start is shown", lambda: self._tick() == 0)
        for name in ("path", "sight", "actions"):
            stage.transport.overlay_action(name).setChecked(True)
        self._key(Qt.Key.Key_Space)
        yield Until("it runs with overlays", lambda: self._tick() > 150)
        self.picture("overlays")
        for name in ("path", "sight", "actions"):
            stage.transport.overlay_action(name).setChecked(False)

    def _play(self) -> Iterator[Until]:
        """A person plays a match to one point against a bot, with the keys."""
        room = self._arena.room
        self._act("arena-person")
        yield Until(
            "the dialog of one's own match", lambda: room.dialog is not None and room.dialog.opponent.count() > 3
        )
        dialog = room.dialog
        assert isinstance(dialog, PlayDialog)
        dialog.points.setValue(1)
        dialog.opponent.setCurrentIndex(3 + _place_of(dialog.opponent, "aimer"))
        self.picture("play_dialog", dialog)
        dialog.play.click()
        yield Until("the person's match has begun", lambda: room.game is not None and self._tick() > 5)
        canvas = self._arena.stage.canvas
        before = _own_y(self)
        QTest.keyPress(canvas, Qt.Key.Key_Up)
        yield Until("the paddle goes up", lambda: _own_y(self) > before + 0.05)
        QTest.keyRelease(canvas, Qt.Key.Key_Up)
        self.picture("own_match")
        yield Until("the result card", lambda: room.card is not None)
        self.picture("result_card")
        yield Until("the new rating", lambda: room.card is not None and "rated" in _texts(room.card))
        assert room.card is not None
        room.card.closed.emit()

    def _season(self) -> Iterator[Until]:
        """A season with its matches shown, then in the pool, then shown again, then to the end."""
        league = self._league
        self._act("season-new")
        yield Until("the dialog of a new season", lambda: self._dialog(NewSeason) is not None)
        dialog = self._dialog(NewSeason)
        assert isinstance(dialog, NewSeason)
        yield Until("the players to choose from", lambda: len(dialog.picker.chosen()) > 2)
        dialog.form.set_values(SEASON)
        dialog.visuals.setChecked(True)
        yield Until("the plan is said", lambda: dialog.begin.isEnabled() and "match" in dialog.planned.text())
        self.picture("new_season", dialog)
        dialog.begin.click()
        yield Until("the first match of the season is shown", self._is_season_on_screen)
        self.picture("season_shown")
        self._key(Qt.Key.Key_End)
        yield Until(
            "a shown match is stored", lambda: league.controller.run is not None and league.controller.run.done >= 1
        )
        yield Until("the next one is shown", self._is_season_on_screen)
        league.card.visuals.click()
        done = league.controller.run.done if league.controller.run else 0
        yield Until(
            "the pool plays on", lambda: league.controller.run is None or league.controller.run.done > done + 10
        )
        if league.controller.run is not None:
            league.card.visuals.click()
            yield Until(
                "matches are shown again, or none is left", lambda: self._is_season_on_screen() or self._is_complete()
            )
        if league.controller.run is not None and league.card.visuals.isChecked():
            league.card.visuals.click()
        yield Until("the season is complete", self._is_complete)
        yield Until("its table", lambda: league.standings.model.rowCount() >= 8)
        self.picture("standings")

    def _is_season_on_screen(self) -> bool:
        screening = self._arena.stage.screening
        return screening is not None and screening.request.is_season_live and not screening.course.is_over

    def _is_complete(self) -> bool:
        controller = self._league.controller
        return controller.run is None and controller.selected is not None and controller.selected.state == "complete"

    def _cross_table(self) -> Iterator[Until]:
        """From a cell of the cross table to its pairs to a replay."""
        self._window.bring_up("cross_table")
        panel = self._window.panel("cross_table")
        assert isinstance(panel, CrossPanel)
        yield Until("the cross table is drawn", lambda: _has_met(panel))
        self.picture("cross_table")
        place = panel.view.cell_rect(0, 1).center()
        QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        yield Until("the pairs of a cell", lambda: panel.model.rowCount() > 0)
        self.picture("cross_pairs")
        index = panel.pairs.model().index(0, 1)
        panel.pairs.setCurrentIndex(index)
        QTest.keyClick(panel.pairs, Qt.Key.Key_Return)
        yield Until("the pair's match is on the screen", self._stored_on_screen)

    def _stored_on_screen(self) -> bool:
        screening = self._arena.stage.screening
        return screening is not None and screening.request.stored is not None

    def _replay(self) -> Iterator[Until]:
        """A stored match from the list: seen, sought, verified."""
        league, stage = self._league, self._arena.stage
        league.tabs.setCurrentWidget(league.matches)
        yield Until("the list of matches", lambda: league.matches.model.rowCount() > 50)
        view = league.matches.view
        before = stage.screening
        view.setCurrentIndex(view.model().index(3, 0))
        yield Until("its row is read", lambda: league.matches.model.line(3) is not None)
        QTest.keyClick(view, Qt.Key.Key_Return)
        yield Until("the replay", lambda: self._stored_on_screen() and stage.screening is not before)
        self._key(Qt.Key.Key_End)
        yield Until("the replay is verified", lambda: "verified" in stage.heading.badge.text().lower())
        self._key(Qt.Key.Key_Left)
        yield Until("two seconds back", lambda: stage.screening is not None and not stage.screening.course.is_over)
        self.picture("replay")
        league.tabs.setCurrentWidget(league.standings)

    def _look_around(self) -> Iterator[Until]:
        """The wall, a profile, keys and the palette."""
        self._window.bring_up("wall")
        since = time.monotonic()
        yield Until("the wall moves", lambda: time.monotonic() - since > 3.0)
        self.picture("wall")
        self._window.bring_up("arena")
        standings = self._league.standings
        standings.view.setCurrentIndex(standings.view.model().index(2, 0))
        self._window.bring_up("inspector")
        since = time.monotonic()
        yield Until("the profile", lambda: time.monotonic() - since > 1.5)
        self.picture("profile")
        self._act("keys")
        since = time.monotonic()
        yield Until("the keys", lambda: time.monotonic() - since > 0.3)
        sheet = QApplication.activeModalWidget() or QApplication.activeWindow()
        if sheet is not None and sheet is not self._window:
            self.picture("keys", sheet)
            sheet.close()
        self._act("palette")
        line = next(each for each in self._window.findChildren(QLineEdit) if each.accessibleName() == "command")
        QTest.keyClicks(line, "season")
        self.picture("palette", line.window())
        line.window().close()

    def _leave(self) -> Iterator[Until]:
        """Close while a long season runs: asked, paused, saved, gone."""
        league = self._league
        self._act("season-new")
        yield Until("another season", lambda: self._dialog(NewSeason) is not None)
        dialog = self._dialog(NewSeason)
        assert isinstance(dialog, NewSeason)
        yield Until("its players", lambda: len(dialog.picker.chosen()) > 2)
        dialog.form.set_values({"pairs": 2000, "seed": 5})
        dialog.visuals.setChecked(False)
        yield Until("its plan", dialog.begin.isEnabled)
        dialog.begin.click()
        yield Until("it is played", lambda: league.controller.run is not None and league.controller.run.done > 200)
        self.picture("season_in_the_pool")
        QTimer.singleShot(0, self._answer_closing)
        self._closing_since = time.monotonic()
        self._window.close()

    def _answer_closing(self) -> None:
        dialog = self._dialog(CloseDialog)
        if not isinstance(dialog, CloseDialog):
            QTimer.singleShot(_LOOK_MS, self._answer_closing)
            return
        self.picture("close_dialog", dialog)
        self._closing_since = time.monotonic()
        dialog.buttons[CloseChoice.PAUSE].click()

    def report(self) -> str:
        """Return the JSON line of the end."""
        closing_s = round(time.monotonic() - getattr(self, "_closing_since", time.monotonic()), 2)
        return json.dumps({"problem": self.problem, "steps": self.took_s, "closing_s": closing_s})


def _place_of(box: QComboBox, name: str) -> int:
    return next(place for place in range(3, box.count()) if box.itemText(place).startswith(name)) - 3


def _has_met(panel: CrossPanel) -> bool:
    """Whether the table of the whole season is there."""
    table = panel._table
    cell = table.cell(*table.order[:2]) if table is not None and len(table.order) > 1 else None
    return cell is not None


def _own_y(walk: Walk) -> float:
    screening = walk._arena.stage.screening
    assert screening is not None
    seat = "left" if screening.request.left.is_person else "right"
    return screening.course.picture()[f"{seat}_y"]


def _texts(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))


def main(home: str, pictures: str, theme: str, size: str) -> int:
    """Take the walk; return 0 if every step was reached."""
    walks: list[Walk] = []

    def begin(window: MainWindow) -> None:
        width, height = (int(part) for part in size.split("x"))
        window.resize(width, height)
        window.layout_store.arrange()
        window.desktop.theme.use(theme)
        walks.append(Walk(window, Path(pictures) if pictures else None))

    code = open_desktop(home, on_window=begin)
    sys.stdout.write(walks[0].report() + "\n")
    return code or int(bool(walks[0].problem))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
