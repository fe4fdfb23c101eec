"""What of a network is drawn, and what its values are at a moment. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.desktop.network.layout import Layout
from app.desktop.network.net import Floats, Net


@dataclass(frozen=True)
class Drawing:
    """What does not change while it is looked at: the net and its layout, the names of inputs and actions.

    ``names`` are those of nodes, by value, that have one of their own. ``about`` is what is read out of a value in place of
    what it computes, ``about_edges`` what is said of a connection beside its weight. Connections that are ``off`` carry nothing.
    """

    net: Net | None
    layout: Layout | None
    inputs: Sequence[str]
    actions: Sequence[str]
    names: Mapping[int, str] = field(default_factory=dict)
    about: Mapping[int, str] = field(default_factory=dict)
    about_edges: Mapping[int, str] = field(default_factory=dict)
    off: frozenset[int] = frozenset()

    def name(self, value: int) -> str:
        """Return what a value of the net is called."""
        net = self.net
        if net is None or value < net.n_inputs:
            return self.inputs[value]
        if value in net.outputs:
            return self.actions[net.outputs.index(value)]
        return self.names.get(value, f"node {value - net.n_inputs + 1}")

    def edge_text(self, edge: int) -> str:
        """Return what a connection of the net is."""
        net = self.net
        assert net is not None  # noqa: S101  # without a net there are no connections to ask about
        source, target = self.name(int(net.source[edge])), self.name(int(net.target[edge]))
        text = f"{source} \N{RIGHTWARDS ARROW} {target}: weight {net.weight[edge]:.3g}"
        return f"{text}, {self.about_edges[edge]}" if edge in self.about_edges else text

    def node_text(self, value: int, now: float | None) -> str:
        """Return what a value of the net is, and what it is worth ``now``."""
        net = self.net
        assert net is not None  # noqa: S101  # as above
        if value in self.about:
            return self.about[value]
        text = self.name(value) if now is None else f"{self.name(value)}: {now:.3f}"
        if value < net.n_inputs:
            return text
        node = value - net.n_inputs
        count = int((net.target == value).sum())
        return f"{text}, {net.activation[node].name.lower()}, {count} in, bias {net.bias[node]:.3g}"


@dataclass(frozen=True)
class Moment:
    """One tick: what the player sees, every value of its net (empty without one), and the number of its action.

    A network's action is what it decides on what it sees now; that of others is their last one. None before there is any.
    """

    tick: int
    observation: Floats
    values: Floats
    action: int | None
