"""How one of a run's details is shown.

A module of ``app.desktop.training.views`` that has a ``VIEW`` is a way to do it; nothing else names it.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

import app.desktop.training.views
from ai.trainer import Detail, Json
from app.desktop.context import Desktop


class DetailBody(QWidget):
    """Shows one detail, and whatever newer one comes in its place."""

    def show_detail(self, detail: Detail) -> None:
        """Show ``detail``; what the user has selected, sorted or scrolled to stays.

        Raises
        ------
        ValueError
            With one sentence, if it cannot be shown.
        """
        raise NotImplementedError

    def as_text(self) -> str:
        """Return what is shown as text for the clipboard."""
        raise NotImplementedError


@dataclass(frozen=True)
class DetailView:
    """A way to show details: which ones it suits, by name and value, and what makes the widget for one of that name.

    The first that suits is taken, and tabs are in the same order: by ``order``.
    """

    order: int
    suits: Callable[[str, Json], bool]
    create: Callable[[Desktop, str], DetailBody]


@functools.cache
def detail_views() -> tuple[DetailView, ...]:
    """Return every way to show details, in their order."""
    names = sorted(info.name for info in pkgutil.iter_modules(app.desktop.training.views.__path__))
    modules = [importlib.import_module(f"{app.desktop.training.views.__name__}.{name}") for name in names]
    found = [module.VIEW for module in modules if isinstance(getattr(module, "VIEW", None), DetailView)]
    return tuple(sorted(found, key=lambda view: view.order))


def view_of(name: str, value: Json) -> DetailView:
    """Return the way in which a detail is shown: there is one for any."""
    return next(view for view in detail_views() if view.suits(name, value))
