"""The Log panel: what the window, its jobs and the program have said, to be filtered, copied and saved."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.log.lines import LogBook, LogFilter, LogLine, Severity, severity
from app.desktop.log.model import LogModel
from app.desktop.log.records import Records
from app.desktop.panel import Area, PanelSpec
from app.desktop.toasts import show_details
from app.desktop.widgets import IconButton, hint_label, quiet_label
from app.jobs.card import JobCard

Now: TypeAlias = Callable[[], datetime]
ChooseFile: TypeAlias = Callable[[QWidget], str]
"""Asks where to save; empty means nowhere."""

_FLUSH_MS: Final = 100
_LEVELS: Final = {"All": Severity.INFO, "Warnings": Severity.WARNING, "Errors": Severity.ERROR}
_STARTS: Final = ("run_started", "season_started")
_HINT: Final = "Nothing was logged yet. Messages of the window, of seasons and of training runs appear here."


def local_now() -> datetime:
    """Return the time on the user's clock."""
    return datetime.now().astimezone()


def ask_where_to_save(parent: QWidget) -> str:
    """Return the file that the user chooses for the log."""
    return QFileDialog.getSaveFileName(parent, "Save the log", "rally-league.log", "Text (*.log *.txt)")[0]


class LogPanel(QWidget):
    """Collects messages and shows them; a flood of them costs one update of the table every tenth of a second."""

    def __init__(self, desktop: Desktop, *, now: Now = local_now, choose_file: ChooseFile = ask_where_to_save) -> None:
        super().__init__()
        self._desktop = desktop
        self._now = now
        self._choose_file = choose_file
        self._waiting: list[LogLine] = []
        self._is_following = True
        self._book = LogBook()
        self._model = LogModel(self._book, desktop.theme, self)
        self._flush = QTimer(self, singleShot=True, interval=_FLUSH_MS)
        self._flush.timeout.connect(self.show_waiting)
        self._build()
        self._listen()
        self._retouch()
        self._count()

    def _build(self) -> None:
        self.table = self._make_table()
        self.level = QComboBox()
        self.level.addItems(list(_LEVELS))
        self.level.setToolTip("Show messages of this level and above")
        self.level.setAccessibleName("Least level of the messages that are shown")
        self.level.currentIndexChanged.connect(lambda _: self._choose())
        self.search = QLineEdit(placeholderText="Filter", clearButtonEnabled=True)
        self.search.setToolTip("Show messages that hold all of these words")
        self.search.setAccessibleName("Words that the messages hold")
        self.search.textChanged.connect(lambda _: self._choose())
        theme = self._desktop.theme
        self.copy_button = IconButton(theme, "copy", "Copy the selected messages, or all that are shown", self.copy)
        self.save_button = IconButton(theme, "export", "Save the messages that are shown to a file", self.save)
        self.clear_button = IconButton(theme, "close", "Remove all messages from this list", self.clear)
        self.count_label = quiet_label()
        self.hint = hint_label(_HINT)
        self._lay_out()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._model)
        table.setAccessibleName("Log messages")
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        bar = table.verticalScrollBar()
        bar.valueChanged.connect(self._note_scrolling)
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high) if self._is_following else None)
        table.activated.connect(self._open)
        table.doubleClicked.connect(self._open)
        shortcut = QShortcut(QKeySequence.StandardKey.Copy, table, context=Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        return table

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(6, 4, 6, 4)
        bar.addWidget(self.level)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.count_label)
        for button in (self.copy_button, self.save_button, self.clear_button):
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.table, 1)

    def _listen(self) -> None:
        desktop = self._desktop
        desktop.hub.log.connect(lambda level, text: self.add(level, "window", text))
        desktop.jobs.event.connect(self._take_event)
        desktop.jobs.ended.connect(self._take_end)
        desktop.theme.changed.connect(self._retouch)
        records = Records(logging.getLogger())
        records.arrived.connect(self.add)
        records.start()
        self.destroyed.connect(records.stop)
        desktop.hub.closing.connect(records.stop)
        desktop.hub.closing.connect(self._flush.stop)

    def add(self, level: str, source: str, text: str, details: str = "") -> None:
        """Take one message in; it is shown within a tenth of a second."""
        self._waiting.append(LogLine(self._now(), severity(level), source, text, details))
        if not self._flush.isActive():
            self._flush.start()

    def show_waiting(self) -> None:
        """Show now what has come."""
        self._flush.stop()
        lines, self._waiting = self._waiting, []
        self._model.add(lines)
        self._count()

    def texts(self) -> list[str]:
        """Return the texts of the messages that are shown."""
        return [line.text for line in self._book.shown]

    def copy(self) -> None:
        """Copy the selected messages, or all that are shown."""
        QApplication.clipboard().setText(_as_text(self._selected() or self._book.shown))

    def save(self) -> None:
        """Write the messages that are shown to a file of the user's choice."""
        name = self._choose_file(self)
        if not name:
            return
        from league.home import write_atomic

        content = (_as_text(self._book.shown) + "\n").encode()
        count = len(self._book.shown)
        self._desktop.reader.ask(
            lambda _league: write_atomic(Path(name), content),
            lambda _: self._desktop.toasts.info(f"{count:,} messages were saved to {name}."),
            failed=self._desktop.toasts.error,
        )

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()
        self._model.clear()
        self._count()

    def _selected(self) -> list[LogLine]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._model.line(row) for row in rows]

    def _choose(self) -> None:
        least = _LEVELS[self.level.currentText()]
        self._model.choose(LogFilter(least, self.search.text()))
        self.table.scrollToBottom()
        self._is_following = True
        self._count()

    def _note_scrolling(self, value: int) -> None:
        self._is_following = value == self.table.verticalScrollBar().maximum()

    def _open(self, index: QModelIndex) -> None:
        line = self._model.line(index.row())
        title = f"{line.severity.word.capitalize()} of {line.source}, {line.time:%Y-%m-%d %H:%M:%S}"
        show_details(self.window(), title, f"{line.text}\n\n{line.details}".strip())

    def _take_event(self, job: str, message: Mapping[str, object]) -> None:
        kind = message.get("event")
        if kind in ("log", "line"):
            self.add(str(message.get("level", "info")), self._title(job), str(message.get("text", "")))
        elif kind == "fault":
            text = f"match {message.get('match')}: {message.get('player')}: {message.get('text')}"
            self.add("warning", self._title(job), text)
        elif kind in _STARTS:
            self.add("info", self._title(job), "started")

    def _take_end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        card = self._card(job)
        if not is_ok:
            self.add("error", self._title(job), reason or "ended without a reason")
        elif card is not None and card.is_work:
            self.add("info", card.title, f"{card.state}: {reason}" if reason else card.state)

    def _title(self, job: str) -> str:
        card = self._card(job)
        return job if card is None else card.title

    def _card(self, job: str) -> JobCard | None:
        return next((card for card in self._desktop.jobs.jobs() if card.id == job), None)

    def _count(self) -> None:
        total, shown = len(self._book), len(self._book.shown)
        self.count_label.setText(f"{total:,}" if shown == total else f"{shown:,} of {total:,}")
        self.count_label.setAccessibleName(f"{shown} of {total} messages are shown")
        self.hint.setVisible(not total)
        self.table.setVisible(bool(total))
        for button in (self.copy_button, self.save_button, self.clear_button):
            button.setEnabled(bool(total))

    def _retouch(self) -> None:
        theme = self._desktop.theme
        header = self.table.horizontalHeader()
        for column, sample in enumerate(("00:00:00", "warning", "Training: a name")):
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(sample) + theme.px(16))
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.px(6))
        self.table.viewport().update()


def _as_text(lines: list[LogLine]) -> str:
    return "\n".join(line.as_text() for line in lines)


PANEL = PanelSpec("log", "Log", Area.BOTTOM, 1, LogPanel)
