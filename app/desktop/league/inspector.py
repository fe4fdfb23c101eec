"""The profile of the selected player: who it is, where it comes from, how it has done."""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QApplication,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.league.player_actions import PlayerActions
from app.desktop.league.profile import FAULT_COLUMNS, RIVAL_COLUMNS, FaultLine, Profile, Rival, read_profile
from app.desktop.league.rating_plot import RatingPlot
from app.desktop.league.replays import season_replay
from app.desktop.league.row_table import RowTable
from app.desktop.league.rows_model import RowsModel, Sorting
from app.desktop.league.words import count
from app.desktop.reader import Ticket
from app.desktop.widgets import IconButton, problem_label, quiet_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from league.store import PlayerRow

HINT: Final = "Select a player in the League dock to see its profile."
_SHOWN_ANCESTORS: Final = 12
_ROWS: Final = 8


class Inspector(QWidget):
    """Follows ``hub.player_selected``."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self._ticket: Ticket | None = None
        self._profile: Profile | None = None
        self.actions_of = PlayerActions(desktop, self)
        self._make_head()
        self._make_tables()
        self._lay_out()
        desktop.hub.player_selected.connect(self._select)
        desktop.hub.players_changed.connect(self.refresh)
        desktop.hub.seasons_changed.connect(self.refresh)

    # What it is made of

    def _make_head(self) -> None:
        theme = self._desktop.theme
        self.name = QLabel()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.name.setWordWrap(True)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.kind = quiet_label(is_wrapped=True)
        self.problem = problem_label()
        self.rename = IconButton(theme, "settings", "Rename the player", self._ask_name)
        self.rename.setObjectName("rename")
        self.watch = IconButton(
            theme, "play", "Watch it play against somebody of its strength", self._watch, text="Watch"
        )
        self.watch.setObjectName("watch")
        self.play = IconButton(theme, "person", "Play against it yourself", self._play, text="Play")
        self.play.setObjectName("play_against")
        self.export = IconButton(theme, "export", "Write its file", self._export)
        self.archive = IconButton(theme, "archive", "Take it out of the lists; nothing is deleted", self._archive)
        self.archive.setObjectName("archive")
        self.hash = QLineEdit()
        self.hash.setReadOnly(True)
        self.hash.setMinimumWidth(theme.px(60))
        self.hash.setAccessibleName("Content hash")
        self.copy = IconButton(
            theme, "copy", "Copy the hash", lambda: QApplication.clipboard().setText(self.hash.text())
        )
        self.copy.setObjectName("copy_hash")
        self.plot = RatingPlot(theme)
        self.notes = QPlainTextEdit()
        self.notes.setAccessibleName("Notes")
        self.notes.setPlaceholderText("Notes")
        self.notes.setToolTip("Kept with the player when Save is pressed")
        self.notes.setTabChangesFocus(True)
        self.notes.setFixedHeight(theme.px(64))
        self.notes.textChanged.connect(self._touch_notes)
        self.save_notes = QPushButton("Save notes")
        self.save_notes.clicked.connect(self._save_notes)

    def _make_tables(self) -> None:
        theme = self._desktop.theme
        self.rivals: RowsModel[Rival] = RowsModel(RIVAL_COLUMNS, identify=lambda rival: rival.player.hash, parent=self)
        self.rival_view = RowTable(theme, RIVAL_COLUMNS, "Head to head")
        sorting = Sorting(lambda _rival, _text: True, self)
        sorting.setSourceModel(self.rivals)
        self.rival_view.setModel(sorting)
        self.rival_view.sort_by_click(3, Qt.SortOrder.DescendingOrder)
        self.rival_view.setToolTip("Double click shows the opponent's profile")
        self.rival_view.activated_row.connect(lambda rival: self._desktop.hub.player_selected.emit(rival.player))
        self.faults: RowsModel[FaultLine] = RowsModel(
            FAULT_COLUMNS,
            identify=lambda fault: (fault.season_id, fault.match_id, fault.text),
            describe=lambda fault: fault.detail,
            parent=self,
        )
        self.fault_view = RowTable(theme, FAULT_COLUMNS, "Faults")
        self.fault_view.setModel(self.faults)
        self.fault_view.setToolTip("Double click replays the match, where it can be replayed")
        self.fault_view.activated_row.connect(self._replay)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        margin = theme.px(8)
        self._column.setContentsMargins(margin, margin, margin, margin)
        self._column.setSpacing(theme.px(6))
        title = QHBoxLayout()
        title.addWidget(self.name, 1)
        for button in (self.rename, self.export, self.archive):
            title.addWidget(button)
        buttons = QHBoxLayout()
        buttons.addWidget(self.watch)
        buttons.addWidget(self.play)
        buttons.addStretch(1)
        hash_row = QHBoxLayout()
        hash_row.addWidget(self.hash, 1)
        hash_row.addWidget(self.copy)
        self._column.addLayout(title)
        for widget in (self.kind, self.problem):
            self._column.addWidget(widget)
        self._column.addLayout(buttons)
        self._column.addLayout(hash_row)
        self.facts = self._section("About")
        self._section_of("Rating", self.plot)
        self.rivals_head = self._section_of("Head to head", self.rival_view)
        self.lineage = self._section("Lineage")
        self.training = self._section("Training")
        self.faults_head = self._section_of("Faults", self.fault_view)
        self._section_of("Notes", self.notes)
        self._column.addWidget(self.save_notes, 0, Qt.AlignmentFlag.AlignRight)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hint = quiet_label(HINT, is_wrapped=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setMargin(theme.px(16))
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.hint)
        self._pages.addWidget(area)

    def _heading(self, title: str) -> QLabel:
        label = QLabel(title)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        label.setContentsMargins(0, self._desktop.theme.px(6), 0, 0)
        self._column.addWidget(label)
        return label

    def _section_of(self, title: str, widget: QWidget) -> QLabel:
        label = self._heading(title)
        self._column.addWidget(widget)
        return label

    def _section(self, title: str) -> "_Facts":
        facts = _Facts(self._heading(title))
        self._column.addWidget(facts)
        return facts

    # What it shows

    @property
    def player(self) -> "PlayerRow | None":
        """Who is shown."""
        return self._profile.player if self._profile is not None else None

    def _select(self, player: "PlayerRow | None") -> None:
        if player is None:
            self._cancel()
            self._take(None)
        else:
            self._ask(player.hash)

    def refresh(self) -> None:
        """Read the shown player again."""
        if self._profile is not None:
            self._ask(self._profile.player.hash)

    def _cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def _ask(self, content_hash: str) -> None:
        self._cancel()
        self._ticket = self._desktop.reader.ask(lambda league: read_profile(league, content_hash), self._take)

    def _take(self, profile: Profile | None) -> None:
        is_other = profile is None or self._profile is None or profile.player.hash != self._profile.player.hash
        self._profile = profile
        self._pages.setCurrentIndex(0 if profile is None else 1)
        if profile is None:
            return
        player = profile.player
        self.name.setText(player.name)
        self.kind.setText(", ".join(filter(None, (player.kind, profile.size, "archived" * player.archived))))
        self.problem.setText(profile.problem)
        self.problem.setVisible(bool(profile.problem))
        self.hash.setText(player.hash)
        self.hash.setCursorPosition(0)
        self.archive.set_icon("undo" if player.archived else "archive")
        self.archive.set_tip("Bring it back" if player.archived else "Take it out of the lists; nothing is deleted")
        for button in (self.watch, self.play, self.export):
            button.setEnabled(not profile.problem)
        self.watch.setEnabled(not profile.problem and profile.near is not None)
        if is_other or self.notes.toPlainText() == "":
            self.notes.setPlainText(player.notes)
        self._touch_notes()
        self._show_sections(profile)

    def _show_sections(self, profile: Profile) -> None:
        player = profile.player
        about = [("Author", player.author), ("Created", player.created[:16].replace("T", " "))]
        about.append(("Game", f"{player.game} {player.game_version}"))
        self.facts.show_pairs([(name, text) for name, text in about if text])
        self.plot.show_ratings(profile.ratings)
        self.rivals.show(profile.rivals)
        self._fit_rows(self.rival_view, self.rivals_head, len(profile.rivals))
        self.rivals_head.setText(
            f"Head to head: {count(sum(rival.matches for rival in profile.rivals), 'match', 'matches')}"
        )
        self.faults.show(profile.faults)
        self.faults_head.setText(f"Faults: {len(profile.faults):,}")
        self._fit_rows(self.fault_view, self.faults_head, len(profile.faults))
        self.training.show_pairs(profile.training)
        self._show_lineage(profile)

    def _fit_rows(self, view: RowTable, heading: QLabel, rows: int) -> None:
        """Show a short table whole and a long one with a scroll bar; nothing where there is none."""
        heading.setVisible(rows > 0)
        view.setVisible(rows > 0)
        height = view.verticalHeader().defaultSectionSize()
        view.setFixedHeight(height * min(rows, _ROWS) + view.horizontalHeader().sizeHint().height() + 4)

    def _show_lineage(self, profile: Profile) -> None:
        shown = profile.lineage[:_SHOWN_ANCESTORS]
        self.lineage.clear(is_visible=bool(shown))
        for generation, ancestor in enumerate(shown, start=1):
            text = "parent" if generation == 1 else f"{generation} back"
            if ancestor.player is None:
                self.lineage.add(text, quiet_label(f"{ancestor.name} (not in this league)"))
                continue
            button = QPushButton(ancestor.name)
            button.setFlat(True)
            button.setToolTip("Show its profile")
            button.clicked.connect(
                lambda _checked=False, player=ancestor.player: self._desktop.hub.player_selected.emit(player)
            )
            self.lineage.add(text, button)
        if len(profile.lineage) > len(shown):
            self.lineage.add("", quiet_label(f"and {count(len(profile.lineage) - len(shown), 'more ancestor')}"))

    # What can be done

    def _watch(self) -> None:
        if self._profile is not None and self._profile.near is not None:
            self.actions_of.challenge(self._profile.player, self._profile.near)

    def _play(self) -> None:
        self._desktop.hub.play_against.emit(self.player)

    def _export(self) -> None:
        if self._profile is not None:
            self.actions_of.export(self._profile.player)

    def _archive(self) -> None:
        player = self.player
        if player is not None:
            (self.actions_of.restore if player.archived else self.actions_of.archive)([player])

    def _replay(self, fault: FaultLine) -> None:
        self._desktop.reader.ask(
            lambda league: season_replay(league, fault.season_id, fault.match_id), self._desktop.hub.show_match.emit
        )

    def _ask_name(self) -> None:
        player = self.player
        if player is None:
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setObjectName("rename_dialog")
        dialog.setWindowTitle("Rename player")
        dialog.setLabelText("Name in the league:")
        dialog.setTextValue(player.name)
        dialog.textValueSelected.connect(lambda name: self._change(player, name=name.strip()))
        dialog.open()

    def _touch_notes(self) -> None:
        player = self.player
        self.save_notes.setEnabled(player is not None and self.notes.toPlainText() != player.notes)

    def _save_notes(self) -> None:
        if self._profile is not None:
            self._change(self._profile.player, notes=self.notes.toPlainText())

    def _change(self, player: "PlayerRow", *, name: str = "", notes: str | None = None) -> None:
        """Store another name or other notes."""
        self._desktop.reader.ask(
            lambda league: (
                league.library.rename(player, name) if notes is None else league.library.annotate(player, notes)
            ),
            lambda _: self._desktop.hub.players_changed.emit(),
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  # Qt's name
        """Open the player's menu."""
        if self._profile is not None:
            self.actions_of.open_menu([self._profile.player], event.globalPos())


class _Facts(QWidget):
    """Names and values below a heading, which is hidden with them while there are none."""

    def __init__(self, heading: QLabel) -> None:
        super().__init__()
        self._heading = heading
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(2)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)

    def clear(self, *, is_visible: bool) -> None:
        """Take everything away."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.setVisible(is_visible)
        self._heading.setVisible(is_visible)

    def add(self, name: str, widget: QWidget) -> None:
        """Add a value."""
        self._form.addRow(quiet_label(name), widget)

    def show_pairs(self, pairs: "tuple[tuple[str, str], ...] | list[tuple[str, str]]") -> None:
        """Show names and values."""
        self.clear(is_visible=bool(pairs))
        for name, text in pairs:
            value = QLabel(text)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.add(name, value)
