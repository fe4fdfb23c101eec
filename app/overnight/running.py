"""One night, begun or resumed, from the command line or for a window."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from ai.errors import RunFailedError
from ai.trainer import Trainer
from ai.trainer import trainer as trainer_named
from app.overnight.config import OvernightConfig
from app.overnight.cycles import NightShift
from app.overnight.events import NightEnded, NightView
from app.overnight.phases import LeaguePhases, Machine
from app.overnight.planning import is_name_of, is_over
from app.overnight.roster import Roster
from app.overnight.state import Night, NightFolder, OvernightError, find_night, night_number, nights
from app.session import League
from app.tournament import DEFAULT_GAME, interruptible, new_seed
from game.games import game as game_named
from league.config import first_error_sentence
from league.store import writer_lock

_CHANGEABLE: Final = ("cycles", "hours")


@dataclass(frozen=True)
class NightRequest:
    """What the user asked for: fields of ``OvernightConfig`` that were given, and how to play.

    ``resume`` is a night to go on with, an empty text for the latest that is not complete, None for a new one.
    """

    fields: Mapping[str, object] = field(default_factory=dict)
    resume: str | None = None
    machine: Machine = field(default_factory=Machine)


def run_overnight(
    league: League, request: NightRequest, view: NightView, *, clock: Callable[[], float] = time.monotonic
) -> tuple[Night, NightEnded]:
    """Go through the night that ``request`` describes; return what it has come to and how it ended.

    It holds the league's ``writer_lock``: nobody else plays a season meanwhile.

    Raises
    ------
    LeagueError, GameError
        With one sentence for the user; everything that was kept stays kept, and a night that could not begin leaves nothing.
    """
    with writer_lock(league.home.folder), interruptible(view.say, view.control, ends_with="what is running"):
        folder, night, trainer = (
            _new(league, request, view.say) if request.resume is None else _resumed(league, request)
        )
        if night.open_cycle is None and is_over(night.config, night):
            return _over(night, view)
        phases = LeaguePhases(league, trainer, game_named(DEFAULT_GAME), request.machine)
        return _work(NightShift(folder, night, phases, view, clock), folder)


def _work(shift: NightShift, folder: NightFolder) -> tuple[Night, NightEnded]:
    try:
        with writer_lock(folder.path):  # who lists nights sees by it that this one is going on
            ended = shift.run()
    except Exception:
        if not any(cycle.run for cycle in shift.night.cycles):
            folder.remove()
        raise
    return shift.night, ended


def _over(night: Night, view: NightView) -> tuple[Night, NightEnded]:
    """Tell that nothing is left to do; who has failed throughout stays failed."""
    if night.has_failed_throughout:
        raise RunFailedError(
            f"every cycle of overnight {night.id} was broken off, the last one because: "
            f"{night.done[-1].failure.rstrip('.')}. --cycles or --hours make it longer"
        )
    view.say(f"overnight {night.id} is complete: --cycles or --hours make it longer")
    ended = NightEnded("complete", "")
    view.tell(ended)
    return night, ended


def _new(league: League, request: NightRequest, say: Callable[[str], None]) -> tuple[NightFolder, Night, Trainer]:
    config = _validated(request.fields)
    trainer = trainer_named(config.trainer)
    trainer.configure(config.settings, config.preset)
    folder = _new_folder(league, config)
    name = config.name or folder.id
    seed = new_seed() if config.seed is None else config.seed
    inherited = _last_champion(league, config.trainer, say)
    return folder, Night(id=folder.id, name=name, seed=seed, config=config, inherited=inherited), trainer


def _last_champion(league: League, trainer: str, say: Callable[[str], None]) -> str | None:
    """Return the newest champion of this trainer's nights that can still play; None if nobody has reigned yet."""
    roster = Roster(league, game_named(DEFAULT_GAME), say)
    for folder in reversed(nights(league.home.folder)):
        try:
            night = folder.read()
        except OvernightError as error:
            say(f"left out: {error}")
            continue
        row = roster.first(night.champions) if night.config.trainer == trainer else None
        if row is not None:
            return row.hash
    return None


def _new_folder(league: League, config: OvernightConfig) -> NightFolder:
    """Return where the next night is kept; its name, or that which the user wants, is nobody's yet."""
    parent = league.home.folder / "overnights"
    number = max((night_number(folder.id) for folder in nights(league.home.folder)), default=0) + 1
    names = [row.name for row in league.library.players(include_archived=True)]
    names += [row.name for row in league.store.runs()]
    if config.name is not None:
        taken = next((each for each in names if is_name_of(config.name, each)), None)
        if taken is not None:
            raise OvernightError(f"name is '{config.name}': '{taken}' is there already; choose another name")
    while (parent / f"overnight-{number}").exists() or any(is_name_of(f"overnight-{number}", each) for each in names):
        number += 1
    return NightFolder(parent / f"overnight-{number}")


def _resumed(league: League, request: NightRequest) -> tuple[NightFolder, Night, Trainer]:
    """Return the night to go on with: it is what it is, but it may become longer or shorter."""
    folder = find_night(league.home.folder, request.resume or "")
    night = folder.read()
    folder.sweep()
    stored = {**night.config.model_dump(), "name": night.name, "seed": night.seed}
    fields = dict(request.fields)
    for name in ("gate", "settings"):
        if name in fields:
            fields[name] = {**stored[name], **fields[name]}  # type: ignore[dict-item]  # refused below if it is none
    asked = {**stored, **_validated(fields).model_dump(include=set(fields))}
    differences = [
        f"{name} is {stored[name]}, not {value}"
        for name, value in asked.items()
        if name not in _CHANGEABLE and stored[name] != value
    ]
    if differences:
        raise OvernightError(
            f"overnight {night.id} goes on as it is: {'; '.join(differences)}. Leave these options out, or --resume"
        )
    lasting = {name: asked[name] for name in _CHANGEABLE}
    if "hours" in request.fields and "cycles" not in request.fields:
        lasting["cycles"] = 0
    config = night.config.model_copy(update=lasting)
    return folder, night.model_copy(update={"config": config}), trainer_named(config.trainer)


def _validated(fields: Mapping[str, object]) -> OvernightConfig:
    try:
        return OvernightConfig.model_validate(dict(fields))
    except ValidationError as error:
        raise OvernightError(first_error_sentence(error, OvernightConfig)) from error
