"""A population's fitness, part by part: in this thread, in others, or in worker processes. Results never depend on which.

Compiled fitness functions that release the GIL are best served by threads; processes are for those in Python. A process gets
the fitness function and the addresses of the data once, and then for every part only the address of the packed generation and
the range of its members.
"""

import functools
import logging
import multiprocessing
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import RunFailedError, TrainingCancelled, TrainingError
from ai.evaluation_settings import PoolSettings
from ai.evaluation_worker import Evaluate, Task, dump, evaluate_part
from ai.evaluation_worker_entry import enter
from ai.shared_data import Arrays, SharedDatasets

logger = logging.getLogger(__name__)

_PARTS_PER_WORKER: Final = 4
"""Parts of a generation for each worker: enough to level out what takes longer, few enough to cost nothing."""

_CANCEL_CHECK_S: Final = 0.1


class EvaluationPool:
    """Evaluates generation after generation with one fitness function on one set of data.

    A context manager, used by one thread. Workers start with the first generation.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        data: Arrays,
        settings: PoolSettings,
        *,
        say: Callable[[str], None],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin; where processes are wanted but ``evaluate`` cannot be pickled, ``say`` is told so and threads do the work."""
        self._evaluate = evaluate
        self._data = _read_only(data)
        self._settings = settings
        self._say = say
        self._cancelled = cancelled
        self._shared = SharedDatasets()
        self._session = b""
        self._pool: Executor | None = None
        self._generation = 0
        self._served = 0
        self.worker_deaths = 0
        self.backend = settings.backend
        """Where the work is really done."""
        if self.backend == "process":
            self._share()

    def __enter__(self) -> "EvaluationPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def evaluate(self, generation: Arrays, count: int) -> dict[str, NDArray[Any]]:
        """Return what the fitness function says of the ``count`` members of ``generation``, joined along the first axis.

        Raises
        ------
        TrainingCancelled
            If the caller has cancelled meanwhile; the parts that were running have ended then.
        RunFailedError
            If worker processes die again and again over the same members.
        TrainingError
            If they cannot be started, or cannot load the fitness function.
        """
        parts = _parts(count, self._settings.workers)
        self._generation += 1
        if self.backend == "process":
            with self._shared.share(generation) as shared:
                task = functools.partial(Task, self._generation, shared.address)
                found = self._gather(lambda part: self._submit(task(part.start, part.stop)), parts)
            self._end_generation()
        elif self.backend == "thread":
            members = _read_only(generation)
            found = self._gather(lambda part: self._threads().submit(self._evaluate, self._data, members, part), parts)
        else:
            found = self._in_order(_read_only(generation), parts)
        return {name: np.concatenate([each[name] for each in found]) for name in (found[0] if found else ())}

    def close(self) -> None:
        """End the workers and free what is shared; calling it again does nothing."""
        self._end_workers()
        self._shared.release_all()

    def _share(self) -> None:
        """Put the data where processes find it, and pack what each of them is started with."""
        try:
            dump(self._evaluate, ())
        except Exception as error:  # noqa: BLE001  # pickling runs the code of whoever wrote the fitness function
            self._say(f"the fitness function cannot be sent to other processes ({error}): threads evaluate instead")
            self.backend = "thread"
            return
        resource_tracker.ensure_running()  # one for all: a forked worker would start one that unlinks what it has only mapped
        for name, array in self._data.items():
            self._shared.register(name, array)
        self._session = dump(self._evaluate, self._shared.addresses())

    def _in_order(self, generation: Arrays, parts: list[range]) -> list[Arrays]:
        found = []
        for part in parts:
            if self._cancelled():
                raise TrainingCancelled
            found.append(self._evaluate(self._data, generation, part))
        return found

    def _gather(self, submit: Callable[[range], Future[Arrays]], parts: list[range]) -> list[Arrays]:
        """Have all ``parts`` evaluated, one more than there are workers at a time; return what they came to, in their order."""
        waiting = deque(parts)
        running: dict[Future[Arrays], range] = {}
        found: dict[int, Arrays] = {}
        died: set[range] = set()
        try:
            while waiting or running:
                if self._cancelled():
                    raise TrainingCancelled
                try:
                    while waiting and len(running) <= self._settings.workers:
                        future = submit(waiting[0])
                        running[future] = waiting.popleft()
                    done, _ = wait(running, _CANCEL_CHECK_S, FIRST_COMPLETED)
                    for ended in done:
                        found[running[ended].start] = ended.result()
                        del running[ended]
                except BrokenProcessPool:
                    waiting.extendleft(self._bury(running, found, died))
        finally:
            for future in running:
                future.cancel()
            wait(running)  # they still read the generation, which is about to be freed
        return [found[part.start] for part in parts]

    def _bury(self, running: dict[Future[Arrays], range], found: dict[int, Arrays], died: set[range]) -> list[range]:
        """End the workers, one of which has died; return the parts that were lost with them, each for the first time."""
        self.worker_deaths += 1
        self._end_workers()
        lost = []
        for future, part in running.items():
            if future.cancelled() or isinstance(future.exception(), BrokenProcessPool):
                lost.append(part)
            else:
                found[part.start] = future.result()
        running.clear()
        if again := died.intersection(lost):
            first = min(again, key=lambda part: part.start)
            raise RunFailedError(
                f"worker processes died twice over members {first.start} to {first.stop - 1} of a generation, perhaps for want "
                "of memory: make room, take fewer workers or the backend 'thread', and resume the run"
            )
        died.update(lost)
        if lost:  # otherwise it died while it was idle
            self._say(f"a worker process died: {sum(map(len, lost))} members of the generation are evaluated once more")
        return lost

    def _threads(self) -> Executor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._settings.workers, "evaluation")
        return self._pool

    def _submit(self, task: Task) -> Future[Arrays]:
        """Hand a task to the processes; ``TrainingError`` if the system refuses to start one."""
        if self._pool is None:
            context = multiprocessing.get_context(self._settings.start_method)
            self._pool = ProcessPoolExecutor(self._settings.workers, context, enter, (self._session,))
        try:
            return self._pool.submit(evaluate_part, task)
        except OSError as error:
            raise TrainingError(f"no worker process can be started: {error}") from error

    def _end_generation(self) -> None:
        self._served += 1
        if not self._settings.keepalive or self._served >= self._settings.restart_every:
            self._end_workers()

    def _end_workers(self) -> None:
        self._served = 0
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _read_only(arrays: Arrays) -> Arrays:
    """Return views of ``arrays`` that refuse writing, as those in shared memory do."""
    views = {name: array.view() for name, array in arrays.items()}
    for view in views.values():
        view.setflags(write=False)
    return MappingProxyType(views)


def _parts(count: int, workers: int) -> list[range]:
    """Return the members 0 to ``count - 1`` in parts of equal length, but for the last."""
    size = max(1, -(-count // (_PARTS_PER_WORKER * workers)))
    return [range(begin, min(begin + size, count)) for begin in range(0, count, size)]
