"""What a palette cannot say: quiet borders, flat docks, a visible focus, marks that do not vanish on black.

A style sheet draws checks and arrows from files only, so the theme's own are painted into a temporary folder.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTemporaryDir

from app.desktop.icons import picture

if TYPE_CHECKING:
    from app.desktop.theme import Theme

_MARK_PX: Final = 64


class StyleSheet:
    """Makes the style sheet of a theme; keeps the files that it names for as long as it lives."""

    def __init__(self) -> None:
        self._folder = QTemporaryDir()

    def of(self, theme: "Theme", zoom: int) -> str:
        """Return the style sheet of ``theme`` at ``zoom`` percent."""
        marks = {
            "check": self._mark("check", theme.on_accent),
            "down": self._mark("down", theme.text),
            "up": self._mark("up", theme.text),
            "faint": self._mark("down", theme.line),
        }
        return _text(theme, max(1, round(zoom / 100)), round(16 * zoom / 100), marks)

    def _mark(self, name: str, colour: str) -> str:
        path = Path(self._folder.path()) / f"{name}-{colour.removeprefix('#')}.png"
        if not path.exists():
            picture(name, _MARK_PX, colour).save(str(path))
        return path.as_posix()


def _text(theme: "Theme", unit: int, mark: int, marks: dict[str, str]) -> str:
    arrow = round(mark * 0.7)
    return f"""
QMainWindow::separator {{ background: {theme.window}; width: {5 * unit}px; height: {5 * unit}px; }}
QMainWindow::separator:hover {{ background: {theme.accent}; }}
QDockWidget {{ color: {theme.text}; titlebar-close-icon: none; font-weight: 600; }}
QDockWidget::title {{ background: {theme.panel}; padding: {5 * unit}px {8 * unit}px; border-bottom: 1px solid {theme.line}; }}
QTabWidget::pane {{ border: none; }}
QTabBar::tab {{ background: {theme.window}; color: {theme.quiet}; padding: {6 * unit}px {12 * unit}px; border: none; }}
QTabBar::tab:selected {{ color: {theme.text}; background: {theme.panel}; border-bottom: 2px solid {theme.accent}; }}
QTabBar::tab:hover {{ color: {theme.text}; }}
QTabBar::tab:focus {{ border-bottom: 2px solid {theme.text}; }}
QHeaderView::section {{ background: {theme.panel}; color: {theme.quiet}; padding: {4 * unit}px; border: none;
    border-bottom: 1px solid {theme.line}; }}
QTableView {{ gridline-color: {theme.line}; border: none; selection-background-color: {theme.accent};
    selection-color: {theme.on_accent}; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: {3 * unit}px {6 * unit}px; }}
QToolButton:hover, QToolButton:checked {{ background: {theme.lit}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolTip {{ color: {theme.text}; background: {theme.panel}; border: 1px solid {theme.line}; padding: 4px; }}
QStatusBar {{ background: {theme.panel}; border-top: 1px solid {theme.line}; }}
QStatusBar::item {{ border: none; }}
QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox {{ background: {theme.base}; color: {theme.text};
    border: 1px solid {theme.line}; border-radius: 4px; padding: {3 * unit}px {6 * unit}px; }}
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {theme.accent}; }}
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {theme.faint}; }}
QComboBox::drop-down {{ border: none; width: {mark + 4 * unit}px; }}
QComboBox::down-arrow {{ image: url("{marks["down"]}"); width: {arrow}px; height: {arrow}px; }}
QComboBox::down-arrow:disabled {{ image: url("{marks["faint"]}"); }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: {mark}px; }}
QAbstractSpinBox::up-arrow {{ image: url("{marks["up"]}"); width: {arrow}px; height: {arrow}px; }}
QAbstractSpinBox::down-arrow {{ image: url("{marks["down"]}"); width: {arrow}px; height: {arrow}px; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QCheckBox::indicator, QGroupBox::indicator, QTableView::indicator, QListView::indicator {{
    width: {mark - 2}px; height: {mark - 2}px;
    border: 1px solid {theme.quiet}; border-radius: 3px; background: {theme.base}; }}
QCheckBox::indicator:checked, QGroupBox::indicator:checked, QTableView::indicator:checked, QListView::indicator:checked {{
    background: {theme.accent}; border-color: {theme.accent}; image: url("{marks["check"]}"); }}
QCheckBox:disabled {{ color: {theme.faint}; }}
QCheckBox::indicator:disabled {{ border-color: {theme.line}; }}
QCheckBox::indicator:focus {{ border-color: {theme.accent}; }}
QSlider::groove:horizontal {{ height: {4 * unit}px; background: {theme.line}; border-radius: {2 * unit}px; }}
QSlider::sub-page:horizontal {{ background: {theme.accent}; border-radius: {2 * unit}px; }}
QSlider::sub-page:horizontal:disabled {{ background: {theme.line}; }}
QSlider::handle:horizontal {{ width: {mark - 2}px; height: {mark - 2}px; margin: -{(mark - 2 - 4 * unit) // 2}px 0;
    border-radius: {(mark - 2) // 2}px; background: {theme.text}; }}
QSlider::handle:horizontal:disabled {{ background: {theme.quiet}; }}
QLabel[quiet="true"] {{ color: {theme.quiet}; }}
QLabel[problem="true"] {{ color: {theme.bad}; }}
QPushButton[primary="true"] {{ background: {theme.accent}; color: {theme.on_accent}; border: none; border-radius: 4px;
    padding: {6 * unit}px {14 * unit}px; font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {theme.lit}; color: {theme.faint}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {theme.text}; }}
"""
