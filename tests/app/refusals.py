"""What every trainer must do with what it cannot use: one sentence, an exit code, and nothing half-written."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ai.run_folder import RunFolder
from app.cli import run

IN_PROCESS = ("--executor", "serial")


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def train(capsys: pytest.CaptureFixture[str], home: Path, trainer: str, *arguments: str) -> tuple[int, str, str]:
    """Train in this process; return exit code, stdout, stderr."""
    return call(capsys, home, "train", trainer, *arguments, *IN_PROCESS)


def sentence(err: str) -> str:
    """Return the one line that says what is wrong; what was going on before is told in lines of its own."""
    assert "Traceback" not in err
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert err.endswith(f"{line}\n")
    return line


def assert_refused(
    capsys: pytest.CaptureFixture[str], home: Path, trainer: str, arguments: tuple[str, ...], says: str
) -> None:
    """See that a training is refused with a sentence in which ``says`` is found, and that no file is left."""
    before = sorted(home.rglob("*"))
    code, out, err = train(capsys, home, trainer, *arguments)
    assert code == 2
    assert re.search(says, sentence(err)), err
    assert out == ""
    assert [
        path for path in sorted(home.rglob("*")) if path not in before and not path.name.startswith("league.db")
    ] == []


def unfinished(home: Path) -> None:
    """Have the league say that its runs were stopped before their end."""
    with sqlite3.connect(home / "league.db") as connection:
        connection.execute("UPDATE runs SET state = 'stopped'")
    connection.close()


def altered(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the JSON object in a file's first line of braces: a manifest, or the header of a checkpoint."""
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def assert_not_resumed(capsys: pytest.CaptureFixture[str], home: Path, trainer: str, says: str) -> None:
    """See that a stopped run is not resumed, for a reason in which ``says`` is found, and stays as it is."""
    folder = RunFolder(home / "runs" / f"{trainer}-1")
    before = [(row.step, row.values) for row in folder.metrics()], [each.hash for each in folder.champions()]
    code, out, err = train(capsys, home, trainer, "--resume")
    assert (code, out) == (2, "")
    assert re.search(says, sentence(err)), err
    assert before == ([(row.step, row.values) for row in folder.metrics()], [each.hash for each in folder.champions()])
