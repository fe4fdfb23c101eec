"""What panels tell each other. A panel emits what the user did or what has come; it never calls another panel."""

from PySide6.QtCore import QObject, Signal


class Hub(QObject):
    """The signals of one window. Arguments named ``object`` are the frozen values that the comment names."""

    seasons_changed = Signal()
    """The list of seasons, or the state of one."""
    season_selected = Signal(int)
    """The season that tables and charts show; -1 for none."""
    season_grew = Signal(int)
    """New matches of this season are stored."""
    table_ready = Signal(object)
    """A season's table: the ``table`` message of the table job."""
    players_changed = Signal()
    player_selected = Signal(object)
    """``PlayerRow`` or None: whom charts, network view and inspector look at."""
    runs_changed = Signal()
    run_selected = Signal(str)
    """A training run's id; "" for none."""
    run_message = Signal(object)
    """A message of a training job, as ``ai.runs`` sends it."""

    show_match = Signal(object)
    """``MatchRequest``: put it into the arena, in front."""
    watch_beside = Signal(object)
    """Sequence of ``MatchRequest``: fill the wall."""
    match_started = Signal(object)
    """``OnScreen``: the arena shows this match now."""
    match_ended = Signal(object, object)
    """``MatchRequest`` and the ``RESULT_DTYPE`` record of its end, as played on the screen."""
    match_dismissed = Signal(object)
    """``MatchRequest``: the user has put something else on the screen before its end."""
    challenge = Signal(object, object)
    """Two ``PlayerRow``: let them play one match in the arena now; None on a side is a person."""
    play_against = Signal(object)
    """``PlayerRow`` or None: a person wants to play this player, or whoever suits."""

    minimised = Signal(bool)
    """The window was minimised, or is shown again."""
    closing = Signal()
    """The window closes: timers and threads of panels end now."""
    arena_frame = Signal(float, float)
    """Frames a second and milliseconds a frame of the arena, once a second."""
    status = Signal(str, str)
    """A field of the status bar (workers, matches, frames, saved) and its text."""
    log = Signal(str, str)
    """Level (info, warning, error) and one line for the log."""
    panel_wanted = Signal(str)
    """Bring the panel of this name to the front."""
