"""A form made from a configuration class: an editor a field, with its range, default and description.

The class itself checks what was entered; the form adds nothing to its rules.
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from league.config import first_error_sentence

Changed: TypeAlias = Callable[[], None]

_SPIN_LIMIT: Final = 2**31 - 1
_LARGEST_COUNT: Final = 10**15
"""A larger number is a name, a seed say: nobody counts that far."""
_DECIMALS: Final = 6


class Editor(Protocol):
    """One field's widget, what it holds, and how to change that."""

    @property
    def widget(self) -> QWidget:
        """What the form shows."""
        ...

    def value(self) -> object:
        """Return what is entered, as the field's class takes it."""
        ...

    def set_value(self, value: object) -> None:
        """Show ``value``."""
        ...


class _Calm(QObject):
    """Lets the mouse wheel scroll the form instead of changing a number that it passes."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class _Whole:
    """A whole number that fits a spin box."""

    def __init__(self, low: int, high: int, changed: Changed) -> None:
        self.widget = QSpinBox()
        self.widget.setRange(max(low, -_SPIN_LIMIT), min(high, _SPIN_LIMIT))
        self.widget.setGroupSeparatorShown(True)
        self.widget.valueChanged.connect(lambda _: changed())

    def value(self) -> object:
        return self.widget.value()

    def set_value(self, value: object) -> None:
        self.widget.setValue(int(str(value)))


class _LongWhole:
    """A whole number of up to 64 bits, which no spin box of Qt holds; a count has its digits in groups."""

    def __init__(self, changed: Changed, *, is_count: bool) -> None:
        self._is_count = is_count
        self.widget = QLineEdit()
        self.widget.textChanged.connect(lambda _: changed())

    def value(self) -> object:
        text = self.widget.text().strip().replace(",", "").replace(" ", "")
        try:
            return int(text)
        except ValueError:
            return self.widget.text()

    def set_value(self, value: object) -> None:
        self.widget.setText(f"{value:,}" if self._is_count and isinstance(value, int) else str(value))


class _Real:
    """A number with a fraction; as many digits are shown as it needs."""

    def __init__(self, low: float, high: float, default: float, changed: Changed) -> None:
        self.widget = _RealBox()
        self.widget.setDecimals(_DECIMALS)
        self.widget.setRange(low, high)
        self.widget.setSingleStep(
            10 ** (len(str(int(abs(default)))) - 2) if abs(default) >= 1 else abs(default) / 10 or 0.1
        )
        self.widget.valueChanged.connect(lambda _: changed())

    def value(self) -> object:
        return self.widget.value()

    def set_value(self, value: object) -> None:
        self.widget.setValue(float(str(value)))


class _RealBox(QDoubleSpinBox):
    def textFromValue(self, value: float) -> str:  # noqa: N802  # Qt's name
        """Return ``value`` without trailing zeros."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


class _Choice:
    """One of some words."""

    def __init__(self, words: Sequence[object], changed: Changed) -> None:
        self._words = list(words)
        self.widget = QComboBox()
        self.widget.addItems([str(word).replace("_", " ") for word in self._words])
        self.widget.currentIndexChanged.connect(lambda _: changed())

    def value(self) -> object:
        return self._words[self.widget.currentIndex()]

    def set_value(self, value: object) -> None:
        if value in self._words:
            self.widget.setCurrentIndex(self._words.index(value))


class _Switch:
    """Yes or no."""

    def __init__(self, changed: Changed) -> None:
        self.widget = QCheckBox()
        self.widget.toggled.connect(lambda _: changed())

    def value(self) -> object:
        return self.widget.isChecked()

    def set_value(self, value: object) -> None:
        self.widget.setChecked(bool(value))


class _Text:
    """A text, or several separated by commas."""

    def __init__(self, changed: Changed, *, is_list: bool, of: type = str) -> None:
        self._is_list = is_list
        self._of = of
        self.widget = QLineEdit()
        self.widget.textChanged.connect(lambda _: changed())

    def value(self) -> object:
        text = self.widget.text().strip()
        if not self._is_list:
            return text
        return tuple(self._part(part.strip()) for part in text.split(",") if part.strip())

    def set_value(self, value: object) -> None:
        is_many = isinstance(value, list | tuple)
        self.widget.setText(", ".join(map(str, value)) if is_many else str(value))  # type: ignore[call-overload]
        self.widget.setCursorPosition(0)  # a narrow line shows the beginning

    def _part(self, text: str) -> object:
        try:
            return self._of(text)
        except ValueError:
            return text


class _Optional:
    """An editor that can be switched off, which means None."""

    def __init__(self, inner: Editor, changed: Changed) -> None:
        self._inner = inner
        self.widget = QWidget()
        self._switch = QCheckBox()
        self._switch.setToolTip("on: use the number beside; off: none")
        self._switch.toggled.connect(inner.widget.setEnabled)
        self._switch.toggled.connect(lambda _: changed())
        inner.widget.setEnabled(False)
        row = QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._switch)
        row.addWidget(inner.widget, 1)

    def value(self) -> object:
        return self._inner.value() if self._switch.isChecked() else None

    def set_value(self, value: object) -> None:
        self._switch.setChecked(value is not None)
        if value is not None:
            self._inner.set_value(value)


class _Nested:
    """A configuration within a configuration."""

    def __init__(self, model: type[BaseModel], changed: Changed) -> None:
        self._form = ConfigForm(model)
        self._form.changed.connect(changed)
        self.widget = self._form

    def value(self) -> object:
        return self._form.values()

    def set_value(self, value: object) -> None:
        self._form.set_values(value.model_dump() if isinstance(value, BaseModel) else value)  # type: ignore[arg-type]


class ConfigForm(QWidget):
    """Shows the fields of ``model`` but those of ``leave_out``; ``choices`` gives the words that a text field may hold.

    Fields named in ``last`` come last. ``sections`` of the model, where it has some, are headings by the field that each
    stands before.
    """

    changed = Signal()

    def __init__(
        self,
        model: type[BaseModel],
        *,
        leave_out: Sequence[str] = (),
        last: Sequence[str] = (),
        choices: Mapping[str, Sequence[str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._calm = _Calm(self)
        self._editors: dict[str, Editor] = {}
        self._headings: dict[QLabel, list[str]] = {}
        self._layout = layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        sections: Mapping[str, str] = getattr(model, "sections", {})
        names = [name for name in model.model_fields if name not in leave_out]
        below: list[str] = []
        for name in sorted(names, key=lambda name: name in last):
            if name in sections:
                heading, below = QLabel(f"<b>{sections[name]}</b>"), []
                self._headings[heading] = below
                layout.addRow(heading)
            below.append(name)
            self._add(layout, name, model.model_fields[name], (choices or {}).get(name))
        self.reset()

    def _add(self, layout: QFormLayout, name: str, info: FieldInfo, words: Sequence[str] | None) -> None:
        editor = _Choice(words, self.changed.emit) if words else _editor(info, info.annotation, self.changed.emit)
        title = info.title or _title(name)
        tip = tooltip(info)
        widget = editor.widget
        widget.setObjectName(name)
        widget.setToolTip(tip)
        widget.setAccessibleName(title)
        widget.setAccessibleDescription(tip)
        for each in [widget, *widget.findChildren(QWidget)]:
            each.installEventFilter(self._calm)
            if isinstance(each, QSpinBox | QDoubleSpinBox | QComboBox):
                each.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        label = QLabel(title)
        label.setToolTip(tip)
        label.setBuddy(widget)
        layout.addRow(label, widget)
        self._editors[name] = editor

    def set_shown(self, name: str, *, is_shown: bool) -> None:
        """Show a field, or hide it; a hidden one keeps its value."""
        self._layout.setRowVisible(self._editors[name].widget, is_shown)

    def show_only(self, text: str) -> None:
        """Show only the fields whose names or descriptions have every word of ``text``, and the headings above them."""
        words = text.casefold().split()
        found = {name for name in self._editors if all(word in self._described(name) for word in words)}
        for name in self._editors:
            self.set_shown(name, is_shown=name in found)
        for heading, below in self._headings.items():
            self._layout.setRowVisible(heading, not found.isdisjoint(below))

    def _described(self, name: str) -> str:
        widget = self._editors[name].widget
        return f"{name} {widget.accessibleName()} {self._model.model_fields[name].description}".casefold()

    def names(self) -> list[str]:
        """Return the fields that are shown."""
        return list(self._editors)

    def values(self) -> dict[str, object]:
        """Return what is entered, by field."""
        return {name: editor.value() for name, editor in self._editors.items()}

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show ``values``; fields that are not shown or not named are left as they are."""
        for name, value in values.items():
            if name in self._editors:
                self._editors[name].set_value(value)

    def reset(self) -> None:
        """Show the defaults; a field without one is left empty."""
        for name, editor in self._editors.items():
            info = self._model.model_fields[name]
            if not info.is_required():
                editor.set_value(info.get_default(call_default_factory=True))

    def build(self, extra: Mapping[str, object] | None = None) -> BaseModel:
        """Return the configuration of what is entered and ``extra``; ``ValidationError`` if it cannot be."""
        return self._model.model_validate({**self.values(), **(extra or {})})

    def problem(self, extra: Mapping[str, object] | None = None) -> str:
        """Return why what is entered, with ``extra``, is no configuration, in a sentence; empty if it is one."""
        try:
            self.build(extra)
        except ValidationError as error:
            return first_error_sentence(error, self._model)
        return ""


def _title(name: str) -> str:
    """Return what a field is called: its name in words, a unit of seconds apart."""
    words = name.removesuffix("_s").replace("_", " ").capitalize()
    return f"{words}, s" if name.endswith("_s") else words


def tooltip(info: FieldInfo) -> str:
    """Return a field's description with what is allowed and the default."""
    low, high = _limits(info)
    span = f" Allowed: {_plain(low)} to {_plain(high)}." if low is not None and high is not None else ""
    default = "" if info.is_required() else f" Default: {_plain(info.get_default(call_default_factory=True))}."
    return f"{info.description or ''}{span}{default}"


def _plain(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """Return the least and the largest value that a field's rules allow, None where nothing is said."""
    low = [getattr(rule, name) for rule in info.metadata for name in ("ge", "gt") if hasattr(rule, name)]
    high = [getattr(rule, name) for rule in info.metadata for name in ("le", "lt") if hasattr(rule, name)]
    return (low[0] if low else None, high[0] if high else None)


def _editor(info: FieldInfo, annotation: Any, changed: Changed) -> Editor:  # noqa: PLR0911  # one type a line
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _editor(info, arguments[0], changed)
    if origin in (typing.Union, types.UnionType):
        inner = [each for each in arguments if each is not type(None)]
        if len(inner) == 1 and len(arguments) == 2:
            return _Optional(_editor(info, inner[0], changed), changed)
        return _Text(changed, is_list=False)
    if origin is Literal:
        return _Choice(arguments, changed)
    if origin in (tuple, list):
        return _Text(changed, is_list=True, of=arguments[0] if arguments and arguments[0] in (int, float) else str)
    if annotation is bool:
        return _Switch(changed)
    if annotation is int:
        return _whole(info, changed)
    if annotation is float:
        low, high = _limits(info)
        default = info.default if isinstance(info.default, int | float) else 0.0
        return _Real(-1e12 if low is None else low, 1e12 if high is None else high, float(default), changed)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _Nested(annotation, changed)
    return _Text(changed, is_list=False)


def _whole(info: FieldInfo, changed: Changed) -> Editor:
    low, high = _limits(info)
    if high is None or high > _SPIN_LIMIT:
        return _LongWhole(changed, is_count=high is not None and low is not None and high < _LARGEST_COUNT)
    return _Whole(int(low or 0) if low is not None else -_SPIN_LIMIT, int(high), changed)
