"""The lines of the log: bounded, filtered, in order."""

from datetime import UTC, datetime

import pytest

from app.desktop.log.lines import LogBook, LogFilter, LogLine, Severity, severity

NOON = datetime(2030, 1, 2, 12, 0, 5, tzinfo=UTC)


def line(text: str, level: Severity = Severity.INFO, source: str = "window") -> LogLine:
    return LogLine(NOON, level, source, text)


def texts(book: LogBook) -> list[str]:
    return [each.text for each in book.shown]


def test_the_oldest_lines_go_first() -> None:
    book = LogBook(limit=3)
    for number in range(5):
        book.add([line(str(number))])
    assert texts(book) == ["2", "3", "4"]
    assert len(book) == 3


def test_a_batch_larger_than_the_log_leaves_its_end() -> None:
    book = LogBook(limit=3)
    book.add([line("old")])
    book.add([line(str(number)) for number in range(10)])
    assert texts(book) == ["7", "8", "9"]
    assert len(book) == 3


def test_overflow_and_admitted_say_beforehand_what_add_does() -> None:
    book = LogBook(limit=4)
    book.add([line("a", Severity.ERROR), line("b"), line("c", Severity.ERROR), line("d")])
    book.choose(LogFilter(least=Severity.ERROR))
    new = [line("e"), line("f"), line("g", Severity.ERROR)]
    assert (book.overflow(len(new)), book.admitted(new)) == (2, 1)
    book.add(new)
    assert texts(book) == ["g"]
    book.choose(LogFilter())
    assert texts(book) == ["d", "e", "f", "g"]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (LogFilter(), ["played a match", "slow disk", "broke"]),
        (LogFilter(least=Severity.WARNING), ["slow disk", "broke"]),
        (LogFilter(words="MATCH a"), ["played a match"]),
        (LogFilter(words="season"), ["broke"]),
        (LogFilter(least=Severity.ERROR, words="match"), []),
    ],
)
def test_a_filter_shows_what_is_bad_enough_and_holds_every_word(wanted: LogFilter, shown: list[str]) -> None:
    book = LogBook()
    book.choose(wanted)
    book.add([line("played a match"), line("slow disk", Severity.WARNING), line("broke", Severity.ERROR, "season 3")])
    assert texts(book) == shown
    book.choose(LogFilter())
    book.choose(wanted)
    assert texts(book) == shown


def test_clear_forgets_everything() -> None:
    book = LogBook()
    book.add([line("x")])
    book.clear()
    assert (len(book), texts(book)) == (0, [])


def test_a_line_is_copied_with_its_details() -> None:
    whole = LogLine(NOON, Severity.ERROR, "es", "it broke", "Traceback:\nValueError")
    assert whole.as_text() == "2030-01-02 12:00:05  error    es: it broke\n    Traceback:\n    ValueError"


@pytest.mark.parametrize(
    ("level", "known"),
    [("WARNING", Severity.WARNING), ("critical", Severity.ERROR), ("debug", Severity.INFO), ("odd", Severity.INFO)],
)
def test_levels_of_python_and_of_jobs_are_known(level: str, known: Severity) -> None:
    assert severity(level) is known
