"""A run about to be started: its command line is understood by the program and says exactly what differs."""

from typing import Any

import pytest
from click.testing import CliRunner

from ai.trainer import MetricSpec, Trainer, TrainerConfig, trainer
from app.desktop.command_line import command_line
from app.desktop.training.new_run import NewRun, crowding, preset_values, resume_arguments

ES = trainer("es")


class SwitchConfig(TrainerConfig):
    is_fast: bool = False
    is_safe: bool = True
    sizes: tuple[int, ...] = (16,)


SWITCHES = Trainer("switches", "Switches", "", 1, SwitchConfig, {}, (MetricSpec("m", "M", "g", ""),), lambda *_: None)  # type: ignore[arg-type,return-value]


def new_run(**changes: Any) -> NewRun:
    fields = {"trainer": ES, "preset": "quick", "seed": 5, "workers": 2, **changes}
    return NewRun(**fields)


def test_a_preset_as_it_is_needs_no_options_of_its_own() -> None:
    run = new_run(values=preset_values(ES, "quick"), name="My run")
    assert run.changed() == {}
    assert run.arguments("/league") == [
        *("train", "es", "--preset", "quick", "--seed", "5", "--workers", "2"),
        *("--name", "My run", "--home", "/league", "--events"),
    ]


def test_workers_that_the_trainer_settles_are_not_named() -> None:
    assert "--workers" not in new_run(workers=None).arguments("/league")
    assert "--workers" not in resume_arguments("es", "es-3", "/league", None)


def test_only_what_differs_from_the_preset_is_named() -> None:
    values = preset_values(ES, "standard") | {"children": 9, "hidden": ("8", "4"), "opponents": ["tracker"]}
    run = new_run(preset="standard", values=values)
    assert run.changed() == {"children": 9, "hidden": (8, 4), "opponents": ("tracker",)}
    words = run.arguments("/league")
    for option, value in (("--children", "9"), ("--hidden", "8,4"), ("--opponents", "tracker")):
        assert words[words.index(option) + 1] == value


def test_a_list_as_the_form_hands_it_in_is_no_change() -> None:
    values = preset_values(ES, "quick") | {"hidden": ("16",), "opponents": ("tracker", "predictor")}
    assert new_run(values=values).changed() == {}


def test_switches_are_options_without_a_value() -> None:
    run = NewRun(SWITCHES, None, {"is_fast": True, "is_safe": False, "sizes": (3, 2)}, seed=1, workers=1)
    words = run.arguments("/league")
    assert words[2:6] == ["--is-fast", "--no-is-safe", "--sizes", "3,2"]


def test_a_problem_is_the_classes_own_sentence() -> None:
    run = new_run(values={"children": 4, "finalists": 9})
    assert "finalists is 9" in run.problem()
    assert new_run().problem() == ""


def test_the_program_takes_the_arguments_as_they_were_meant(tmp_path: Any) -> None:
    """The run that the command line makes has the configuration that the form showed."""
    from app.commands import train

    values = preset_values(ES, "standard") | {"children": 9, "hidden": (), "generations": 3, "step_size": 0.25}
    words = new_run(preset="standard", values=values).arguments(str(tmp_path))
    taken: dict[str, Any] = {}
    command = train._command(ES)
    command.callback = taken.update  # type: ignore[assignment]
    result = CliRunner().invoke(command, words[2:])
    assert result.exit_code == 0, result.output
    given = {name: value for name, value in taken.items() if name in ES.config_class.model_fields and value is not None}
    assert ES.configure(given, taken["preset"]).model_dump() == ES.configure(values).model_dump()
    assert (taken["seed"], taken["workers"]) == (5, 2)


def test_resuming_names_the_run() -> None:
    assert resume_arguments("es", "es-3", "/league", 2) == [
        *("train", "es", "--resume", "es-3", "--workers", "2", "--home", "/league", "--events")
    ]


def test_a_command_line_can_be_pasted_into_a_shell() -> None:
    words = ["train", "es", "--name", "my run", "--events"]
    assert command_line(words, is_windows=False) == "python main.py train es --name 'my run'"
    assert command_line(words, is_windows=True) == 'python main.py train es --name "my run"'


@pytest.mark.parametrize(
    ("wanted", "running", "cores", "is_warned"), [(1, 0, 2, False), (5, 0, 2, False), (1, 1, 2, False), (1, 2, 2, True)]
)
def test_a_crowd_of_runs_is_warned_about(wanted: int, running: int, cores: int, is_warned: bool) -> None:
    assert bool(crowding(wanted, running, cores)) == is_warned
