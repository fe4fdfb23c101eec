"""Where people come to the court: the dialog, the match with their hands, the result card and what follows it."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QVBoxLayout

from app.desktop.arena.casting import Draw
from app.desktop.arena.director import Director
from app.desktop.arena.hands import Device, PadSource
from app.desktop.arena.kernels import Kernels
from app.desktop.arena.people import Opponent, Outcome, PersonCast, PersonGame, Setup, cast, keep, read_choices
from app.desktop.arena.play_dialog import PlayDialog
from app.desktop.arena.result_card import ResultCard
from app.desktop.arena.stage import Stage
from app.desktop.context import Desktop, MatchRequest, OnScreen
from game.spec import Seat

if TYPE_CHECKING:  # the window paints before the store is imported
    import numpy as np

    from league.store import PlayerRow

_FIRST_COUNT_S: Final = 3.0
_COUNT_S: Final = 2.0


class PlayRoom(QObject):
    """Lets people play on ``stage``."""

    def __init__(  # where they play, and what they play with
        self,
        desktop: Desktop,
        stage: Stage,
        director: Director,
        kernels: Kernels,
        pads: PadSource,
        *,
        draw: Draw = secrets.randbelow,
    ) -> None:
        super().__init__(stage)
        self._desktop = desktop
        self._stage = stage
        self._director = director
        self._kernels = kernels
        self._pads = pads
        self._draw = draw
        self._game: PersonGame | None = None
        self.dialog: PlayDialog | None = None
        self.card: ResultCard | None = None
        place = QVBoxLayout(stage.canvas)
        place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._place = place
        hub = desktop.hub
        hub.play_against.connect(self.ask)
        hub.match_started.connect(self._see_start)
        hub.match_ended.connect(self._see_end)
        stage.heading.person_wanted.connect(lambda: self.ask(None))
        stage.key_pressed.connect(self._take_key)
        stage.pointed.connect(self._take_pointer)
        stage.frame_played.connect(self._poll)
        stage.focus_lost.connect(self._stop_playing)
        stage.hidden.connect(self._stop_playing)

    @property
    def game(self) -> PersonGame | None:
        """The match that a person plays now."""
        return self._game

    def ask(self, player: "PlayerRow | None") -> None:
        """Open the dialog, with ``player`` as the opponent if there is one."""
        if self.dialog is not None:
            self.dialog.raise_()
            return
        self._stop_playing()
        self._stage.pause()
        setup = Setup.load(self._desktop.settings)
        if player is not None:
            setup = replace(setup, opponent=Opponent.PLAYER, player=player)
        self.dialog = PlayDialog(self._stage, setup, self._devices())
        self.dialog.chosen.connect(self.begin)
        self.dialog.person_changed.connect(self._read_choices)
        self.dialog.finished.connect(self._forget_dialog)
        self._read_choices(setup.person)
        self._desktop.hub.panel_wanted.emit("arena")
        self.dialog.open()

    def begin(self, setup: Setup) -> None:
        """Let the match of ``setup`` begin, once its opponent is read."""
        setup.save(self._desktop.settings)
        draw = self._draw
        self._desktop.reader.ask(
            lambda league: cast(league, setup, draw), self._start, failed=self._desktop.toasts.error
        )

    def _devices(self) -> list[Device]:
        self._pads.look_again()
        pads = [Device.FIRST_PAD, Device.SECOND_PAD][: len(self._pads.pads())]
        return [Device.KEYS, Device.LETTER_KEYS, Device.ARROW_KEYS, Device.MOUSE, *pads]

    def _read_choices(self, person: str) -> None:
        def show(choices: object) -> None:
            if self.dialog is not None:
                self.dialog.show_choices(choices)  # type: ignore[arg-type]  # what read_choices returns

        self._desktop.reader.ask(lambda league: read_choices(league, person), show)

    def _forget_dialog(self) -> None:
        self.dialog = None
        self._stage.canvas.setFocus()

    def _start(self, played: PersonCast) -> None:
        if self._director.is_closed:
            return
        if not self._kernels.is_ready:
            self._desktop.toasts.info("The match kernels are not ready yet: try again in a moment.")
            return
        game = PersonGame(played, self._pads)
        screening = self._director.show_live(played.request, game.course, game.bots)
        self._game = game
        screening.playback.count_in_s = _COUNT_S
        screening.playback.count_in(_FIRST_COUNT_S)
        self._desktop.hub.panel_wanted.emit("arena")
        self._stage.canvas.setFocus()
        self._stage.refresh()

    def _see_start(self, shown: OnScreen) -> None:
        """Put the last result away; a match that is left is nobody's any more."""
        self._close_card()
        if self._game is not None and shown.course is not self._game.course:
            self._game = None

    def _see_end(self, request: MatchRequest, record: "np.void") -> None:
        game = self._game
        if game is None or request is not game.played.request:
            return
        self._game = None
        self._show_card(game.played, record)
        tape = game.course.tape.to_bytes()
        played = game.played
        self._desktop.reader.ask(
            lambda league: keep(league, played, record, tape),
            self._show_outcome,
            failed=lambda sentence: self._desktop.toasts.error(f"your match was not stored: {sentence}"),
        )

    def _show_card(self, played: PersonCast, record: "np.void") -> None:
        self._close_card()
        setup = played.setup
        has_ladder = setup.opponent is not Opponent.PERSON
        card = ResultCard(self._stage.canvas, self._desktop.theme, _headline(played, record), has_ladder=has_ladder)
        same = replace(
            setup, player=played.player, opponent=setup.opponent if played.player is None else Opponent.PLAYER
        )
        card.rematch.connect(lambda: self.begin(same))
        card.swap.connect(lambda: self.begin(same.swapped()))
        card.next_opponent.connect(lambda: self.begin(replace(setup, opponent=Opponent.SUITABLE, player=None)))
        card.closed.connect(self._close_card)
        if not has_ladder:
            card.show_rating("Stored. Matches between two people are not rated.")
        self.card = card
        self._place.addWidget(card)
        card.show()
        card.buttons["Rematch"].setFocus()

    def _show_outcome(self, outcome: Outcome) -> None:
        if self.card is not None and self.card.has_ladder:
            self.card.show_rating(outcome.text())

    def _close_card(self) -> None:
        if self.card is not None:
            self._place.removeWidget(self.card)
            self.card.hide()
            self.card.deleteLater()
            self.card = None
            self._stage.canvas.setFocus()

    def _take_key(self, name: str, is_down: bool) -> None:  # noqa: FBT001  # the signal's
        if self._game is not None:
            self._game.key(name, is_down=is_down)

    def _take_pointer(self, y: float) -> None:
        if self._game is not None:
            self._game.point(y)

    def _poll(self) -> None:
        if self._game is not None:
            self._game.poll()

    def _stop_playing(self) -> None:
        """Pause: nobody looks, or the keys go elsewhere."""
        if self._game is not None:
            self._game.let_go()
            self._stage.pause()


def _headline(played: PersonCast, record: "np.void") -> str:
    """Return who has won, and the score from the person's side."""
    own, other = int(played.setup.seat), 1 - int(played.setup.seat)
    points = f"{int(record['points'][own])} : {int(record['points'][other])}"
    outcome = int(record["outcome"]) * (1 if played.setup.seat is Seat.LEFT else -1)
    opponent = played.request.right.name if own == 0 else played.request.left.name
    if outcome == 0:
        return f"A draw, {points}"
    if outcome < 0:
        return f"{opponent} wins, {points}"
    return f"You win, {points}" if played.setup.person == "You" else f"{played.setup.person} wins, {points}"
