"""The status bar: workers, matches a second, frames a second, what was saved last."""

from typing import Final

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

FIELDS: Final = {
    "workers": "Worker processes that play now",
    "matches": "Matches played a second",
    "frames": "Frames a second of the arena, and the time that one takes",
    "saved": "What was stored last",
}
_IDLE: Final = {"workers": "no season runs", "matches": "", "frames": "", "saved": "nothing to save"}


class StatusBar(QStatusBar):
    """Shows the fields of ``FIELDS`` on the right; tips of commands come on the left."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._fields: dict[str, QLabel] = {}
        for name, meaning in FIELDS.items():
            label = QLabel(_IDLE[name])
            label.setToolTip(meaning)
            label.setAccessibleName(meaning)
            label.setProperty("quiet", True)  # noqa: FBT003  # a property's value
            label.setContentsMargins(8, 0, 8, 0)
            self.addPermanentWidget(label)
            self._fields[name] = label

    def show_field(self, name: str, text: str) -> None:
        """Show ``text`` in a field; an empty one shows that nothing happens there. Unknown names are passed over."""
        if name in self._fields:
            self._fields[name].setText(text or _IDLE[name])

    def field(self, name: str) -> str:
        """Return what a field shows."""
        return self._fields[name].text()
