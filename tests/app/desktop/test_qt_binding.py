"""PySide6 6.12.0 on Python < 3.12 drops a reference to None per event and aborts after some thousand: never again."""

import sys

import pytest
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot


class _Painted(QWidget):
    paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        self.paints += 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal there: its references are not counted")
def test_painting_keeps_the_references_to_none(qtbot: QtBot) -> None:
    widget = _Painted()
    qtbot.addWidget(widget)
    widget.show()
    QApplication.processEvents()
    before, painted = sys.getrefcount(None), widget.paints
    for _ in range(200):
        widget.repaint()
    assert widget.paints - painted == 200
    assert abs(sys.getrefcount(None) - before) < 50
