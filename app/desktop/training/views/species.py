"""The species of a population, each with the colour that it has in the chart."""

import functools

from PySide6.QtGui import QColor

from ai.trainer import Json
from app.desktop.charts.strokes import area_colour
from app.desktop.theme import Theme
from app.desktop.training.detail_view import DetailView
from app.desktop.training.known_records import KnownRecordsBody
from app.desktop.training.record_table import RecordLook
from app.desktop.training.records import Record, described, is_records, whole
from app.desktop.training.species import COLUMNS, KEYS, SIZE


def _chip(record: Record, theme: Theme) -> QColor:
    return area_colour(whole(record, "id"), theme)


_LOOK = RecordLook(COLUMNS, lambda record: whole(record, "id"), described, _chip, SIZE)


def _suits(name: str, value: Json) -> bool:
    return name == "species" and is_records(value) and all(each.keys() >= KEYS for each in value)


VIEW = DetailView(0, _suits, functools.partial(KnownRecordsBody, look=_LOOK))
