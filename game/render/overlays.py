"""What is written and drawn over the court: what both players see and do, and messages."""

import functools
import math

import numpy as np
import pygame

from game.render.canvas import Canvas
from game.render.shapes import covered, grid, painted
from game.render.style import Colour, mixed
from game.render.view import Sight, Valuation, View
from game.spec import Seat


def draw_overlays(canvas: Canvas, view: View) -> None:
    """Draw what both players see and do, where ``view`` has it."""
    inner = 0.07 * canvas.court.width
    if view.sight is not None:
        for seat in Seat:
            _draw_sight(canvas, seat, view.sight[seat], inner)
        inner += 0.235 * canvas.court.width
    if view.actions is not None:
        for seat in Seat:
            _draw_actions(canvas, seat, view, inner)


def _draw_sight(canvas: Canvas, seat: Seat, sight: Sight, inner: float) -> None:
    """Draw what one seat sees: a bar from the middle for each value."""
    court = canvas.court
    width, row = 0.22 * court.width, max(0.034 * court.height, 11 * canvas.scale)
    panel = canvas.sprite(("sight", seat, sight.labels), lambda: _sight_panel(canvas, sight.labels, width, row))
    left = round(court.right - inner - width if seat else court.left + inner)
    top = round(court.bottom - 0.035 * court.height - panel.get_height())
    canvas.surface.blit(panel, (left, top))
    half = 0.235 * width
    for number, value in enumerate(sight.values):
        length = round(half * min(max(float(value), -1.0), 1.0))
        if length == 0:
            continue
        middle = round(left + 0.72 * width)
        bar = pygame.Rect(min(middle, middle + length), 0, abs(length), max(2, round(0.45 * row)))
        bar.centery = round(top + 0.35 * row + (number + 0.5) * row)
        canvas.surface.fill(canvas.style.seats[seat], bar)


def _sight_panel(canvas: Canvas, labels: tuple[str, ...], width: float, row: float) -> pygame.Surface:
    """Return the back of what a seat sees: a label a row, and the axis from which the bars go."""
    panel = canvas.box(width, (len(labels) + 0.7) * row, 0.5 * row, canvas.style.panel, 0.72).copy()
    for number, label in enumerate(labels):
        text = canvas.text(label, round(0.86 * row), canvas.style.quiet, 0.42 * width)
        panel.blit(text, (round(0.05 * width), round(0.35 * row + (number + 0.5) * row - text.get_height() / 2)))
    axis = pygame.Rect(round(0.72 * width), round(0.35 * row), max(1, round(canvas.scale)), round(len(labels) * row))
    panel.fill((*canvas.style.line, 255), axis)
    return panel


def _draw_actions(canvas: Canvas, seat: Seat, view: View, inner: float) -> None:
    """Draw a cell for each action of one seat, the chosen one lit."""
    court = canvas.court
    side = max(0.05 * court.height, 14 * canvas.scale)
    count = len(view.action_names)
    left = court.right - inner - side if seat else court.left + inner
    top = court.bottom - 0.035 * court.height - count * 1.12 * side
    for number, name in enumerate(view.action_names):
        is_chosen = view.actions is not None and view.actions[seat] == number
        make = functools.partial(_cell, canvas, seat, name, side, is_chosen=is_chosen)
        cell = canvas.sprite(("action", seat, name, is_chosen), make)
        canvas.surface.blit(cell, (round(left), round(top + number * 1.12 * side)))


def _cell(canvas: Canvas, seat: Seat, name: str, side: float, *, is_chosen: bool) -> pygame.Surface:
    """Return the cell of an action: a triangle that points up or down, or a bar."""
    style = canvas.style
    back, front = (style.seats[seat], style.panel) if is_chosen else (style.panel, style.quiet)
    cell = canvas.box(side, side, 0.22 * side, back, 0.95 if is_chosen else 0.72).copy()
    size = cell.get_size()
    x, y = (axis / length - 0.5 for axis, length in zip(grid(size), size, strict=True))
    y = -y if name == "down" else y
    if name in {"up", "down"}:
        distance = np.maximum((2 * np.abs(x) - (y + 0.24)) / math.sqrt(5.0), y - 0.2)
    else:
        distance = np.maximum(np.abs(x) - 0.24, np.abs(y) - 0.055)
    cell.blit(painted(covered(distance * size[0]), front), (0, 0))
    return cell


def draw_values(canvas: Canvas, view: View) -> None:
    """Draw what each network answers for each action: on the floor beside its paddle, so that the ball flies over it."""
    for seat in Seat:
        valuation = view.values[seat]
        if valuation is not None:
            _draw_valuation(canvas, seat, view.action_names, valuation)


def _draw_valuation(canvas: Canvas, seat: Seat, names: tuple[str, ...], valuation: Valuation) -> None:
    """Draw a row for each action of one seat: its name, a bar from the lowest answer up, the answer; the chosen one lit."""
    court, style = canvas.court, canvas.style
    row = max(0.044 * court.height, 14 * canvas.scale)
    width, pad = max(0.2 * court.width, 7.2 * row), 0.3 * row
    panel = canvas.box(width, len(names) * row + 2 * pad, 0.5 * row, style.panel, 0.6)
    left = round(court.right - 0.07 * court.width - width if seat else court.left + 0.07 * court.width)
    top = round(court.top + 0.47 * court.height - panel.get_height() / 2)
    canvas.surface.blit(panel, (left, top))
    lowest = min(valuation.values, default=0.0)
    for number, (name, value) in enumerate(zip(names, valuation.values, strict=True)):
        is_chosen = number == valuation.chosen
        middle = top + pad + (number + 0.5) * row
        if is_chosen:
            lit = canvas.box(width - 2 * pad, 0.92 * row, 0.3 * row, style.seats[seat], 0.22)
            canvas.put(lit, left + width / 2, middle)
        colour = style.text if is_chosen else style.quiet
        text = canvas.text(name, round(0.82 * row), colour, 0.25 * width)
        canvas.surface.blit(text, (round(left + 2 * pad), round(middle - text.get_height() / 2)))
        share = (value - lowest) / valuation.spread if valuation.chosen is not None and valuation.spread > 0 else 0.0
        bar = pygame.Rect(0, 0, round(0.34 * width * min(share, 1.0)) + max(1, round(canvas.scale)), round(0.4 * row))
        bar.midleft = round(left + 0.36 * width), round(middle)
        canvas.surface.fill(style.seats[seat] if is_chosen else mixed(style.quiet, style.panel, 0.35), bar)
        _draw_number(canvas, value, round(0.82 * row), colour, (left + width - 2 * pad, middle))


def _draw_number(canvas: Canvas, value: float, height: int, colour: Colour, end: tuple[float, float]) -> None:
    """Write a number that ends at ``end`` = (right, middle), digit by digit: digits stay in their columns when it changes."""
    x, middle = end
    column = max(canvas.text(digit, height, colour).get_width() for digit in "0123456789")
    for letter in reversed(_number_text(value)):
        glyph = canvas.text(letter, height, colour)
        room = column if letter.isdigit() else glyph.get_width()
        x -= room
        canvas.surface.blit(glyph, (round(x + (room - glyph.get_width()) / 2), round(middle - glyph.get_height() / 2)))


def _number_text(value: float) -> str:
    """Return about three digits of ``value``: 0.52, -13.1, 1240, 2.1e+05."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    size = abs(value)
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{value:.{digits}f}" if size < 99_999.5 else f"{value:.1e}"


def draw_message(canvas: Canvas, view: View, *, small: bool) -> None:
    """Write the message, or else the length of the rally unless ``small``, on a pill at the bottom."""
    court = canvas.court
    room = (0.29 if view.sight is not None and not small else 0.8) * court.width
    message = view.message or ("Paused" if view.is_paused else "")
    hits = int(view.picture["rally_hits"])
    if message:
        _draw_pill(canvas, message, canvas.font_px(0.075, 12), court.bottom - 0.12 * court.height, room)
    elif hits and not small:
        _draw_pill(canvas, f"Rally {hits}", canvas.font_px(0.045, 11), court.bottom - 0.065 * court.height, room)


def _draw_pill(canvas: Canvas, text: str, height: int, y: float, room: float) -> None:
    """Write ``text`` in a line of ``height`` pixels, or a smaller one, on a pill of at most ``room`` pixels."""
    width = canvas.text(text, height, canvas.style.text).get_width() + 1.3 * height
    height = round(height * min(max(0.96 * room / width, 0.6), 1.0))  # rather smaller than cut off
    words = canvas.text(text, height, canvas.style.text, room - 1.3 * height)
    pill = canvas.box(words.get_width() + 1.3 * height, 1.5 * height, 0.75 * height, canvas.style.panel, 0.82)
    canvas.put(pill, canvas.court.centerx, y)
    canvas.put(words, canvas.court.centerx, y)
