"""Numbers as people read them beside a chart."""

import math
import time
from collections.abc import Sequence

from app.desktop.charts.model import Axis, Reading


def number(value: float) -> str:
    """Return ``value`` with about four digits: 0.01235, 12.35, 1,235, 1.235e+08."""
    if not math.isfinite(value):
        return "\N{EN DASH}"
    size = abs(value)
    if size and (size >= 1e8 or size < 1e-4):
        return f"{value:.3e}"
    if size >= 1000 or value == int(value):
        return f"{value:,.0f}"
    digits = 3 - math.floor(math.log10(size))
    return f"{value:.{digits}f}"


def reading(value: Reading, unit: str = "") -> str:
    """Return a curve's name and value, with its interval where there is one."""
    text = f"{value.curve.title} {number(value.y)}"
    if math.isfinite(value.low) and math.isfinite(value.high):
        text += f" [{number(value.low)} .. {number(value.high)}]"
    return f"{text} {unit}" if unit else text


def place(axis: Axis, x: float) -> str:
    """Return where on an axis ``x`` is: Match 220, Training time 35.2 s, 10:04:16."""
    if axis.is_clock:
        return time.strftime("%X", time.localtime(x))
    return f"{axis.title} {number(x)} {axis.unit}".rstrip()


def summary(title: str, readings: Sequence[Reading]) -> str:
    """Return what a chart shows as a sentence, for those who hear it."""
    if not readings:
        return f"{title}: nothing yet"
    return f"{title}: " + ", ".join(reading(each) for each in readings)
