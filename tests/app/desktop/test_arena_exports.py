"""What can be taken away from a match: picture, film, seed, configuration, command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.desktop.arena.exports import Exports
from app.desktop.arena.screening import Screening
from app.desktop.arena.screening import open_course as course_of
from app.desktop.arena.sound import Sounds
from app.desktop.arena.stage import Stage
from app.desktop.context import Desktop, MatchRequest
from league.home import Home
from tests.app.desktop.arena_matches import request_of
from tests.app.desktop.doubles import FakeJobBoard


class Asked:
    """Answers every question for a file."""

    def __init__(self) -> None:
        self.answer = ""
        self.suggested: list[str] = []

    def __call__(self, _parent: object, _title: str, suggested: str, _kinds: str) -> str:
        self.suggested.append(suggested)
        return self.answer


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def stage(desktop: Desktop, qtbot: QtBot) -> Stage:
    made = Stage(desktop, Sounds(dict, is_muted=True))
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    return made


@pytest.fixture
def menu(stage: Stage) -> QMenu:
    return QMenu(stage)


@pytest.fixture
def exports(desktop: Desktop, stage: Stage, menu: QMenu, asked: Asked) -> Exports:
    return Exports(desktop, stage, menu, choose=asked)


def put(stage: Stage, desktop: Desktop, request: MatchRequest) -> MatchRequest:
    screening = Screening(request, course_of(request), desktop.clock)
    screening.playback.pause()
    stage.show_screening(screening)
    return request


def stored(home: Home) -> MatchRequest:
    return replace(request_of(home), season_id=2, match_id=31)


def test_a_picture_is_what_the_arena_shows(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home, asked: Asked, tmp_path: Path
) -> None:
    put(stage, desktop, request_of(home))
    asked.answer = str(tmp_path / "shot")
    exports.save_picture()
    saved = QImage(str(tmp_path / "shot.png"))
    assert saved.size() == stage.canvas.image.size()  # type: ignore[union-attr]
    assert saved.pixelColor(9, 9) == stage.canvas.image.pixelColor(9, 9)  # type: ignore[union-attr]
    assert asked.suggested[0].endswith("predictor-tracker-seed-7.png")
    exports.save_picture()
    assert Path(asked.suggested[1]).parent == tmp_path


def test_a_picture_that_cannot_be_written_is_said(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home, asked: Asked, tmp_path: Path
) -> None:
    put(stage, desktop, request_of(home))
    asked.answer = str(tmp_path / "missing" / "shot.png")
    exports.save_picture()
    assert "cannot be written" in desktop.toasts.texts()[0]


def test_a_film_is_made_by_a_job(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home, asked: Asked, jobs: FakeJobBoard, tmp_path: Path
) -> None:
    put(stage, desktop, stored(home))
    asked.answer = str(tmp_path / "film.gif")
    exports.save_film()
    job = jobs.last("film")
    assert job.arguments[:4] == ["replay", "2:31", "--gif", str(tmp_path / "film.gif")]
    assert job.arguments[-3:] == ["--events", "--home", str(home.folder)]
    jobs.ends(job.id)
    assert desktop.toasts.texts() == [f"saved {tmp_path / 'film.gif'}"]
    asked.answer = str(tmp_path / "film.mp4")
    exports.save_film()
    assert "--mp4" in jobs.last("film").arguments
    jobs.ends(jobs.last("film").id, is_ok=False, reason="ffmpeg was not found")
    assert desktop.toasts.texts()[-1].endswith("was not made: ffmpeg was not found")


def test_no_film_without_an_answer_or_a_stored_match(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home, jobs: FakeJobBoard, menu: QMenu
) -> None:
    put(stage, desktop, request_of(home))
    menu.aboutToShow.emit()
    assert not desktop.actions.action("arena-film").isEnabled()
    exports.save_film()
    assert "stored matches" in desktop.toasts.texts()[0]
    put(stage, desktop, stored(home))
    menu.aboutToShow.emit()
    assert desktop.actions.action("arena-film").isEnabled()
    exports.save_film()
    assert not jobs.started


def test_seed_match_and_command_are_copied(exports: Exports, stage: Stage, desktop: Desktop, home: Home) -> None:
    request = put(stage, desktop, stored(home))
    exports.copy_seed()
    assert QGuiApplication.clipboard().text() == "7"
    exports.copy_command()
    assert QGuiApplication.clipboard().text() == "python main.py replay 2:31"
    exports.copy_match()
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied == {
        "game": "rally",
        "points": 2,
        "seed": 7,
        "left": {"name": "predictor", "hash": request.left.hash},
        "right": {"name": "tracker", "hash": request.right.hash},
        "season": 2,
        "match": 31,
    }


def test_without_a_match_nothing_happens(exports: Exports, desktop: Desktop) -> None:
    QGuiApplication.clipboard().setText("before")
    for action in ("arena-picture", "arena-copy-seed", "arena-copy-match", "arena-copy-command"):
        desktop.actions.action(action).trigger()
    assert QGuiApplication.clipboard().text() == "before"


def test_a_persons_match_is_filmed_by_its_number(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home, asked: Asked, jobs: FakeJobBoard, tmp_path: Path
) -> None:
    put(stage, desktop, replace(request_of(home), match_id=31))
    asked.answer = str(tmp_path / "film.gif")
    exports.save_film()
    assert asked.suggested[0].endswith("predictor-tracker-person-31.gif")
    assert jobs.last("film").arguments[:4] == ["replay", "--person", "31", "--gif"]
    exports.copy_match()
    assert "season" not in json.loads(QGuiApplication.clipboard().text())


def test_no_command_is_copied_for_a_match_that_is_not_stored(
    exports: Exports, stage: Stage, desktop: Desktop, home: Home
) -> None:
    put(stage, desktop, request_of(home))
    QGuiApplication.clipboard().setText("before")
    exports.copy_command()
    assert QGuiApplication.clipboard().text() == "before"
    assert "stored matches" in desktop.toasts.texts()[0]
