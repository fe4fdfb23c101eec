"""What the window remembers: layout, theme, volume, last choices, in ``desktop.ini`` of the league's folder."""

from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtCore import QByteArray, QObject, QSettings

T = TypeVar("T", bool, int, float, str)

FILE_NAME: Final = "desktop.ini"
_BROKEN: Final = ".broken"


class Settings(QObject):
    """Typed access to the settings file. A value of the wrong type counts as absent."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / FILE_NAME
        self.problem = ""
        """One sentence when the file could not be read, which was then put aside; else empty."""
        self._stored = QSettings(str(self._path), QSettings.Format.IniFormat)
        if self._stored.status() is not QSettings.Status.NoError:
            self._put_aside()

    def _put_aside(self) -> None:
        aside = self._path.with_name(self._path.name + _BROKEN)
        try:
            self._path.replace(aside)
            self.problem = (
                f"the settings in {self._path} cannot be read: they are kept as {aside.name}, defaults are used"
            )
        except OSError as error:
            self.problem = f"the settings in {self._path} cannot be read ({error.strerror}): defaults are used"
        self._stored = QSettings(str(self._path), QSettings.Format.IniFormat)

    def get(self, key: str, default: T) -> T:
        """Return the value of ``key``, of the type of ``default``; the default if there is none or it is no such value."""
        value = self._stored.value(key)
        kind = type(default)
        try:
            if isinstance(value, str) and kind is bool:
                return {"true": True, "false": False}[value]
            return default if value is None else kind(value)
        except (KeyError, TypeError, ValueError):
            return default

    def put(self, key: str, value: bool | float | str) -> None:  # noqa: FBT001  # a stored value
        """Remember ``value``."""
        self._stored.setValue(key, value)

    def get_bytes(self, key: str) -> QByteArray:
        """Return the bytes of ``key``, empty if there are none."""
        value = self._stored.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def put_bytes(self, key: str, value: QByteArray) -> None:
        """Remember ``value``."""
        self._stored.setValue(key, value)

    def remove(self, key: str) -> None:
        """Forget ``key`` and everything below it."""
        self._stored.remove(key)

    def names(self, group: str) -> list[str]:
        """Return the keys below ``group``."""
        self._stored.beginGroup(group)
        try:
            return self._stored.childKeys()
        finally:
            self._stored.endGroup()

    def save(self) -> None:
        """Write now what was put."""
        self._stored.sync()
