"""About this program: facts at once, the diagnosis from its job, all of it to be copied."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desktop.about_dialog import AboutDialog, project_version
from app.desktop.context import Desktop
from tests.app.desktop.doubles import FakeJobBoard


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def dialog(desktop: Desktop, qtbot: QtBot, opened: list[str]) -> AboutDialog:
    made = AboutDialog(desktop, open_folder=opened.append)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_diagnosis_comes_from_a_job_line_by_line(dialog: AboutDialog, jobs: FakeJobBoard, desktop: Desktop) -> None:
    job = jobs.last("doctor")
    assert job.arguments == ["doctor", "--home", str(desktop.home.folder), "--events"]
    assert jobs.running() == []
    jobs.says("another", "line", text="not ours")
    jobs.says(job.id, "line", text="ok    cores: 2")
    jobs.says(job.id, "line", text="ok    memory: much")
    jobs.ends(job.id)
    assert dialog.text.toPlainText() == "ok    cores: 2\nok    memory: much"


def test_everything_is_copied(dialog: AboutDialog, jobs: FakeJobBoard, desktop: Desktop, qtbot: QtBot) -> None:
    jobs.says(jobs.last("doctor").id, "line", text="ok    cores: 2")
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert "Version: 0." in copied
    assert "PySide 6." in copied
    assert str(desktop.home.folder) in copied
    assert "ok    cores: 2" in copied


def test_a_diagnosis_that_fails_says_why(dialog: AboutDialog, jobs: FakeJobBoard) -> None:
    jobs.ends(jobs.last("doctor").id, is_ok=False, reason="the process was killed")
    assert dialog.text.toPlainText() == "The diagnosis has failed: the process was killed"


def test_the_folder_is_opened(dialog: AboutDialog, desktop: Desktop, qtbot: QtBot, opened: list[str]) -> None:
    qtbot.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
    assert opened == [str(desktop.home.folder)]


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "3.2.1"\n')
    assert project_version(tmp_path / "pyproject.toml") == "3.2.1"
    assert project_version(tmp_path / "missing.toml") == "unknown"
