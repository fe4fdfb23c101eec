"""Scripts that a test runs in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(script, *arguments) -> subprocess.Popen:
    """Start Python on ``script`` with pipes for its input and output; the arguments are in ``sys.argv[1:]``."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    )


def output_of(script, *arguments) -> str:
    """Run ``script`` to its end and return what it printed; fails with its errors if it does."""
    process = start(script, *arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()
