import itertools
from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from league.config import SeasonConfig
from league.ratings.sprt import SprtConfig, SprtDecision, decide
from league.schedules import PairCounts, Pairing, UnknownScheduleError, schedule, schedules
from league.schedules.base import margin
from league.schedules.knockout import bracket
from league.schedules.ladder import _Results
from league.schedules.matching import Matching, pair_up
from league.schedules.round_robin import circle
from league.schedules.swiss import _Table


def config(format_name: str, n: int, **changes: object) -> SeasonConfig:
    named = {"format": format_name, "players": [f"p{place:03}" for place in range(n)], "pairs": 2}
    return SeasonConfig.model_validate(named | changes)


class Rule:
    """A record in which ``rule(first, second, index)`` says -1, 0, +1: lost, even or won for the first, each pair."""

    def __init__(self, rule: Callable[[int, int, int], int]) -> None:
        self._rule = rule

    def counts(self, pairing: Pairing) -> PairCounts:
        indices = range(pairing.first_pair, pairing.first_pair + pairing.pairs)
        seen = Counter(self._rule(pairing.first, pairing.second, index) for index in indices)
        return (seen[-1], 0, seen[0], 0, seen[1])


LOWER_WINS = Rule(lambda first, second, index: 1 if first < second else -1)
HIGHER_WINS = Rule(lambda first, second, index: 1 if first > second else -1)
ALL_EVEN = Rule(lambda first, second, index: 0)


def played(season: SeasonConfig, record: Rule) -> list[list[Pairing]]:
    return [list(pairings) for pairings in schedule(season.format).rounds(len(season.players), season, record)]


def meetings(season: SeasonConfig, record: Rule) -> list[list[tuple[int, int]]]:
    return [[(pairing.first, pairing.second) for pairing in pairings] for pairings in played(season, record)]


# The registry


def test_schedules_are_found_by_being_there() -> None:
    names = [item.name for item in schedules()]
    assert names == ["double_round_robin", "gauntlet", "knockout", "ladder", "round_robin", "swiss"]
    assert all(schedule(name).name == name for name in names)


def test_an_unknown_format_is_answered_with_the_most_similar() -> None:
    with pytest.raises(UnknownScheduleError, match=r"'rund_robin'; did you mean 'round_robin'\? there are double"):
        schedule("rund_robin")
    with pytest.raises(UnknownScheduleError, match=r"'xyz'; there are double_round_robin, gauntlet"):
        schedule("xyz")


# Round robins and gauntlets


@pytest.mark.parametrize("n", range(2, 14))
def test_the_circle_has_every_two_once_and_spreads_them(n: int) -> None:
    encounters = list(circle(n))
    assert sorted(tuple(sorted(two)) for two in encounters) == list(itertools.combinations(range(n), 2))
    for run in range(0, len(encounters), n // 2):
        seated = [place for two in encounters[run : run + n // 2] for place in two]
        assert len(set(seated)) == len(seated)


def test_a_double_round_robin_goes_on_with_the_next_seeds() -> None:
    one, two = played(config("double_round_robin", 4, pairs=3), ALL_EVEN)
    assert [Pairing(p.second, p.first, p.first_pair + 3, 3) for p in one] == two
    assert {pairing.first_pair for pairing in one} == {0}
    assert len(one) == 6


def test_a_gauntlet_is_run_by_the_first_players() -> None:
    assert meetings(config("gauntlet", 4), ALL_EVEN) == [[(0, 1), (0, 2), (0, 3)]]
    assert meetings(config("gauntlet", 4, gauntlet_size=2), ALL_EVEN) == [[(0, 1), (0, 2), (1, 2), (0, 3), (1, 3)]]


@pytest.mark.parametrize(("name", "undecided"), [("round_robin", {(0, 2), (1, 2)}), ("gauntlet", {(0, 2)})])
def test_a_sequential_test_ends_an_encounter_at_the_end_of_a_block(name: str, undecided: set[tuple[int, int]]) -> None:
    test = SprtConfig(elo0=0.0, elo1=100.0)
    season = config(name, 3, pairs=25, sprt=test, sprt_block=10)
    seesaw_with_2 = Rule(lambda first, second, index: (-1) ** index if 2 in (first, second) else second - first)
    assert decide(test, (0, 0, 0, 0, 10)) is SprtDecision.ACCEPT_H1
    assert decide(test, (10, 0, 0, 0, 10)) is SprtDecision.CONTINUE
    one, *others = [
        {(*sorted((p.first, p.second)), p.first_pair, p.pairs) for p in pairings}
        for pairings in played(season, seesaw_with_2)
    ]
    assert one == {(*two, 0, 10) for two in undecided | {(0, 1)}}
    assert others == [{(*two, 10, 10) for two in undecided}, {(*two, 20, 5) for two in undecided}]


def test_a_sequential_test_looks_at_all_blocks_together() -> None:
    test = SprtConfig(elo0=0.0, elo1=40.0)
    season = config("gauntlet", 2, pairs=100, sprt=test, sprt_block=5)
    needed = next(pairs for pairs in range(5, 100, 5) if decide(test, (0, 0, 0, 0, pairs)) is SprtDecision.ACCEPT_H1)
    assert needed > 5
    assert sum(p.pairs for pairings in played(season, LOWER_WINS) for p in pairings) == needed


def test_an_undecided_encounter_is_played_to_its_limit() -> None:
    season = config("gauntlet", 2, pairs=25, sprt=SprtConfig(elo0=-1.0, elo1=1.0), sprt_block=10)
    seesaw = Rule(lambda first, second, index: (-1) ** index)
    assert played(season, seesaw) == [[Pairing(0, 1, 0, 10)], [Pairing(0, 1, 10, 10)], [Pairing(0, 1, 20, 5)]]


# Knockout


def test_bracket_of_eight() -> None:
    assert bracket(8) == [0, 7, 3, 4, 1, 6, 2, 5]
    assert bracket(5) == bracket(8)
    assert bracket(2) == [0, 1]


def test_the_best_seeds_have_the_byes_and_meet_in_the_final() -> None:
    season = config("knockout", 6)
    assert meetings(season, LOWER_WINS) == [[(3, 4), (2, 5)], [(0, 3), (1, 2)], [(0, 1)]]
    assert schedule("knockout").placement(6, season, LOWER_WINS) == [0, 1, 2, 3, 4, 5]


def test_an_upset_goes_through() -> None:
    season = config("knockout", 6)
    assert meetings(season, HIGHER_WINS) == [[(3, 4), (2, 5)], [(0, 4), (1, 5)], [(4, 5)]]
    assert schedule("knockout").placement(6, season, HIGHER_WINS) == [5, 4, 0, 1, 2, 3]


def test_a_tie_is_played_on_one_pair_at_a_time_until_it_is_decided() -> None:
    season = config("knockout", 2, pairs=2, tiebreak_pairs=5)
    late = Rule(lambda first, second, index: -1 if index == 4 else 0)
    extra = [[Pairing(0, 1, 2, 1)], [Pairing(0, 1, 3, 1)], [Pairing(0, 1, 4, 1)]]
    assert played(season, late) == [[Pairing(0, 1, 0, 2)], *extra]
    assert schedule("knockout").placement(2, season, late) == [1, 0]


def test_a_tie_that_stays_goes_to_the_better_seed() -> None:
    season = config("knockout", 4, pairs=2, tiebreak_pairs=3)
    assert meetings(season, ALL_EVEN) == [[(0, 3), (1, 2)]] * 4 + [[(0, 1)]] * 4
    assert schedule("knockout").placement(4, season, ALL_EVEN) == [0, 1, 2, 3]


# Swiss


def test_swiss_halves_meet_then_equal_scores() -> None:
    rounds = meetings(config("swiss", 8), LOWER_WINS)
    assert rounds[0] == [(0, 4), (1, 5), (2, 6), (3, 7)]
    assert rounds[1] == [(0, 2), (1, 3), (4, 6), (5, 7)]
    assert (0, 1) in rounds[2]
    assert (6, 7) in rounds[2]
    assert schedule("swiss").placement(8, config("swiss", 8), LOWER_WINS)[0] == 0  # type: ignore[index]


def test_an_encounter_counts_once_whatever_its_margin() -> None:
    narrow = Rule(lambda first, second, index: (1 if first < second else -1) if index % 5 == 0 else 0)
    season = config("swiss", 8, pairs=5)
    assert meetings(season, narrow) == meetings(season, LOWER_WINS)


def test_swiss_prefers_the_least_met_then_the_score_then_the_other_half() -> None:
    table = _Table(8)
    table.half_points[:6] += 2  # 0 to 5 are one group: 0 to 2 its upper half
    rest = list(range(1, 8))
    assert table.prefer(0, rest) == [3, 4, 5, 1, 2, 6, 7]
    table.meetings[0, [3, 1]] = 1
    assert table.prefer(0, rest) == [4, 5, 2, 6, 7, 3, 1]


def by_table(results: dict[tuple[int, int], int], narrow: tuple[int, int]) -> Rule:
    """A record with the lower player's ``results``, all pairs alike; in ``narrow`` every second pair is even."""

    def rule(first: int, second: int, index: int) -> int:
        low, high = sorted((first, second))
        result = 0 if (low, high) == narrow and index % 2 else results[low, high]
        return result if first == low else -result

    return Rule(rule)


def test_equal_scores_are_ranked_by_the_opponents_scores() -> None:
    # scores 3: 2, 2: 1, 0: 1, 1: 0; Buchholz 2: 1 + 2 = 3, 0: 1 + 0 = 1, though 0 has the better margin, +2 to -2
    rule = by_table({(0, 2): -1, (1, 3): -1, (2, 3): -1, (0, 1): 1}, narrow=(0, 2))
    season = config("swiss", 4)
    assert meetings(season, rule) == [[(0, 2), (1, 3)], [(3, 2), (0, 1)]]
    assert schedule("swiss").placement(4, season, rule) == [3, 2, 0, 1]


def test_equal_opponents_scores_are_ranked_by_the_margin() -> None:
    # scores 2, 1, 1, 0; Buchholz of 1 and of 2 is 2; 1 has won narrowly
    rule = by_table({(0, 2): 1, (1, 3): 1, (0, 1): 1, (2, 3): 1}, narrow=(1, 3))
    season = config("swiss", 4)
    assert meetings(season, rule) == [[(0, 2), (1, 3)], [(0, 1), (3, 2)]]
    assert schedule("swiss").placement(4, season, rule) == [0, 2, 1, 3]


@pytest.mark.parametrize("n", [3, 5, 7, 9])
def test_everybody_has_a_bye_before_anybody_has_two(n: int) -> None:
    for rounds in (n - 2, n, 2 * n):
        byes = Counter(
            place
            for drawn in meetings(config("swiss", n, rounds=rounds), LOWER_WINS)
            for place in set(range(n)) - {player for two in drawn for player in two}
        )
        assert byes.total() == rounds
        assert max(byes.values()) <= -(-rounds // n) + (rounds > n), byes


def test_a_bye_is_a_full_point() -> None:
    season = config("swiss", 3, rounds=1)
    assert meetings(season, ALL_EVEN) == [[(0, 1)]]
    assert schedule("swiss").placement(3, season, ALL_EVEN) == [2, 0, 1]
    assert schedule("swiss").placement(3, season, LOWER_WINS) == [0, 2, 1]


def has_fresh_round(n: int, met: set[frozenset[int]], waiting: frozenset[int]) -> bool:
    """Whether everybody of an even number can meet somebody new, by trying everything."""
    if not waiting:
        return True
    first = min(waiting)
    return any(
        frozenset({first, other}) not in met and has_fresh_round(n, met, waiting - {first, other})
        for other in waiting - {first}
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([2, 4, 6, 8, 10]), st.integers(1, 12), st.integers(0, 10**6))
def test_swiss_has_no_rematch_while_it_can_be_avoided(n: int, rounds: int, world: int) -> None:
    rng = np.random.default_rng(world)
    table = rng.integers(-1, 2, size=(n, n))
    record = Rule(lambda first, second, index: int(np.sign(table[first, second] - table[second, first])))
    met: set[frozenset[int]] = set()
    for drawn in meetings(config("swiss", n, rounds=rounds), record):
        two_of = {frozenset(two) for two in drawn}
        if two_of & met:
            assert not has_fresh_round(n, met, frozenset(range(n)))
        met |= two_of


# Matching


def largest_matching(allowed: np.ndarray) -> int:
    """The size of a maximum matching by trying everything."""
    partners = [[int(other) for other in np.flatnonzero(row)] for row in allowed]

    @cache
    def best(waiting: int) -> int:
        if not waiting:
            return 0
        first = waiting.bit_length() - 1
        rest = waiting & ~(1 << first)
        return max([best(rest)] + [1 + best(rest & ~(1 << other)) for other in partners[first] if rest >> other & 1])

    return best((1 << len(allowed)) - 1)


def sparse_graph(n: int, edges: int, seed: int, *, is_perfect: bool = False) -> np.ndarray:
    """A random graph of about ``edges`` edges, few enough for odd cycles to be in the way."""
    rng = np.random.default_rng(seed)
    allowed = np.zeros((n, n), dtype=np.bool_)
    allowed[rng.integers(0, n, edges), rng.integers(0, n, edges)] = True
    if is_perfect:
        places = rng.permutation(n)
        allowed[places[::2], places[1::2]] = True
    np.fill_diagonal(allowed, val=False)
    return allowed | allowed.T


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 12), st.floats(0.5, 2.0), st.integers(0, 10**9))
def test_a_matching_is_valid_and_maximum(n: int, density: float, seed: int) -> None:
    allowed = sparse_graph(n, int(density * n), seed)
    mates = Matching(allowed).mates()
    for vertex, mate in enumerate(mates):
        if mate >= 0:
            assert allowed[vertex, mate]
            assert mates[mate] == vertex
    assert sum(mate >= 0 for mate in mates) == 2 * largest_matching(allowed)


@pytest.mark.parametrize("seed", range(0, 400, 50))
@pytest.mark.parametrize(("n", "edges"), [(4, 3), (6, 10), (10, 12)])
def test_a_pair_is_taken_exactly_when_the_rest_can_be_paired(n: int, edges: int, seed: int) -> None:
    for graph in range(seed, seed + 50):
        take_all(n, sparse_graph(n, edges, graph, is_perfect=True))


def take_all(n: int, allowed: np.ndarray) -> None:
    matching = Matching(allowed)
    rest = list(range(n))
    while rest:
        first, possible = rest[0], False
        for second in reversed(rest[1:]):
            others = [place for place in rest if place not in (first, second)]
            possible = bool(allowed[first, second]) and largest_matching(allowed[np.ix_(others, others)]) * 2 == len(
                others
            )
            assert matching.take(first, second) == possible
            if possible:
                rest = others
                break
        assert possible


def test_an_odd_number_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="3 players cannot be paired"):
        pair_up([0, 1, 2], np.zeros((3, 3), dtype=np.int32), lambda first, rest: rest)


# Ladder


def test_the_first_round_of_a_ladder_depends_on_the_seed_alone() -> None:
    one, same, other = (meetings(config("ladder", 20, seed=seed), ALL_EVEN)[0] for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_the_ladder_brings_equals_together() -> None:
    rounds = meetings(config("ladder", 40, rounds=14), LOWER_WINS)

    def mean_gap(drawn: list[tuple[int, int]]) -> float:
        return float(np.mean([abs(first - second) for first, second in drawn]))

    assert mean_gap(rounds[0]) > 9
    assert np.mean([mean_gap(drawn) for drawn in rounds[-4:]]) < 6


def test_the_ladder_is_climbed_by_winning_and_pairs_from_either_end_in_turn() -> None:
    rounds = meetings(config("ladder", 40, rounds=14), LOWER_WINS)
    for down, up in zip(rounds[8::2], rounds[9::2], strict=True):
        assert min(down[0]) < 5
        assert min(up[0]) > 30


def test_strengths_are_those_of_bradley_and_terry() -> None:
    results = _Results(3)
    assert results.strengths().tolist() == [1.0, 1.0, 1.0]
    for _ in range(100):
        results.add(Pairing(0, 1, 0, 3), (0, 0, 0, 3, 0))  # 3/4 of the points, so three times as strong
        results.add(Pairing(2, 1, 0, 1), (0, 0, 1, 0, 0))
    first, second, third = results.strengths()
    assert first / second == pytest.approx(3.0, rel=0.05)
    assert third / second == pytest.approx(1.0, rel=0.05)


def test_the_ladder_prefers_opponents_it_has_met_least() -> None:
    seen = Counter(frozenset(two) for drawn in meetings(config("ladder", 4, rounds=6), ALL_EVEN) for two in drawn)
    assert sorted(seen.values()) == [2] * 6


@pytest.mark.parametrize("n", [3, 7])
def test_the_ladders_byes_rotate(n: int) -> None:
    drawn = meetings(config("ladder", n, rounds=2 * n), LOWER_WINS)
    rests = Counter(place for two_of in drawn for place in set(range(n)) - {p for two in two_of for p in two})
    assert rests == dict.fromkeys(range(n), 2)


def test_margin_counts_matches() -> None:
    assert margin((1, 0, 0, 0, 0)) == -2
    assert margin((0, 1, 0, 0, 0)) == -1
    assert margin((3, 1, 7, 4, 5)) == 2 * 2 + 3
