"""Which curve has which colour: the same one for as long as it is shown."""

from collections.abc import Iterable


class Slots:
    """Gives keys the lowest free slots; a key that stays keeps its own."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}

    def assign(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the slot of every key; those of keys that are gone are free again."""
        wanted = list(keys)
        kept = {key: self._slots[key] for key in wanted if key in self._slots}
        taken = set(kept.values())
        free = (slot for slot in range(len(wanted) + len(taken)) if slot not in taken)
        self._slots = {key: kept[key] if key in kept else next(free) for key in wanted}
        return dict(self._slots)
