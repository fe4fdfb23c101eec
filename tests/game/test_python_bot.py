"""Users' Python bots: whatever they do, it costs their own match and nothing else."""

import os
import re
import sys
import threading
from multiprocessing.connection import Listener

import numpy as np
import psutil
import pytest

from game.errors import BotError
from game.executors.chunk import MAX_BOT_PROCESSES, ChunkPlayer
from game.fault import Cancelled, Fault
from game.games.rally import GAME
from game.match import match_array
from game.policies.bank import build_bank
from game.policies.python_bot import MAX_SOURCE_BYTES, BotProcess, PythonPolicy, TimeLimits, read_source
from game.spec import MatchEnd, MatchSpec, Seat, Termination
from tests.doubles import CHASER, DOUBLES, HARMLESS, PATIENT, STILL, deciding, starting, wait_for_end
from tests.game.networks import bot

OBSERVATION = np.zeros(GAME.n_observations, np.float32)


def play(sources, specs, limits=PATIENT):
    policies = (bot("tracker"), *(PythonPolicy(source) for source in sources))
    with ChunkPlayer(GAME, build_bank(policies), policies, limits) as player:
        return player.play(match_array(specs))


def children():
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize("double", DOUBLES, ids=lambda double: double.name)
def test_a_faulty_bot_forfeits_on_both_seats_with_a_line_that_says_why(double):
    played = play([double.source], [MatchSpec(7, 1, 0, 5, 1), MatchSpec(8, 0, 1, 5, 1)], double.limits)
    assert [(f.match_id, f.seat, f.termination) for f in played.faults] == [
        (7, Seat.LEFT, double.termination),
        (8, Seat.RIGHT, double.termination),
    ]
    assert played.results["outcome"].tolist() == [-1, 1]
    assert played.results["end"].tolist() == [MatchEnd.FORFEIT] * 2
    assert played.results["termination"].tolist() == [[double.termination, 0], [0, double.termination]]
    for fault in played.faults:
        assert double.says in fault.detail
        assert fault.detail.isprintable()
        assert len(fault.detail) < 400


@pytest.mark.parametrize("name", HARMLESS)
def test_an_odd_but_legal_bot_plays_as_if_it_were_not_odd(name, capfd):
    specs = [MatchSpec(0, 0, 1, 3, 1), MatchSpec(1, 1, 0, 3, 1)]
    odd, plain = play([HARMLESS[name]], specs), play([STILL], specs)
    assert odd.faults == ()
    assert odd.results.tobytes() == plain.results.tobytes()
    assert capfd.readouterr() == ("", "")


def test_the_observation_reaches_the_bot_and_its_action_the_court():
    followed = play([CHASER, STILL], [MatchSpec(0, 1, 2, seed, 3) for seed in range(4)])
    assert followed.results["outcome"].tolist() == [1] * 4
    assert followed.results["hits"][:, Seat.LEFT].min() > 0


def test_both_bots_faulty_is_a_draw_with_two_reports():
    played = play([DOUBLES[0].source], [MatchSpec(0, 1, 1, 5, 1)])
    assert played.results["outcome"].tolist() == [0]
    assert [fault.seat for fault in played.faults] == [Seat.LEFT, Seat.RIGHT]


def test_every_match_starts_afresh_whatever_the_file_keeps():
    remembers = deciding("seen.append(1)\nBot.mine = 2\nreturn 9 if len(seen) > 40 else 1", head="seen = []")
    refuses = remembers.replace(
        "    def decide", "    mine = 1\n    def __init__(self):\n        assert Bot.mine == 1\n    def decide"
    )
    for source in (remembers, refuses):
        played = play([source], [MatchSpec(n, 0, 1, 5, 5) for n in range(3)])
        assert len(np.unique(played.results["ticks"])) == 1
        assert {fault.termination for fault in played.faults} == {Termination.ILLEGAL_ACTION}


def test_a_file_that_fails_after_its_class_fails_in_every_match():
    played = play([f"{STILL}\nraise OSError('late')"], [MatchSpec(n, 0, 1, 5, 1) for n in range(3)])
    assert [fault.termination for fault in played.faults] == [Termination.NOT_LOADED] * 3


def test_the_match_after_a_fault_is_played_by_a_new_process(tmp_path):
    mark = tmp_path / "ended"
    source = deciding(
        f"if not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w').close()\n    os._exit(1)\nreturn 1"
    )
    played = play([f"import os\n{source}"], [MatchSpec(n, 0, 1, 5, 1) for n in range(2)])
    assert played.results["termination"][:, Seat.RIGHT].tolist() == [Termination.EXITED, Termination.OK]


def test_the_process_of_one_bot_serves_all_its_matches_until_it_is_closed():
    process = BotProcess(PythonPolicy(deciding("import os\nreturn os.getpid()")), PATIENT)
    with process:
        pids = set()
        for _ in range(3):
            process.start_match()
            pids.add(process.decide(OBSERVATION))
        assert len(pids) == 1
        held = [psutil.Process(pid) for pid in pids]
    assert not wait_for_end(held)
    process.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_what_a_bot_has_forked_ends_with_it():
    forks = "child = os.fork()\nif child == 0:\n    time.sleep(3600)\nreturn child"
    with BotProcess(PythonPolicy(deciding(forks, head="import os, time")), PATIENT) as process:
        process.start_match()
        child = psutil.Process(process.decide(OBSERVATION))
    assert not wait_for_end([child])


def test_a_player_of_chunks_keeps_few_processes_up_and_leaves_none():
    before = set(children())
    count = MAX_BOT_PROCESSES + 2
    policies = tuple(PythonPolicy(starting(f"self.name = {n}")) for n in range(count))
    with ChunkPlayer(GAME, build_bank(policies), policies, PATIENT) as player:
        faults = [player.play(match_array([MatchSpec(n, n, n, 1, 1)])).faults for n in range(count // 2 + 1)]
        up = [child for child in set(children()) - before if "resource_tracker" not in " ".join(child.cmdline())]
        assert len(up) == MAX_BOT_PROCESSES
    assert faults == [()] * len(faults)
    assert not wait_for_end(up)


def test_waiting_for_a_bot_ends_when_the_run_is_cancelled(tmp_path):
    cancelled = threading.Event()
    address = str(tmp_path / "bot")
    sleeps = deciding(
        f"import time\nfrom multiprocessing.connection import Client\nClient({address!r})\ntime.sleep(3600)"
    )
    with (
        Listener(address) as listener,
        BotProcess(PythonPolicy(sleeps), TimeLimits(3600, 3600), is_cancelled=cancelled.is_set) as process,
    ):

        def cancel() -> None:
            listener.accept().close()
            cancelled.set()

        thread = threading.Thread(target=cancel, daemon=True)
        thread.start()
        process.start_match()
        with pytest.raises(Cancelled):
            process.decide(OBSERVATION)
        thread.join()


def test_decisions_of_one_match_share_its_limit_and_the_next_match_has_its_own():
    # 600 decisions take far longer than nothing: the limit of the second match is whole again, not what was left.
    limits = TimeLimits(decision_s=60, match_s=60, start_s=60)
    with BotProcess(PythonPolicy(STILL), limits) as process:
        process.start_match()
        process._spent_s = 61.0
        with pytest.raises(Fault) as raised:
            process.decide(OBSERVATION)
        assert raised.value.termination is Termination.MATCH_TIMEOUT
        process.start_match()
        assert process.decide(OBSERVATION) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is kept on Linux only")
def test_a_bot_has_two_gibibytes_and_no_more():
    fits = deciding("held = bytes(2**30)\nreturn 1")
    too_much = deciding("held = bytes(2**31)\nreturn 1")
    with BotProcess(PythonPolicy(fits), PATIENT) as process:
        process.start_match()
        assert process.decide(OBSERVATION) == 1
    with BotProcess(PythonPolicy(too_much), PATIENT) as process:
        process.start_match()
        with pytest.raises(Fault, match="MemoryError"):
            process.decide(OBSERVATION)


def test_a_bot_can_use_numpy_with_one_thread():
    source = deciding(
        "return len(os.listdir('/proc/self/task')) if os.path.isdir('/proc/self/task') else 2", head="import os, numpy"
    )
    with BotProcess(PythonPolicy(source), PATIENT) as process:
        process.start_match()
        assert process.decide(OBSERVATION) == 2  # its own, and the one that watches the parent


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_bot_is_handed_no_file_but_its_pipe():
    source = deciding("return len(os.listdir('/proc/self/fd'))", head="import os")
    with BotProcess(PythonPolicy(source), PATIENT) as process:
        process.start_match()
        assert process.decide(OBSERVATION) == 5  # the standard ones, the pipe, and the folder that it lists


def test_no_process_for_the_bot_is_not_the_bots_fault(tmp_path):
    process = BotProcess(PythonPolicy(Source("")), PATIENT)
    with pytest.raises(BotError, match=r"no process can be started .* exit code 1"):
        process.start_match()
    process.close()


class Source(str):
    """A source that ends the process which unpickles it, before the bot's own code."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


def bot_file(tmp_path, content):
    path = tmp_path / "some bot.py"
    path.write_bytes(content)
    return path


def test_a_source_is_read_and_not_run(tmp_path):
    path = bot_file(tmp_path, b"\xef\xbb\xbfraise SystemExit('run')\r\nclass Bot: pass\r\n")
    assert read_source(path).source == "raise SystemExit('run')\nclass Bot: pass\n"


def test_a_questionable_source_is_read_without_a_warning(tmp_path):
    assert "is 1" in read_source(bot_file(tmp_path, b"x = '\\d' if 2 is 1 else ''\n")).source


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"class Bot\n", "is no Python source: .* line 1"),
        (b"x = '\x00'", "is no Python source"),
        (b"\xff\xfe", "cannot be read: .*utf-8"),
        (b"#" * (MAX_SOURCE_BYTES + 1), f"has {MAX_SOURCE_BYTES + 1:,} bytes.* at most {MAX_SOURCE_BYTES:,}"),
        (b"-" * 200_000 + b"1", "is no Python source"),
        (b"(" * 10_000, "is no Python source"),
    ],
    ids=["syntax", "null", "bytes", "large", "deep", "parentheses"],
)
def test_a_bad_source_is_refused_in_one_line(tmp_path, content, says):
    path = bot_file(tmp_path, content)
    with pytest.raises(BotError, match=says) as raised:
        read_source(path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).isprintable()


def test_what_is_no_file_is_no_bot(tmp_path):
    with pytest.raises(BotError, match="No such file"):
        read_source(tmp_path / "missing.py")
    with pytest.raises(BotError, match="is no file"):
        read_source(tmp_path)
    with pytest.raises(BotError, match="null"):
        read_source(tmp_path / "a\0b.py")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(BotError, match=re.escape("is no file")):
        read_source(tmp_path / "pipe.py")
