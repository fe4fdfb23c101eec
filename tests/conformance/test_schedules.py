"""One suite over every registered schedule: what the season may rely on, whatever the format."""

import itertools
import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from game.seeding import pair_seed
from league.config import SeasonConfig
from league.ratings.sprt import SprtConfig
from league.schedules import PairCounts, Pairing, Schedule, schedules

SIZES = [*range(2, 10), 50]
TESTS = [None, SprtConfig(elo0=0.0, elo1=200.0)]


def players_of(n: int) -> tuple[str, ...]:
    return tuple(f"{place:064x}" for place in range(n))


def config_of(item: Schedule, n: int, **changes: object) -> SeasonConfig:
    settings_of = {"format": item.name, "players": players_of(n), "pairs": 6, "sprt_block": 4, "tiebreak_pairs": 3}
    return SeasonConfig.model_validate(settings_of | changes)


class Outcomes:
    """A record that knows all: pair ``index`` of two players ends as a pure function of the three numbers says."""

    def __init__(self, world: int = 0, draws: int = 0) -> None:
        self._world = world
        self._draws = draws  # this many in ten pairs are drawn

    def pair_class(self, low: int, high: int, index: int) -> int:
        bits = pair_seed(self._world * 10**6 + low * 1000 + high, index)
        return 2 if bits % 10 < self._draws else bits // 10 % 5

    def counts(self, pairing: Pairing) -> PairCounts:
        low, high = sorted((pairing.first, pairing.second))
        seen = Counter(self.pair_class(low, high, index) for index in indices(pairing))
        view = range(5) if pairing.first == low else range(4, -1, -1)
        return tuple(seen[kind] for kind in view)  # type: ignore[return-value]


class Played(Outcomes):
    """A record that grows: it knows only the pairs in ``played``."""

    def __init__(self, outcomes: Outcomes) -> None:
        super().__init__(outcomes._world, outcomes._draws)
        self.played: set[tuple[int, int, int]] = set()

    def add(self, pairing: Pairing) -> None:
        self.played |= keys(pairing)

    def counts(self, pairing: Pairing) -> PairCounts:
        assert keys(pairing) <= self.played, f"asked about {pairing} before it was played"
        return super().counts(pairing)


class Stored(Played):
    """A record that answers for what it has and says nothing of the rest, as the contract has it."""

    def counts(self, pairing: Pairing) -> PairCounts:
        singles = [Pairing(pairing.first, pairing.second, index, 1) for index in indices(pairing)]
        known = [Outcomes.counts(self, single) for single in singles if keys(single) <= self.played]
        return tuple(sum(column) for column in zip(*known, strict=True)) if known else (0,) * 5


class Mute:
    """A record that must not be asked."""

    def counts(self, pairing: Pairing) -> PairCounts:
        raise AssertionError(f"asked about {pairing} before anything was played")


class Even:
    """A record in which everything is drawn, however long."""

    def counts(self, pairing: Pairing) -> PairCounts:
        return (0, 0, pairing.pairs, 0, 0)


def indices(pairing: Pairing) -> range:
    return range(pairing.first_pair, pairing.first_pair + pairing.pairs)


def keys(pairing: Pairing) -> set[tuple[int, int, int]]:
    low, high = sorted((pairing.first, pairing.second))
    return {(low, high, index) for index in indices(pairing)}


def play(item: Schedule, config: SeasonConfig, outcomes: Outcomes) -> list[list[Pairing]]:
    """Play a season as the contract says: a round at a time, the record growing while a round is iterated."""
    record = Played(outcomes)
    played: list[list[Pairing]] = []
    for pairings in item.rounds(len(config.players), config, record):
        played.append([])
        for pairing in pairings:
            played[-1].append(pairing)
            record.add(pairing)
    return played


def cases() -> Iterator[object]:
    for item, n, test in itertools.product(schedules(), SIZES, TESTS):
        if test is None or item.allows_sprt:
            yield pytest.param(item, n, test, id=f"{item.name}-{n}{'-sprt' if test else ''}")


every_case = pytest.mark.parametrize(("item", "n", "test"), list(cases()))
every_schedule = pytest.mark.parametrize("item", schedules(), ids=lambda item: item.name)


@every_schedule
def test_it_describes_itself(item: Schedule) -> None:
    assert item.name.isidentifier()
    assert item.name == item.name.lower()
    assert item.title.strip()
    assert "\n" not in item.title


@every_case
def test_encounters_are_legal_and_no_pair_is_played_twice(item: Schedule, n: int, test: SprtConfig | None) -> None:
    rounds = play(item, config_of(item, n, sprt=test), Outcomes())
    produced = [pairing for pairings in rounds for pairing in pairings]
    for pairing in produced:
        assert pairing.first != pairing.second
        assert {pairing.first, pairing.second} <= set(range(n))
        assert pairing.pairs > 0
        assert pairing.first_pair >= 0
    seen = Counter(key for pairing in produced for key in keys(pairing))
    assert max(seen.values()) == 1
    lengths = Counter((low, high) for low, high, _ in seen)
    for low, high, index in seen:
        assert index < lengths[low, high], "two players use the season's seeds from the first on, without a gap"


@every_case
def test_everybody_plays_and_no_round_is_empty(item: Schedule, n: int, test: SprtConfig | None) -> None:
    rounds = play(item, config_of(item, n, sprt=test, rounds=2), Outcomes())
    assert all(rounds)
    assert {place for pairings in rounds for pairing in pairings for place in (pairing.first, pairing.second)} == set(
        range(n)
    )


@every_case
@pytest.mark.parametrize("draws", [0, 9])
def test_a_season_run_again_over_its_results_is_the_same(
    item: Schedule, n: int, test: SprtConfig | None, draws: int
) -> None:
    config = config_of(item, n, sprt=test, rounds=4)
    outcomes = Outcomes(draws=draws)
    played = play(item, config, outcomes)
    assert play(item, config, outcomes) == played
    assert [list(pairings) for pairings in item.rounds(n, config, outcomes)] == played
    assert [list(pairings)[::-1] for pairings in list(item.rounds(n, config, outcomes))] == [
        pairings[::-1] for pairings in played
    ], "a round read late is the round that was meant"


@every_case
@pytest.mark.parametrize("draws", [0, 9])
def test_the_plan_is_what_is_played(item: Schedule, n: int, test: SprtConfig | None, draws: int) -> None:
    for rounds in (0, 5):
        config = config_of(item, n, sprt=test, rounds=rounds, gauntlet_size=min(2, n - 1))
        played = sum(pairing.pairs for pairings in play(item, config, Outcomes(draws=draws)) for pairing in pairings)
        assert played <= item.most_pairs(n, config)
        assert item.planned_pairs(n, config) in (None, played)


@every_schedule
def test_the_plan_without_extras_is_known(item: Schedule) -> None:
    config = config_of(item, 9, tiebreak_pairs=0)
    assert item.planned_pairs(9, config) == item.most_pairs(9, config)


@every_case
@pytest.mark.parametrize("draws", [0, 9])
def test_a_placement_ranks_everybody_once_the_season_is_over(
    item: Schedule, n: int, test: SprtConfig | None, draws: int
) -> None:
    config = config_of(item, n, sprt=test, rounds=3)
    outcomes = Outcomes(draws=draws)
    played = [pairing for pairings in play(item, config, outcomes) for pairing in pairings]
    stored = Stored(outcomes)
    assert item.placement(n, config, stored) is None
    for pairing in played:
        stored.add(pairing)
    placement = item.placement(n, config, stored)
    assert placement is None or sorted(placement) == list(range(n))
    assert item.placement(n, config, outcomes) == placement
    stored.played -= {min(keys(played[-1]))}
    assert item.placement(n, config, stored) is None


@every_schedule
def test_the_first_round_asks_nothing_and_is_lazy(item: Schedule) -> None:
    config = config_of(item, 1000, pairs=1000)
    tracemalloc.start()
    try:
        head = list(itertools.islice(next(iter(item.rounds(1000, config, Mute()))), 10))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(head) == 10
    assert peak < 32 * 2**20, "half a million encounters or a thousand million pairs as objects would need more"


@every_schedule
def test_a_million_matches_are_a_few_encounters(item: Schedule) -> None:
    n = 50
    short, long = config_of(item, n, pairs=1), config_of(item, n, pairs=10_000)
    encounters = [sum(1 for pairings in item.rounds(n, config, Even()) for _ in pairings) for config in (short, long)]
    assert encounters[0] == encounters[1] <= n * n


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(2, 14), world=st.integers(0, 10**6), draws=st.integers(0, 10))
def test_any_season_resumes_and_repeats_no_pair(data: st.DataObject, n: int, world: int, draws: int) -> None:
    item = data.draw(st.sampled_from(schedules()))
    config = config_of(
        item,
        n,
        pairs=data.draw(st.integers(1, 5)),
        rounds=data.draw(st.integers(0, 2 * n)),
        seed=data.draw(st.integers(0, 2**63 - 1)),
        gauntlet_size=data.draw(st.integers(1, n - 1)),
        tiebreak_pairs=data.draw(st.integers(0, 3)),
        sprt=data.draw(st.sampled_from(TESTS)) if item.allows_sprt else None,
        sprt_block=data.draw(st.integers(1, 3)),
    )
    outcomes = Outcomes(world, draws)
    played = play(item, config, outcomes)
    assert [list(pairings) for pairings in item.rounds(n, config, outcomes)] == played
    seen = Counter(key for pairings in played for pairing in pairings for key in keys(pairing))
    assert max(seen.values()) == 1
    assert item.planned_pairs(n, config) in (None, len(seen))
    assert len(seen) <= item.most_pairs(n, config)


OF_FORMATS = ["rounds", "gauntlet_size", "tiebreak_pairs"]


def test_the_formats_name_the_settings_that_not_all_of_them_read():
    assert sorted({name for item in schedules() for name in item.settings}) == sorted(OF_FORMATS)


@pytest.mark.parametrize("item", schedules(), ids=lambda item: item.name)
@pytest.mark.parametrize("setting", OF_FORMATS)
def test_a_setting_matters_to_the_formats_that_name_it_and_to_no_other(item, setting):
    lengths = {item.most_pairs(6, config_of(item, 6, **{setting: value})) for value in (1, 2, 4)}
    assert (len(lengths) > 1) == (setting in item.settings)
