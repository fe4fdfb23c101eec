"""How every kernel of the project is compiled, and where the compiled code is kept.

Kernels work on *blocks* of ``LANES`` matches in structure-of-arrays layout: row ``r`` of a block is
``array[r * LANES : (r + 1) * LANES]``, one element a match. ``LANES`` is a constant, so the compiler
sees the distance between any two rows and vectorises over the lanes; a partly filled block passes its
count ``n``. Nothing here uses fastmath: results are the same bits on every machine.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numba
import platformdirs

LANES: Final = 64
"""Matches a block steps in lockstep; a block's rows then fit the L1 cache of a core."""

FEW_LANES: Final = 6
"""Below this many lanes of one network, a loop over lanes costs more than computing them one by one."""

F = TypeVar("F", bound=Callable[..., object])

_SOURCE_ROOT: Final = Path(__file__).parent

_SHARED_KERNELS: Final = ("ai/dense/kernels.py", "ai/neat_backprop/row_functions.py")
"""Where those kernels outside ``game/`` lie that kernels of other files call."""

_NOT_IN_KERNELS: Final = frozenset(
    {
        "env.py",
        "executors",
        "match.py",
        "render",
        "render.py",
        "replay.py",
        "tape.py",
        "timeline.py",
        "warmup.py",
    }
)
"""What no kernel reads: an edit there compiles nothing anew."""


def source_digest() -> str:
    """Short digest of the sources that a kernel may read, and of the compiler's version.

    numba's own cache looks only at the file that holds a kernel, not at the kernels it calls: after an
    edit of the rules a cached match loop would go on playing the old ones. A cache folder per digest
    cannot be stale.
    """
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:3]}".encode())
    for path in sorted(_SOURCE_ROOT.rglob("*.py")):
        name = path.relative_to(_SOURCE_ROOT)
        if name.parts[0] not in _NOT_IN_KERNELS and not name.stem.endswith("_hindsight"):
            digest.update(name.as_posix().encode())
            digest.update(path.read_bytes())
    for shared in _SHARED_KERNELS:
        digest.update((_SOURCE_ROOT.parent / shared).read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Folder of the compiled kernels of exactly these sources (``RALLY_KERNEL_CACHE`` overrides its parent)."""
    root = os.environ.get("RALLY_KERNEL_CACHE") or str(Path(platformdirs.user_cache_dir("rally-league")) / "kernels")
    return Path(root) / source_digest()


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]  # numba makes it when it is imported


def _compiler(**wrappers: bool) -> Callable[[F], F]:
    """Return numba's decorator with the settings that all kernels share; its own type knows only some of them."""
    options: dict[str, object] = {"cache": True, "nogil": True, "error_model": "numpy", "boundscheck": False}
    decorate: Callable[..., Callable[[F], F]] = numba.njit
    return decorate(**options, no_cfunc_wrapper=True, **wrappers)


def kernel(function: F) -> F:
    """Compile ``function`` strictly (IEEE order, no bounds checks), without the GIL, cached on disk.

    Only other kernels may call it: it gets no wrappers for Python, which take half of the time to compile. It must not
    make arrays: without reference counts, whose atomic operations cost more than a short loop, it cannot free them.
    """
    compiled: F = _compiler(no_cpython_wrapper=True, _nrt=False)(function)
    return compiled


def entry(function: F) -> F:
    """Compile ``function`` as ``kernel`` does, for Python to call."""
    compiled: F = _compiler()(function)
    return compiled


def is_compiled(*kernels: str) -> bool:
    """Whether an earlier process has left the compiled ``kernels``, named by their functions, of exactly these sources."""
    folder = cache_folder()
    return all(any(folder.rglob(f"*.{name}-*.nbi")) for name in kernels)
