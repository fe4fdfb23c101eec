"""Whose network is shown, and what it computes at this tick. No Qt."""

from typing import Final, Protocol

import numpy as np

from app.desktop.context import Contender, OnScreen
from app.desktop.network.drawing import Drawing, Moment
from app.desktop.network.layout import lay_out
from app.desktop.network.net import Floats, Net, net_of
from game.policies.bank import Kind
from game.spec import GameSpec, Seat

_NOBODY: Final = "Watch a match in the arena: the network of a player lights up here while it plays."
_NO_NETWORK: Final = {
    Kind.SCRIPTED: "{name} is a scripted bot and has no network. This is what it sees and does:",
    Kind.PYTHON: "{name} is a Python bot and has no network that could be shown. This is what it sees and does:",
}
_PERSON: Final = "A person plays here: no network. This is what is seen from this side, and done:"


class Mind(Protocol):
    """What a player remembers; ``CompiledPlayer`` is one."""

    def keyframe(self) -> tuple[Floats, object]:
        """Return a copy of it."""
        ...


class NetworkPresenter:
    """Follows the match on the screen, one seat of it at a time."""

    def __init__(self) -> None:
        self.seat = Seat.LEFT
        self.drawing: Drawing | None = None
        """None while no match is on the screen."""
        self._screen: OnScreen | None = None
        self._followed = ""

    @property
    def sentence(self) -> str:
        """What to say where there is no network to show; "" where there is one."""
        if self._screen is None or self.drawing is None:
            return _NOBODY
        if self.drawing.net is not None:
            return ""
        contender = self.contender(self.seat)
        policy = contender.policy if contender else None
        text = _PERSON if policy is None else _NO_NETWORK.get(policy.kind, _NO_NETWORK[Kind.SCRIPTED])
        return text.format(name=contender.name if contender else "")

    @property
    def summary(self) -> str:
        """What the network consists of, and how much of it is shown; "" without one."""
        drawing = self.drawing
        if drawing is None or drawing.net is None or drawing.layout is None:
            return ""
        net = drawing.net
        shown = sum(value >= net.n_inputs for value in drawing.layout.places)
        kind = "recurrent, " if net.is_recurrent else ""
        nodes, edges = _part(shown, len(net.bias)), _part(len(drawing.layout.edges), len(net.weight))
        return f"{kind}{nodes} nodes, {edges} connections"

    @property
    def tick(self) -> int:
        """The tick that the screen is at; -1 without a match."""
        return self._screen.course.tick if self._screen is not None else -1

    def contender(self, seat: Seat) -> Contender | None:
        """Return who sits there; None without a match."""
        if self._screen is None:
            return None
        return self._screen.request.left if seat is Seat.LEFT else self._screen.request.right

    def show(self, screen: OnScreen) -> None:
        """Follow another match: the player that was selected, else the first with a network, else the seat as before."""
        self._screen = screen
        contenders = (screen.request.left, screen.request.right)
        followed = [seat for seat in Seat if self._followed and contenders[seat].hash == self._followed]
        with_net = [seat for seat in Seat if net_of(contenders[seat].policy) is not None]
        if followed:
            self.seat = followed[0]
        elif with_net and self.seat not in with_net:
            self.seat = with_net[0]
        self._draw()

    def choose(self, seat: Seat) -> None:
        """Look at the other side."""
        self.seat = seat
        self._draw()

    def follow(self, player_hash: str) -> None:
        """Look at a player wherever it sits, in this match and the next ones; "" follows nobody."""
        self._followed = player_hash
        if self._screen is not None:
            self.show(self._screen)

    def moment(self) -> Moment | None:
        """Return what is so now; None without a match."""
        if self._screen is None or self.drawing is None:
            return None
        course = self._screen.course
        observation = course.match.observation(self.seat)
        net = self.drawing.net
        if net is None:
            last = int(course.actions[self.seat]) if course.tick else None
            return Moment(course.tick, observation, np.empty(0, np.float32), last)
        values = net.trace(observation, _memory(course.players[self.seat], net))
        return Moment(course.tick, observation, values, _decided(values, net))

    def _draw(self) -> None:
        screen, contender = self._screen, self.contender(self.seat)
        if screen is None or contender is None:
            self.drawing = None
            return
        game: GameSpec = screen.course.game
        net = net_of(contender.policy)
        layout = lay_out(net) if net is not None else None
        self.drawing = Drawing(net, layout, game.observations, game.actions)


def _memory(player: Mind | None, net: Net) -> Floats:
    """Return the nodes' values of the tick before; zeros where nothing is remembered."""
    if player is None or not net.is_recurrent:
        return np.zeros(len(net.bias), np.float32)
    return player.keyframe()[0]


def _decided(values: Floats, net: Net) -> int | None:
    """Return the first largest output, as the kernels choose; None if one is NaN."""
    outputs = values[list(net.outputs)]
    return None if np.isnan(outputs).any() else int(np.argmax(outputs))


def _part(shown: int, whole: int) -> str:
    return f"{whole:,}" if shown == whole else f"{shown:,} of {whole:,}"
