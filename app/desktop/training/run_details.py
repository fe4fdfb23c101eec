"""What a run reports beside its metrics, a tab each: read when it is looked at, and fresh while the run goes on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from ai.trainer import Detail
from app.desktop.context import Desktop
from app.desktop.training.detail_view import DetailBody, DetailView, view_of
from app.desktop.training.details import RunDetails, read_details, titled
from app.desktop.widgets import ElidedLabel, IconButton, hint_label

if TYPE_CHECKING:  # the window paints before these are imported
    from app.desktop.reader import Ticket

NO_RUN: Final = (
    "What a run reports beside its metrics appears here while it trains: tables, the network of its champion, its ancestors. "
    "Start a run in the Training panel, or select one."
)
NOTHING: Final = "This run has reported no details. A trainer that has any reports them every few seconds."
_LOOK_MS: Final = 3000
_TAB_KEY: Final = "run_details/tab"


class RunDetailsView(QWidget):
    """Shows the details of one run."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self._run = ""
        self._known = RunDetails()
        self._ticket: Ticket | None = None
        self._pages_of: dict[str, _Page] = {}
        self._build()
        self._slow = QTimer(self, interval=_LOOK_MS)
        self._slow.timeout.connect(self._look)
        desktop.hub.run_message.connect(self._take)
        desktop.hub.closing.connect(self._slow.stop)
        self._show_hint(NO_RUN)

    def _build(self) -> None:
        self.heading = ElidedLabel()
        self.heading.setProperty("quiet", "true")
        self.copy_button = IconButton(self._desktop.theme, "copy", "Copy what is shown as text", self.copy)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("details of the run")
        self.tabs.currentChanged.connect(self._change)
        self.hint = hint_label("", margin=12)
        top = QHBoxLayout()
        top.setContentsMargins(8, 2, 4, 0)
        top.addWidget(self.heading, 1)
        top.addWidget(self.copy_button)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.tabs, 1)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.hint)
        self._pages.addWidget(filled)

    @property
    def run(self) -> str:
        """The run that is shown; empty for none."""
        return self._run

    def show_run(self, run: str) -> None:
        """Show the details of another run; none of an empty one."""
        if run == self._run:
            return
        self._run, self._known = run, RunDetails()
        if run:
            self.refresh()
        else:
            self._show_hint(NO_RUN)

    def refresh(self) -> None:
        """Read the run's details again, whatever is known."""
        self._ask(None)

    def copy(self) -> None:
        """Put the detail in front onto the clipboard."""
        page = self._page()
        if page is not None:
            QApplication.clipboard().setText(page.body.as_text())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Look now and then: another program may train the run."""
        super().showEvent(event)
        self._look()
        self._show_page()
        self._slow.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Look no longer."""
        super().hideEvent(event)
        self._slow.stop()

    def _look(self) -> None:
        """Read the details, if nothing is known of the run or their file is another one."""
        self._ask(self._known.stamp if self._known.name else None)

    def _ask(self, stamp: int | None) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        run = self._run
        if run:
            self._ticket = self._desktop.reader.ask(
                lambda league: read_details(league, run, stamp), self._set, failed=self._show_hint
            )

    def _take(self, message: Mapping[str, Any]) -> None:
        """Take what the run's job says: the details themselves, or that it has gone back to a checkpoint."""
        if message.get("run") != self._run or not self._known.name:
            return  # of another run, or one that is still being read
        if message.get("event") == "run_started":
            self.refresh()
        elif message.get("event") == "details":
            fresh = {name: Detail(int(message["step"]), value) for name, value in message["details"].items()}
            self._known = replace(self._known, details={**self._known.details, **fresh})
            self._show()

    def _set(self, found: RunDetails | None) -> None:
        if found is not None:
            self._known = found
            self._show()

    def _show_hint(self, sentence: str) -> None:
        self.hint.setText(sentence)
        self._pages.setCurrentIndex(0)

    def _show(self) -> None:
        """Have a tab for every detail, in the order of the ways to show them, and show the one in front."""
        details = self._known.details
        if not details:
            self._show_hint(NOTHING)
            return
        wanted = {name: view_of(name, details[name].value) for name in details}
        with QSignalBlocker(self.tabs):  # it is not the user who changes tabs here
            for name in [*self._pages_of]:
                if self._pages_of[name].view is not wanted.get(name):
                    self._drop(name)
            for name in sorted(set(wanted) - set(self._pages_of), key=lambda name: (wanted[name].order, name)):
                self._add(name, wanted[name])
        self._pages.setCurrentIndex(1)
        self._show_page()

    def _drop(self, name: str) -> None:
        page = self._pages_of.pop(name)
        self.tabs.removeTab(self.tabs.indexOf(page))
        page.deleteLater()

    def _add(self, name: str, view: DetailView) -> None:
        page = self._pages_of[name] = _Page(name, view, view.create(self._desktop, name))
        order = sorted(self._pages_of.values(), key=lambda each: (each.view.order, each.name))
        is_wanted = self._desktop.settings.get(_TAB_KEY, "") == name
        self.tabs.insertTab(order.index(page), page, titled(name))
        if is_wanted:
            self.tabs.setCurrentWidget(page)

    def _page(self) -> "_Page | None":
        page = self.tabs.currentWidget()
        return page if isinstance(page, _Page) else None

    def _change(self, _index: int) -> None:
        page = self._page()
        if page is not None and self.isVisible():
            self._desktop.settings.put(_TAB_KEY, page.name)
            self._show_page()

    def _show_page(self) -> None:
        page = self._page()
        if page is None or page.name not in self._known.details or not self.isVisible():
            return
        detail = self._known.details[page.name]
        page.show_detail(detail)
        self.heading.set_text(f"{self._known.name}, after {detail.step:,} {self._known.step_unit}")


class _Page(QWidget):
    """A tab: a detail, or the sentence that says why it cannot be shown."""

    def __init__(self, name: str, view: DetailView, body: DetailBody) -> None:
        super().__init__()
        self.name = name
        self.view = view
        self.body = body
        self.problem: QLabel = hint_label("", margin=12)
        self._shown: Detail | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(body)
        self._stack.addWidget(self.problem)

    def show_detail(self, detail: Detail) -> None:
        """Show ``detail``, if it is another one."""
        if detail is self._shown:
            return
        self._shown = detail
        try:
            self.body.show_detail(detail)
        except ValueError as error:
            self.problem.setText(str(error))
            self._stack.setCurrentWidget(self.problem)
        else:
            self._stack.setCurrentWidget(self.body)
