"""Runs with metrics that nobody had to train."""

from collections.abc import Sequence

from ai.run_folder import MetricRow
from ai.runs import Plan, Run, Runs
from ai.trainer import trainer
from app.session import League
from game.games.rally import GAME


def metric_rows(steps: int) -> list[MetricRow]:
    """Return rows of a run of NEAT: a mean with its spread, species that come and go, a score measured now and then."""
    return [
        MetricRow(
            step,
            {
                "best": 0.5 + 0.01 * step,
                "mean": 0.01 * step,
                "sd": 0.1,
                f"species/{1 + step // 3}": 10.0,
                **({"score/tracker": 0.25, "score/aimer": 0.75} if step % 2 == 0 else {}),
            },
            {"matches": 100 * step, "ticks": 90_000},
            0.5,
        )
        for step in range(1, steps + 1)
    ]


def keep_run(league: League, rows: Sequence[MetricRow], *, name: str = "kept", preset: str | None = "quick") -> Run:
    """Return a run of NEAT, seed 7, that has reported ``rows``."""
    neat = trainer("neat")
    plan = Plan(neat, neat.configure({}, preset), GAME, 7, name, preset)
    run = Runs(league.home, league.store).create(plan)
    for row in rows:
        run.folder.append(row)
    return run
