"""How the window looks: three themes as one palette each, and the zoom of everything."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.desktop.settings import Settings
from app.desktop.style_sheet import StyleSheet

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
    faint: str
    """What cannot be used now."""
    line: str
    lit: str
    """Behind what is switched on or under the mouse."""
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
            name="dark",
            title="Dark",
            window="#14181f",
            panel="#1b212b",
            base="#10141a",
            text="#e6eaf0",
            quiet="#98a4b5",
            faint="#5f6b7d",
            line="#2d3644",
            lit="#2d3644",
            accent="#4c9be8",
            on_accent="#08121e",
            good="#4cc38a",
            warning="#e8b04c",
            bad="#ef6f6c",
            is_dark=True,
        ),
        Theme(
            name="light",
            title="Light",
            window="#f2f4f7",
            panel="#ffffff",
            base="#ffffff",
            text="#1a2230",
            quiet="#586476",
            faint="#a3adba",
            line="#cfd6df",
            lit="#cfd6df",
            accent="#1f6fc4",
            on_accent="#ffffff",
            good="#1a7f4b",
            warning="#946200",
            bad="#c2302d",
            is_dark=False,
        ),
        Theme(
            name="contrast",
            title="High contrast",
            window="#000000",
            panel="#000000",
            base="#000000",
            text="#ffffff",
            quiet="#ffffff",
            faint="#8c8c8c",
            line="#ffffff",
            lit="#454545",
            accent="#ffff00",
            on_accent="#000000",
            good="#00ff88",
            warning="#ffd000",
            bad="#ff8080",
            is_dark=True,
        ),
    )
}
DEFAULT_THEME: Final = "dark"


class ThemeStore(QObject):
    """The theme and zoom in use; widgets that draw themselves listen to ``changed``."""

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._theme = THEMES.get(settings.get("theme", DEFAULT_THEME), THEMES[DEFAULT_THEME])
        self._zoom = min(ZOOMS, key=lambda zoom: abs(zoom - settings.get("zoom", 100)))
        self._sheet = StyleSheet()
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
            app.setStyleSheet(self._sheet.of(self._theme, self._zoom))
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
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(theme.faint))
    return made
