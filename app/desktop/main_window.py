"""The window: docks and tabs around the arena, filled after it has been painted for the first time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QDialog, QDockWidget, QLabel, QMainWindow, QPushButton, QTabWidget, QVBoxLayout, QWidget

from app.desktop.actions import Actions
from app.desktop.close_dialog import CloseChoice, CloseDialog, ask_before_closing
from app.desktop.context import Desktop
from app.desktop.hub import Hub
from app.desktop.jobs import JobBoard
from app.desktop.layout import Layout
from app.desktop.menus import Menus
from app.desktop.panel import Area, PanelSpec, panels
from app.desktop.reader import Reader
from app.desktop.settings import Settings
from app.desktop.status import StatusBar
from app.desktop.theme import ThemeStore
from app.desktop.toasts import Level, Remedy, Toasts
from league.home import Home

_SIZE: Final = (1600, 960)
_LEAST: Final = (640, 420)
_TAB_KEY: Final = "window/tab"


class MainWindow(QMainWindow):
    """The window of one league."""

    painted = Signal()
    """The first picture is on the screen."""
    filled = Signal()
    """Every panel is there."""
    folder_wanted = Signal(str)
    """The user has chosen another league's folder: the program is to start again with it."""

    def __init__(
        self,
        home: Home,
        *,
        clock: Callable[[], float] = time.monotonic,
        jobs: JobBoard | None = None,
        specs: list[PanelSpec] | None = None,
    ) -> None:
        super().__init__()
        settings = Settings(home.folder)
        theme = ThemeStore(settings)
        theme.apply()
        self.desktop = Desktop(
            home=home,
            reader=Reader(str(home.folder)),
            jobs=jobs or JobBoard(),
            hub=Hub(),
            settings=settings,
            theme=theme,
            toasts=Toasts(self, theme),
            actions=Actions(self),
            clock=clock,
        )
        self._specs = {spec.name: spec for spec in (panels() if specs is None else specs)}
        self._to_fill = list(self._specs.values())
        self._docks: dict[str, QDockWidget] = {}
        self._is_painted = False
        self._is_closing = False
        self._build()
        self.menus = Menus(self.desktop, self, self.layout_store, self.docks)
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.setWindowTitle(f"Rally League \N{EN DASH} {self.desktop.home.folder.name}")
        self.setMinimumSize(*_LEAST)
        self.resize(QSize(*_SIZE).boundedTo(self.screen().availableSize()))
        self.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AnimatedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(240, 160)
        self.setCentralWidget(self.tabs)
        self.status_bar = StatusBar(self)
        self.setStatusBar(self.status_bar)
        for spec in self._specs.values():
            self._place(spec)
        self.layout_store = Layout(self, self._docks, self._specs, self.desktop.settings)
        self.layout_store.arrange()

    def _place(self, spec: PanelSpec) -> None:
        if spec.area is Area.CENTRE:
            self.tabs.addTab(_Waiting(), spec.title)
            return
        dock = QDockWidget(spec.title, self)
        dock.setObjectName(spec.name)
        dock.setWidget(_Waiting())
        self._docks[spec.name] = dock

    def _connect(self) -> None:
        hub, toasts = self.desktop.hub, self.desktop.toasts
        hub.status.connect(self.status_bar.show_field)
        hub.panel_wanted.connect(self.bring_up)
        hub.arena_frame.connect(
            lambda fps, ms: hub.status.emit("frames", f"{fps:.0f} fps, {ms:.1f} ms" if fps > 0 else "")
        )
        hub.show_match.connect(lambda _: self.bring_up("arena"))
        hub.watch_beside.connect(lambda _: self.bring_up("wall"))
        toasts.shown.connect(hub.log)
        self.desktop.reader.failed.connect(toasts.error)
        self.desktop.reader.failed_to_open.connect(self._show_unusable)
        self.desktop.reader.lost.connect(self._tell_lost)
        self.desktop.reader.opened.connect(hub.seasons_changed)

    def _recall(self) -> None:
        problem = self.desktop.settings.problem
        if problem:
            self.desktop.toasts.show(problem, Level.WARNING)
        if not self.layout_store.recall():
            self.desktop.toasts.show("the saved layout cannot be read: the default one is used", Level.WARNING)
        self.tabs.setCurrentIndex(min(self.desktop.settings.get(_TAB_KEY, 0), max(self.tabs.count() - 1, 0)))

    @property
    def docks(self) -> dict[str, QDockWidget]:
        """The docks by the name of their panel."""
        return dict(self._docks)

    def panel(self, name: str) -> QWidget:
        """Return the widget of a panel that is filled."""
        if name in self._docks:
            return self._docks[name].widget()
        found = self.tabs.widget(self._tab_index(name))
        assert found is not None  # noqa: S101  # a tab of the list that the index was found in
        return found

    def bring_up(self, name: str) -> None:
        """Show the panel called ``name`` in front of others."""
        if name in self._docks:
            self._docks[name].show()
            self._docks[name].raise_()
        elif name in self._specs:
            self.tabs.setCurrentIndex(self._tab_index(name))

    def _tab_index(self, name: str) -> int:
        return [spec.name for spec in self._specs.values() if spec.area is Area.CENTRE].index(name)

    # Filling

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Begin to fill the panels once the empty window is on the screen."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        self.painted.emit()
        self.desktop.reader.start()
        self._fill_next()

    def _fill_next(self) -> None:
        """Make one panel a turn of the event loop: the window stays alive meanwhile."""
        if self._is_closing:
            return
        if not self._to_fill:
            self.filled.emit()
            return
        spec = self._to_fill.pop(0)
        try:
            made = spec.create(self.desktop)
        except Exception as error:
            self.desktop.toasts.error(f"the panel {spec.title} cannot be shown: {error}")
            raise
        finally:
            QTimer.singleShot(0, self, self._fill_next)
        if spec.area is Area.CENTRE:
            self._replace_tab(spec, made)
        else:
            before = self._docks[spec.name].widget()
            self._docks[spec.name].setWidget(made)
            before.deleteLater()

    def _replace_tab(self, spec: PanelSpec, made: QWidget) -> None:
        index, shown = self._tab_index(spec.name), self.tabs.currentIndex()
        before = self.panel(spec.name)
        self.tabs.removeTab(index)
        self.tabs.insertTab(index, made, spec.title)
        self.tabs.setCurrentIndex(shown)
        before.deleteLater()

    def _show_unusable(self, sentence: str) -> None:
        """Say why the league cannot be opened, and what can be done."""
        page = _Unusable(sentence)
        page.again.clicked.connect(lambda: self.folder_wanted.emit(str(self.desktop.home.folder)))
        page.other.clicked.connect(self.choose_folder)
        page.leave.clicked.connect(self.close)
        self._to_fill.clear()
        for dock in self._docks.values():
            dock.hide()
        self.setCentralWidget(page)

    def _tell_lost(self, sentence: str) -> None:
        remedy = Remedy("Choose another folder\N{HORIZONTAL ELLIPSIS}", self.choose_folder)
        self.desktop.toasts.show(sentence, Level.ERROR, remedy=remedy)

    def choose_folder(self) -> None:
        """Let the user choose another league."""
        from PySide6.QtWidgets import QFileDialog

        chosen = QFileDialog.getExistingDirectory(self, "The folder of another league", str(Path.home()))
        if chosen:
            self.folder_wanted.emit(chosen)

    # Closing

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  # Qt's name
        """Ask what becomes of running work; save the layout; end what is ours."""
        if self._is_closing:
            event.accept()
            return
        if not any(card.is_running for card in self.desktop.jobs.jobs()):
            self._leave()
            event.accept()
            return
        event.ignore()
        if self.desktop.jobs.running():
            self._ask_before_closing()
        else:
            self.close_with(CloseChoice.PAUSE)  # what only serves the window ends with it

    def _ask_before_closing(self) -> None:
        if self.findChild(CloseDialog) is None:
            ask_before_closing(self, self.desktop.jobs.running(), self.close_with)

    def close_with(self, choice: CloseChoice) -> None:
        """Close, with ``choice`` for the work that runs."""
        self.setEnabled(False)
        self.desktop.jobs.close_all(choice, self._close_now)

    def _close_now(self) -> None:
        self._leave()
        QTimer.singleShot(0, self, self.close)  # this may be called while the first attempt to close is under way

    def _leave(self) -> None:
        self._is_closing = True
        for dialog in self.findChildren(QDialog):  # one that waits in a loop of its own would keep the program
            if dialog.isVisible():
                dialog.reject()
        if self.centralWidget() is self.tabs:
            self.desktop.settings.put(_TAB_KEY, self.tabs.currentIndex())
            self.layout_store.remember()
        self.desktop.settings.save()
        self.desktop.hub.closing.emit()
        self.desktop.reader.close()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Tell the panels when the window is minimised: nothing has to be painted then."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.desktop.hub.minimised.emit(self.isMinimized())


class _Waiting(QWidget):
    """Stands where a panel will be."""

    def __init__(self) -> None:
        super().__init__()
        label = QLabel("\N{HORIZONTAL ELLIPSIS}")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(label)


class _Unusable(QWidget):
    """Says why the league cannot be opened."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        heading = QLabel("<h2>This league cannot be opened</h2>")
        text = QLabel(sentence)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setObjectName("sentence")
        self.again = QPushButton("Try again")
        self.other = QPushButton("Choose another folder\N{HORIZONTAL ELLIPSIS}")
        self.leave = QPushButton("Quit")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(60, 40, 60, 40)
        layout.addStretch(1)
        for each in (heading, text, self.again, self.other, self.leave):
            layout.addWidget(each)
        layout.addStretch(2)
