"""``doctor`` as a job of the window: the same lines, as events."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def doctor(home: Path, *options: str) -> str:
    command = [sys.executable, "main.py", "doctor", "--home", str(home), *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True, timeout=120
    )
    return done.stdout


def test_the_window_gets_what_the_terminal_shows(tmp_path: Path) -> None:
    events = [json.loads(line) for line in doctor(tmp_path, "--events").splitlines()]
    assert events[-1] == {"event": "ended", "state": "complete", "reason": ""}
    sent = [event["text"] for event in events[:-1]]
    printed = doctor(tmp_path).splitlines()
    changing = ("memory", "disk", "shared memory")
    assert [line for line in sent if not any(f"  {name}: " in line for name in changing)] == [
        line for line in printed if not any(f"  {name}: " in line for name in changing)
    ]
    assert len(sent) == len(printed) > 10
