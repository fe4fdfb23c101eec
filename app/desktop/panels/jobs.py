"""The Jobs panel: every process that the window has started, and what can be done with it."""

import functools
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QVBoxLayout, QWidget

from app.desktop.command_line import command_line
from app.desktop.context import Desktop
from app.desktop.job_model import PROGRESS, JobModel, ProgressDelegate
from app.desktop.panel import Area, PanelSpec
from app.desktop.toasts import show_details
from app.desktop.widgets import ButtonRow, IconButton, hint_label
from app.jobs.card import JobCard

_HINT: Final = "No job yet. Seasons, training runs and exports appear here while they work."
_SAMPLES: Final = ("Training: a name of some length", "complete", "100%  --------------", "12 min 30 s")


class JobsPanel(QWidget):
    """The table of the jobs, with buttons for the selected one."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self._model = JobModel(desktop.theme, self)
        self._build()
        desktop.jobs.changed.connect(self.refresh)
        desktop.theme.changed.connect(self._retouch)
        self._retouch()
        self.refresh()

    def _build(self) -> None:
        theme = self._desktop.theme
        self.table = self._make_table()
        self.turn = IconButton(theme, "pause", "Pause the selected job", self._turn, text="Pause")
        self.stop = IconButton(
            theme, "stop", "Stop the selected job once it has finished what it is at", self._stop, text="Stop"
        )
        self.cancel = IconButton(
            theme, "close", "End the selected job at once; what it has saved stays", self._cancel, text="Stop now"
        )
        self.show_details = IconButton(
            theme, "search", "Show the selected job's command line and log", self._show_details, text="Details"
        )
        self.clear = IconButton(
            theme, "archive", "Take the jobs that have ended out of this list", self._clear, text="Clear ended"
        )
        self.hint = hint_label(_HINT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(ButtonRow((self.turn, self.stop, self.cancel, self.show_details), (self.clear,)))
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.table, 1)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._model)
        table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self._desktop.theme, table))
        table.setAccessibleName("Jobs")
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(lambda place: self.menu().popup(table.viewport().mapToGlobal(place)))
        table.activated.connect(lambda _: self._show_details())
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.selectionModel().selectionChanged.connect(lambda *_: self._offer())
        return table

    def refresh(self) -> None:
        """Show the jobs as they are now; the selection stays."""
        chosen = self.selected()
        self._model.show_cards(self._desktop.jobs.jobs())
        row = self._model.row_of(chosen.id) if chosen is not None else 0
        if self.selected() is None and 0 <= row < self._model.rowCount():
            self.table.selectRow(row)
        is_empty = not self._model.rowCount()
        self.hint.setVisible(is_empty)
        self.table.setVisible(not is_empty)
        self._offer()

    def selected(self) -> JobCard | None:
        """Return the job that the buttons are about."""
        rows = self.table.selectionModel().selectedRows()
        return self._model.card(rows[0].row()) if rows else None

    def menu(self) -> QMenu:
        """Return what can be done with the selected job, as a menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in (self.turn, self.stop, self.cancel, self.show_details):
            action = QAction(button.icon(), button.text(), menu)
            action.setEnabled(button.isEnabled())
            action.triggered.connect(functools.partial(button.click))
            menu.addAction(action)
        return menu

    def _offer(self) -> None:
        """Enable what the selected job can do now."""
        card = self.selected()
        is_running = card is not None and card.is_running
        is_paused = card is not None and card.state == "paused"
        self.turn.setText("Resume" if is_paused else "Pause")
        self.turn.set_icon("play" if is_paused else "pause")
        self.turn.set_tip(f"{self.turn.text()} the selected job")
        self.turn.setEnabled(card is not None and card.state in {"running", "paused"})
        self.stop.setEnabled(is_running and card is not None and card.state != "stopping")
        self.cancel.setEnabled(is_running)
        self.show_details.setEnabled(card is not None)
        self.clear.setEnabled(self._model.has_ended())

    def _turn(self) -> None:
        card = self.selected()
        self._send("resume" if card is not None and card.state == "paused" else "pause")

    def _stop(self) -> None:
        self._send("stop")

    def _cancel(self) -> None:
        self._send("cancel")

    def _send(self, command: str) -> None:
        card = self.selected()
        if card is not None:
            self._desktop.jobs.send(card.id, command)

    def _show_details(self) -> None:
        card = self.selected()
        if card is not None:
            show_details(self.window(), f"{card.title}: {card.state}", self._details(card))

    def _details(self, card: JobCard) -> str:
        log = self._desktop.jobs.details(card.id) or "It has logged nothing."
        parts = [command_line(card.arguments), card.detail, log]
        return "\n\n".join(part for part in parts if part)

    def _clear(self) -> None:
        self._model.clear_ended()
        self.refresh()

    def _retouch(self) -> None:
        theme, metrics = self._desktop.theme, self.fontMetrics()
        for column, sample in enumerate(_SAMPLES):
            self.table.horizontalHeader().resizeSection(column, metrics.horizontalAdvance(sample) + theme.px(16))
        self.table.verticalHeader().setDefaultSectionSize(metrics.height() + theme.px(8))
        self.table.viewport().update()


PANEL = PanelSpec("jobs", "Jobs", Area.BOTTOM, 2, JobsPanel)
