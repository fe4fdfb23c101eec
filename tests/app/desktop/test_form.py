"""Forms made from configuration classes: what is shown is what is built, and the class's own words say what is wrong."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from app.desktop.form import ConfigForm
from league.config import SeasonConfig


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    depth: int = Field(3, ge=1, le=9, description="How deep.")


class Sample(BaseModel):
    """One field of every kind that a form knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(7, ge=1, le=100, description="How many.")
    seed: int = Field(2**40, ge=0, le=2**63 - 1, description="A long number.")
    rate: float = Field(0.25, ge=0, le=1, description="A share.")
    mode: Literal["slow", "fast"] = Field("slow", description="How.")
    is_loud: bool = Field(False, description="Aloud.")
    limit: int | None = Field(None, ge=1, le=50, description="At most.")
    names: tuple[str, ...] = Field(("a", "b"), description="Who.")
    layers: tuple[int, ...] = Field((16, 8), description="Sizes.")
    inner: Inner | None = Field(None, description="More.")


class Sectioned(BaseModel):
    """Fields under headings, inherited ones first, as a trainer's."""

    sections: ClassVar[Mapping[str, str]] = {"steps": "Length", "rate": "Learning"}

    pause_s: float = Field(1.0, ge=0, le=9, description="A pause.")
    steps: int = Field(12_000_000, ge=1, le=10**12, description="How long.")
    rate: float = Field(0.5, ge=0, le=1, description="How fast.")


@pytest.fixture
def form(qtbot: QtBot) -> ConfigForm:
    made = ConfigForm(Sample)
    qtbot.addWidget(made)
    return made


def test_headings_stand_before_their_fields_and_the_last_fields_come_last(qtbot: QtBot) -> None:
    form = ConfigForm(Sectioned, last=("pause_s",))
    qtbot.addWidget(form)
    texts = [label.text() for label in form.findChildren(QLabel)]
    assert texts == ["<b>Length</b>", "Steps", "<b>Learning</b>", "Rate", "Pause, s"]
    assert form.build() == Sectioned()


def test_fields_are_found_by_their_names_and_descriptions_with_the_headings_above_them(qtbot: QtBot) -> None:
    form = ConfigForm(Sectioned)
    qtbot.addWidget(form)
    form.show()

    def shown() -> list[str]:
        return [label.text() for label in form.findChildren(QLabel) if label.isVisible()]

    form.show_only("HOW fast")
    assert shown() == ["<b>Learning</b>", "Rate"]
    form.show_only("pause")
    assert shown() == ["Pause, s"]
    form.show_only("nothing like it")
    assert shown() == []
    assert form.build() == Sectioned()
    form.show_only("")
    assert shown() == ["Pause, s", "<b>Length</b>", "Steps", "<b>Learning</b>", "Rate"]


def test_a_large_count_is_shown_in_groups_of_digits_and_a_seed_as_it_is(qtbot: QtBot, form: ConfigForm) -> None:
    sectioned = ConfigForm(Sectioned)
    qtbot.addWidget(sectioned)
    steps, seed = sectioned.findChild(QLineEdit, "steps"), form.findChild(QLineEdit, "seed")
    assert steps.text() == "12,000,000"
    steps.setText("3,500,000")
    assert sectioned.values()["steps"] == 3_500_000
    assert seed.text() == str(2**40)


def test_the_form_begins_with_the_defaults(form: ConfigForm) -> None:
    assert form.build() == Sample()
    assert form.problem() == ""


def test_what_is_set_is_what_is_built(form: ConfigForm) -> None:
    wanted = Sample(
        count=42,
        seed=2**62,
        rate=0.125,
        mode="fast",
        is_loud=True,
        limit=9,
        names=("x",),
        layers=(4,),
        inner=Inner(depth=5),
    )
    form.set_values(wanted.model_dump())
    assert form.build() == wanted
    form.reset()
    assert form.build() == Sample()


def test_every_editor_can_be_used_by_hand(form: ConfigForm, qtbot: QtBot) -> None:
    form.findChild(QSpinBox, "count").setValue(8)
    form.findChild(QDoubleSpinBox, "rate").setValue(0.5)
    form.findChild(QComboBox, "mode").setCurrentIndex(1)
    form.findChild(QCheckBox, "is_loud").click()
    names = form.findChild(QLineEdit, "names")
    names.clear()
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(names, "c, d")
    built = form.build()
    assert built == Sample(count=8, rate=0.5, mode="fast", is_loud=True, names=("c", "d"))


def test_ranges_and_descriptions_come_from_the_class(form: ConfigForm) -> None:
    count = form.findChild(QSpinBox, "count")
    assert (count.minimum(), count.maximum()) == (1, 100)
    assert count.toolTip() == "How many. Allowed: 1 to 100. Default: 7."
    assert count.accessibleName() == "Count"


def test_a_long_number_that_is_none_is_said_in_the_words_of_the_class(form: ConfigForm) -> None:
    form.findChild(QLineEdit, "seed").setText("12x")
    assert "seed is '12x'" in form.problem()
    form.findChild(QLineEdit, "seed").setText("-1")
    assert form.problem() == "seed is -1; it must be at least 0"


def test_a_list_of_numbers_with_a_word_in_it_is_refused(form: ConfigForm) -> None:
    form.findChild(QLineEdit, "layers").setText("16, many")
    assert "layers" in form.problem()


def test_a_seasons_form_takes_the_players_from_elsewhere(qtbot: QtBot) -> None:
    form = ConfigForm(SeasonConfig, leave_out=["players"], choices={"format": ["round_robin", "swiss"]})
    qtbot.addWidget(form)
    assert "players" in form.problem()
    assert form.problem({"players": ("aa", "bb")}) == ""
    form.findChild(QComboBox, "format").setCurrentIndex(1)
    assert form.build({"players": ("aa", "bb")}).format == "swiss"  # type: ignore[attr-defined]


def test_the_wheel_passes_a_number_that_has_no_focus(form: ConfigForm, qtbot: QtBot) -> None:
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    count = form.findChild(QSpinBox, "count")
    turn = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(count, turn)
    assert count.value() == 7
