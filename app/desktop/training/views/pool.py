"""The players that a run learns against."""

import functools

from ai.trainer import Json
from app.desktop.training.detail_view import DetailView
from app.desktop.training.known_records import KnownRecordsBody
from app.desktop.training.pool import COLUMNS, KEYS
from app.desktop.training.record_table import UNSORTED, RecordLook
from app.desktop.training.records import described, is_records

_LOOK = RecordLook(COLUMNS, lambda record: record.get("name"), described, sorted_by=UNSORTED)


def _suits(name: str, value: Json) -> bool:
    return name == "pool" and is_records(value) and all(each.keys() >= KEYS for each in value)


VIEW = DetailView(4, _suits, functools.partial(KnownRecordsBody, look=_LOOK))
