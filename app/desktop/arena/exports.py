"""What can be taken away from a match: a picture, a film, its seed, its configuration, the command that replays it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.desktop.arena.stage import Stage
from app.desktop.context import Contender, Desktop, MatchRequest
from app.desktop.toasts import Level, Remedy

Choose: TypeAlias = Callable[[QWidget, str, str, str], str]
"""Asks for a file to write: parent, title, suggested path, filter; returns its path, empty if the user thinks better of it."""

_FOLDER: Final = "arena/export_folder"
_JOB: Final = "film"


def choose_file(parent: QWidget, title: str, suggested: str, kinds: str) -> str:
    """Ask for a file with the system's dialog."""
    return QFileDialog.getSaveFileName(parent, title, suggested, kinds)[0]


def file_name(request: MatchRequest, suffix: str) -> str:
    """Return a name for a file of this match."""
    names = "-".join("".join(letter if letter.isalnum() else "_" for letter in side.name) for side in _sides(request))
    if request.match_id is None:
        place = f"seed-{request.seed}"
    else:
        place = f"{'person' if request.season_id is None else request.season_id}-{request.match_id}"
    return f"{names}-{place}{suffix}"


def match_as_json(request: MatchRequest) -> str:
    """Return what makes this match, as JSON: whoever has the players can play it again."""
    return json.dumps(
        {
            "game": request.game,
            "points": request.points,
            "seed": request.seed,
            **{
                side: {"name": who.name, "hash": who.hash} if who.hash else {"name": who.name}
                for side, who in zip(("left", "right"), _sides(request), strict=True)
            },
            **({"season": request.season_id} if request.season_id is not None else {}),
            **({"match": request.match_id} if request.match_id is not None else {}),
        },
        indent=2,
    )


def replay_arguments(request: MatchRequest) -> list[str]:
    """Return the command that shows a stored match; empty if it is not stored."""
    if request.match_id is None or request.is_season_live:
        return []
    if request.season_id is None:
        return ["replay", "--person", str(request.match_id)]
    return ["replay", f"{request.season_id}:{request.match_id}"]


def _sides(request: MatchRequest) -> tuple[Contender, Contender]:
    return request.left, request.right


class Exports(QObject):
    """The menu of what can be taken away from the match on ``stage``."""

    def __init__(self, desktop: Desktop, stage: Stage, menu: QMenu, *, choose: Choose = choose_file) -> None:
        super().__init__(stage)
        self._desktop = desktop
        self._stage = stage
        self._choose = choose
        self._films: dict[str, Path] = {}
        menu.setToolTipsVisible(True)
        add = desktop.actions.add
        self._film = add(
            "arena-film",
            "Save as film\N{HORIZONTAL ELLIPSIS}",
            "Match",
            self.save_film,
            tip="Write the match as a GIF or MP4",
        )
        self._command = add(
            "arena-copy-command", "Copy replay command", "", self.copy_command, tip="Copy the command that replays it"
        )
        menu.addActions(
            [
                add(
                    "arena-picture",
                    "Save picture\N{HORIZONTAL ELLIPSIS}",
                    "Match",
                    self.save_picture,
                    tip="Write what the arena shows as a PNG",
                ),
                self._film,
                self._separator(menu),
                add("arena-copy-seed", "Copy seed", "", self.copy_seed, tip="Copy the match's seed"),
                add("arena-copy-match", "Copy match as JSON", "", self.copy_match, tip="Copy players, seed and points"),
                self._command,
            ]
        )
        menu.aboutToShow.connect(self._see_what_can_be_done)
        desktop.jobs.ended.connect(self._tell_end)

    def save_picture(self) -> None:
        """Write the frame on the screen to a PNG."""
        request, image = self._request(), self._stage.canvas.image
        if request is None or image is None:
            return
        path = self._ask("Save picture", file_name(request, ".png"), "Pictures (*.png)")
        if path is None:
            return
        if image.copy().save(str(path)):
            self._desktop.toasts.info(f"saved {path}")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: choose another folder")

    def save_film(self) -> None:
        """Write the stored match as a film, by a job."""
        request = self._request()
        arguments = replay_arguments(request) if request is not None else []
        if request is None or not arguments:
            self._warn("Films are made of stored matches")
            return
        path = self._ask("Save as film", file_name(request, ".gif"), "GIF (*.gif);;MP4 (*.mp4)")
        if path is None:
            return
        kind = "mp4" if path.suffix.lower() == ".mp4" else "gif"
        options = [f"--{kind}", str(path), "--style", self._desktop.theme.theme.name]
        home = ["--home", str(self._desktop.home.folder)]
        job = self._desktop.jobs.start(f"Film {path.name}", [*arguments, *options, "--events", *home], _JOB)
        self._films[job] = path

    def copy_seed(self) -> None:
        """Copy the seed."""
        self._copy(lambda request: str(request.seed), "the seed")

    def copy_match(self) -> None:
        """Copy what makes the match."""
        self._copy(match_as_json, "the match")

    def copy_command(self) -> None:
        """Copy the command that replays it."""
        request = self._request()
        if request is not None and not replay_arguments(request):
            self._warn("Only stored matches can be replayed by a command")
            return
        self._copy(lambda request: " ".join(["python main.py", *replay_arguments(request)]), "the command")

    def _warn(self, sentence: str) -> None:
        self._desktop.toasts.show(f"{sentence}: choose one in the list of matches.", Level.WARNING)

    def _copy(self, text: Callable[[MatchRequest], str], what: str) -> None:
        request = self._request()
        if request is not None:
            QGuiApplication.clipboard().setText(text(request))
            self._desktop.toasts.info(f"copied {what}")

    def _request(self) -> MatchRequest | None:
        return self._stage.screening.request if self._stage.screening is not None else None

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        folder = self._desktop.settings.get(_FOLDER, str(Path.home()))
        chosen = self._choose(self._stage, title, str(Path(folder) / name), kinds)
        if not chosen:
            return None
        path = Path(chosen)
        if not path.suffix:
            path = path.with_suffix(Path(name).suffix)
        self._desktop.settings.put(_FOLDER, str(path.parent))
        return path

    def _see_what_can_be_done(self) -> None:
        request = self._request()
        is_stored = request is not None and bool(replay_arguments(request))
        self._film.setEnabled(is_stored)
        self._command.setEnabled(is_stored)

    def _tell_end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's
        path = self._films.pop(job, None)
        if path is None:
            return
        if is_ok:
            folder = path.parent.as_uri()
            self._desktop.toasts.show(f"saved {path}", remedy=Remedy("Open folder", lambda: _open(folder)))
        else:
            self._desktop.toasts.error(f"{path} was not made: {reason}")

    @staticmethod
    def _separator(menu: QMenu) -> QAction:
        line = QAction(menu)
        line.setSeparator(True)
        return line


def _open(address: str) -> None:
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QDesktopServices

    QDesktopServices.openUrl(QUrl(address))
