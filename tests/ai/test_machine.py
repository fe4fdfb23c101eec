"""What a machine has, as files of made-up machines tell it."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from ai.machine import (
    GIB,
    MIB,
    FileHandles,
    Gpu,
    GpuSearch,
    Machine,
    Places,
    SharedMemory,
    cores_within,
    cpu_quota,
    detect,
    find_file_handles,
    find_gpus,
    find_shared_memory,
    memory_limit,
)

ROOT = Path(__file__).resolve().parents[2]


def made_up(folder: Path, own_groups: str, files: dict[str, str]) -> Places:
    """Return the places of a machine whose control groups are ``files``."""
    for name, text in {"proc/self/cgroup": own_groups, **{f"groups/{at}": text for at, text in files.items()}}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return Places(folder / "proc", folder / "groups", folder / "shm", (folder / "driver",))


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", {}, None),
        ("", {"cpu.max": "100000 100000\n"}, None),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 25000\n"}, 2.0),
        ("0::/a/b\n", {"a/b/cpu.max": "300000 100000\n", "a/cpu.max": "800000 100000\n"}, 3.0),
        ("0::/docker/unseen\n", {"cpu.max": "400000 100000\n"}, 4.0),
        ("0::/../..\n", {"cpu.max": "400000 100000\n"}, 4.0),
        ("1:name=systemd:/\n0::/\n", {"unified/cpu.max": "200000 100000\n"}, 2.0),
        (
            "4:cpu,cpuacct:/x\n3:memory:/x\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            2.5,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("9:cpuset:/\n", {"cpuset/cpu.cfs_quota_us": "100000", "cpuset/cpu.cfs_period_us": "100000"}, None),
    ],
)
def test_the_quota_of_a_container_is_the_least_on_the_way_to_the_root(tmp_path, own, files, expected):
    assert cpu_quota(made_up(tmp_path, own, files)) == expected


@pytest.mark.parametrize(
    ("cores", "quota", "expected"),
    [(8, None, 8), (8, 4.0, 4), (8, 2.9, 2), (8, 0.5, 1), (2, 16.0, 2), (1, None, 1)],
)
def test_a_part_of_a_core_is_no_core_but_there_is_always_one(cores, quota, expected):
    assert cores_within(cores, quota) == expected


def test_memory_is_what_the_container_has_and_cached_files_are_free(tmp_path):
    stat = f"anon 5\ninactive_file {MIB}\n"
    v2 = {"a/memory.max": f"{64 * MIB}\n", "a/memory.current": f"{24 * MIB}\n", "a/memory.stat": stat}
    assert memory_limit(made_up(tmp_path / "v2", "0::/a\n", v2)) == (64 * MIB, 41 * MIB)
    stat = f"inactive_file 7\ntotal_inactive_file {2 * MIB}\n"
    v1 = {
        "memory/memory.limit_in_bytes": f"{32 * MIB}\n",
        "memory/memory.usage_in_bytes": f"{34 * MIB}\n",
        "memory/memory.stat": stat,
    }
    assert memory_limit(made_up(tmp_path / "v1", "4:memory:/\n", v1)) == (32 * MIB, 0)
    assert memory_limit(made_up(tmp_path / "none", "0::/\n", {"memory.max": "max"})) == (sys.maxsize, sys.maxsize)


def test_a_container_with_a_quota_is_a_small_machine(tmp_path):
    groups = {"cpu.max": "100000 100000", "memory.max": str(700 * MIB), "memory.current": str(300 * MIB)}
    found = detect(made_up(tmp_path, "0::/", groups))
    assert (found.cores, found.core_quota) == (1, 1.0)
    assert (found.memory, found.memory_free) == (700 * MIB, 400 * MIB)
    assert (found.gpus, found.shared_memory.size) == ((), None)
    texts = {line.name: line.text for line in found.lines()}
    assert texts["cores"] == "1 usable, with a quota of 1"
    assert texts["memory"] == "0.4 of 0.7 GiB free"
    assert texts["GPU"].startswith("none: no NVIDIA driver")


def test_this_machine_has_a_core_and_memory():
    found = detect()
    assert found.cores >= 1
    assert 0 < found.memory_free <= found.memory
    assert found.file_handles == FileHandles() or found.file_handles.used > 0
    assert found.busy_cores >= 0.0
    assert [line.name for line in found.lines()] == [
        "cores",
        "other work",
        "memory",
        "GPU",
        "shared memory",
        "file handles",
    ]


def test_torch_is_asked_only_where_there_is_a_driver(tmp_path):
    places = Places(drivers=(tmp_path / "nvidia", tmp_path / "dxg"))
    found = GpuSearch((Gpu("made up", 8 * GIB, 6 * GIB),), "torch sees 1")
    asked: list[int] = []

    def ask() -> GpuSearch:
        asked.append(1)
        return found

    none = find_gpus(places, ask)
    assert (none.gpus, asked) == ((), [])
    assert none.how == f"no NVIDIA driver (looked for {tmp_path / 'nvidia'}, {tmp_path / 'dxg'})"
    (tmp_path / "dxg").touch()
    assert find_gpus(places, ask) == found
    assert asked == [1]


def test_looking_at_a_machine_without_a_driver_loads_no_torch(tmp_path):
    code = (
        "import sys; from pathlib import Path; from ai.machine import Places, detect; "
        f"found = detect(Places(drivers=(Path({str(tmp_path / 'driver')!r}),))); "
        "sys.exit('torch' in sys.modules or bool(found.gpus))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_shared_memory_is_tried_out_and_measured_where_a_folder_holds_it(tmp_path):
    assert not find_shared_memory(tmp_path, lambda: False).is_usable
    free = find_shared_memory(tmp_path / "nothing", lambda: True)
    assert (free, free.has_room(2**60)) == (SharedMemory(), True)
    measured = find_shared_memory(tmp_path, lambda: True)
    assert measured.free is not None
    assert measured.size is not None
    assert 0 < measured.free <= measured.size
    assert measured.has_room(1)
    assert not measured.has_room(measured.free)
    assert not SharedMemory(is_usable=False).has_room(1)
    assert find_shared_memory(tmp_path).is_usable


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no file handles")
def test_the_limit_of_file_handles_is_that_of_the_process():
    code = (
        "import resource, sys; from ai.machine import find_file_handles; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 80)); found = find_file_handles(); "
        "sys.exit(repr(found) if (found.limit, found.most) != (64, 80) or not 0 < found.free < 64 else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert FileHandles().free == math.inf
    assert FileHandles(10, 20).free == 0
    assert find_file_handles().used >= 0


@pytest.mark.parametrize(
    ("machine", "name", "text"),
    [
        (Machine(4, 8 * GIB, GIB), "shared memory", "works, without a limit of its own"),
        (Machine(4, 8 * GIB, GIB, shared_memory=SharedMemory(False)), "shared memory", "not to be had"),
        (
            Machine(4, 8 * GIB, GIB, shared_memory=SharedMemory(size=64 * MIB, free=63 * MIB)),
            "shared memory",
            "63 of 64 MiB free",
        ),
        (
            Machine(4, 8 * GIB, GIB, file_handles=FileHandles(64, 9, 4096)),
            "file handles",
            "9 of 64 open, the limit can be raised to 4,096",
        ),
        (Machine(4, 8 * GIB, GIB, file_handles=FileHandles(64, 9, 64)), "file handles", "9 of 64 open"),
        (
            Machine(4, 8 * GIB, GIB, file_handles=FileHandles(64, 9, None)),
            "file handles",
            "9 of 64 open, the limit can be raised to any number",
        ),
        (Machine(4, 8 * GIB, GIB), "file handles", "no limit"),
        (Machine(64, 8 * GIB, GIB, (Gpu("H", 80 * GIB, 79 * GIB),)), "GPU", "H, 79.0 of 80.0 GiB free"),
    ],
)
def test_what_was_found_is_said(machine, name, text):
    assert {line.name: line.text for line in machine.lines()}[name] == text
