"""Who becomes and stays champion, whose evidence lasts, who learns from hindsight, and what the species' control is told."""

import numpy as np
import pytest

from ai.neat.evolution import quartile_range
from ai.neat.fitness import Evidence
from ai.neat.learner import NeatLearner, _Judgement
from tests.ai.neat.evolution import SMALL, learner_of, steps_of


def learner(mode: str = "baseline", **values: object) -> NeatLearner:
    return learner_of(SMALL.model_copy(update={"mode": mode, **values}))


def evidence(*known: tuple[int, float, float]) -> Evidence:
    """Return what is known after (matches, mean, standard deviation) each."""
    matches, mean, sd = (np.array(column, np.float64) for column in zip(*known, strict=True))
    return Evidence(matches, matches * mean, matches * (mean**2 + sd**2))


def crown(learner: NeatLearner, *known: tuple[int, float, float]) -> float | None:
    """Let the first genomes be finalists of whom that is known; return the fitness of the champion if it is new."""
    learner._evolution.note(np.zeros(SMALL.population), [])
    finals = evidence(*known)
    champion = learner._crown_champion(_Judgement(np.zeros(0), finals, np.arange(len(known)), finals))
    return champion.fitness if champion is not None else None


def test_who_was_tried_more_is_crowned_before_who_was_lucky():
    assert crown(learner(), (4, 1.0, 0.5), (400, 0.9, 0.5)) == pytest.approx(0.9)  # 1 - 0.25 < 0.9 - 0.025


def test_a_champion_gives_way_to_a_better_lower_bound_alone():
    ours = learner()
    assert crown(ours, (400, 0.9, 0.5)) == pytest.approx(0.9)
    assert crown(ours, (1, 0.0, 0.0), (4, 1.0, 0.5)) is None
    assert crown(ours, (1, 0.0, 0.0), (400, 0.95, 0.5)) == pytest.approx(0.95)
    lucky = learner()
    assert crown(lucky, (4, 1.0, 0.5)) == pytest.approx(1.0)
    assert crown(lucky, (1, 0.0, 0.0), (400, 0.9, 0.5)) == pytest.approx(0.9)


def test_a_champion_that_lives_on_is_no_new_one_but_may_be_known_better():
    ours = learner()
    assert crown(ours, (4, 1.0, 0.5)) == pytest.approx(1.0)
    assert crown(ours, (400, 0.95, 0.5)) is None
    assert ours._champion.evidence.matches.tolist() == [400.0]


@pytest.mark.parametrize("mode", ["baseline", "self_play", "curriculum"])
def test_evidence_lasts_only_where_the_rivals_never_change(mode):
    ours = learner(mode, elitism=2)
    once = 2 * 2 * (SMALL.pairs + SMALL.final_pairs)  # against two rivals, at most
    ours.step()
    finals = 2 * SMALL.final_pairs  # against a rival
    most, growth, held = 0.0, [], []
    for _ in range(7):
        before = ours._champion.evidence.matches[0]
        report = ours.step()
        most = max(most, ours._known.matches.max())
        if report.champion is None:
            held.append(ours._champion.evidence.matches[0])
            growth.append(held[-1] - before)
    assert held
    if mode == "baseline":
        assert most > once
        assert min(growth) >= 2 * finals
    else:
        assert most <= once
        assert max(held) <= 2 * finals


@pytest.mark.parametrize("mode", ["baseline", "self_play"])
def test_the_champion_plays_the_finals_too(mode):
    ours = learner(mode)
    ours.step()
    policies = ours._policies(ours._evolution.genomes)
    rivals = ours._rivals.choose(policies, np.random.default_rng(1))
    before = ours._champion.evidence.matches[0]
    ours._play_finals(policies, rivals, evidence(*[(1, 0.0, 0.0)] * SMALL.population))
    finals = 2 * len(rivals.policies) * SMALL.final_pairs
    assert ours._champion.evidence.matches[0] == finals + (before if mode == "baseline" else 0)


def test_only_who_is_born_learns_and_the_champion_looks_back_now_and_then(monkeypatch):
    ours = learner(
        elitism=2, hindsight_steps=1, hindsight_rows=8, hindsight_pairs=1, hindsight_rivals=1, hindsight_every=3
    )
    assert ours._study is not None
    taught, looked = [], []

    def teach(genomes, learners, rng):
        taught.append(genomes.keys[learners].tolist())
        return genomes

    monkeypatch.setattr(ours._study, "teach", teach)
    monkeypatch.setattr(ours._study, "look_back", lambda *_: looked.append(ours._step))
    alive: list[list[int]] = []
    for _ in range(5):
        alive.append(ours._evolution.genomes.keys.tolist())
        ours.step()
    assert taught[0] == alive[0]
    for before, now, learned in zip(alive, alive[1:], taught[1:], strict=False):
        assert learned == [key for key in now if key not in before]
        assert len(learned) < len(now)
    assert looked == [0, 3]


def test_the_control_is_told_the_measured_score_and_the_spread_in_its_unit(monkeypatch):
    ours = learner(generations=4, evaluate_every=2, points_weight=3.0, hits_weight=1.0)
    breed, told, fitness = ours._evolution.breed, [], []

    def noted(values, yardstick, spread):
        fitness.append(values)
        told.append((yardstick, spread))
        return breed(values, yardstick, spread)

    monkeypatch.setattr(ours._evolution, "breed", noted)
    reports = steps_of(ours, 3)
    assert [yardstick for yardstick, _ in told] == [None, reports[1].values["mean_score"], None]
    assert [spread for _, spread in told] == [quartile_range(values) / 4.0 for values in fitness]


def test_the_last_generation_is_measured():
    first, last = steps_of(learner(generations=2, evaluate_every=100), 2)
    assert "mean_score" not in first.values
    assert "mean_score" in last.values
