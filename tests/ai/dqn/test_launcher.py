"""Advice on made-up machines: what is chosen, what is replaced and said, what is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from ai.advice import Advice, Wish
from ai.dqn import TRAINER, DqnConfig
from ai.dqn.launcher import Effects, advise
from ai.dqn.probe import Candidate, Refusal, Speeds, UpdateTime
from ai.errors import TrainingError
from ai.machine import GIB, MIB, FileHandles, Gpu, Machine, SharedMemory
from game.games.rally import GAME
from game.spec import GameSpec

COMPILED = Candidate("compiled", "cpu")
CUDA = Candidate("torch", "cuda")
HALF = Candidate("torch", "cuda", "bfloat16")
ON_TORCH = Candidate("torch", "cpu")
FULL = "device 'cuda' cannot hold the network (out of memory)"

LAPTOP = Machine(
    cores=2,
    memory=16 * GIB,
    memory_free=8 * GIB,
    gpu_search="no NVIDIA driver (looked for /a)",
    shared_memory=SharedMemory(size=8 * GIB, free=8 * GIB),
    file_handles=FileHandles(1024, 24, 4096),
)
ONE_CORE = replace(LAPTOP, cores=1)
SERVER = replace(
    LAPTOP,
    cores=64,
    memory=512 * GIB,
    memory_free=500 * GIB,
    gpus=(Gpu("made up", 80 * GIB, 79 * GIB),),
    gpu_search="torch",
)
CONTAINER = replace(LAPTOP, cores=3, core_quota=3.5, memory=4 * GIB, memory_free=3 * GIB)
NOTHING_SHARED = replace(LAPTOP, shared_memory=SharedMemory(is_usable=False))
LITTLE_SHARED = replace(LAPTOP, shared_memory=SharedMemory(size=64 * MIB, free=64 * MIB))
FEW_HANDLES = replace(SERVER, file_handles=FileHandles(64, 16, 64))
LITTLE_MEMORY = replace(SERVER, memory=2 * GIB, memory_free=GIB)


@dataclass
class FakeProbe:
    """Updates take a time by candidate and sample; an actor plays at its rate."""

    actor: float = 3e6
    per_sample_s: dict[Candidate, float] = field(default_factory=lambda: {COMPILED: 1e-6})
    least_s: dict[Candidate, float] = field(default_factory=dict)
    asked: list[Candidate] = field(default_factory=list)
    refusing: tuple[Candidate, ...] = ()

    def __call__(
        self, config: DqnConfig, game: GameSpec, candidates: Sequence[tuple[Candidate, Sequence[int]]]
    ) -> Speeds:
        self.asked += [candidate for candidate, _ in candidates]
        return Speeds(
            self.actor,
            tuple(
                UpdateTime(each, size, max(size * self.per_sample_s.get(each, 1e-6), self.least_s.get(each, 0.0)), 1e-7)
                for each, sizes in candidates
                for size in sizes
                if each not in self.refusing
            ),
            tuple(Refusal(each, FULL) for each, _ in candidates if each in self.refusing),
        )


def ask(
    machine: Machine,
    probe: FakeProbe | None = None,
    *,
    workers: int | None = None,
    has_torch: bool = True,
    preset: dict[str, object] | None = None,
    is_forced: bool = False,
    is_resumed: bool = False,
    spare_cores: int = 0,
    **given: object,
) -> Advice:
    """Return the advice for a wish on a machine; ``preset`` are values that the user has not named."""
    wish = Wish(
        config=TRAINER.configure({**(preset or {}), **given}),
        given=frozenset(given),
        workers=workers,
        game=GAME,
        spare_cores=spare_cores,
        is_forced=is_forced,
        is_resumed=is_resumed,
    )
    effects = Effects(lambda: machine, probe or FakeProbe(), lambda: has_torch)
    return advise(wish, lambda line: None, effects)


def settled(advice: Advice) -> dict[str, object]:
    return {choice.name: choice.value for choice in advice.choices}


def reason(advice: Advice, name: str) -> str:
    return next(choice.reason for choice in advice.choices if choice.name == name)


# What is left open


@pytest.mark.parametrize(
    ("machine", "mode", "workers"),
    [
        (ONE_CORE, "single", 1),
        (LAPTOP, "parallel", 1),
        (CONTAINER, "parallel", 1),
        (SERVER, "parallel", 1),
        (NOTHING_SHARED, "single", 1),
        (LITTLE_SHARED, "parallel", 1),
        (FEW_HANDLES, "parallel", 1),
        (LITTLE_MEMORY, "parallel", 1),
    ],
)
def test_every_machine_gets_a_mode_and_settings_that_can_be_trained(machine, mode, workers):
    advice = ask(machine, has_torch=False)
    found = settled(advice)
    assert (found["mode"], found["workers"], advice.workers) == (mode, workers, workers)
    assert list(found) == ["mode", "workers", "batch_size", "buffer_size", "engine", "device", "precision"]
    assert all(choice.reason for choice in advice.choices)
    config = TRAINER.configure(advice.values)
    assert "auto" not in config.model_dump().values()
    assert (config.engine, config.device, config.precision) == ("compiled", "cpu", "float32")
    assert advice.warnings == ()
    assert [line.name for line in advice.found] == [
        "cores",
        "other work",
        "memory",
        "GPU",
        "shared memory",
        "file handles",
    ]


def test_a_slow_game_gets_as_many_actors_as_bring_something():
    """1,024 courts are 8 groups: with 5 actors a round takes as long as with 4, and a ninth has nothing to do."""
    slow = FakeProbe(actor=1e5, per_sample_s={COMPILED: 1e-7})
    assert settled(ask(SERVER, slow, has_torch=False, courts=1024))["workers"] == 8
    five = replace(SERVER, cores=5)
    assert settled(ask(five, slow, has_torch=False, courts=1024, mode="parallel"))["workers"] == 4
    assert settled(ask(five, slow, has_torch=False, courts=1024, mode="ultra"))["workers"] == 5
    assert settled(ask(LAPTOP, slow, has_torch=False, courts=1024))["workers"] == 2
    with_window = ask(LAPTOP, slow, has_torch=False, courts=1024, spare_cores=1)
    assert with_window.workers == 1
    alone = ask(replace(LAPTOP, cores=3), slow, has_torch=False, courts=128)
    assert alone.workers == 1


def test_workers_without_courts_are_obeyed_and_said_to_have_nothing_to_do():
    advice = ask(SERVER, has_torch=False, courts=128, workers=3)
    assert (advice.workers, reason(advice, "workers")) == (3, "as given; there is 1 group of courts, a worker each")
    assert advice.summary[1].startswith("mode parallel with 1 actor: ")


def test_ultra_is_taken_only_where_it_is_clearly_faster():
    """With 5 groups on 4 actors a round of parallel takes as long as with 3: actors that wait for nobody gain a third."""
    probe = FakeProbe(actor=1e5, per_sample_s={COMPILED: 1e-9})
    machine = replace(SERVER, cores=5)
    uneven = ask(machine, probe, has_torch=False, courts=640, workers=4)
    assert settled(uneven)["mode"] == "ultra"
    assert "parallel 250 k" in reason(uneven, "mode")
    assert settled(ask(machine, probe, has_torch=False, courts=512, workers=4))["mode"] == "parallel"


def test_nothing_is_measured_where_nothing_is_open():
    probe = FakeProbe()
    advice = ask(LAPTOP, probe, mode="parallel", engine="compiled", workers=1)
    assert probe.asked == []
    assert (advice.values, advice.summary, advice.measured) == ({"device": "cpu"}, (), ())
    assert settled(ask(LAPTOP, probe, mode="single", engine="compiled", device="cpu"))["workers"] == 1
    assert probe.asked == []
    ask(LAPTOP, probe, mode="parallel", engine="compiled")
    assert probe.asked == [COMPILED]


def test_a_gpu_is_used_where_it_is_faster():
    slow_start = {CUDA: 4e-4}
    fast = FakeProbe(per_sample_s={COMPILED: 1e-6, CUDA: 1e-9}, least_s=slow_start)
    small = ask(SERVER, fast, preset={"batch_size": 256, "learning_starts": 20_000})
    assert settled(small)["engine"] == "compiled"
    assert reason(small, "engine") == "an update takes 256 us, with torch on cuda 400 us"
    large = ask(SERVER, fast, batch_size=4096)
    assert (settled(large)["engine"], settled(large)["device"]) == ("torch", "cuda")
    assert "4 times as many would take 1.0 times as long" in reason(large, "batch_size")
    assert settled(ask(SERVER, fast, batch_size=4096, device="cpu"))["engine"] == "compiled"
    assert settled(ask(SERVER, fast, batch_size=64, device="cuda"))["engine"] == "torch"
    assert settled(ask(SERVER, fast, batch_size=4096, has_torch=False))["engine"] == "compiled"


def test_a_gpu_that_is_full_is_left_out_unless_it_was_named():
    full = FakeProbe(per_sample_s={COMPILED: 1e-6, CUDA: 1e-9}, refusing=(CUDA, HALF))
    advice = ask(SERVER, full)
    assert (settled(advice)["engine"], settled(advice)["device"]) == ("compiled", "cpu")
    assert advice.warnings == (f"cuda is left out: {FULL}",)
    by_preset = ask(SERVER, full, preset={"device": "cuda", "precision": "bfloat16"})
    assert [settled(by_preset)[name] for name in ("engine", "device", "precision")] == ["compiled", "cpu", "float32"]
    assert by_preset.values["device"] == "cpu"
    assert settled(ask(SERVER, full, engine="torch"))["device"] == "cpu"
    with pytest.raises(TrainingError, match="cannot hold the network"):
        ask(SERVER, full, device="cuda")
    with pytest.raises(TrainingError, match="cannot hold the network"):
        ask(SERVER, FakeProbe(refusing=(CUDA, HALF, ON_TORCH)), engine="torch")
    some = ask(SERVER, FakeProbe(per_sample_s={CUDA: 1e-9}, refusing=(HALF, ON_TORCH)), device="cuda")
    assert (settled(some)["precision"], some.warnings) == ("float32", (f"torch on cuda, bfloat16 is left out: {FULL}",))


@pytest.mark.parametrize(
    ("factor", "given", "expected"),
    [(1.5, {}, "bfloat16"), (1.1, {}, "float32"), (1.5, {"precision": "float32"}, "float32")],
)
def test_bfloat16_is_taken_where_it_is_clearly_faster_and_not_refused(factor, given, expected):
    half = replace(CUDA, precision="bfloat16")
    probe = FakeProbe(per_sample_s={COMPILED: 1e-6, CUDA: 1e-8, half: 1e-8 / factor})
    assert settled(ask(SERVER, probe, **given))["precision"] == expected


def test_large_networks_are_tried_on_torch_too():
    on_torch = Candidate("torch", "cpu")
    probe = FakeProbe(per_sample_s={COMPILED: 1e-5, on_torch: 2e-6})
    assert settled(ask(LAPTOP, probe, hidden=(512, 512)))["engine"] == "torch"
    assert settled(ask(LAPTOP, probe, hidden=(64, 64)))["engine"] == "compiled"
    assert probe.asked == [COMPILED, on_torch, COMPILED]
    assert settled(ask(LAPTOP, probe, hidden=(64, 64), engine="torch"))["device"] == "cpu"


# What the machine cannot carry


@pytest.mark.parametrize(
    ("machine", "wish", "name", "instead", "says"),
    [
        (LAPTOP, {"workers": 9}, "workers", 2, "workers is 2 instead of 9: there are 2 cores; --force insists"),
        (ONE_CORE, {"mode": "ultra"}, "mode", "single", "mode is single instead of ultra: there is 1 core for"),
        (ONE_CORE, {"mode": "parallel"}, "mode", "single", "there is 1 core"),
        (
            LITTLE_MEMORY,
            {"buffer_size": 40_000_000},
            "buffer_size",
            5_000_000,
            "buffer_size is 5,000,000 instead of 40,000,000: 40,000,000 would take 4,349 MiB with its copies for a checkpoint, 9",
        ),
        (FEW_HANDLES, {"workers": 60}, "workers", 3, "too few file handles (ulimit -n raises the limit of 64); --force"),
        (LITTLE_MEMORY, {"workers": 60}, "workers", 2, "MiB are free for processes of 320 MiB; --force insists"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_replaced_aloud_unless_it_is_forced(machine, wish, name, instead, says):
    advice = ask(machine, has_torch=False, **wish)
    assert settled(advice)[name] == instead
    assert any(says in line for line in advice.warnings), advice.warnings
    forced = ask(machine, has_torch=False, is_forced=True, **wish)
    wanted = wish[name]
    assert settled(forced)[name] == wanted
    assert any(
        f"{name} is {wanted:,} because of --force" in line if isinstance(wanted, int) else "--force" in line
        for line in forced.warnings
    )


def test_little_shared_memory_leaves_the_mode_that_needs_little():
    """The replay buffer of parallel lies in shared memory; ultra shares a ring, and keeps the buffer to itself."""
    advice = ask(LITTLE_SHARED, has_torch=False, buffer_size=4_000_000)
    assert settled(advice)["mode"] == "ultra"
    tiny = replace(LAPTOP, shared_memory=SharedMemory(size=MIB // 4, free=MIB // 4))
    assert settled(ask(tiny, has_torch=False))["mode"] == "single"
    assert "of shared memory" in reason(ask(tiny, has_torch=False), "mode")
    assert settled(ask(replace(LAPTOP, shared_memory=SharedMemory()), has_torch=False))["mode"] == "parallel"


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize(
    ("machine", "mode", "why"),
    [
        (NOTHING_SHARED, "ultra", "there is no shared memory"),
        (LITTLE_SHARED, "parallel", "it takes 145 MiB of shared memory, 64 MiB are free"),
    ],
)
def test_a_mode_that_was_named_is_kept_without_shared_memory(machine, mode, why, is_forced):
    """Then actors send what they play; who leaves the choice open, or to a preset, gets a mode that shares none."""
    advice = ask(machine, has_torch=False, mode=mode, buffer_size=4_000_000, is_forced=is_forced)
    assert (settled(advice)["mode"], reason(advice, "mode")) == (mode, "as given")
    assert advice.warnings == (f"mode {mode} is kept, but slower: {why}, so actors send what they play",)
    assert advice.summary[1].startswith(f"mode {mode} with 1 actor")
    by_preset = ask(machine, has_torch=False, preset={"mode": mode, "buffer_size": 4_000_000})
    assert settled(by_preset)["mode"] == "single"
    assert by_preset.warnings == (f"mode is single instead of {mode}: {why}",)


def test_too_few_file_handles_or_too_little_memory_for_one_process_leave_one():
    none = replace(LAPTOP, file_handles=FileHandles(32, 16, 32))
    advice = ask(none, has_torch=False)
    assert (settled(advice)["mode"], advice.workers) == ("single", 1)
    assert "no actor process can be had: there are too few file handles" in reason(advice, "mode")
    small = replace(LAPTOP, memory=GIB, memory_free=300 * MIB)
    assert settled(ask(small, has_torch=False))["mode"] == "single"


def test_memory_is_counted_with_the_copies_of_a_checkpoint():
    """24,000,000 transitions take 870 MiB, of 922: with the copies of a checkpoint it is three times as much."""
    without = ask(LITTLE_MEMORY, has_torch=False, buffer_size=24_000_000, checkpoint_buffer=False)
    assert settled(without)["buffer_size"] == 24_000_000
    assert reason(without, "buffer_size").endswith("; 870 MiB")
    assert settled(ask(LITTLE_MEMORY, has_torch=False, buffer_size=24_000_000))["buffer_size"] == 6_000_000


def test_a_buffer_is_never_smaller_than_the_configuration_allows():
    tiny = replace(ONE_CORE, memory=GIB, memory_free=20 * MIB)
    advice = ask(tiny, has_torch=False, preset={"buffer_size": 4_000_000, "learning_starts": 2_500_000})
    assert settled(advice)["buffer_size"] == 2_500_000
    assert any("20 MiB are free: it may be killed for want of memory" in line for line in advice.warnings)
    TRAINER.configure({"learning_starts": 2_500_000, **advice.values})


def test_a_batch_that_the_gpu_cannot_hold_is_halved():
    """131,072 samples take some 400 MiB, and CUDA itself 900."""
    small = replace(SERVER, gpus=(Gpu("small", 2 * GIB, 1200 * MIB),))
    probe = FakeProbe(per_sample_s={COMPILED: 1e-5, CUDA: 1e-9})
    advice = ask(small, probe, device="cuda", batch_size=131_072)
    assert settled(advice)["batch_size"] == 65_536
    assert "batch_size is 65,536 instead of 131,072: the GPU has 1.2 GiB free" in advice.warnings[0]
    forced = ask(small, probe, device="cuda", batch_size=131_072, is_forced=True)
    assert settled(forced)["batch_size"] == 131_072


def test_what_a_preset_wants_and_is_not_there_is_replaced():
    advice = ask(LAPTOP, preset={"device": "cuda", "precision": "bfloat16"})
    assert (settled(advice)["device"], settled(advice)["precision"]) == ("cpu", "float32")
    assert advice.values["device"] == "cpu"
    assert [line.split(":")[0] for line in advice.warnings] == [
        "device is cpu instead of cuda",
        "precision is float32 instead of bfloat16",
    ]


def test_force_insists_on_what_was_named_not_on_what_a_preset_says():
    advice = ask(ONE_CORE, preset={"mode": "ultra"}, is_forced=True)
    assert settled(advice)["mode"] == "single"
    assert advice.warnings == ("mode is single instead of ultra: there is 1 core for actors and learner",)


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (
            {"device": "cuda"},
            r"device is cuda, and there is no GPU \(no NVIDIA driver \(looked for /a\)\): leave --device",
        ),
        ({"engine": "compiled", "device": "cuda"}, "engine is compiled, which computes on the CPU"),
        ({"engine": "torch", "has_torch": False}, "engine is torch, which is not installed: pip install"),
        ({"buffer_size": 50_000_000}, "buffer_size is 50,000,000, which takes 1.8 GiB, more than all the memory"),
    ],
)
def test_what_cannot_be_is_refused_also_when_forced(wish, says, is_forced):
    machine = replace(LAPTOP, memory=GIB, memory_free=GIB)
    with pytest.raises(TrainingError, match=says):
        ask(machine, is_forced=is_forced, **wish)


# What is said


def test_a_run_that_begins_says_three_lines():
    lines = ask(LAPTOP, has_torch=False).summary
    assert lines == (
        "machine: 2 cores, 8.0 GiB free, no GPU; one actor plays 3.00 M steps/s, the learner takes 500 k (compiled on cpu)",
        "mode parallel with 1 actor: 500 k steps/s expected; single 429 k, ultra 500 k",
        "expected: 500 k steps/s; the limit is the learner",
    )


def test_it_is_said_when_others_work_on_the_machine():
    busy = replace(LAPTOP, busy_cores=1.5)
    assert ask(busy, has_torch=False).warnings == ("other work keeps 1.5 cores busy: what was measured includes it",)
    assert ask(replace(busy, cores=4), has_torch=False).warnings == ()
    assert ask(busy, mode="single", engine="compiled", device="cpu").warnings == ()


def test_what_was_measured_is_told_with_values():
    measured = {line.name: line for line in ask(LAPTOP, has_torch=False).measured}
    assert measured["one actor"].value == 3e6
    assert measured["update of 512, compiled on cpu"].text == "512 us"
    assert measured["mode single"].value == pytest.approx(1 / (1 / 3e6 + 1 / 5e5))
    assert "the limit is the learner" in measured["mode parallel"].text


def test_pqn_is_judged_by_whole_rollouts_and_needs_no_buffer():
    advice = ask(LAPTOP, has_torch=False, algorithm="pqn", courts=512, rollout_steps=16, epochs=2, minibatches=8)
    assert "batch_size" not in settled(advice)
    assert "buffer_size" not in settled(advice)
    learner = next(line for line in advice.measured if line.name == "learner")
    rollout = 512 * 16
    assert learner.value == pytest.approx(rollout / (rollout * 1e-7 + 2 * 8 * (rollout / 8) * 1e-6))
