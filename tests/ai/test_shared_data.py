"""Shared arrays: the same numbers in another process, counted uses, and no segment left behind, whoever is killed."""

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from ai.errors import TrainingError
from ai.shared_data import SharedArrays, SharedDatasets, SharedViews
from game.executors.segments import SEGMENTS, process_namespace, remove_stale_segments
from tests.doubles import wait_for_end

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and /dev/shm")

ARRAYS = arrays_of.arrays(
    st.sampled_from([np.float32, np.int64, np.bool_, np.uint8]),
    arrays_of.array_shapes(min_dims=0, min_side=0, max_side=5),
)


def no_room(size):
    return False


class TestArrays:
    @given(st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4), st.booleans())
    def test_they_arrive_as_they_were_sent_with_or_without_shared_memory(self, arrays, is_shared):
        room = (lambda size: True) if is_shared else no_room
        with SharedArrays(arrays, has_room=room) as shared:
            assert bool(shared.address.segment) == is_shared
            with SharedViews([pickle.loads(pickle.dumps(shared.address))]) as views:  # noqa: S301  # as it travels
                assert list(views) == list(arrays)
                for name, array in arrays.items():
                    assert views[name].dtype == array.dtype
                    assert views[name].shape == array.shape
                    assert views[name].tobytes() == array.tobytes()
                    assert not views[name].flags.writeable
            assert shared.holds(arrays)

    def test_an_array_out_of_order_is_shared_in_order(self):
        array = np.arange(12).reshape(3, 4).T[::2]
        with SharedArrays({"x": array}) as shared, SharedViews([shared.address]) as views:
            assert np.array_equal(views["x"], array)
            assert shared.holds({"x": array})

    def test_they_are_gone_with_their_owner(self):
        shared = SharedArrays({"x": np.arange(3)})
        shared.close()
        shared.close()
        with pytest.raises(FileNotFoundError):
            SharedViews([shared.address])

    @pytest.mark.parametrize("array", [np.array([{}]), np.array(["text"]), np.zeros(2, [("a", int)])])
    def test_what_is_no_number_is_refused(self, array):
        with pytest.raises(TrainingError, match=r"'x' holds .*only numbers can be shared"):
            SharedArrays({"x": array})


class TestDatasets:
    def test_what_is_registered_twice_is_one_segment_until_the_last_release(self):
        with SharedDatasets() as shared:
            x = np.array([1.0, np.nan])
            first = shared.register("x", x)
            assert shared.register("x", x.copy()) is first
            assert shared.register("y", x).segment != first.segment
            shared.release("x")
            with SharedViews(shared.addresses()) as views:
                assert set(views) == {"x", "y"}
                assert views["x"].tobytes() == x.tobytes()
            shared.release("x")
            assert [address.places[0].name for address in shared.addresses()] == ["y"]
            with pytest.raises(FileNotFoundError):
                SharedViews([first])

    def test_a_name_means_one_array(self):
        with SharedDatasets() as shared:
            shared.register("x", np.arange(3))
            for other in (np.arange(3) + 1, np.arange(3).astype(np.float64), np.arange(3).reshape(1, 3)):
                with pytest.raises(TrainingError, match="'x' is registered with other numbers"):
                    shared.register("x", other)
            shared.release("x")
            shared.register("x", np.arange(4))

    def test_what_is_not_registered_cannot_be_released(self):
        with SharedDatasets() as shared:
            shared.register("x", np.arange(3))
            with pytest.raises(TrainingError, match="'y' is not registered: x is"):
                shared.release("y")

    def test_leaving_releases_everything(self):
        with SharedDatasets() as shared:
            address = shared.register("x", np.arange(3))
            shared.register("x", np.arange(3))
        assert not shared.addresses()
        with pytest.raises(FileNotFoundError):
            SharedViews([address])

    def test_want_of_room_is_said_once_and_costs_only_copies(self, caplog):
        with SharedDatasets(has_room=no_room) as shared, caplog.at_level(logging.WARNING):
            for name in ("x", "y"):
                shared.register(name, np.arange(3))
                shared.register(name, np.arange(3))
            with shared.share({"z": np.arange(4)}), SharedViews(shared.addresses()) as views:
                assert views["y"].tolist() == [0, 1, 2]
        assert len(caplog.records) == 1
        assert "every worker gets copies" in caplog.text


def name_of(pid, number=0, namespace=None):
    inode = process_namespace() if namespace is None else namespace
    return f"rally-{inode}-{pid}-{number}"


@pytest.fixture
def dead():
    """The id of a process that has ended, and that nobody has had since."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert not psutil.pid_exists(process.pid)
    return process.pid


@on_linux
class TestStaleSegments:
    def test_a_name_tells_the_owner(self):
        with SharedArrays({"x": np.arange(3)}) as one, SharedArrays({"x": np.arange(3)}) as other:
            names = [shared.address.segment for shared in (one, other)]
            assert [name.rpartition("-")[0] for name in names] == [name_of(os.getpid()).rpartition("-")[0]] * 2
            assert names[0] != names[1]

    def test_only_those_of_dead_owners_are_removed(self, tmp_path, dead):
        kept = [
            name_of(os.getpid()), name_of(dead, namespace=1), f"rally-{dead}-0", name_of(dead) + "-x", f"psm_{dead}",
        ]  # fmt: skip
        for name in (*kept, name_of(dead), name_of(dead, 17)):
            Path(tmp_path, name).touch()
        remove_stale_segments(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
        remove_stale_segments(tmp_path / "none")

    def test_what_cannot_be_removed_is_left(self, tmp_path, dead):
        Path(tmp_path, name_of(dead)).mkdir()
        Path(tmp_path, name_of(dead, 1)).touch()
        remove_stale_segments(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [name_of(dead)]

    def test_a_new_owner_removes_them(self, dead):
        path = Path(SEGMENTS, name_of(dead))
        path.touch()
        SharedDatasets().release_all()
        assert not path.exists()

    def test_a_name_that_a_dead_namesake_has_left_is_passed_over(self):
        with SharedArrays({"x": np.arange(3)}) as shared:
            number = int(shared.address.segment.rpartition("-")[2])
        path = Path(SEGMENTS, name_of(os.getpid(), number + 1))
        path.touch()
        try:
            with SharedArrays({"x": np.arange(3)}) as shared:
                assert shared.address.segment == name_of(os.getpid(), number + 2)
        finally:
            path.unlink()


HOLDER = """
import sys
from pathlib import Path
import numpy as np
from ai.evaluation_pool import EvaluationPool, PoolSettings
from tests.ai.fitness_functions import Sleeper
if __name__ == "__main__":
    data = {"x": np.ones((50, 4)), "y": np.ones(50)}
    settings = PoolSettings(2, "process", sys.argv[2], keepalive=True)
    with EvaluationPool(Sleeper(Path(sys.argv[1])), data, settings, say=print) as pool:
        pool.evaluate({"weight": np.zeros((20, 4))}, 20)
        print("ready", flush=True)
        if sys.stdin.readline():
            pool.evaluate({"weight": np.ones((20, 4))}, 20)
"""


FORGETFUL = """
import numpy as np
from ai.evaluation_pool import EvaluationPool, PoolSettings
from tests.ai.fitness_functions import Descent
if __name__ == "__main__":
    pool = EvaluationPool(
        Descent(), {"x": np.ones((50, 4)), "y": np.ones(50)}, PoolSettings(1, "process", keepalive=True), say=print
    )
    pool.evaluate({"weight": np.zeros((20, 4))}, 20)
    segments = [address.segment for address in pool._shared.addresses()]
    print(*segments)
"""


@contextlib.contextmanager
def holder(folder, method="spawn"):
    """Start a program that shares data with two workers; it does not outlive the block."""
    command = [sys.executable, "-W", "ignore", "-c", HOLDER, str(folder), method]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes) as program:
        try:
            assert program.stdout.readline() == "ready\n", program.stderr.read()
            yield program
        finally:
            program.kill()


def segments(pid):
    """Return the segments that a process maps."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return {Path(line.split()[-1]) for line in lines if f"{SEGMENTS}/rally-" in line}


def wait_for_sleepers(folder, program):
    """Return once both workers sleep in the middle of a generation."""
    for _ in range(10_000):
        if len(list(folder.iterdir())) == 2:
            return
        assert not psutil.wait_procs([psutil.Process(program.pid)], timeout=0.02)[0]
    raise AssertionError("the workers have not begun the generation")


@on_linux
@pytest.mark.slow
class TestKilledProcesses:
    @pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
    @pytest.mark.parametrize("is_busy", [True, False])
    def test_a_killed_owner_leaves_no_process_and_no_segment(self, tmp_path, method, is_busy):
        with holder(tmp_path, method) as program:
            if is_busy:
                program.stdin.write("\n")
                program.stdin.flush()
                wait_for_sleepers(tmp_path, program)
            owner = psutil.Process(program.pid)
            family = owner.children(recursive=True)
            held = segments(program.pid)
            assert len(held) == (3 if is_busy else 2)
            assert all(segment.exists() for segment in held)
            owner.kill()
        assert len(family) >= 3  # two workers and the resource tracker
        left = wait_for_end(family)
        for process in left:
            process.kill()
        assert not left
        assert not [segment for segment in held if segment.exists()]

    def test_what_a_killed_group_leaves_the_next_owner_removes(self, tmp_path):
        with holder(tmp_path) as program:
            family = psutil.Process(program.pid).children(recursive=True)
            held = segments(program.pid)
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        assert not wait_for_end(family)
        assert len(held) == 2
        assert all(segment.exists() for segment in held)
        SharedDatasets().release_all()
        assert not [segment for segment in held if segment.exists()]

    def test_a_killed_worker_leaves_no_segment_and_no_complaint(self, tmp_path):
        with holder(tmp_path) as program:
            held = segments(program.pid)
            workers = [
                child
                for child in psutil.Process(program.pid).children()
                if "resource_tracker" not in " ".join(child.cmdline())
            ]
            assert len(workers) == 2
            workers[0].kill()
            assert not wait_for_end([workers[0]])
            assert all(segment.exists() for segment in held)
            assert program.communicate(timeout=60) == ("", "")
            assert program.returncode == 0
        assert not [segment for segment in held if segment.exists()]

    def test_a_program_that_forgets_to_close_leaves_nothing_and_has_no_complaint(self):
        command = [sys.executable, "-c", FORGETFUL]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        held = [Path(SEGMENTS, name) for name in done.stdout.split()]
        assert len(held) == 2
        assert not [segment for segment in held if segment.exists()]
        assert not done.stderr
