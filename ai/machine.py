"""What this machine offers a training: cores, memory, GPUs, shared memory, file handles.

The limits of a container count: the quota and the memory of its control groups (v1 and v2), not only what the machine has.
Everything is looked up where ``Places`` says, so that a made-up machine is a folder.
"""

import contextlib
import importlib.util
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from ai.advice import Line
from game.executors.base import usable_cores
from game.executors.segments import SEGMENTS

MIB: Final = 2**20
GIB: Final = 2**30


@dataclass(frozen=True)
class Gpu:
    """A CUDA device that torch can use; bytes."""

    name: str
    memory: int
    memory_free: int


@dataclass(frozen=True)
class GpuSearch:
    """The GPUs, and how they were looked for."""

    gpus: tuple[Gpu, ...]
    how: str


@dataclass(frozen=True)
class SharedMemory:
    """Memory that processes can share; bytes. ``size`` and ``free`` are None where no folder limits it."""

    is_usable: bool = True
    size: int | None = None
    free: int | None = None

    def has_room(self, size: int) -> bool:
        """Whether segments of ``size`` bytes in all can be made and filled."""
        return self.is_usable and (self.free is None or size < self.free)


@dataclass(frozen=True)
class FileHandles:
    """How many file handles this process may have open, None without a limit, and how many it has."""

    limit: int | None = None
    used: int = 0
    most: int | None = None
    """How far the user may raise the limit; None without an end."""

    @property
    def free(self) -> float:
        """How many more it may open; infinite without a limit."""
        return math.inf if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True)
class Machine:
    """What was found. ``memory`` is what this process may use at all, bytes."""

    cores: int
    """Physical cores that this process may use, within its affinity and its quota; at least 1."""
    memory: int
    memory_free: int
    gpus: tuple[Gpu, ...] = ()
    gpu_search: str = "not looked for"
    """How GPUs were looked for, and why there is none."""
    shared_memory: SharedMemory = SharedMemory()
    file_handles: FileHandles = FileHandles()
    core_quota: float | None = None
    """Cores that a container's quota allows; None without one."""
    busy_cores: float = 0.0
    """Of the cores that this process may use, how many others kept busy a moment ago."""

    def lines(self) -> tuple[Line, ...]:
        """Return what was found, for people."""
        quota = "" if self.core_quota is None else f", with a quota of {self.core_quota:g}"
        return (
            Line("cores", f"{self.cores} usable{quota}", self.cores),
            Line("other work", f"keeps {self.busy_cores:.1f} cores busy", round(self.busy_cores, 2)),
            Line("memory", f"{self.memory_free / GIB:.1f} of {self.memory / GIB:.1f} GiB free", self.memory_free),
            Line("GPU", self._gpu_text(), len(self.gpus)),
            Line("shared memory", _shared_memory_text(self.shared_memory), self.shared_memory.free),
            Line("file handles", _file_handles_text(self.file_handles), self.file_handles.limit),
        )

    def _gpu_text(self) -> str:
        found = [f"{gpu.name}, {gpu.memory_free / GIB:.1f} of {gpu.memory / GIB:.1f} GiB free" for gpu in self.gpus]
        return "; ".join(found) or f"none: {self.gpu_search}"


def _shared_memory_text(shared: SharedMemory) -> str:
    if not shared.is_usable:
        return "not to be had"
    if shared.size is None or shared.free is None:
        return "works, without a limit of its own"
    return f"{shared.free / MIB:,.0f} of {shared.size / MIB:,.0f} MiB free"


def _file_handles_text(handles: FileHandles) -> str:
    if handles.limit is None:
        return "no limit"
    end = "any number" if handles.most is None else f"{handles.most:,}"
    return f"{handles.used:,} of {handles.limit:,} open" + (
        f", the limit can be raised to {end}" if handles.most != handles.limit else ""
    )


@dataclass(frozen=True)
class Places:
    """Where a system tells about itself."""

    processes: Path = Path("/proc")
    control_groups: Path = Path("/sys/fs/cgroup")
    segments: Path = SEGMENTS
    drivers: tuple[Path, ...] = (
        Path("/proc/driver/nvidia"),
        Path("/dev/nvidiactl"),
        Path("/dev/nvhost-gpu"),
        Path("/dev/dxg"),
        Path("C:/Windows/System32/nvcuda.dll"),
    )
    """What an NVIDIA driver leaves on Linux, in containers, on Jetson boards, in WSL and on Windows."""


def detect(places: Places | None = None) -> Machine:
    """Return what this process has at the moment; torch is imported only where there is an NVIDIA driver."""
    where = places or Places()
    quota = cpu_quota(where)
    system = psutil.virtual_memory()
    limit, free = memory_limit(where)
    search = find_gpus(where)
    return Machine(
        cores=cores_within(usable_cores(), quota),
        core_quota=quota,
        busy_cores=busy_cores(),
        memory=min(system.total, limit),
        memory_free=min(system.available, free),
        gpus=search.gpus,
        gpu_search=search.how,
        shared_memory=find_shared_memory(where.segments),
        file_handles=find_file_handles(),
    )


def cores_within(cores: int, quota: float | None) -> int:
    """Return how many of ``cores`` a quota can keep busy, at least 1."""
    return cores if quota is None else max(1, min(cores, math.floor(quota)))


def busy_cores(look_s: float = 0.1) -> float:
    """Return how many of the cores that this process may use others keep busy, as seen for ``look_s`` seconds."""
    shares = psutil.cpu_percent(look_s, percpu=True)
    if hasattr(psutil.Process, "cpu_affinity"):
        allowed = set(psutil.Process().cpu_affinity())
        shares = [share for index, share in enumerate(shares) if index in allowed]
    return sum(shares) / 100.0


def cpu_quota(places: Places) -> float | None:
    """Return the cores that the control groups of this process allow, None if they set no limit."""
    quotas = []
    for folder in _control_groups("cpu", places):
        text = _read(folder / "cpu.max").split()  # v2: quota and period, microseconds
        if not text:
            text = [_read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip()]
        quota, period = (_whole(part) for part in text[:2])
        if quota is not None and period is not None and quota > 0 and period > 0:
            quotas.append(quota / period)
    return min(quotas, default=None)


class _Memory(NamedTuple):
    limit: float
    free: float


def memory_limit(places: Places) -> tuple[int, int]:
    """Return the least limit of memory that the control groups of this process set, and the least that is left; bytes.

    ``sys.maxsize`` if there is none. Pages of files that nobody uses count as free: the system takes them back.
    """
    found = [_Memory(sys.maxsize, sys.maxsize)]
    for folder in _control_groups("memory", places):
        for limit_name, used_name, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _whole(_read(folder / limit_name)), _whole(_read(folder / used_name))
            if limit is not None and used is not None:
                used -= min(used, _entry(folder / "memory.stat", cache))
                found.append(_Memory(limit, max(0, limit - used)))
    return int(min(each.limit for each in found)), int(min(each.free for each in found))


def _control_groups(controller: str, places: Places) -> Iterator[Path]:
    """Yield the folders of this process's control groups for ``controller``, each from its own up to the root.

    A container may see its own group as the root, and names in ``/proc/self/cgroup`` that it cannot reach.
    """
    for line in _read(places.processes / "self" / "cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        roots = (controllers, controller) if controllers else ("", "unified")
        parts = [] if ".." in path else [part for part in path.split("/") if part]
        for root in dict.fromkeys(roots):
            for depth in range(len(parts), -1, -1):
                yield places.control_groups.joinpath(root, *parts[:depth])


def _read(path: Path) -> str:
    """Return a small file's text, empty if it is not there."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:  # "max", or nothing
        return None


def _entry(path: Path, name: str) -> int:
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _whole(value) or 0
    return 0


def find_gpus(places: Places, ask: Callable[[], GpuSearch] | None = None) -> GpuSearch:
    """Return the GPUs that torch can use; ``ask`` is called only if a driver is there and torch is installed."""
    if not any(path.exists() for path in places.drivers):
        return GpuSearch((), f"no NVIDIA driver (looked for {', '.join(str(path) for path in places.drivers[:2])})")
    if importlib.util.find_spec("torch") is None:
        return GpuSearch((), "there is an NVIDIA driver, but torch is not installed: pip install -r requirements.txt")
    return (ask or _ask_torch)()


def _ask_torch() -> GpuSearch:
    """Return the GPUs as torch sees them; it opens each one for that."""
    import torch  # takes a second or two: only where there is a driver

    if torch.version.cuda is None:
        return GpuSearch((), f"there is an NVIDIA driver, but torch {torch.__version__} is built without CUDA")
    try:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        found = [_gpu(torch.cuda.get_device_name(index), *torch.cuda.mem_get_info(index)) for index in range(count)]
    except RuntimeError as error:
        return GpuSearch((), f"torch cannot use it ({str(error).splitlines()[0]})")
    return GpuSearch(tuple(found), f"torch {torch.__version__} with CUDA {torch.version.cuda} sees {count}")


def _gpu(name: str, free: int, total: int) -> Gpu:
    return Gpu(name, total, free)


def find_shared_memory(folder: Path, try_out: Callable[[], bool] | None = None) -> SharedMemory:
    """Return what can be shared: whether it works is tried out, how much there is stands in ``folder``."""
    if not (try_out or _makes_a_segment)():
        return SharedMemory(is_usable=False)
    if not folder.is_dir():
        return SharedMemory()
    usage = shutil.disk_usage(folder)
    return SharedMemory(size=usage.total, free=usage.free)


def _makes_a_segment() -> bool:
    try:
        segment = shared_memory.SharedMemory(create=True, size=4096)
    except (OSError, ImportError):
        return False
    segment.close()
    segment.unlink()
    return True


def find_file_handles() -> FileHandles:
    """Return this process's file handles; where nothing counts them, there is no limit."""
    if sys.platform == "win32":
        return FileHandles()
    import resource  # there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = 0
    with contextlib.suppress(psutil.Error, OSError):
        used = psutil.Process().num_fds()
    return FileHandles(_limit(soft, resource.RLIM_INFINITY), used, _limit(hard, resource.RLIM_INFINITY))


def _limit(value: int, infinity: int) -> int | None:
    return None if value == infinity else value
