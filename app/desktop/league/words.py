"""Numbers as people read them. No Qt here."""

from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


def duration(seconds: float | None) -> str:
    """Return a time in its two largest units: "42 s", "3 min 5 s", "2 h 10 min"; "-" for None."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def rate(per_s: float | None) -> str:
    """Return a number of things a second; "-" for None."""
    if per_s is None:
        return "-"
    return f"{per_s:,.0f}/s" if per_s >= 10 else f"{per_s:.1f}/s"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return "1 match" or "2,000 matches"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Return a share of one as percent, with a digit behind the point only where it says something."""
    return f"{100 * share:.0f} %" if share in {0.0, 0.5, 1.0} else f"{100 * share:.1f} %"
