"""Rows: ``POINTS`` numbers, one a point, which a kernel handles as one value.

A row is one vector of the compiler. It writes down what a loop over points would leave to the compiler: two rows of one array
need no check that they do not overlap, and a sum over points has a fixed order, so that the same bits come out on every machine,
whatever the width of its registers. Kernels write ``+ - * /`` between rows, and between a row and a float32.

numba's cache looks only at the file of a kernel, not at what is compiled into it from here: the files with kernels of rows name
the digest of this one, so that they change with it.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # ships no types
from numba import extending
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

POINTS: Final = 64
"""Points of a row."""

PARTS: Final = 16
"""Partial sums of a sum over points: point ``i`` of a row goes to part ``i % PARTS``."""

Reals: TypeAlias = NDArray[np.float32]
Emitted: TypeAlias = Any
"""Parts of numba and llvmlite, which ship few types."""

Index: TypeAlias = int | np.uint64


class Row(Protocol):
    """What a kernel can do with a row, for the type checker."""

    def __add__(self, other: "Row | np.float32", /) -> "Row": ...
    def __radd__(self, other: np.float32, /) -> "Row": ...
    def __sub__(self, other: "Row | np.float32", /) -> "Row": ...
    def __rsub__(self, other: np.float32, /) -> "Row": ...
    def __mul__(self, other: "Row | np.float32", /) -> "Row": ...
    def __rmul__(self, other: np.float32, /) -> "Row": ...
    def __truediv__(self, other: "Row | np.float32", /) -> "Row": ...
    def __rtruediv__(self, other: np.float32, /) -> "Row": ...


_type_callable: Emitted = extending.type_callable
_lower_builtin: Emitted = extending.lower_builtin
_function_of_llvm: Emitted = cgutils.get_or_insert_function

_FLOAT: Final = ir.FloatType()
_ROW: Final = ir.VectorType(_FLOAT, POINTS)
_ROW_BITS: Final = ir.VectorType(ir.IntType(32), POINTS)
_PART: Final = ir.VectorType(_FLOAT, PARTS)
_ALIGNMENT: Final = 4  # bytes: rows begin anywhere, though they are faster at multiples of 64


class _RowType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"row({POINTS})")


_row: Final = _RowType()


@register_model(_RowType)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager: object, row_type: object) -> None:
        super().__init__(manager, row_type, _ROW)  # type: ignore[no-untyped-call]  # numba's own has no types


def _widened(builder: Emitted, value: Emitted) -> Emitted:
    """Return ``value``, a row or a float32, as a row."""
    if value.type == _ROW:
        return value
    first = builder.insert_element(ir.Constant(_ROW, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, ir.Constant(_ROW, ir.Undefined), ir.Constant(_ROW_BITS, [0] * POINTS))


def _define_operator(function: Callable[..., object], instruction: str) -> None:
    """Let kernels apply ``function`` to two rows, or to a row and a float32."""

    def type_operator(_context: object) -> Callable[[object, object], object]:
        def typer(left: object, right: object) -> object:
            return _row if _row in {left, right} and {left, right} <= {_row, types.float32} else None

        return typer

    def lower(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        return getattr(builder, instruction)(*(_widened(builder, value) for value in values))

    _type_callable(function)(type_operator)
    for left, right in ((_row, _row), (_row, types.float32), (types.float32, _row)):
        _lower_builtin(function, left, right)(lower)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define_operator(_function, _instruction)


def _pointer(
    context: Emitted, builder: Emitted, signature: Emitted, values: Sequence[Emitted], kind: Emitted
) -> Emitted:
    """Return the address of element ``values[1]`` of the array ``values[0]``, as one of ``kind``."""
    data = context.make_array(signature.args[0])(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), kind.as_pointer())


def _summed_halves(builder: Emitted, vector: Emitted, width: int, least: int) -> Emitted:
    """Return the sum of the upper and the lower half of ``vector``, and so on until ``least`` numbers are left."""
    while width > least:
        width //= 2
        low, high = (
            builder.shuffle_vector(
                vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(first, first + width)))
            )
            for first in (0, width)
        )
        vector = builder.fadd(low, high)
    return vector


@intrinsic
def _load(_typing: object, array: types.Array, _at: types.Integer) -> Emitted:
    def emit(context: Emitted, builder: Emitted, signature: Emitted, values: Sequence[Emitted]) -> Emitted:
        return builder.load(_pointer(context, builder, signature, values, _ROW), align=_ALIGNMENT)

    return _row(array, types.intp), emit


@intrinsic
def _spread(_typing: object, _number: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        return _widened(builder, values[0])

    return _row(types.float32), emit


@intrinsic
def _store(_typing: object, array: types.Array, _at: types.Integer, row: types.Type) -> Emitted:
    def emit(context: Emitted, builder: Emitted, signature: Emitted, values: Sequence[Emitted]) -> Emitted:
        at = _pointer(context, builder, signature, values, _ROW)
        builder.store(_widened(builder, values[2]), at, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(array, types.intp, row), emit


@intrinsic
def _add_parts(_typing: object, array: types.Array, _at: types.Integer, row: types.Type) -> Emitted:
    def emit(context: Emitted, builder: Emitted, signature: Emitted, values: Sequence[Emitted]) -> Emitted:
        at = _pointer(context, builder, signature, values, _PART)
        parts = _summed_halves(builder, values[2], POINTS, PARTS)
        builder.store(builder.fadd(builder.load(at, align=_ALIGNMENT), parts), at, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(array, types.intp, row), emit


@intrinsic
def _sum_parts(_typing: object, array: types.Array, _at: types.Integer) -> Emitted:
    def emit(context: Emitted, builder: Emitted, signature: Emitted, values: Sequence[Emitted]) -> Emitted:
        parts = builder.load(_pointer(context, builder, signature, values, _PART), align=_ALIGNMENT)
        return builder.extract_element(_summed_halves(builder, parts, PARTS, 1), ir.Constant(ir.IntType(32), 0))

    return types.float32(array, types.intp), emit


@intrinsic
def _choose(_typing: object, left: types.Type, right: types.Type, yes: types.Type, no: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        left, right, yes, no = (_widened(builder, value) for value in values)
        return builder.select(builder.fcmp_ordered("<", left, right), yes, no)

    return _row(left, right, yes, no), emit


def _called(builder: Emitted, name: str, values: Sequence[Emitted]) -> Emitted:
    """Return what LLVM's own function of one row returns."""
    kind = ir.FunctionType(_ROW, [_ROW])
    return builder.call(_function_of_llvm(builder.module, kind, f"llvm.{name}.v{POINTS}f32"), values)


@intrinsic
def _root(_typing: object, row: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        return _called(builder, "sqrt", values)

    return _row(row), emit


@intrinsic
def _absolute(_typing: object, row: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        return _called(builder, "fabs", values)

    return _row(row), emit


@intrinsic
def _floor(_typing: object, row: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        return _called(builder, "floor", values)

    return _row(row), emit


@intrinsic
def _times_power(_typing: object, row: types.Type, shifted: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        bits, power = (builder.bitcast(value, _ROW_BITS) for value in values)
        shift = ir.Constant(_ROW_BITS, [23] * POINTS)
        return builder.bitcast(builder.add(bits, builder.shl(power, shift)), _ROW)

    return _row(row, shifted), emit


@intrinsic
def _exponent(_typing: object, row: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        bits = builder.sub(builder.bitcast(values[0], _ROW_BITS), ir.Constant(_ROW_BITS, [_ROOT_HALF_BITS] * POINTS))
        return builder.sitofp(builder.ashr(bits, ir.Constant(_ROW_BITS, [23] * POINTS)), _ROW)

    return _row(row), emit


@intrinsic
def _mantissa(_typing: object, row: types.Type) -> Emitted:
    def emit(_context: object, builder: Emitted, _signature: object, values: Sequence[Emitted]) -> Emitted:
        bits = builder.bitcast(values[0], _ROW_BITS)
        base = ir.Constant(_ROW_BITS, [_ROOT_HALF_BITS] * POINTS)
        high = builder.and_(builder.sub(bits, base), ir.Constant(_ROW_BITS, [-(1 << 23)] * POINTS))
        return builder.bitcast(builder.sub(bits, high), _ROW)

    return _row(row), emit


_ROOT_HALF_BITS: Final = 0x3F3504F3  # the float32 sqrt(1/2)

load = cast("Callable[[Reals, Index], Row]", _load)
"""The row that begins at an element of a flat array."""
spread = cast("Callable[[np.float32], Row]", _spread)
"""Return a row of one number."""
store = cast("Callable[[Reals, Index, Row | np.float32], None]", _store)
"""Write a row, or one number to a whole row, to a flat array, from an element on."""
add_parts = cast("Callable[[Reals, Index, Row], None]", _add_parts)
"""Add a row to the PARTS partial sums that begin at an element."""
sum_parts = cast("Callable[[Reals, Index], np.float32]", _sum_parts)
"""Return the sum of PARTS partial sums."""
choose = cast("Callable[[Row | np.float32, Row | np.float32, Row | np.float32, Row | np.float32], Row]", _choose)
"""Return, point by point, the third argument where the first is less than the second, else the fourth."""
root = cast("Callable[[Row], Row]", _root)
"""Return the square root."""
absolute = cast("Callable[[Row], Row]", _absolute)
"""Return the absolute value."""
floor = cast("Callable[[Row], Row]", _floor)
"""Return the largest whole number that is not above."""
times_power = cast("Callable[[Row, Row], Row]", _times_power)
"""Return a row times 2**n, n taken from ``n + 1.5 * 2**23``."""
exponent = cast("Callable[[Row], Row]", _exponent)
"""Return the n of ``mantissa * 2**n`` for positive rows; the mantissa is in [sqrt(1/2), sqrt(2))."""
mantissa = cast("Callable[[Row], Row]", _mantissa)
"""Return the mantissa that belongs to ``exponent``."""
