"""Where torch computes, and what it says and hands back."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ai.errors import TrainingError

DEVICES: Final = ("cpu", "cuda")
PRECISIONS: Final = ("float32", "bfloat16")


def check_device(device: str, precision: str) -> None:
    """Refuse a device or a precision that is not to be had, with ``TrainingError``."""
    if device not in DEVICES:
        raise TrainingError(f"device '{device}' is unknown: choose one of {', '.join(DEVICES)}")
    if precision not in PRECISIONS:
        raise TrainingError(f"precision '{precision}' is unknown: choose one of {', '.join(PRECISIONS)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            f"device 'cuda' needs an NVIDIA GPU and a CUDA build of torch, but torch {torch.__version__} finds none here: "
            "choose device 'auto' or 'cpu'"
        )


def to_host(tensor: Tensor) -> NDArray[np.float32]:
    """Return a copy of ``tensor``."""
    array: NDArray[np.float32] = tensor.detach().cpu().numpy().copy()
    return array


def first_line(error: Exception) -> str:
    """Return what ``error`` says, without the advice on debugging that torch appends."""
    return str(error).partition("\n")[0]
