"""Pictures and films of a match: what is in them, and that nothing half-written is left behind."""

import io
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.export import ExportError, Film, Look, _wanted, save_gif, save_mp4, save_png
from app.filming import Shot, _as_job
from app.jobs.channel import Channel
from app.scene import Cast
from game.executors.base import RunControl, RunState
from game.fault import Cancelled
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from game.timeline import Timeline
from league.home import HomeError

ROOT = Path(__file__).resolve().parents[2]
NAMES = "Ada", "Bob"
SMALL = Look((160, 90), 10)


def timeline():
    return Timeline(GAME, (ScriptedPolicy.of(GAME, "aimer"), ScriptedPolicy.of(GAME, "random")), 7, 1)


def film(look=SMALL):
    return Film(timeline(), Cast(NAMES), look)


def ignore(_progress):
    pass


def stop_after(frames, control, state=RunState.STOPPING):
    def report(progress):
        if progress.done == frames:
            control.set(state)

    return report


def test_the_frames_are_the_match_at_the_films_pace():
    whole = film()
    frames = list(whole.frames())
    assert len(frames) == whole.expected == int(np.ceil((whole.seconds + 1.5) * 10))
    assert {len(frame) for frame in frames} == {160 * 90 * 3}
    assert len(set(frames)) > len(frames) // 3
    assert frames[-1] == frames[-2]
    assert frames[12] == film().frame(1.2)
    assert frames == list(whole.frames())


def test_a_film_of_more_frames_than_ticks_moves_between_the_ticks():
    frames = list(film(Look((640, 360), 60)).frames())
    finer = Film(timeline(), Cast(NAMES), Look((640, 360), 60))
    assert finer.frame(1.0) == frames[60]
    assert finer.frame(1.0 + 0.5 / 60) not in {frames[60], frames[61]}


def test_whole_ticks_stay_whole():
    """n / 60 / (1 / 60) is not n for every n: a frame would show the contact of a tick that is not there yet."""
    whole = film(Look((160, 90), 60))
    assert [whole._ticks(number / 60) for number in range(90)] == list(range(90))
    assert whole._ticks(1e9) == whole.seconds * 60


def test_a_png_shows_the_asked_second(tmp_path):
    path = tmp_path / "shot.png"
    save_png(film(), path, 1.2)
    with Image.open(path) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (160, 90), "RGB")
        assert picture.tobytes() == film().frame(1.2)


@pytest.mark.parametrize("at_s", [-1.0, 1e6, float("nan")])
def test_a_second_outside_of_the_match_is_refused(tmp_path, at_s):
    with pytest.raises(ExportError, match="the match has no second"):
        save_png(film(), tmp_path / "shot.png", at_s)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("style", ["dark", "light", "contrast"])
def test_a_gif_shows_every_frame_in_time(tmp_path, style):
    path = tmp_path / "film.gif"
    whole = film(Look((320, 180), 30, style))
    save_gif(whole, path, RunControl(), ignore)
    frames = list(whole.frames())
    with Image.open(path) as gif:
        assert (gif.size, gif.n_frames, gif.info["loop"]) == ((320, 180), whole.expected, 0)
        shown_ms = 0
        for number, frame in enumerate(frames):
            gif.seek(number)
            assert shown_ms == pytest.approx(1000 * number / 30, abs=6)
            shown_ms += gif.info["duration"]
            if number % 10 == 0:
                drawn = np.frombuffer(frame, np.uint8).reshape(180, 320, 3).astype(int)
                error = np.abs(np.asarray(gif.convert("RGB")).astype(int) - drawn)
                assert error.mean() < 3
                assert np.quantile(error.max(axis=2), 0.995) < 60  # paddles and ball have their colours


def test_a_gif_that_is_too_fast_for_viewers_is_refused(tmp_path):
    with pytest.raises(ExportError, match="fps is 60: a GIF can have 1 to 50"):
        save_gif(film(Look((160, 90), 60)), tmp_path / "film.gif", RunControl(), ignore)


def test_progress_counts_every_frame(tmp_path):
    whole, seen = film(), []
    save_gif(whole, tmp_path / "film.gif", RunControl(), seen.append)
    assert [progress.done for progress in seen] == list(range(1, whole.expected + 1))
    assert {progress.expected for progress in seen} == {whole.expected}
    assert seen[-1].eta_s == 0
    assert all(progress.eta_s >= 0 for progress in seen)


def test_what_is_left_takes_as_long_as_the_frames_so_far():
    seen, seconds = [], iter([100.0, 102.0, 104.0, 112.0])
    assert list(_wanted([b"1", b"2", b"3"], 6, RunControl(), seen.append, lambda: next(seconds))) == [b"1", b"2", b"3"]
    assert [progress.eta_s for progress in seen] == [10.0, 8.0, 12.0]


@pytest.mark.parametrize("state", [RunState.STOPPING, RunState.CANCELLED])
def test_a_cancelled_gif_leaves_what_was_there(tmp_path, state):
    path = tmp_path / "film.gif"
    path.write_bytes(b"before")
    control = RunControl()
    with pytest.raises(Cancelled):
        save_gif(film(), path, control, stop_after(5, control, state))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_paused_export_waits_and_goes_on(tmp_path):
    control = RunControl()
    paused = threading.Event()

    def pause(progress):
        if progress.done == 3:
            control.set(RunState.PAUSED)
            paused.set()

    def resume():
        paused.wait()
        control.set(RunState.RUNNING)

    helper = threading.Thread(target=resume)
    helper.start()
    save_gif(film(), tmp_path / "film.gif", control, pause)
    helper.join()
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == film().expected


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(HomeError, match="cannot be written: No such file or directory"):
        save_gif(film(), tmp_path / "no" / "film.gif", RunControl(), ignore)


@pytest.mark.parametrize("field", ["fps", "size"])
def test_a_nought_is_no_default(tmp_path, field):
    with pytest.raises(ExportError, match=f"{field} is 0"):
        _ = Shot("gif", tmp_path / "film.gif", **{field: {"fps": 0, "size": (0, 0)}[field]}).look


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"size": (10, 10)}, "size is 10x10: 160x90 to 3840x2160 are allowed"),
        ({"size": (4000, 1000)}, "size is 4000x1000"),
        ({"fps": 0}, "fps is 0: 1 to 60"),
        ({"fps": 61}, "fps is 61"),
        ({"style": "pink"}, "no style 'pink': dark, light, contrast are known"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_impossible_looks_are_refused(fields, says):
    with pytest.raises(ExportError, match=says):
        Look(**fields)


def fake_ffmpeg(folder, body):
    """Return a finder of a program that plays ffmpeg's part: ``body`` has its arguments and its standard input."""
    program = folder / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\narguments, source = sys.argv[1:], sys.stdin.buffer\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return lambda _name: str(program)


needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")


@needs_scripts
def test_an_mp4_is_what_ffmpeg_makes_of_every_frame(tmp_path):
    finder = fake_ffmpeg(
        tmp_path, "open(arguments[-1], 'wb').write(' '.join(arguments).encode() + b'|' + source.read())"
    )
    path = tmp_path / "film.mp4"
    save_mp4(film(), path, RunControl(), ignore, finder)
    arguments, _, frames = path.read_bytes().partition(b"|")
    assert b"-f rawvideo -pix_fmt rgb24 -s 160x90 -r 10 -i -" in arguments
    assert b"-vf pad=ceil(iw/2)*2:ceil(ih/2)*2" in arguments  # H.264 for every player has no odd lengths
    assert frames == b"".join(film().frames())


@needs_scripts
@pytest.mark.parametrize("reads", ["source.read()", "source.read(1000)"], ids=["at the end", "at once"])
def test_what_ffmpeg_says_when_it_fails_is_told(tmp_path, reads):
    finder = fake_ffmpeg(tmp_path, f"{reads}\nsys.exit('Unknown encoder libx264\\n')")
    with pytest.raises(ExportError, match=r"ffmpeg cannot write .*film\.mp4: Unknown encoder libx264"):
        save_mp4(film(), tmp_path / "film.mp4", RunControl(), ignore, finder)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


@needs_scripts
def test_a_cancelled_mp4_ends_ffmpeg_and_leaves_nothing(tmp_path):
    finder = fake_ffmpeg(tmp_path, "source.read()\nimport threading\nthreading.Event().wait()")  # ends only by force
    control = RunControl()
    with pytest.raises(Cancelled):
        save_mp4(film(), tmp_path / "film.mp4", control, stop_after(5, control), finder)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_without_ffmpeg_there_is_advice(tmp_path):
    with pytest.raises(ExportError, match="an MP4 needs ffmpeg, which is not found here: install it, or export a GIF"):
        save_mp4(film(), tmp_path / "film.mp4", RunControl(), ignore, lambda _name: None)
    assert list(tmp_path.iterdir()) == []


def job(shot, commands=""):
    """Run an export as a job that gets ``commands``; return its exit code and events."""
    events = io.StringIO()
    control = RunControl()
    if commands:
        control.set(RunState(commands))
    with Channel(io.StringIO('{"command": "detach"}\n'), events, control) as channel:
        code = _as_job(timeline(), NAMES, shot, channel)
    return code, [json.loads(line) for line in events.getvalue().splitlines()]


def test_a_job_reports_progress_and_its_end(tmp_path):
    path = tmp_path / "film.gif"
    code, events = job(Shot("gif", path, size=(160, 90), fps=10))
    assert code == 0
    assert events[-1] == {"event": "ended", "state": "complete", "file": str(path), "reason": ""}
    assert events[-2]["event"] == "progress"
    assert events[-2]["done"] == events[-2]["expected"]
    assert path.stat().st_size > 1000


def test_a_job_that_is_cancelled_or_fails_says_so(tmp_path):
    code, events = job(Shot("gif", tmp_path / "film.gif"), "cancelled")
    assert (code, events[-1]["state"]) == (130, "stopped")
    code, events = job(Shot("png", tmp_path / "no" / "shot.png", at_s=1.0))
    assert (code, events[-1]["state"]) == (1, "failed")
    assert "cannot be written" in events[-1]["reason"]
    assert list(tmp_path.iterdir()) == []


def test_a_plain_replay_loads_nothing_that_draws(tmp_path):
    code = (
        "import sys; from app.cli import run\n"
        f"home = ['--home', {str(tmp_path)!r}]\n"
        "assert run([*home, '--no-visuals', '--pairs', '1', '--executor', 'serial', '--points', '1']) == 0\n"
        "assert run([*home, 'replay', '1:0', '--verify']) == 0\n"
        "loaded = [name for name in ('pygame', 'PIL', 'PySide6') if name in sys.modules]\n"
        "assert not loaded, loaded\n"
        "assert run([*home, 'replay', '1:0', '--gif', 'film.gif', '--size', '160x90', '--fps', '5', '--json']) == 0\n"
        "assert 'pygame' in sys.modules and 'PySide6' not in sys.modules\n"
        "assert run([*home, 'replay', '1:0', '--png', 'shot.png', '--at', '0.5', '--style', 'light', '--overlays']) == 0\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(path.name for path in tmp_path.glob("*.[gp]*")) == ["film.gif", "shot.png"]
