"""The engine on torch against the compiled one and against ``torch.optim``, on the CPU."""

import ast
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import ai.selfplay
from ai.errors import RunFailedError, TrainingError
from ai.selfplay.compiled_engine import CompiledEngine
from ai.selfplay.engine import STATE_NAMES, LossSettings
from ai.selfplay.network import ActorCritic
from tests.ai.selfplay import oracles
from tests.ai.selfplay.small_networks import NETWORKS, SMALL, parameters_of, same_state, samples_of


def torch_engine(network=SMALL, settings=None, seed=1, **options):
    from ai.selfplay.torch_engine import TorchEngine

    return TorchEngine(network, parameters_of(network, seed), settings or LossSettings(), **options)


def compiled_engine(network=SMALL, settings=None, seed=1, **options):
    return CompiledEngine(network, parameters_of(network, seed), settings or LossSettings(), **options)


def trained(engine, samples, updates):
    """Train on rows drawn at random, with schedules; return the stats."""
    rng, stats = np.random.default_rng(5), []
    for k in range(updates):
        places = rng.permutation(len(samples.actions))[:200]
        stats.append(engine.update_rows(samples, places, 3e-3 / (1 + 0.1 * k), 0.02 / (1 + k)))
    return np.array(stats)


class TestCompiledAgrees:
    @pytest.mark.parametrize("network", NETWORKS, ids=oracles.shape_of)
    def test_one_update(self, network):
        samples, engines = samples_of(network, 100), (torch_engine(network), compiled_engine(network))
        stats = [engine.update(samples, 1e-3, 0.01) for engine in engines]
        assert stats[0] == pytest.approx(stats[1], rel=1e-4, abs=1e-6)
        states = [engine.state() for engine in engines]
        assert states[0]["moment_1"] == pytest.approx(states[1]["moment_1"], rel=1e-3, abs=1e-6)
        assert states[0]["moment_2"] == pytest.approx(states[1]["moment_2"], rel=1e-3, abs=1e-8)
        assert states[0]["parameters"] == pytest.approx(states[1]["parameters"], abs=1e-5)

    @pytest.mark.parametrize("settings", [LossSettings(), LossSettings(0.1, 1.0, 0.05, 1e-4, is_normalising=False)])
    def test_twenty_updates(self, settings):
        network = ActorCritic(6, (24, 16), 3)
        scales = np.random.default_rng(8).uniform(0.5, 3.0, network.size).astype(np.float32)
        engines = [make(network, settings, scales=scales) for make in (torch_engine, compiled_engine)]
        stats = [trained(engine, samples_of(network, 500), 20) for engine in engines]
        assert stats[0] == pytest.approx(stats[1], rel=1e-2, abs=1e-3)
        assert engines[0].parameters == pytest.approx(engines[1].parameters, abs=1e-3)
        assert np.abs(engines[0].parameters - parameters_of(network)).max() > 0.02
        assert engines[0].state()["updates"].tolist() == engines[1].state()["updates"].tolist() == [20]

    def test_other_scales(self):
        """From the second update on, every other parameter stays."""
        scales = (np.arange(SMALL.size) % 2).astype(np.float32)
        engines = [make() for make in (torch_engine, compiled_engine)]
        for engine in engines:
            trained(engine, samples_of(SMALL, 300), 1)
            engine.set_scales(scales)
        before = [engine.parameters for engine in engines]
        for engine, start in zip(engines, before, strict=True):
            trained(engine, samples_of(SMALL, 300), 3)
            assert engine.parameters[::2].tolist() == start[::2].tolist()
        assert engines[0].parameters == pytest.approx(engines[1].parameters, abs=1e-4)
        assert np.abs(engines[0].parameters - before[0]).max() > 1e-3


class TestTorchAgrees:
    """``nn.Linear``, actor and critic apart, ``torch.optim.Adam``: nothing is flat."""

    def reference(self, network):
        import torch

        class Reference(torch.nn.Module):
            def __init__(self):
                super().__init__()
                *widths, outputs = network.sizes
                self.hidden = torch.nn.ModuleList([torch.nn.Linear(a, b) for a, b in pairwise(widths)])
                self.head = torch.nn.Linear(widths[-1], outputs)

            def forward(self, x):
                for layer in self.hidden:
                    x = layer(x)
                    if network.is_normalised:
                        x = torch.nn.functional.layer_norm(x, x.shape[1:], eps=1e-5)
                    x = torch.relu(x)
                *logits, value = self.head(x).unbind(1)
                return torch.distributions.Categorical(logits=torch.stack(logits, 1)), value

        module = Reference()
        torch.nn.utils.vector_to_parameters(torch.tensor(parameters_of(network)), module.parameters())
        return module

    @pytest.mark.parametrize(("is_normalised", "clip"), [(True, 0.5), (False, 2.0)])
    def test_thirty_updates(self, is_normalised, clip):
        import torch

        network = ActorCritic(6, (20, 15), 4, is_normalised)
        settings = LossSettings(0.15, 0.8, clip, 1e-4)
        engine, module = torch_engine(network, settings), self.reference(network)
        adam, norms = torch.optim.Adam(module.parameters(), lr=2e-3, eps=1e-4), []
        for k in range(30):
            samples = samples_of(network, 60, seed=k)
            x, actions, old, advantages, returns = (torch.tensor(column) for column in samples)
            choice, value = module(x)
            ratio = (choice.log_prob(actions) - old).exp()
            gains = (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)
            policy_loss = torch.maximum(-gains * ratio, -gains * ratio.clamp(0.85, 1.15)).mean()
            value_loss = torch.nn.functional.mse_loss(value, returns) / 2
            adam.zero_grad()
            (policy_loss + 0.8 * value_loss - 0.01 * choice.entropy().mean()).backward()
            norms.append(float(torch.nn.utils.clip_grad_norm_(module.parameters(), clip)))
            adam.step()
            stats = engine.update(samples, 2e-3, 0.01)
            assert stats.policy_loss == pytest.approx(policy_loss.item(), abs=1e-3)
            assert stats.value_loss == pytest.approx(value_loss.item(), rel=1e-3)
            assert stats.grad_norm == pytest.approx(norms[-1], rel=1e-2)
        assert min(norms) < clip < max(norms)
        learned = torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()
        assert engine.parameters == pytest.approx(learned, abs=1e-3)


class TestBfloat16:
    def test_learns_nearly_the_same_and_keeps_float32(self):
        engines = torch_engine(precision="bfloat16"), torch_engine()
        samples = samples_of(SMALL, 500)
        stats = [trained(engine, samples, 20) for engine in engines]
        assert stats[0] == pytest.approx(stats[1], rel=0.1, abs=0.05)
        assert stats[0].tolist() != stats[1].tolist()
        state = engines[0].state()
        assert {state[name].dtype for name in STATE_NAMES} == {np.dtype(np.float32)}
        before = engines[0].parameters
        engines[0].update(samples, 1e-6, 0.01)  # a step below bfloat16's resolution
        assert 0.0 < np.abs(engines[0].parameters - before).max() < 1e-5


class TestState:
    def test_resumed_is_never_stopped(self):
        samples = samples_of(SMALL, 500)
        straight, first, second = torch_engine(), torch_engine(), torch_engine(seed=7)
        for engine in (straight, first):
            trained(engine, samples, 5)
        second.restore(first.state())
        same_state(second.state(), first.state())
        stats = [trained(engine, samples, 5).tobytes() for engine in (straight, second)]
        assert stats[0] == stats[1]
        same_state(second.state(), straight.state())

    def test_the_compiled_engine_goes_on_with_it(self):
        samples = samples_of(SMALL, 500)
        engine, compiled = torch_engine(), compiled_engine(seed=9)
        trained(engine, samples, 8)
        compiled.restore(engine.state())
        stats = [each.update(samples, 1e-3, 0.01) for each in (engine, compiled)]
        assert stats[0] == pytest.approx(stats[1], rel=1e-3, abs=1e-5)
        assert compiled.parameters == pytest.approx(engine.parameters, abs=1e-5)

    def test_copies_are_kept(self):
        engine = torch_engine()
        state, parameters = engine.state(), engine.parameters
        engine.update(samples_of(SMALL, 50), 1e-2, 0.01)
        assert state["parameters"].tolist() == parameters.tolist() == parameters_of(SMALL).tolist()
        engine.restore(state)
        engine.update(samples_of(SMALL, 50), 1e-2, 0.01)
        assert state["parameters"].tolist() == parameters.tolist()

    def test_another_network_is_refused(self):
        engine = torch_engine()
        before = engine.state()
        with pytest.raises(TrainingError, match=f"this network has {SMALL.size:,} parameters: resume with"):
            engine.restore(torch_engine(NETWORKS[0]).state())
        same_state(engine.state(), before)


class TestBadInput:
    def test_a_loss_that_is_not_finite_is_returned(self):
        samples = samples_of(SMALL, 20)
        samples.returns[3] = np.nan
        stats = torch_engine().update(samples, 1e-3, 0.01)
        assert np.isnan(stats.value_loss)
        assert np.isfinite(stats.entropy)

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
        from ai.selfplay.torch_engine import TorchEngine

        with pytest.raises(TrainingError, match=rf"needs float32\[{SMALL.size}\]"):
            TorchEngine(SMALL, np.zeros(7, np.float32), LossSettings())
        with pytest.raises(TrainingError, match=r"scales are float64\[[0-9]+\]"):
            torch_engine(scales=np.ones(SMALL.size))
        with pytest.raises(TrainingError, match=r"scales are float32\[7\]"):
            torch_engine().set_scales(np.ones(7, np.float32))

    def test_too_little_memory_ends_the_run_with_a_sentence(self):
        import torch

        class Full:
            def layers(self, parameters):
                return ()

            def values(self, layers, observations):
                raise torch.OutOfMemoryError("CUDA out of memory")

        engine = torch_engine()
        before = engine.state()
        engine._forward = Full()
        with pytest.raises(RunFailedError, match=r"memory for 20 samples at once: .* then resume the run"):
            engine.update(samples_of(SMALL, 20), 1e-3, 0.01)
        same_state(engine.state(), before)


class TestProcess:
    def test_torch_has_one_thread(self):
        import torch

        torch.set_num_threads(2)
        torch_engine()
        assert torch.get_num_threads() == 1

    def test_nothing_else_imports_torch(self):
        """Imports within functions are fine: they happen when the engine is asked for."""
        for path in Path(ai.selfplay.__file__).parent.glob("*.py"):
            if path.name.startswith("torch_"):
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
                bad = [name for name in modules if any(part.startswith("torch") for part in name.split("."))]
                assert not bad, f"{path.name} imports {bad}"
