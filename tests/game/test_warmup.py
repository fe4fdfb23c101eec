"""What counts as compiled: the last kernel of each use, not whatever an interrupted start has left."""

import re
from pathlib import Path

import pytest

from game import jit
from game.warmup import BATCH_KERNELS, SCREEN_KERNELS, warm_up


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RALLY_KERNEL_CACHE", str(tmp_path))
    return jit.cache_folder()


def _leave(cache: Path, *names: str) -> None:
    (cache / "game_1").mkdir(parents=True, exist_ok=True)
    for name in names:
        (cache / "game_1" / f"batch.{name}-141.py311.nbi").touch()


def test_an_interrupted_start_does_not_count_as_compiled(cache: Path) -> None:
    assert not jit.is_compiled(*BATCH_KERNELS)
    _leave(cache, "decide", "advance_lanes")
    assert not jit.is_compiled(*BATCH_KERNELS)
    _leave(cache, *BATCH_KERNELS)
    assert jit.is_compiled(*BATCH_KERNELS)
    assert not jit.is_compiled(*BATCH_KERNELS, *SCREEN_KERNELS)


def test_what_is_compiled_is_not_compiled_again(cache: Path) -> None:
    _leave(cache, *BATCH_KERNELS, *SCREEN_KERNELS)
    said: list[str] = []
    warm_up(said.append, for_screen=True)
    assert said == []


def test_the_digest_knows_the_rules_and_not_the_picture() -> None:
    root = Path(jit.__file__).parent
    assert {"render", "timeline.py", "executors"} <= jit._NOT_IN_KERNELS
    assert (
        not {"games", "policies", "batch.py", "loop.py", "contract.py", "seeding.py", "spec.py"} & jit._NOT_IN_KERNELS
    )
    for name in jit._NOT_IN_KERNELS:
        path = root / name
        for source in path.rglob("*.py") if path.is_dir() else [path] if path.exists() else []:
            text = source.read_text(encoding="utf-8")
            assert "@kernel" not in text, source
            assert "@entry" not in text, source


def test_kernels_that_other_files_call_are_in_the_digest() -> None:
    root = Path(jit.__file__).parent.parent
    callers = [path for path in sorted((root / "ai").rglob("*.py")) if "@entry" in path.read_text(encoding="utf-8")]
    digested = {Path(shared) for shared in jit._SHARED_KERNELS}
    for path in callers:
        for module in re.findall(r"^from (ai\.\S+) import", path.read_text(encoding="utf-8"), re.MULTILINE):
            called = Path(*module.split(".")).with_suffix(".py")
            if "@entry" in (root / called).read_text(encoding="utf-8"):
                assert called in digested, f"{path} calls kernels of {called}"
