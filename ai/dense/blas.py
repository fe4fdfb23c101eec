"""One thread for BLAS: on matrices as small as ours, several only wait for each other, and take turns with other processes."""

import importlib
from typing import Final

from threadpoolctl import threadpool_limits

_LOADED_BY_KERNELS: Final = "scipy.linalg.cython_blas"
"""What ``numpy.dot`` in a kernel calls; it is loaded with the first such kernel, too late for a limit that was set before."""


def use_one_blas_thread() -> None:
    """Limit BLAS to one thread in this process, for good."""
    importlib.import_module(_LOADED_BY_KERNELS)
    threadpool_limits(1, user_api="blas")
