"""``selftest``: proof on this machine that results are right, equal for any number of workers, and survive a kill."""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np

from app.command_options import json_option
from app.session import STARTERS
from app.tournament import to_stderr
from game.executors.base import ExecutorSettings, Matches
from game.executors.pool import SHORT_JOB, PoolExecutor
from game.executors.serial import SerialExecutor
from game.games import game as game_named
from game.match import match_array
from game.policies.file import read_player
from game.seeding import pair_seed, stream_state
from game.spec import MatchSpec, Results
from game.warmup import warm_up
from league.errors import MissingDatabaseError
from league.ratings.pentanomial import estimate_pairs
from league.ratings.sprt import SprtConfig, llr
from league.schema import to_stored
from league.store import Store

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_REFERENCE: Final = _ROOT / "assets" / "reference.json"
_KILL_PAIRS: Final = 400
_DEADLINE_S: Final = 120.0


@dataclass(frozen=True)
class Proof:
    """One thing that was proved, or not."""

    name: str
    is_ok: bool
    text: str


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@json_option
@click.pass_context
def selftest(ctx: click.Context, *, as_json: bool) -> None:
    """Check results against references, workers against each other, and a killed season against an unbroken one."""
    warm_up(to_stderr)
    proofs = []
    for check in (_statistics, _state_hashes, _workers, _kill_and_resume):
        for proof in check():
            proofs.append(proof)
            if not as_json:
                click.echo(f"{'ok  ' if proof.is_ok else 'FAIL'}  {proof.name}: {proof.text}")
    is_ok = all(proof.is_ok for proof in proofs)
    if as_json:
        click.echo(json.dumps({"ok": is_ok, "proofs": [vars(proof) for proof in proofs]}))
    ctx.exit(0 if is_ok else 1)


def _statistics() -> Iterator[Proof]:
    """Compare with published values: fastchess's pentanomial example and a fishtest SPRT."""
    estimate = estimate_pairs((332, 433, 498, 333, 334))
    text = f"{estimate.elo:.2f} +/- {estimate.elo_error:.2f} Elo, published -8.64 +/- 10.33"
    yield Proof("pentanomial Elo", (round(estimate.elo, 2), round(estimate.elo_error, 2)) == (-8.64, 10.33), text)
    ratio = llr(SprtConfig(elo0=0, elo1=2), (365, 16618, 36229, 16974, 390))
    yield Proof("sequential test", round(ratio, 2) == 2.25, f"LLR {ratio:.2f}, published 2.25")


def _starters_round_robin(pairs: int) -> Matches:
    players = [read_player(path) for path in sorted(STARTERS.glob("*.safetensors"))]
    game = game_named(players[0].game)
    specs: list[MatchSpec] = []
    for i in range(len(players)):
        for j in range(i):
            for pair in range(pairs):
                for left, right in ((i, j), (j, i)):
                    specs.append(MatchSpec(len(specs), left, right, pair_seed(1, pair)))
    return Matches(game, tuple(player.policy for player in players), match_array(specs))


def digest(results: Results) -> str:
    """Return the SHA-256 of what the league stores of result rows, packed little-endian."""
    stored = to_stored(results)
    return hashlib.sha256(stored.astype(stored.dtype.newbyteorder("<")).tobytes()).hexdigest()


def reference_digests() -> dict[str, str]:
    """Return what ``assets/reference.json`` holds, computed here: the state of the generator and of 112 matches."""
    with SerialExecutor() as serial:
        rows = serial.run(_starters_round_robin(2))
    return {"stream_state": f"{int(stream_state(np.uint64(1), np.uint64(2))):016x}", "starter_rows": digest(rows)}


def _state_hashes() -> Iterator[Proof]:
    """Compare the starters' matches with those of the machine that made the reference, bit for bit."""
    expected = json.loads(_REFERENCE.read_text(encoding="utf-8"))
    for name, found in reference_digests().items():
        same = expected.get(name) == found
        yield Proof(
            f"reference {name}", same, f"{found[:16]}" if same else f"{found[:16]}, expected {expected.get(name)}"
        )


def _workers() -> Iterator[Proof]:
    """Play the same matches serially and with 1, 2 and 3 workers."""
    matches = _starters_round_robin(2 * SHORT_JOB // 56)
    with SerialExecutor() as serial:
        expected = serial.run(matches)
    for workers in (1, 2, 3):
        with PoolExecutor(settings=ExecutorSettings(workers=workers)) as pool:
            same = pool.run(matches).tobytes() == expected.tobytes()
        yield Proof(f"{workers} worker(s) = serial", same, f"{len(expected)} matches, bit for bit")


def _kill_and_resume() -> Iterator[Proof]:
    """Kill a season with SIGKILL in the middle, resume it, and compare with one that was never interrupted."""
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        unbroken = _season(whole, ())
        stored = _kill_one(broken)
        resumed = _season(broken, ("--resume", "1")) if stored < int(str(unbroken["matches"])) else unbroken
        same = unbroken["rows_sha256"] == resumed["rows_sha256"] and unbroken["standings"] == resumed["standings"]
        text = f"killed at {stored:,} of {unbroken['matches']:,} matches, then resumed: rows and table are the same"
        yield Proof("kill and resume", same, text if same else f"killed at {stored:,}: rows or table differ")


def _command(home: str, more: tuple[str, ...]) -> list[str]:
    command = [sys.executable, str(_ROOT / "main.py"), "--home", home, "--no-visuals", "--json"]
    return [*command, *(more or ("--pairs", str(_KILL_PAIRS)))]


def _season(home: str, more: tuple[str, ...]) -> dict[str, object]:
    done = subprocess.run(_command(home, more), cwd=_ROOT, check=True, capture_output=True, text=True)  # noqa: S603  # ours
    result: dict[str, object] = json.loads(done.stdout)
    return result


def _kill_one(home: str) -> int:
    """Start a season, kill its process once some matches are stored, and return how many are."""
    process = subprocess.Popen(_command(home, ()), cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # ours
    try:
        _wait_until(lambda: _stored(home) > 0 or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    return _stored(home)


def _stored(home: str) -> int:
    try:
        with Store.open(Path(home) / "league.db", create=False) as store:
            season = store.latest_season()
            return store.count_matches(season.id) if season else 0
    except MissingDatabaseError:  # the other process is about to create it
        return 0


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _DEADLINE_S
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)


COMMAND = selftest
