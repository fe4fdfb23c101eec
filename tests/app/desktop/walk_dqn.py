"""The part of the walk in which a network learns the values of its actions: from the form to a player of the league."""

from collections.abc import Callable, Iterator

from PySide6.QtWidgets import QToolButton

from app.desktop.charts.dock import ChartsDock
from app.desktop.main_window import MainWindow
from tests.app.desktop.walk_run import RunWalk
from tests.app.desktop.walk_until import Until

NAME = "bellman"
SMALL = {
    "mode": "single",
    "steps": 600_000,
    "courts": 128,
    "hidden": (32, 32),
    "learning_starts": 5_000,
    "buffer_size": 65_536,
    "report_steps": 16_384,
    "evaluate_steps": 65_536,
    "evaluation_pairs": 2,
    "checkpoint_steps": 3,
}
"""Small enough for a walk: some seconds."""


class DqnWalk(RunWalk):
    """Trains a player called ``NAME``; ``picture`` leaves a picture of the window."""

    def __init__(self, window: MainWindow, picture: Callable[[str], None]) -> None:
        super().__init__(window, picture, title="Q-learning (DQN)", name=NAME)

    def steps(self) -> Iterator[Until]:
        """Train, look at the charts, pause, resume, stop, resume, watch the values of the actions, add to the league."""
        self._window.bring_up("charts")
        yield from self.begin(SMALL, seed=3, picture="dqn_form")
        yield from self._look()
        yield from self.turn()
        yield from self._watch_values()
        yield from self.add()

    def _look(self) -> Iterator[Until]:
        legend = self.panel("charts", ChartsDock).training.view.legend
        yield from self.show_group("Win rate")
        yield Until(
            "each player of the ladder has a curve",
            lambda: (
                {"random", "tracker"} <= {legend.topLevelItem(row).text(0) for row in range(legend.topLevelItemCount())}
            ),
        )
        self._picture("dqn_win_rate")
        yield from self.show_group("Loss")

    def _watch_values(self) -> Iterator[Until]:
        """The values of the champion's actions are drawn while it plays, those of a bot are not there."""
        overlay = self.arena.stage.transport.overlay_action("values")
        overlay.setChecked(True)
        yield from self.watch()
        yield Until("the values of its actions", self._has_values)
        for button in self._window.findChildren(QToolButton):
            if button.accessibleName() == "close this message":
                button.click()
        yield Until("a ball of the champion's match flies", self._is_ball_midway)
        self._picture("champion")
        overlay.setChecked(False)

    def _is_ball_midway(self) -> bool:
        screening = self.arena.stage.screening
        picture = {} if screening is None else screening.course.picture()
        return picture.get("rally_hits", 0) >= 1 and abs(picture["ball_x"]) < 0.3

    def _has_values(self) -> bool:
        view = self.arena.stage.canvas.view
        return view is not None and view.values[0] is not None and view.values[1] is None
