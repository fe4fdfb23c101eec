"""The serial executor: the yardstick, so it is compared with the bare batch loop."""

import threading
from multiprocessing.connection import Listener

import psutil
import pytest

from game.batch import play_batch
from game.executors.base import ExecutorSettings, Matches, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.python_bot import PythonPolicy, TimeLimits
from tests.doubles import deciding, matches, scripted_field


def test_chunks_change_nothing_about_the_results():
    policies, rows = scripted_field(), matches(200, 3)
    whole = play_batch(GAME, build_bank(policies), rows)
    for batch_size in (1, 7, 200, None):
        executor = SerialExecutor(ExecutorSettings(batch_size=batch_size))
        assert executor.run(Matches(GAME, policies, rows)).tobytes() == whole.tobytes()


def test_chunks_come_in_the_order_of_the_matches():
    played = SerialExecutor().play(GAME, scripted_field(), [matches(60, 3), matches(60, 3, first_id=60)])
    assert [match_id for chunk in played for match_id in chunk.results["match_id"].tolist()] == list(range(120))


@pytest.mark.timeout(60)
def test_cancelling_ends_the_wait_for_a_bot_that_sleeps(tmp_path):
    address = str(tmp_path / "bot")
    head = "import time\nfrom multiprocessing.connection import Client"
    sleeps = PythonPolicy(deciding(f"Client({address!r})\ntime.sleep(3600)", head=head))
    control = RunControl()
    executor = SerialExecutor(ExecutorSettings(limits=TimeLimits(3600, 3600)))
    with Listener(address) as listener:

        def cancel() -> None:
            listener.accept().close()
            control.set(RunState.CANCELLED)

        thread = threading.Thread(target=cancel, daemon=True)
        thread.start()
        assert list(executor.play(GAME, (*scripted_field(), sleeps), [matches(8, 4)[5:]], control)) == []
        thread.join()
    assert not [child for child in psutil.Process().children() if "bot_entry" in " ".join(child.cmdline())]
