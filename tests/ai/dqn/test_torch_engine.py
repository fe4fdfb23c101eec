"""Torch is imported in the tests only: collecting them stays quick."""

import ast
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import ai.dqn
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import STATE_NAMES, EngineSettings
from ai.dqn.network import Network
from ai.errors import TrainingError
from tests.ai.dqn.engines import SMALL, batches, first_parameters, rate, same_state, torch_engine, trained


class TestCompiledEngineAgrees:
    @pytest.mark.parametrize(
        ("sizes", "switches", "is_double", "micro_batches", "clip"),
        [
            ((12, 64, 64, 3), (True, True), True, 1, 0.5),
            ((12, 64, 64, 3), (True, False), True, 3, 0.15),
            ((9, 33, 2), (True, False), False, 1, 0.18),
            ((9, 33, 17, 4), (False, True), True, 3, 0.3),
            ((4, 8, 8, 9, 5), (False, False), False, 1, 0.08),
        ],
    )
    def test_fifty_updates(self, sizes, switches, is_double, micro_batches, clip):
        network = Network(sizes, *switches)
        settings = EngineSettings(is_double, huber_delta=0.8, max_grad_norm=clip, micro_batches=micro_batches)
        scales = network.step_scales(np.linspace(0.3, 2.0, sizes[0], dtype=np.float32))
        compiled = CompiledEngine(network, first_parameters(network), settings, scales)
        engines = (compiled, torch_engine(network, settings, scales=scales))
        stats = [trained(engine, batches(network, 62, 50)) for engine in engines]
        assert stats[0][:, 2].min() < clip < stats[0][:, 2].max()
        assert stats[0] == pytest.approx(stats[1], rel=1e-3, abs=1e-4)
        states = [engine.state() for engine in engines]
        for name in STATE_NAMES:
            assert states[0][name] == pytest.approx(states[1][name], abs=1e-4)
        assert states[0]["updates"].tolist() == states[1]["updates"].tolist() == [50]
        assert np.abs(states[0]["parameters"] - first_parameters(network)).max() > 0.02
        last = batches(network, 62, 1, seed=2)[0]
        assert engines[0].values(last.observations) == pytest.approx(engines[1].values(last.observations), abs=1e-3)
        errors = [engine.update(last, 0.0).errors for engine in engines]
        assert errors[0] == pytest.approx(errors[1], abs=1e-3)

    def test_given_targets(self):
        engines = (CompiledEngine(SMALL, first_parameters(SMALL), EngineSettings()), torch_engine())
        for k, batch in enumerate(batches(SMALL, 40, 20)):
            stats = [engine.fit(batch.observations, batch.actions, batch.returns, rate(k)) for engine in engines]
            assert stats[0][:3] == pytest.approx(stats[1][:3], rel=1e-4, abs=1e-5)
            assert stats[0].errors == pytest.approx(stats[1].errors, abs=1e-4)
        assert engines[0].parameters == pytest.approx(engines[1].parameters, abs=1e-4)


class TestTorchAgrees:
    """``nn.Linear``, two heads, ``torch.optim.Adam``: nothing is flat, nothing is folded."""

    def reference(self, network, parameters):
        import torch

        class Reference(torch.nn.Module):
            def __init__(self):
                super().__init__()
                *widths, actions = network.sizes
                self.hidden = torch.nn.ModuleList([torch.nn.Linear(a, b) for a, b in pairwise(widths)])
                self.half = widths[-1] // 2
                self.value = torch.nn.Linear(self.half, 1)
                self.advantage = torch.nn.Linear(widths[-1] - self.half, actions)

            def forward(self, x):
                for layer in self.hidden:
                    x = layer(x)
                    if network.is_normalised:
                        x = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
                    x = torch.relu(x)
                advantage = self.advantage(x[:, self.half :])
                return self.value(x[:, : self.half]) + advantage - advantage.mean(1, keepdim=True)

        module = Reference()
        torch.nn.utils.vector_to_parameters(torch.tensor(parameters), module.parameters())
        return module

    @pytest.mark.parametrize(("is_normalised", "clip"), [(True, 0.35), (False, 0.13)])
    def test_forty_updates(self, is_normalised, clip):
        import torch

        network = Network((6, 20, 15, 4), is_normalised=is_normalised)
        settings = EngineSettings(huber_delta=0.7, max_grad_norm=clip, adam_epsilon=1e-4, micro_batches=2)
        engine = torch_engine(network, settings)
        online, target = (self.reference(network, first_parameters(network)) for _ in range(2))
        adam = torch.optim.Adam(online.parameters(), eps=1e-4)
        norms = []
        for k, batch in enumerate(batches(network, 30, 40)):
            x, a, r, g, y, w = (torch.tensor(values) for values in batch)
            rows = torch.arange(len(a))
            with torch.no_grad():
                goal = r + g * target(y)[rows, online(y).argmax(1)]
            errors = online(x)[rows, a.long()] - goal
            size = errors.abs()
            loss = (w * torch.where(size <= 0.7, 0.5 * size**2, 0.7 * (size - 0.35))).mean()
            adam.param_groups[0]["lr"] = rate(k)
            adam.zero_grad()
            loss.backward()
            norms.append(float(torch.nn.utils.clip_grad_norm_(online.parameters(), clip)))
            adam.step()
            stats = engine.update(batch, rate(k))
            assert stats.loss == pytest.approx(loss.item(), rel=1e-3)
            assert stats.grad_norm == pytest.approx(norms[-1], rel=1e-3)
            assert stats.errors == pytest.approx(errors.detach().numpy(), abs=1e-3)
            if k % 10 == 9:
                target.load_state_dict(online.state_dict())
                engine.sync_target()
        assert min(norms) < clip < max(norms)
        learned = torch.nn.utils.parameters_to_vector(online.parameters()).detach().numpy()
        assert engine.parameters == pytest.approx(learned, abs=1e-4)


class TestMicroBatches:
    @pytest.mark.parametrize("parts", [2, 5, 60, 100])
    def test_parts_of_a_batch_are_the_batch(self, parts):
        whole, accumulated = torch_engine(), torch_engine(settings=EngineSettings(micro_batches=parts))
        for batch in batches(SMALL, 60, 5):
            one, other = whole.update(batch, 1e-3), accumulated.update(batch, 1e-3)
            assert one[:3] == pytest.approx(other[:3], rel=1e-5)
            assert one.errors == pytest.approx(other.errors, abs=1e-5)
        assert accumulated.parameters == pytest.approx(whole.parameters, abs=1e-6)

    def test_a_part_is_no_larger_than_its_share(self):
        from ai.dqn.torch_engine import TorchEffects
        from tests.ai.dqn.torch_fakes import LittleMemory

        forward = LittleMemory(SMALL, 100)
        settings = EngineSettings(is_double=False, micro_batches=3)
        torch_engine(settings=settings, effects=TorchEffects(forward)).update(batches(SMALL, 62, 1)[0], 1e-3)
        assert forward.asked == [21, 21, 21, 21, 20, 20]


class TestBfloat16:
    def test_learns_nearly_the_same_and_keeps_float32(self):
        engines = torch_engine(precision="bfloat16"), torch_engine()
        stats = [trained(engine, batches(SMALL, 60, 30)) for engine in engines]
        assert stats[0] == pytest.approx(stats[1], rel=0.1, abs=0.05)
        assert stats[0].tolist() != stats[1].tolist()
        state = engines[0].state()
        assert {state[name].dtype for name in STATE_NAMES} == {np.dtype(np.float32)}
        # Below bfloat16's resolution: an update that was stored in bfloat16 would be lost.
        before = engines[0].parameters
        engines[0].update(batches(SMALL, 60, 1)[0], 1e-6)
        moved = np.abs(engines[0].parameters - before)
        assert 0.0 < moved.max() < 1e-5


class TestState:
    def test_resumed_is_never_stopped(self):
        some = batches(SMALL, 30, 12)
        straight, first, second = torch_engine(), torch_engine(), torch_engine(seed=7)
        trained(straight, some[:8])
        trained(first, some[:8])
        second.restore(first.state())
        same_state(second.state(), first.state())
        for engine in (straight, second):
            for k, batch in enumerate(some[8:]):
                engine.update(batch, rate(k))
        same_state(second.state(), straight.state())

    def test_the_compiled_engine_goes_on_with_it(self):
        some = batches(SMALL, 30, 16)
        engine, compiled = torch_engine(), CompiledEngine(SMALL, first_parameters(SMALL, 9), EngineSettings())
        trained(engine, some)
        compiled.restore(engine.state())
        for each in (engine, compiled):
            each.update(some[0], 1e-3)
        assert compiled.parameters == pytest.approx(engine.parameters, abs=1e-6)

    def test_copies_are_kept(self):
        engine = torch_engine()
        state, parameters = engine.state(), engine.parameters
        engine.update(batches(SMALL, 30, 1)[0], 1e-2)
        assert state["parameters"].tolist() == parameters.tolist() == first_parameters(SMALL).tolist()
        engine.restore(state)
        engine.update(batches(SMALL, 30, 1)[0], 1e-2)
        assert state["parameters"].tolist() == parameters.tolist()

    def test_another_network_is_refused(self):
        engine = torch_engine()
        before = engine.state()
        with pytest.raises(TrainingError, match=f"this network has {SMALL.size:,} parameters: resume with"):
            engine.restore(torch_engine(Network((5, 16, 16, 3))).state())
        same_state(engine.state(), before)


class TestValues:
    def test_no_observations_and_many(self):
        engine = torch_engine()
        assert engine.values(np.empty((0, 5), np.float32)).shape == (0, 3)
        observations = np.random.default_rng(2).standard_normal((70_000, 5), np.float32)
        observations.flags.writeable = False
        values = engine.values(observations)
        assert values.dtype == np.float32
        assert values[69_990:] == pytest.approx(engine.values(observations[69_990:]), abs=1e-5)

    def test_are_the_players(self):
        observations = np.random.default_rng(2).standard_normal((50, 5), np.float32)
        weight, bias = SMALL.folded_head(first_parameters(SMALL))
        policy = SMALL.policy(first_parameters(SMALL))
        hidden = observations
        for w, b in zip(policy.weights[:-1], policy.biases[:-1], strict=True):
            hidden = hidden @ w.T + b
            hidden = (hidden - hidden.mean(1, keepdims=True)) / np.sqrt(hidden.var(1, keepdims=True) + 1e-5)
            hidden = np.maximum(hidden, 0.0)
        assert torch_engine().values(observations) == pytest.approx(hidden @ weight.T + bias, abs=1e-5)


class TestBadInput:
    def test_a_loss_that_is_not_finite_is_returned(self):
        (batch,) = batches(SMALL, 10, 1)
        batch.returns[3] = np.nan
        stats = torch_engine().update(batch, 1e-3)
        assert np.isnan(stats.loss)
        assert np.flatnonzero(np.isnan(stats.errors)).tolist() == [3]

    def test_no_cuda(self):
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is CUDA")
        with pytest.raises(TrainingError, match="finds none here: choose device 'auto' or 'cpu'"):
            torch_engine(device="cuda")

    @pytest.mark.parametrize("options", [{"device": "tpu"}, {"precision": "float16"}])
    def test_unknown_options(self, options):
        with pytest.raises(TrainingError, match="is unknown: choose one of"):
            torch_engine(**options)

    def test_parameters_of_another_network(self):
        from ai.dqn.torch_engine import TorchEngine

        with pytest.raises(TrainingError, match=rf"needs float32\[{SMALL.size}\]"):
            TorchEngine(SMALL, np.zeros(7, np.float32), EngineSettings())
        with pytest.raises(TrainingError, match=r"scales are float64\[[0-9]+\]"):
            torch_engine(scales=np.ones(SMALL.size))


class TestProcess:
    def test_torch_has_one_thread(self):
        import torch

        torch.set_num_threads(2)
        torch_engine()
        assert torch.get_num_threads() == 1

    def test_nothing_else_imports_torch(self):
        """Imports within functions are fine: they happen when the engine is asked for."""
        for path in Path(ai.dqn.__file__).parent.glob("*.py"):
            if path.name.startswith("torch_"):
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
                bad = [name for name in modules if name.split(".")[0] == "torch" or name.startswith("ai.dqn.torch_")]
                assert not bad, f"{path.name} imports {bad}"
