"""One suite over every registered trainer: what runs, the command line and the window may rely on, whoever trains."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from ai.advice import Wish
from ai.evaluation import CandidateSides, pair_rows
from ai.runs import Plan, Run, Runs
from ai.trainer import RATE_SUFFIX, Champion, Opponent, TrainContext, Trainer, TrainerConfig, trainers
from ai.training import RunEnded, StepDone, TrainEvent, Training
from app.session import STARTERS
from game.batch import play_batch
from game.executors.base import MAX_WORKERS, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.file import PlayerFile, read_player, to_bytes
from game.policies.scripted import ScriptedPolicy
from league.home import Home
from league.library import Library
from league.store import Store

STEPS = 4
TAKEN = {
    "preset", "seed", "name", "resume", "workers", "executor", "is_job", "events", "home", "as_json", "json", "check_only",
    "force",
}  # fmt: skip
"""What the command line calls options of its own."""
MOST_DETAIL = 200_000
"""Characters of one detail as JSON: a window takes it in at a glance, and once a second."""


@pytest.fixture(params=trainers(), ids=lambda trainer: trainer.name)
def trainer(request) -> Trainer:
    chosen: Trainer = request.param
    return chosen


@dataclass
class League:
    """A league with its starters, in which runs are trained."""

    runs: Runs
    library: Library

    def context(self, seed: int = 3) -> TrainContext:
        return TrainContext(GAME, seed, SerialExecutor(), self.find, RunControl(), lambda: 0.0, print)

    def find(self, name: str) -> Opponent:
        row = self.library.find(name)
        return Opponent(row.name, row.hash, self.library.read(row).policy)

    def create(self, trainer: Trainer, config: TrainerConfig, seed: int = 3) -> Run:
        return self.runs.create(Plan(trainer, config, GAME, seed))

    def train(self, trainer: Trainer, run: Run, steps: int) -> RunEnded:
        """Train ``run`` for ``steps`` from where it is, or to its end."""
        context, left = self.context(run.manifest.seed), iter(range(steps - 1))

        def stop(event: TrainEvent) -> None:
            if isinstance(event, StepDone) and next(left, None) is None:
                context.control.set(RunState.STOPPING)

        training = Training(trainer, self.runs.config(run), context)
        try:
            return training.run(run, self.runs, stop)
        finally:
            training.close()


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    home = Home(tmp_path)
    with Store.open(home.database) as store:
        library = Library(home, store)
        library.add_starters(STARTERS)
        yield League(Runs(home, store), library)


def config_of(trainer: Trainer) -> TrainerConfig:
    """Return the preset for a first look: every trainer has one that makes a player."""
    return trainer.configure({}, "quick")


def other_modes(trainer: Trainer) -> list[TrainerConfig]:
    """Return the quickest preset with each other mode and algorithm, where a trainer has some: they have metrics of their own."""
    values, fields = config_of(trainer).model_dump(), trainer.config_class.model_fields
    return [
        trainer.configure({**values, name: choice})
        for name in ("mode", "algorithm")
        if name in fields
        for choice in get_args(fields[name].annotation)
        if choice != values[name]
    ]


def history(run: Run) -> list[object]:
    rows = [(row.step, dict(row.values), dict(row.work)) for row in run.folder.metrics()]
    return [rows, [(champion.step, champion.hash) for champion in run.folder.champions()], run.folder.details()]


def test_it_says_what_it_is(trainer):
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,31}", trainer.name)
    assert trainer.version >= 1
    for text in (trainer.title, trainer.description, trainer.step_unit):
        assert text.strip() == text != ""
    assert trainer.description.endswith(".")
    assert issubclass(trainer.config_class, TrainerConfig)


def test_every_field_of_its_configuration_has_a_default_a_description_and_a_range(trainer):
    config = trainer.config_class.model_config
    assert (config["frozen"], config["extra"]) == (True, "forbid")
    schema = trainer.config_class.model_json_schema()
    for name, info in trainer.config_class.model_fields.items():
        assert name not in TAKEN, name
        assert not info.is_required(), name
        assert (info.description or "").endswith("."), name
        described = schema["properties"][name]
        if described.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & set(described), name
            assert {"maximum", "exclusiveMaximum"} & set(described), name
        elif described.get("type") == "array":
            assert "maxItems" in described, name


def test_its_configuration_survives_json(trainer):
    for preset in (None, *trainer.presets):
        config = trainer.configure({}, preset)
        text = json.dumps(config.model_dump(mode="json"))
        assert trainer.configure(json.loads(text)) == config


def test_its_presets_are_valid_and_explained(trainer):
    assert trainer.presets
    for name, preset in trainer.presets.items():
        assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
        assert preset.title
        assert preset.sentence.endswith(".")
        assert preset.expected_s > 0
        config = trainer.configure({}, name)
        for field, value in preset.values.items():
            assert getattr(config, field) == value


@pytest.mark.parametrize("advising", [each for each in trainers() if each.advise], ids=lambda each: each.name)
def test_its_advice_settles_a_run_for_this_machine_and_leaves_one_that_is_there(advising):
    assert advising.advise is not None
    said: list[str] = []
    wish = Wish(config_of(advising), frozenset(), None, GAME)
    advice = advising.advise(wish, said.append)
    config = advising.configure({**wish.config.model_dump(), **advice.values})
    assert "auto" not in config.model_dump().values()
    assert 1 <= advice.workers <= MAX_WORKERS
    assert {choice.name for choice in advice.choices} >= {*advice.values, "workers"}
    assert all(text.strip() for line in (*advice.found, *advice.measured) for text in (line.name, line.text))
    assert all(choice.reason for choice in advice.choices)
    json.dumps([vars(each) for each in (*advice.found, *advice.measured, *advice.choices)], allow_nan=False)
    assert said
    resumed = advising.advise(replace(wish, config=config, is_resumed=True), said.append)
    assert (resumed.values, resumed.workers >= 1) == ({}, True)
    settled = advising.advise(replace(wish, config=config, given=frozenset(advice.values), workers=1), said.append)
    assert settled.values == {}
    assert settled.workers == 1


def test_its_metrics_are_declared_once_and_explained(trainer):
    names = [metric.name for metric in trainer.metrics]
    assert len(set(names)) == len(names)
    for metric in trainer.metrics:
        assert metric.title
        assert metric.group
        assert metric.explanation.endswith(".")
        assert "/" not in metric.name
    assert any(metric.is_headline for metric in trainer.metrics)


@pytest.mark.slow
def test_it_reports_what_it_declares(trainer, league):
    reported: set[str] = set()
    for number, config in enumerate([config_of(trainer), *other_modes(trainer)]):
        run = league.create(trainer, config)
        league.train(trainer, run, 3 if number else 12)
        for row in run.folder.metrics():
            reported.update(row.values, (work + RATE_SUFFIX for work in row.work))
        for name, detail in run.folder.details().items():
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
            assert len(json.dumps(detail.value)) <= MOST_DETAIL, name
    assert reported
    assert [name for name in reported if trainer.metric(name) is None] == []
    declared = {trainer.metric(name) for name in reported}
    assert [metric.name for metric in trainer.metrics if metric not in declared] == []


@pytest.mark.slow
def test_one_seed_is_one_run_and_stopping_changes_nothing(trainer, league):
    config = config_of(trainer)
    whole, again, broken, other = (league.create(trainer, config, seed) for seed in (3, 3, 3, 4))
    for run in (whole, again, other):
        league.train(trainer, run, STEPS)
    assert history(again) == history(whole)
    assert history(other) != history(whole)
    for _ in range(STEPS):
        assert league.train(trainer, broken, 1).state == "stopped"
    assert history(broken) == history(whole)


def test_a_state_restored_is_the_state_that_was_kept(trainer, league):
    config = config_of(trainer)
    first = trainer.start(config, league.context())
    second = trainer.start(config, league.context())
    try:
        first.step()
        second.restore(first.state())
        kept, restored = first.state(), second.state()
    finally:
        first.close()
        second.close()
    assert restored.numbers == kept.numbers
    assert json.loads(json.dumps(kept.numbers)) == kept.numbers
    assert restored.arrays.keys() == kept.arrays.keys()
    for name, array in kept.arrays.items():
        assert (restored.arrays[name].dtype, restored.arrays[name].tobytes()) == (array.dtype, array.tobytes())


@pytest.mark.slow
def test_it_learns_and_its_champion_joins_the_league(trainer, league, tmp_path):
    """The champion of a part of the quick budget beats the random bot, and is the same player wherever it goes."""
    learner = trainer.start(config_of(trainer), league.context())
    champion: Champion | None = None
    score = 0.0
    rows = pair_rows(1, 1, np.arange(10**9, 10**9 + 50, dtype=np.int64), GAME.default_points)
    try:
        for step in range(1, 61):
            champion = learner.step().champion or champion
            if step % 5 == 0 and champion is not None:
                played = play_batch(GAME, build_bank([champion.policy, ScriptedPolicy.of(GAME, "random")]), rows)
                score = CandidateSides.of(played, 1, 1).score.mean()
            if score >= 0.9:
                break
    finally:
        learner.close()
    assert champion is not None
    assert score >= 0.9
    player = PlayerFile("champion", GAME.name, GAME.version, champion.policy)
    path = tmp_path / "champion.safetensors"
    path.write_bytes(to_bytes(player))
    added = league.library.import_file(path)
    assert added.hash == player.hash == read_player(path).hash
    again = play_batch(GAME, build_bank([league.library.read(added).policy, ScriptedPolicy.of(GAME, "random")]), rows)
    assert again.tobytes() == played.tobytes()
