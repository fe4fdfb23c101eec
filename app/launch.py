"""What ``main.py`` starts: the window at once where nothing else is asked for, else the command line."""

import contextlib

from app.display import missing_display


def desktop_home(arguments: list[str]) -> tuple[bool, str | None]:
    """Return whether only the desktop is asked for, and the ``--home`` that is given."""
    if not arguments:
        return True, None
    if len(arguments) == 1 and arguments[0].startswith("--home="):
        return True, arguments[0].removeprefix("--home=")
    if len(arguments) == 2 and arguments[0] == "--home":
        return True, arguments[1]
    return False, None


def launch(arguments: list[str]) -> int:
    """Open the window or run the command line; return the exit code.

    The window does not wait for the command line's imports: only Qt and its own few modules come before the first picture.
    """
    is_desktop, home = desktop_home(arguments)
    if is_desktop and not missing_display():
        from app.desktop.application import open_desktop
        from league.home import HomeError

        with contextlib.suppress(HomeError):  # the command line says it, in the words of every other command
            return open_desktop(home)
    from app.cli import run

    return run(arguments)
