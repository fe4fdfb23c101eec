"""Which matches are listed: the filter's form, a row a rule."""

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from app.desktop.league.match_lines import Seats
from app.desktop.theme import ThemeStore
from game.spec import MatchEnd, Termination

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from league.match_filter import MatchFilter

_SETTLE_MS: Final = 200
_ANY: Final = "any"
_MOST_S: Final = 3600
_MOST_CONTACTS: Final = 100_000


class MatchFilterBar(QWidget):
    """Every rule is off at first; ``changed`` some moments after the last change."""

    changed = Signal()

    def __init__(self, theme: ThemeStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self.changed)
        self._seats = Seats(())
        self.player = self._combo("Player", "Matches of this player")
        self.opponent = self._combo("Opponent", "Matches against this player")
        self.outcome = self._combo("Outcome", "As the player sees it")
        self.end = self._combo("End", "How the match ended")
        self.upset = self._spin(
            "Upset", 1000, " Elo", "Only matches whose loser is rated at least this much above the winner"
        )
        self.least = self._spin("Longer than", _MOST_S, " s", "Only matches of at least this many seconds of play")
        self.most = self._spin("Shorter than", _MOST_S, " s", "Only matches of at most this many seconds of play")
        self.rally = self._spin(
            "Rally", _MOST_CONTACTS, " contacts", "Only matches with a rally of at least so many contacts"
        )
        self._fill_fixed()
        self._lay_out(theme)
        self.show_players(Seats(()))

    def _combo(self, name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(f"filter_{name.lower()}")
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.currentIndexChanged.connect(self._touch)
        return combo

    def _spin(self, name: str, most: int, suffix: str, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setObjectName(f"filter_{name.lower().replace(' ', '_')}")
        spin.setAccessibleName(name)
        spin.setToolTip(tip)
        spin.setRange(0, most)
        spin.setSuffix(suffix)
        spin.setSpecialValueText(_ANY)
        spin.valueChanged.connect(self._touch)
        return spin

    def _fill_fixed(self) -> None:
        with QSignalBlocker(self.end):
            self.end.addItem(_ANY)
            self.end.addItem("by points", {"end": MatchEnd.POINTS})
            self.end.addItem("by the tick limit", {"end": MatchEnd.TICK_LIMIT})
            self.end.addItem("by a forfeit", {"faults_only": True})
            for termination in Termination:
                if termination is not Termination.OK:
                    self.end.addItem(f"forfeit: {termination.text}", {"termination": termination})

    def _lay_out(self, theme: ThemeStore) -> None:
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("List every match again")
        self.clear_button.clicked.connect(self.clear)
        length = QHBoxLayout()
        length.addWidget(self.least)
        length.addWidget(QLabel("to"))
        length.addWidget(self.most)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(theme.px(4))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Player", self.player)
        form.addRow("Against", self.opponent)
        form.addRow("Outcome", self.outcome)
        form.addRow("Ended", self.end)
        form.addRow("Length", length)
        form.addRow("Rally", self.rally)
        row = QHBoxLayout()
        row.addWidget(self.upset, 1)
        row.addWidget(self.clear_button)
        form.addRow("Upset", row)

    def show_players(self, seats: Seats) -> None:
        """Offer the players of a season; who was chosen stays chosen where the names are the same."""
        is_same = seats.names == self._seats.names
        self._seats = seats
        self.upset.setEnabled(bool(seats.ratings))
        if not is_same or not self.player.count():
            order = sorted(range(len(seats.names)), key=lambda position: seats.names[position].casefold())
            for combo in (self.player, self.opponent):
                with QSignalBlocker(combo):
                    combo.clear()
                    combo.addItem(_ANY)
                    for position in order:
                        combo.addItem(seats.names[position], position)
        self._fit_to_player()

    def choose(self, player: int, opponent: int) -> None:
        """List the matches of two players."""
        self.player.setCurrentIndex(self.player.findData(player))
        self.opponent.setCurrentIndex(self.opponent.findData(opponent))

    def clear(self) -> None:
        """Take every rule back."""
        for combo in (self.player, self.opponent, self.outcome, self.end):
            combo.setCurrentIndex(0)
        for spin in (self.upset, self.least, self.most, self.rally):
            spin.setValue(0)

    def wanted(self) -> "MatchFilter":
        """Return the rules."""
        from league.match_filter import MatchFilter

        tick_s = self._seats.tick_s
        rules: dict[str, Any] = dict(self.end.currentData() or {})
        return MatchFilter(
            player=self.player.currentData(),
            opponent=self.opponent.currentData() if self.player.currentData() is not None else None,
            outcome=self.outcome.currentData(),
            upset_by=float(self.upset.value()) if self.upset.value() and self._seats.ratings else None,
            min_ticks=round(self.least.value() / tick_s) if self.least.value() else None,
            max_ticks=round(self.most.value() / tick_s) if self.most.value() else None,
            min_longest_rally=self.rally.value() or None,
            **rules,
        )

    def count(self) -> int:
        """Return how many rules hold."""
        combos = (self.player, self.opponent, self.outcome, self.end)
        spins = (self.upset, self.least, self.most, self.rally)
        return sum(combo.currentIndex() > 0 for combo in combos) + sum(spin.value() > 0 for spin in spins)

    def _touch(self, *_: object) -> None:
        self._fit_to_player()
        self._settling.start()

    def _fit_to_player(self) -> None:
        """Offer only what has a meaning: an opponent, and a match won or lost, need a player who sees it so."""
        has_player = self.player.currentData() is not None
        self.opponent.setEnabled(has_player)
        words = ("won", "drawn", "lost") if has_player else ("drawn",)
        if self.outcome.count() != len(words) + 1:
            with QSignalBlocker(self.outcome):
                before = self.outcome.currentData()
                self.outcome.clear()
                self.outcome.addItem(_ANY)
                for word in words:
                    self.outcome.addItem(word, word)
                self.outcome.setCurrentIndex(max(0, self.outcome.findData(before)))
        if not has_player:
            with QSignalBlocker(self.opponent):
                self.opponent.setCurrentIndex(0)
