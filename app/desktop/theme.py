"""How the window looks: three themes as one palette each, and the zoom of everything."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.desktop.settings import Settings

LEFT_SEAT: Final = "#56b4e9"
RIGHT_SEAT: Final = "#e69f00"
"""Colours of the seats: sky blue and orange of M. Okabe and K. Ito, "Color Universal Design", 2008."""

SERIES: Final = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#999999")
"""Colours of a chart's curves, of the same source."""

ZOOMS: Final = (80, 90, 100, 110, 125, 150, 175, 200)


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, as ``#rrggbb``."""

    name: str
    title: str
    window: str
    panel: str
    base: str
    text: str
    quiet: str
    line: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    is_dark: bool

    def colour(self, name: str) -> QColor:
        """Return one of the colours by its field."""
        return QColor(str(getattr(self, name)))


THEMES: Final = {
    theme.name: theme
    for theme in (
        Theme(
            "dark", "Dark", "#14181f", "#1b212b", "#10141a", "#e6eaf0", "#98a4b5", "#2d3644", "#4c9be8", "#08121e",
            "#4cc38a", "#e8b04c", "#ef6f6c", is_dark=True,
        ),
        Theme(
            "light", "Light", "#f2f4f7", "#ffffff", "#ffffff", "#1a2230", "#586476", "#cfd6df", "#1f6fc4", "#ffffff",
            "#1a7f4b", "#946200", "#c2302d", is_dark=False,
        ),
        Theme(
            "contrast", "High contrast", "#000000", "#000000", "#000000", "#ffffff", "#ffffff", "#ffffff", "#ffff00",
            "#000000", "#00ff88", "#ffd000", "#ff8080", is_dark=True,
        ),
    )
}  # fmt: skip
DEFAULT_THEME: Final = "dark"


class ThemeStore(QObject):
    """The theme and zoom in use; widgets that draw themselves listen to ``changed``."""

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._theme = THEMES.get(settings.get("theme", DEFAULT_THEME), THEMES[DEFAULT_THEME])
        self._zoom = min(ZOOMS, key=lambda zoom: abs(zoom - settings.get("zoom", 100)))
        app = QApplication.instance()
        self._point_size = app.font().pointSizeF() if isinstance(app, QApplication) else 10.0

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._theme

    @property
    def zoom(self) -> int:
        """Zoom of fonts and spacings, in percent."""
        return self._zoom

    def use(self, name: str) -> None:
        """Change to the theme called ``name``."""
        self._theme = THEMES[name]
        self._settings.put("theme", name)
        self.apply()

    def zoom_by(self, steps: int) -> None:
        """Go ``steps`` up or down the zooms; 0 goes back to 100 %."""
        place = ZOOMS.index(self._zoom) + steps if steps else ZOOMS.index(100)
        self._zoom = ZOOMS[min(max(place, 0), len(ZOOMS) - 1)]
        self._settings.put("zoom", self._zoom)
        self.apply()

    def px(self, length: int) -> int:
        """Return ``length`` pixels at this zoom."""
        return round(length * self._zoom / 100)

    def apply(self) -> None:
        """Give the application this theme and zoom, and tell everybody."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            font = app.font()
            font.setPointSizeF(self._point_size * self._zoom / 100)
            app.setFont(font)
            app.setStyle("Fusion")
            app.setPalette(palette(self._theme))
            app.setStyleSheet(_style_sheet(self._theme, self._zoom))
        self.changed.emit()


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette of ``theme``."""
    role = QPalette.ColorRole
    roles = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.base,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.Button: theme.panel,
        role.ButtonText: theme.text,
        role.BrightText: theme.bad,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.ToolTipBase: theme.panel,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.quiet,
        role.Mid: theme.line,
        role.Midlight: theme.line,
        role.Dark: theme.line,
        role.Light: theme.line,
        role.Shadow: theme.window,
        role.Accent: theme.accent,
    }
    made = QPalette()
    for each, colour in roles.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(theme.quiet))
    return made


def _style_sheet(theme: Theme, zoom: int) -> str:
    """Return what a palette cannot say: quiet borders, flat docks, a visible focus."""
    unit = max(1, round(zoom / 100))
    return f"""
QMainWindow::separator {{ background: {theme.window}; width: {5 * unit}px; height: {5 * unit}px; }}
QMainWindow::separator:hover {{ background: {theme.accent}; }}
QDockWidget {{ color: {theme.text}; titlebar-close-icon: none; font-weight: 600; }}
QDockWidget::title {{ background: {theme.panel}; padding: {5 * unit}px {8 * unit}px; border-bottom: 1px solid {theme.line}; }}
QTabWidget::pane {{ border: none; }}
QTabBar::tab {{ background: {theme.window}; color: {theme.quiet}; padding: {6 * unit}px {12 * unit}px; border: none; }}
QTabBar::tab:selected {{ color: {theme.text}; background: {theme.panel}; border-bottom: 2px solid {theme.accent}; }}
QTabBar::tab:hover {{ color: {theme.text}; }}
QHeaderView::section {{ background: {theme.panel}; color: {theme.quiet}; padding: {4 * unit}px; border: none;
    border-bottom: 1px solid {theme.line}; }}
QTableView {{ gridline-color: {theme.line}; border: none; selection-background-color: {theme.accent};
    selection-color: {theme.on_accent}; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: {3 * unit}px {6 * unit}px; }}
QToolButton:hover, QToolButton:checked {{ background: {_lit(theme)}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolTip {{ color: {theme.text}; background: {theme.panel}; border: 1px solid {theme.line}; padding: 4px; }}
QStatusBar {{ background: {theme.panel}; border-top: 1px solid {theme.line}; }}
QStatusBar::item {{ border: none; }}
QLabel[quiet="true"] {{ color: {theme.quiet}; }}
QLabel[problem="true"] {{ color: {theme.bad}; }}
QPushButton[primary="true"] {{ background: {theme.accent}; color: {theme.on_accent}; border: none; border-radius: 4px;
    padding: {6 * unit}px {14 * unit}px; font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {theme.line}; color: {theme.quiet}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {theme.text}; }}
"""


def _lit(theme: Theme) -> str:
    """Return the background of a button that is on: its text must be readable on it."""
    return theme.line if theme.line != theme.text else "#404040"
