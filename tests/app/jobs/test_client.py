"""The starter's end of the line: children that talk, crash, hang and leave."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from app.jobs.client import MAX_WAITING, JobClient
from app.jobs.message import Message

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
DEADLINE_S = 60.0
ECHO = """
import sys
for line in sys.stdin:
    if "ask" in line:
        print('{"event":"heard"}', flush=True)
    if "stop" in line:
        sys.exit(0)
"""


def child(script: str) -> JobClient:
    return JobClient(
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
    )


@pytest.fixture(autouse=True)
def _no_thread_and_no_process_is_left() -> Iterator[None]:
    threads, children = set(threading.enumerate()), set(psutil.Process().children(recursive=True))
    yield
    assert not [thread for thread in threading.enumerate() if thread not in threads]
    assert not [process for process in psutil.Process().children(recursive=True) if process not in children]


def all_of(client: JobClient) -> list[Message]:
    """Return everything that the job says until it ends."""
    client._process.wait(DEADLINE_S)
    for reader in client._readers:
        reader.join(DEADLINE_S)
    return client.take(DEADLINE_S)


def test_events_come_in_order_and_other_output_is_nobodys() -> None:
    client = child("""print('{"event":"a","n":1}\\nlibrary noise\\n[2]\\n{"x":1}\\n{"event":"b"}')""")
    assert all_of(client) == [{"event": "a", "n": 1}, {"event": "b"}]
    assert not client.is_running
    assert (client.exit_code, client.reason) == (0, "")
    client.close()


def test_a_crowd_of_events_loses_old_progress_and_nothing_else() -> None:
    client = child(
        """print('{"event":"fault"}')
for n in range(5000): print('{"event":"progress","done":%d}' % n)
print('{"event":"ended"}')"""
    )
    told = all_of(client)
    assert (told[0], told[-1]) == ({"event": "fault"}, {"event": "ended"})
    assert told[-2] == {"event": "progress", "done": 4999}
    assert len(told) == MAX_WAITING
    client.close()


def test_taking_stops_when_its_time_is_over() -> None:
    client = child("""print('{"event":"a"}\\n{"event":"b"}\\n{"event":"c"}')""")
    client._process.wait(DEADLINE_S)
    for reader in client._readers:
        reader.join(DEADLINE_S)
    assert client.take(0.0) == [{"event": "a"}]
    assert client.is_running  # it has something left to say
    assert client.take(DEADLINE_S) == [{"event": "b"}, {"event": "c"}]
    assert not client.is_running
    client.close()


def test_an_expected_error_is_its_own_sentence() -> None:
    client = child("import sys; sys.stderr.write('some log\\nerror: the league is locked\\n'); sys.exit(2)")
    all_of(client)
    assert client.reason == "the league is locked"
    assert client.detail == "some log\nerror: the league is locked"
    client.close()


def test_a_traceback_is_a_detail_and_never_the_reason() -> None:
    client = child("def f(): raise KeyError('x')\nf()")
    all_of(client)
    assert client.reason == (
        "the job's process has failed (exit code 1): what it has stored is kept, and its log says more"
    )
    assert "Traceback" in client.detail
    assert client.detail.endswith("KeyError: 'x'")
    client.close()


@POSIX
def test_a_killed_job_says_by_what() -> None:
    client = child("import time; time.sleep(3600)")
    psutil.Process(client.pid).send_signal(signal.SIGKILL)
    all_of(client)
    assert client.exit_code == -signal.SIGKILL
    assert client.reason.startswith("the job's process was killed (SIGKILL), perhaps for want of memory: ")
    client.close()


def test_ending_lets_it_stop_by_itself() -> None:
    client = child(ECHO)
    client.send("ask")
    client.end(DEADLINE_S)
    assert client.exit_code == 0
    assert [message["event"] for message in client.take(1.0)] == ["heard"]
    client.send("stop")  # nobody hears it


@POSIX
def test_ending_kills_what_does_not_listen_with_all_that_it_has_started() -> None:
    client = child(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        'print(\'{"event":"inner","pid":%d}\' % inner.pid, flush=True)\n'
        "time.sleep(3600)"
    )
    inner = psutil.Process(int(str(client._events.take(DEADLINE_S)["pid"])))
    client.end(0.2)
    assert client.exit_code == -signal.SIGKILL
    assert not psutil.wait_procs([inner], DEADLINE_S)[1]


def test_a_detached_job_is_left_alone() -> None:
    client = child(ECHO)
    client.detach()
    client.end(0.0)
    assert client.is_running
    client._is_detached = False
    client.end(DEADLINE_S)


def test_the_real_program_starts_and_its_sentence_comes_back() -> None:
    client = JobClient.start(["table", "--serve"])
    all_of(client)
    assert client.exit_code == 2
    assert "--serve and --quick-first need --events" in client.reason
    client.close()
