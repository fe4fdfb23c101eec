"""A window that plays a season as soon as it is there: ``python -m tests.app.desktop.season_window HOME PAIRS``.

It says "playing" on stdout once matches are stored. Tests end it from outside, at a moment of their choice.
"""

import sys

from app.desktop.application import open_desktop
from app.desktop.context import Desktop
from app.desktop.league.panel import LeaguePanel
from app.desktop.main_window import MainWindow
from app.session import League
from app.tournament import DEFAULT_GAME
from league.config import SeasonConfig


def season_of(league: League, pairs: int) -> SeasonConfig:
    """Return the season that is played: of every player."""
    players = tuple(player.hash for player in league.library.players())
    return SeasonConfig(game=DEFAULT_GAME, players=players, pairs=pairs)


def play_at_once(window: MainWindow, pairs: int) -> None:
    """Begin a season without pictures when the panels are there."""
    desktop: Desktop = window.desktop

    def begin() -> None:
        league = window.panel("league")
        assert isinstance(league, LeaguePanel)
        league.controller.set_visuals(is_on=False)
        desktop.reader.ask(lambda found: season_of(found, pairs), league.controller.create)

    def tell(_job: str, message: dict[str, object]) -> None:
        if message.get("event") == "progress" and message.get("done"):
            print("playing", flush=True)  # noqa: T201  # what the test waits for

    desktop.jobs.event.connect(tell)
    window.filled.connect(begin)


if __name__ == "__main__":
    sys.exit(open_desktop(sys.argv[1], on_window=lambda window: play_at_once(window, int(sys.argv[2]))))
