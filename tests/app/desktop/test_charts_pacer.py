"""The pacer: charts are drawn in turn, and none while nobody can see them."""

from pytestqt.qtbot import QtBot

from app.desktop.charts.pacer import Pacer


class FakeChart:
    """A chart that is due until it was drawn."""

    def __init__(self, drawn: "list[FakeChart]") -> None:
        self._drawn = drawn
        self.has_news = True

    def is_due(self) -> bool:
        return self.has_news

    def redraw(self) -> None:
        self.has_news = False
        self._drawn.append(self)


def test_charts_take_turns_and_then_it_sleeps(qtbot: QtBot) -> None:
    drawn: list[FakeChart] = []
    charts = [FakeChart(drawn), FakeChart(drawn)]
    pacer = Pacer()
    for chart in charts:
        pacer.add(chart)
    pacer.wake()
    qtbot.waitUntil(lambda: not pacer.is_awake)
    assert drawn == charts


def test_a_resting_pacer_draws_nothing_and_catches_up(qtbot: QtBot) -> None:
    drawn: list[FakeChart] = []
    pacer = Pacer()
    pacer.add(FakeChart(drawn))
    pacer.wake()
    pacer.rest(True)
    assert not pacer.is_awake
    pacer.wake()
    assert not pacer.is_awake
    pacer.rest(False)
    qtbot.waitUntil(lambda: not pacer.is_awake)
    assert len(drawn) == 1
