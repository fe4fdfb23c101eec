"""What a GPU does to the engine on torch, played on the CPU: memory runs out, captured graphs repeat themselves."""

import pytest

from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import EngineSettings
from ai.errors import RunFailedError
from tests.ai.dqn.engines import SMALL, batches, first_parameters, rate, same_state, torch_engine, trained


class TestLittleMemory:
    def engine(self, rows, **options):
        from ai.dqn.torch_engine import TorchEffects
        from tests.ai.dqn.torch_fakes import LittleMemory

        said = []
        forward = LittleMemory(SMALL, rows)
        effects = TorchEffects(forward, options.pop("capture", None))
        return torch_engine(say=said.append, effects=effects, **options), said, forward

    def test_half_as_many_samples_at_once_learn_the_same(self):
        some = batches(SMALL, 64, 12)
        engine, said, forward = self.engine(rows=20)
        whole = torch_engine()
        assert trained(engine, some) == pytest.approx(trained(whole, some), rel=1e-4)
        assert engine.parameters == pytest.approx(whole.parameters, abs=1e-5)
        assert [sentence.split(":")[0] for sentence in said] == [
            "device 'cpu' has not the memory for 64 samples at once",
            "device 'cpu' has not the memory for 32 samples at once",
        ]
        assert "16 at once" in said[1]
        assert set(forward.asked[2:]) == {16}

    def test_given_targets_and_values_too(self):
        (batch,) = batches(SMALL, 64, 1)
        engine, said, _ = self.engine(rows=40)
        whole = torch_engine()
        assert engine.values(batch.observations) == pytest.approx(whole.values(batch.observations), abs=1e-6)
        engine, said, _ = self.engine(rows=40)
        for each in (engine, whole):
            each.fit(*batch[:3], 1e-3)
        assert engine.parameters == pytest.approx(whole.parameters, abs=1e-6)
        assert len(said) == 1

    def test_one_sample_goes(self):
        engine, said, _ = self.engine(rows=1)
        engine.update(batches(SMALL, 5, 1)[0], 1e-3)
        assert "1 at once" in said[-1]

    def test_not_even_one_sample_ends_the_run_and_changes_nothing(self):
        engine, said, _ = self.engine(rows=0)
        before = engine.state()
        with pytest.raises(RunFailedError, match=r"memory for one sample: free memory there, .* resume the run"):
            engine.update(batches(SMALL, 5, 1)[0], 1e-3)
        assert len(said) == 2
        same_state(engine.state(), before)

    def test_memory_errors_of_every_kind(self):
        engine, said, forward = self.engine(rows=10)
        forward.error = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
        engine.update(batches(SMALL, 16, 1)[0], 1e-3)
        assert len(said) == 1

    def test_other_errors_are_faults(self):
        engine, said, forward = self.engine(rows=0)
        forward.error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            engine.update(batches(SMALL, 16, 1)[0], 1e-3)
        assert said == []

    def test_a_captured_graph_is_dropped(self):
        from tests.ai.dqn.torch_fakes import Graphs

        graphs = Graphs()
        engine, said, forward = self.engine(rows=64, capture=graphs)
        some = batches(SMALL, 40, 6)
        stats = trained(engine, some)
        assert (graphs.captured, graphs.replayed, said) == (1, 3, [])
        forward.rows = 30
        large = batches(SMALL, 64, 1)[0]
        engine.update(large, 1e-3)
        assert len(said) == 2
        engine.update(some[0], 1e-3)
        assert (graphs.captured, graphs.replayed) == (1, 3)
        for batch in some[1:]:
            engine.update(batch, 1e-3)
        assert (graphs.captured, graphs.replayed) == (2, 6)
        whole = torch_engine()
        assert trained(whole, some) == pytest.approx(stats, rel=1e-4)
        for batch in (large, *some):
            whole.update(batch, 1e-3)
        assert engine.parameters == pytest.approx(whole.parameters, abs=1e-5)


class TestGraphs:
    """What a CUDA graph does, on the CPU: after the capture no line of Python runs, only the operations that it saw."""

    def engines(self, settings=None, error=None):
        from ai.dqn.torch_engine import TorchEffects
        from tests.ai.dqn.torch_fakes import Graphs

        graphs, said = Graphs(error), []
        captured = torch_engine(settings=settings, effects=TorchEffects(capture=graphs), say=said.append)
        return captured, torch_engine(settings=settings), graphs, said

    def test_replays_follow_batches_schedule_target_and_bias_correction(self):
        captured, eager, graphs, said = self.engines(EngineSettings(max_grad_norm=0.3, micro_batches=2))
        some = batches(SMALL, 30, 40)
        assert trained(captured, some).tolist() == trained(eager, some).tolist()
        same_state(captured.state(), eager.state())
        assert (graphs.captured, graphs.replayed, said) == (1, 37, [])

    def test_given_targets(self):
        captured, eager, graphs, _ = self.engines()
        for k, batch in enumerate(batches(SMALL, 30, 20)):
            stats = [engine.fit(*batch[:3], rate(k)) for engine in (captured, eager)]
            assert stats[0].errors.tolist() == stats[1].errors.tolist()
        same_state(captured.state(), eager.state())
        assert graphs.replayed == 17

    def test_sizes_and_kinds_have_graphs_of_their_own(self):
        captured, eager, graphs, _ = self.engines()
        for engine in (captured, eager):
            for batch, other in zip(batches(SMALL, 30, 6), batches(SMALL, 20, 6, seed=5), strict=True):
                engine.update(batch, 1e-3)
                engine.update(other, 1e-3)
                engine.fit(*batch[:3], 1e-3)
        assert (graphs.captured, graphs.replayed) == (3, 9)
        same_state(captured.state(), eager.state())

    def test_restored_parameters_are_replayed(self):
        captured, _, graphs, _ = self.engines()
        some = batches(SMALL, 30, 6)
        before = captured.state()
        first = trained(captured, some).tolist()
        captured.restore(before)
        assert trained(captured, some).tolist() == first
        assert graphs.captured == 1

    def test_without_a_capture_it_goes_on_and_says_so_once(self):
        error = RuntimeError("CUDA error: operation not permitted when stream is capturing\nCompile with ...")
        captured, eager, _, said = self.engines(error=error)
        some = batches(SMALL, 30, 8)
        assert trained(captured, some).tolist() == trained(eager, some).tolist()
        assert len(said) == 1
        assert said[0].endswith("could not be captured: CUDA error: operation not permitted when stream is capturing")

    def test_only_the_newest_sizes_are_kept(self):
        captured, _, graphs, _ = self.engines()
        (first,) = batches(SMALL, 10, 1)
        for _ in range(3):
            captured.update(first, 1e-3)
        for count in range(20, 28):
            captured.update(batches(SMALL, count, 1)[0], 1e-3)
        captured.update(first, 1e-3)
        assert graphs.captured == 0


class TestCuda:
    """Where there is a GPU."""

    @pytest.fixture
    def said(self):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA")
        return []

    def test_captured_updates_agree_with_the_compiled_engine(self, said):
        settings = EngineSettings(max_grad_norm=0.3, micro_batches=3)
        compiled = CompiledEngine(SMALL, first_parameters(SMALL), settings)
        engine = torch_engine(settings=settings, device="cuda", say=said.append)
        some = batches(SMALL, 62, 50)
        assert trained(engine, some) == pytest.approx(trained(compiled, some), rel=1e-3, abs=1e-4)
        assert engine.parameters == pytest.approx(compiled.parameters, abs=1e-4)
        assert engine.values(some[0].observations) == pytest.approx(compiled.values(some[0].observations), abs=1e-3)
        assert said == []

    def test_given_targets(self, said):
        compiled = CompiledEngine(SMALL, first_parameters(SMALL), EngineSettings())
        engine = torch_engine(device="cuda", say=said.append)
        for k, batch in enumerate(batches(SMALL, 62, 20)):
            stats = [each.fit(*batch[:3], rate(k)) for each in (engine, compiled)]
            assert stats[0].errors == pytest.approx(stats[1].errors, abs=1e-3)
        assert engine.parameters == pytest.approx(compiled.parameters, abs=1e-4)
        assert said == []

    def test_bfloat16_is_captured_too(self, said):
        some = batches(SMALL, 60, 20)
        engine = torch_engine(device="cuda", precision="bfloat16", say=said.append)
        assert trained(engine, some) == pytest.approx(trained(torch_engine(), some), rel=0.1, abs=0.05)
        assert said == []

    def test_resumes_on_another_device(self, said):
        engine, other = torch_engine(device="cuda", say=said.append), torch_engine(seed=3)
        some = batches(SMALL, 60, 8)
        trained(engine, some)
        other.restore(engine.state())
        assert engine.update(some[0], 1e-3)[:3] == pytest.approx(other.update(some[0], 1e-3)[:3], rel=1e-4)

    def test_a_smaller_part_is_captured_anew(self, said):
        from ai.dqn.torch_engine import TorchEffects
        from tests.ai.dqn.torch_fakes import LittleMemory

        forward = LittleMemory(SMALL, 1000, "cuda")
        engine = torch_engine(device="cuda", say=said.append, effects=TorchEffects(forward))
        whole = torch_engine()
        some = batches(SMALL, 60, 20)
        for batch in some[:8]:
            engine.update(batch, 1e-3)
        forward.rows = 40
        for batch in (*batches(SMALL, 64, 1), *some[8:]):
            engine.update(batch, 1e-3)
        for batch in (*some[:8], *batches(SMALL, 64, 1), *some[8:]):
            whole.update(batch, 1e-3)
        assert engine.parameters == pytest.approx(whole.parameters, abs=1e-4)
        assert len(said) == 1
