"""Small widgets: what gives way where there is no room."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.desktop.context import Desktop
from app.desktop.widgets import ButtonRow, IconButton


def test_the_texts_of_a_row_give_way_and_come_back(desktop: Desktop, qtbot: QtBot) -> None:
    texts = ("Pause", "Stop now", "Clear ended")
    buttons = [IconButton(desktop.theme, "stop", text, lambda: None, text=text) for text in texts]
    row = ButtonRow(buttons[:2], buttons[2:])
    qtbot.addWidget(row)
    row.show()
    least = row.minimumSizeHint().width()
    for width, style in (
        (900, Qt.ToolButtonStyle.ToolButtonTextBesideIcon),
        (least, Qt.ToolButtonStyle.ToolButtonIconOnly),
        (900, Qt.ToolButtonStyle.ToolButtonTextBesideIcon),
    ):
        row.resize(width, 40)
        assert [button.toolButtonStyle() for button in buttons] == [style] * 3
        qtbot.waitUntil(lambda: all(button.width() >= button.sizeHint().width() for button in buttons))
        assert buttons[-1].geometry().right() < row.width()
    assert least < 250
