"""The cards of all runs, one below the other; the oldest behind a button."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.desktop.theme import ThemeStore
from app.desktop.training.card_widget import CardWidget
from app.desktop.training.cards import RunCard

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from ai.trainer import Trainer

PAGE: Final = 20
_NEW_A_TURN: Final = 2  # a card takes some milliseconds to make: the window stays alive meanwhile


class CardList(QWidget):
    """Shows as many cards as there are runs, ``PAGE`` at first; widgets are used again for other runs."""

    wanted = Signal(str, str)
    """As ``CardWidget.wanted``."""

    def __init__(self, theme: ThemeStore) -> None:
        super().__init__()
        self._theme = theme
        self._most = PAGE
        self._widgets: list[CardWidget] = []
        self.more = QPushButton()
        self.more.setToolTip("Show older runs")
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addWidget(self.more)
        self._shown: tuple[Sequence[RunCard], Mapping[str, Trainer], str, str] = ((), {}, "", "")

    def show_cards(
        self, cards: Sequence[RunCard], trainers: "Mapping[str, Trainer]", *, selected: str, followed: str
    ) -> None:
        """Show ``cards`` in their order; ``trainers`` explain their metrics."""
        self._shown = (cards, trainers, selected, followed)
        visible = cards[: self._most]
        for _ in range(min(len(visible) - len(self._widgets), _NEW_A_TURN)):
            self._add_widget()
        if len(self._widgets) < len(visible):
            visible = visible[: len(self._widgets)]
            QTimer.singleShot(0, self, self._show_again)
        for place, widget in enumerate(self._widgets):
            widget.setVisible(place < len(visible))
            if place < len(visible):
                card = visible[place]
                widget.show_card(
                    card,
                    trainers.get(card.trainer),
                    is_selected=card.run == selected,
                    is_followed=card.run == followed,
                )
        self.more.setVisible(len(cards) > self._most)
        self.more.setText(f"Show {min(PAGE, len(cards) - self._most)} more of {len(cards)}")

    def widgets(self) -> list[CardWidget]:
        """Return the cards that are shown, top down."""
        return [widget for widget in self._widgets if widget.isVisibleTo(self)]

    def _add_widget(self) -> None:
        widget = CardWidget(self._theme)
        widget.wanted.connect(self.wanted)
        self._layout.insertWidget(len(self._widgets), widget)
        self._widgets.append(widget)

    def _show_more(self) -> None:
        self._most += PAGE
        self._show_again()

    def _show_again(self) -> None:
        cards, trainers, selected, followed = self._shown
        self.show_cards(cards, trainers, selected=selected, followed=followed)
