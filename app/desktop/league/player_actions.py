"""What can be done with players wherever they are listed: the context menu and what it does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu, QWidget

from app.desktop.context import Desktop
from app.desktop.league.files import safe_name, save_as
from app.desktop.toasts import Remedy

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.store import PlayerRow


class PlayerActions(QObject):
    """Acts on players through the hub and the reader."""

    def __init__(self, desktop: Desktop, parent: QWidget) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._widget = parent

    def open_menu(self, players: "Sequence[PlayerRow]", place: QPoint) -> QMenu:
        """Open the menu of ``players`` at a place of the screen, and return it."""
        menu = QMenu(self._widget)
        menu.setObjectName("player_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        if len(players) == 1:
            self._add_single(menu, players[0])
        challenge = menu.addAction("Challenge each other", lambda: self.challenge(players[0], players[1]))
        challenge.setEnabled(len(players) == 2)
        challenge.setToolTip("One match between the two selected players in the arena, now")
        menu.addSeparator()
        if any(not player.archived for player in players):
            menu.addAction("Archive", lambda: self.archive(players))
        if any(player.archived for player in players):
            menu.addAction("Bring back from the archive", lambda: self.restore(players))
        menu.popup(place)
        return menu

    def _add_single(self, menu: QMenu, player: "PlayerRow") -> None:
        menu.addAction("Profile", lambda: self.show_profile(player))
        menu.addAction("Play against", lambda: self._desktop.hub.play_against.emit(player))
        menu.addAction("Export\N{HORIZONTAL ELLIPSIS}", lambda: self.export(player))

    def show_profile(self, player: "PlayerRow") -> None:
        """Show a player in the inspector."""
        self._desktop.hub.player_selected.emit(player)
        self._desktop.hub.panel_wanted.emit("inspector")

    def challenge(self, first: "PlayerRow", second: "PlayerRow") -> None:
        """Let two players meet in the arena."""
        self._desktop.hub.challenge.emit(first, second)

    def export(self, player: "PlayerRow") -> None:
        """Write a player's file where the user says."""
        suffix = Path(player.path).suffix
        kinds = f"Player (*{suffix})" + (";;neat-python network (*.json)" if player.kind == "graph" else "")
        save_as(
            self._widget, "Export player", safe_name(player.name) + suffix, kinds, lambda to: self._write(player, to)
        )

    def _write(self, player: "PlayerRow", path: Path) -> None:
        self._desktop.reader.ask(
            lambda league: league.library.export(player, path),
            lambda _: self._desktop.toasts.info(f"{player.name} is written to {path}."),
        )

    def archive(self, players: "Sequence[PlayerRow]") -> None:
        """Take players out of the lists; a message offers to undo it."""
        wanted = [player for player in players if not player.archived]
        whom = wanted[0].name if len(wanted) == 1 else f"{len(wanted)} players"
        verb = "is" if len(wanted) == 1 else "are"
        self._set_archived(
            wanted,
            is_archived=True,
            then=lambda: self._desktop.toasts.show(
                f"{whom} {verb} archived.", remedy=Remedy("Undo", lambda: self.restore(wanted))
            ),
        )

    def restore(self, players: "Sequence[PlayerRow]") -> None:
        """Bring players back into the lists."""
        self._set_archived(players, is_archived=False, then=lambda: None)

    def _set_archived(self, players: "Sequence[PlayerRow]", *, is_archived: bool, then: Callable[[], object]) -> None:
        def question(league: "League") -> None:
            change = league.library.archive if is_archived else league.library.restore
            for player in players:
                change(player)

        def answer(_done: None) -> None:
            self._desktop.hub.players_changed.emit()
            then()

        self._desktop.reader.ask(question, answer)
