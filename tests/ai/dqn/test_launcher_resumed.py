"""Advice for runs that are there already: they stay what they are, on whatever machine they go on."""

from dataclasses import replace

import pytest

from ai.errors import TrainingError
from ai.machine import GIB
from tests.ai.dqn.test_launcher import LAPTOP, LITTLE_MEMORY, ONE_CORE, SERVER, FakeProbe, ask


def test_a_run_that_goes_on_keeps_what_it_is():
    probe = FakeProbe()
    fixed = {"mode": "parallel", "engine": "compiled", "device": "cpu", "courts": 512}
    advice = ask(SERVER, probe, preset=fixed, is_resumed=True)
    assert (advice.values, advice.warnings, advice.summary, probe.asked) == ({}, (), (), [])
    assert advice.workers == 4
    assert ask(LAPTOP, probe, preset=fixed, is_resumed=True, spare_cores=1).workers == 1
    assert ask(LAPTOP, probe, preset=fixed, is_resumed=True, workers=7).workers == 2


def test_a_run_that_the_machine_cannot_carry_any_more_gets_one_sentence():
    fixed: dict[str, object] = {"mode": "ultra", "engine": "compiled", "device": "cpu"}
    one = ask(ONE_CORE, preset=fixed, is_resumed=True)
    assert one.warnings == ("the run goes on in the mode ultra, though there is 1 core for actors and learner",)
    assert (one.values, one.workers) == ({}, 1)
    little = ask(LITTLE_MEMORY, preset={**fixed, "buffer_size": 30_000_000}, is_resumed=True)
    assert any("the run's experience takes 3,262 MiB with its copies" in line for line in little.warnings)
    with pytest.raises(TrainingError, match="resume it on a larger machine"):
        ask(replace(LITTLE_MEMORY, memory=GIB), preset={**fixed, "buffer_size": 40_000_000}, is_resumed=True)


@pytest.mark.parametrize(
    ("machine", "has_torch", "device", "why"),
    [
        (LAPTOP, True, "cuda", r"its device is cuda, and there is no GPU (no NVIDIA driver (looked for /a))"),
        (LAPTOP, False, "cuda", r"its device is cuda, and there is no GPU (no NVIDIA driver (looked for /a))"),
        (LAPTOP, False, "cpu", "its engine is torch, which is not installed"),
    ],
)
def test_a_run_goes_on_with_the_compiled_engine_where_its_own_is_not_to_be_had(machine, has_torch, device, why):
    fixed: dict[str, object] = {"mode": "single", "engine": "torch", "device": device}
    advice = ask(machine, preset=fixed, is_resumed=True, has_torch=has_torch)
    assert advice.values == {"engine": "compiled", "device": "cpu", "precision": "float32"}
    assert advice.warnings == (f"the run goes on with the compiled engine on the CPU: {why}",)
    assert ask(SERVER, preset=fixed, is_resumed=True).values == {}
