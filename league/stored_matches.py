"""What a season that goes on has in the store, in the order in which its schedule asks for it."""

import numpy as np

from game.spec import RESULT_DTYPE, Results
from league.errors import SeasonError
from league.store import Store


class StoredMatches:
    """The matches that a season had in the store, read page by page as the schedule comes to them."""

    def __init__(self, store: Store, season_id: int) -> None:
        self._pages = store.match_pages(season_id)
        self._held = np.zeros(0, RESULT_DTYPE)

    def take(self, begin: int, end: int) -> Results:
        """Return the stored matches with ids from ``begin`` to ``end`` - 1; calls must ascend."""
        parts: list[Results] = []
        while True:
            cut = int(np.searchsorted(self._held["match_id"], end))
            parts.append(self._held[:cut])
            self._held = self._held[cut:]
            if len(self._held):
                break
            page = next(self._pages, None)
            if page is None:
                break
            self._held = page
        found = np.concatenate(parts)
        if len(found) and found["match_id"][0] < begin:
            raise SeasonError(
                f"match {found['match_id'][0]} is stored, but the season's configuration does not have it"
            )
        return found
