"""Runs the benchmarks and prints their tables. A module here that has a ``BENCHMARK`` is one, by its module's name."""

import difflib
import importlib
import json
import pkgutil
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import benchmarks

_NOT_BENCHMARKS = ("suite", "field", "neat_field", "learners", "drive_window", "outside")


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, the figure with its unit, and what it must reach (empty: nothing)."""

    name: str
    value: float
    unit: str
    target: str = ""
    is_reached: bool | None = None


class Benchmark(Protocol):
    """Measures one table."""

    title: str

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure, in one run, everything that is compared with each other."""
        ...


def at_least(name: str, value: float, unit: str, least: float) -> Row:
    """Return a row whose value must be at least ``least``."""
    return Row(name, value, unit, f">= {least:g}", value >= least)


def at_most(name: str, value: float, unit: str, most: float) -> Row:
    """Return a row whose value must be at most ``most``."""
    return Row(name, value, unit, f"<= {most:g}", value <= most)


def seconds_of(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least wall-clock seconds of ``repeats`` runs of ``work``."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


def names() -> list[str]:
    """Return the name of every benchmark."""
    return [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if info.name not in _NOT_BENCHMARKS]


def benchmark(name: str) -> Benchmark:
    """Return the benchmark called ``name``, one of ``names()``."""
    found: Benchmark = importlib.import_module(f"{benchmarks.__name__}.{name}").BENCHMARK
    return found


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks named in ``arguments`` (all by default); ``--quick`` shortens them, ``--json`` prints JSON."""
    is_quick, as_json = "--quick" in arguments, "--json" in arguments
    asked = [argument for argument in arguments if argument not in ("--quick", "--json")]
    known = names()
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else ""
            sys.stderr.write(f"there is no benchmark '{name}': {', '.join(known)} are known. {hint}\n")
            return 2
    results = {}
    for name in asked or known:
        sys.stderr.write(f"measuring {name} ...\n")
        results[name] = benchmark(name).rows(is_quick=is_quick)
        if not as_json:
            _print(benchmark(name).title, results[name])
    if as_json:
        tables = {name: [vars(row) for row in rows] for name, rows in results.items()}
        sys.stdout.write(json.dumps({"machine": platform.platform(), "quick": is_quick, "tables": tables}) + "\n")
    return 1 if any(row.is_reached is False for rows in results.values() for row in rows) else 0


def _print(title: str, rows: Sequence[Row]) -> None:
    width = max(len(row.name) for row in rows)
    sys.stdout.write(f"\n{title}\n")
    for row in rows:
        mark = {True: "reached", False: "MISSED", None: ""}[row.is_reached]
        value = f"{row.value:,.0f}" if abs(row.value) >= 1000 else f"{row.value:,.3g}"
        sys.stdout.write(
            f"  {row.name.ljust(width)}  {value:>14} {row.unit:<10} {row.target:<10} {mark}".rstrip() + "\n"
        )
    sys.stdout.flush()
