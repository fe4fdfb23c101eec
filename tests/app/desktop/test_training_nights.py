"""Nights as the Training dock knows them: from files of the league, from events of a job, in words, and as a command."""

import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ai.trainer import trainer
from app.commands.overnight import COMMAND
from app.desktop.training import night_text
from app.desktop.training.cards import Phase, RunCard
from app.desktop.training.new_night import NewNight, one_for_nights, resume_arguments
from app.desktop.training.new_run import NewRun, preset_values
from app.desktop.training.nights import CycleLine, NightBook, NightCard, card_of, stored_nights
from app.overnight.config import OvernightConfig
from app.overnight.state import Cycle, GateRecord, Night, NightFolder, Standing
from app.overnight.state import Phase as CyclePhase
from app.session import League, open_league
from league.writer_lock import writer_lock

ES = trainer("es")
GATE = GateRecord(is_better=False, decision="h0", pairs=150, counts=(50, 0, 40, 0, 60), llr=-2.95, score=0.53)
STANDING = Standing(rating=1620.4, rank=3, players=9, rows_sha256="x", leaders=())


def night(*, number: int = 1, state: str = "stopped", cycles: int = 8, **config: Any) -> Night:
    """A night whose first cycle is done, whose second was held back by the gate and is at its season."""
    done = Cycle(
        number=1, phase=CyclePhase.DONE, run="es-1", is_better=True, champion="a" * 64, champion_name="Ada 1",
        season=4, standing=STANDING, seconds=300.0,
    )  # fmt: skip
    at_hand = Cycle(
        number=2, phase=CyclePhase.SEASON, run="es-2", is_better=False, gate=GATE, champion_name="Ada 1", season=5,
        seconds=60.0,
    )  # fmt: skip
    return Night(
        id=f"overnight-{number}",
        name="Ada",
        seed=5,
        config=OvernightConfig(trainer="es", cycles=cycles, **config),
        state=state,  # type: ignore[arg-type]
        cycles=(done, at_hand),
    )


def begun(**started: Any) -> NightBook:
    """A book with a night that its job has begun."""
    book = NightBook()
    book.begin("job-1", None, name="Overnight (starting)", trainer="es")
    tell(book, "started", **{"id": "overnight-1", "name": "Ada", "cycles": 3, "cycle": 1, "phase": "train", **started})
    return book


def tell(book: NightBook, event: str, **data: Any) -> None:
    message: Mapping[str, Any] = {"event": event, **data}
    assert book.take("job-1", message) is not None


def card(book: NightBook) -> NightCard:
    return book.cards()[0]


# From the file


def test_a_stored_night_has_its_cycles_and_what_it_is_at() -> None:
    made = card_of(night(), is_running=False)
    assert (made.phase, made.can_resume, made.job) == (Phase.STOPPED, True, None)
    assert (made.stage.cycle, made.stage.name, made.stage.season) == (2, "season", 5)
    first, second = made.lines
    assert (first.champion, first.rating, first.rank, first.is_done) == ("Ada 1", 1620.4, 3, True)
    assert (second.pairs, second.is_better, second.is_done) == (150, False, False)
    assert made.progress == pytest.approx(1 / 8)
    assert night_text.stage_text(made) == "1 cycle done of 8"
    assert night_text.champion_text(made) == "champion Ada 1, 1620 Elo"


def test_a_night_whose_process_is_gone_was_interrupted() -> None:
    gone = card_of(night(state="running"), is_running=False)
    assert (gone.phase, gone.can_resume) == (Phase.INTERRUPTED, True)
    assert "Resume" in night_text.reason_text(gone)
    elsewhere = card_of(night(state="running"), is_running=True)
    assert (elsewhere.phase, elsewhere.can_resume, elsewhere.can_stop) == (Phase.RUNNING, False, False)
    assert night_text.phase_text(elsewhere) == "running elsewhere"
    assert "Another program" in night_text.reason_text(elsewhere)


@pytest.fixture
def league(tmp_path: Path) -> Any:
    with open_league(str(tmp_path)) as opened:
        yield opened


def stored(league: League, kept: Night) -> Path:
    folder = NightFolder(league.home.folder / "overnights" / kept.id)
    folder.write(kept)
    return folder.file


def test_only_who_has_written_a_night_since_works_on_it(league: League) -> None:
    old = stored(league, night(state="running"))
    os.utime(old, (1000.0, 1000.0))
    stored(league, night(number=2, state="running"))
    assert [each.phase for each in stored_nights(league)] == [Phase.INTERRUPTED, Phase.INTERRUPTED]
    with writer_lock(league.home.folder):
        assert [each.phase for each in stored_nights(league)] == [Phase.INTERRUPTED, Phase.RUNNING]


def test_a_damaged_night_says_so_and_hides_no_other(league: League) -> None:
    stored(league, night()).write_text("{")
    stored(league, night(number=2))
    damaged, whole = stored_nights(league)
    assert (damaged.phase, damaged.can_resume, whole.can_resume) == (Phase.FAILED, False, True)
    assert "is damaged" in night_text.reason_text(damaged)


def test_of_complete_nights_only_the_newest_has_a_card() -> None:
    book = NightBook()
    states = ("complete", "stopped", "complete", "complete")
    every = [card_of(night(number=number, state=state), is_running=False) for number, state in enumerate(states, 1)]
    book.set_stored(every)
    assert [each.night for each in book.cards()] == ["overnight-4", "overnight-2"]
    book.dismiss("overnight-2")
    assert [each.night for each in book.cards()] == ["overnight-4"]
    book.begin("job-1", "overnight-2", name="Ada")
    assert [each.night for each in book.cards()] == ["overnight-2", "overnight-4"]


# From events


def test_a_night_gets_its_name_from_its_job_and_keeps_its_trainer() -> None:
    book = begun()
    made = card(book)
    assert (made.night, made.name, made.trainer, made.phase) == ("overnight-1", "Ada", "es", Phase.RUNNING)
    assert book.night_of("job-1") == "overnight-1"
    assert night_text.plan_text(made) == "Overnight · 3 cycles · es"


def test_progress_is_of_the_phase_and_the_time_left_of_the_night() -> None:
    book = begun()
    tell(book, "phase", cycle=1, phase="train", run="es-7")
    tell(
        book,
        "progress",
        cycle=1,
        phase="train",
        done=30,
        expected=50,
        eta_s=7320.0,
        unit="generations",
        state="running",
    )
    assert night_text.stage_text(card(book)) == "cycle 1, training: 30 of 50 generations"
    assert night_text.time_text(card(book)) == "2 h 2 min left"
    tell(book, "phase", cycle=1, phase="gate", run="es-7")
    assert night_text.stage_text(card(book)) == "cycle 1, gate"
    assert card(book).stage.run == "es-7"
    assert card(book).progress == 0.0


def test_the_run_that_a_night_trains_is_shown_as_far_as_the_night_says() -> None:
    book = begun()
    tell(book, "phase", cycle=1, phase="train", run="es-7")
    tell(book, "progress", cycle=1, phase="train", done=30, expected=50, eta_s=None, state="paused")
    run = RunCard("es-7", "Ada 1", "es", Phase.RUNNING, is_stored=True, step=20)
    shown = book.with_night(run)
    assert (shown.night, shown.phase, shown.step, shown.expected) == ("Ada", Phase.PAUSED, 30, 50)
    assert not shown.can_resume
    for other in (replace(run, run="es-8"), replace(run, phase=Phase.COMPLETE), replace(run, job="job-9")):
        assert book.with_night(other) == other
    tell(book, "phase", cycle=1, phase="gate", run="es-7")
    assert book.with_night(run) == run


def test_a_verdict_comes_before_its_cycle_is_done() -> None:
    book = begun()
    tell(book, "gate", cycle=1, pairs=0, score=None, llr=None, is_better=True)
    assert (card(book).progress, card(book).lines[0].is_done) == (0.0, False)
    tell(
        book,
        "cycle",
        cycle=1,
        run="es-7",
        champion="Ada 1",
        is_better=True,
        rating=1500.2,
        rank=4,
        season=3,
        seconds=61.0,
    )
    (line,) = card(book).lines
    assert (line.is_done, line.champion, line.rank) == (True, "Ada 1", 4)
    assert card(book).progress == pytest.approx(1 / 3)
    assert night_text.verdict_text(line) == "first"
    tell(book, "gate", cycle=2, pairs=150, score=0.53, llr=2.96, is_better=True)
    tell(book, "cycle", cycle=2, run="es-8", champion="Ada 2", is_better=True, seconds=60.0, failure="")
    line = card(book).lines[1]
    assert (line.pairs, line.llr) == (150, 2.96)
    assert "better after 150 pairs, score 53.0 %, log likelihood ratio +2.96" in night_text.line_text(line)
    assert len(card(book).lines) == 2


def test_what_a_job_says_of_its_state_holds_until_it_stops() -> None:
    book = begun()
    progress = {"cycle": 1, "phase": "train", "done": 1, "expected": 2, "eta_s": None}
    tell(book, "progress", **progress, state="paused")
    assert (card(book).phase, card(book).can_resume) == (Phase.PAUSED, True)
    book.want("overnight-1", Phase.STOPPING)
    tell(book, "progress", **progress, state="running")
    assert card(book).phase is Phase.STOPPING
    tell(book, "ended", state="stopped", reason="")
    assert not card(book).can_resume  # its process is still there
    assert book.end("job-1", "", is_ok=True) == "overnight-1"
    assert (card(book).phase, card(book).can_resume) == (Phase.STOPPED, True)


def test_a_job_that_ends_without_a_word_has_failed() -> None:
    book = begun()
    book.end("job-1", "it was killed", is_ok=False)
    assert (card(book).phase, card(book).reason, card(book).can_resume) == (Phase.FAILED, "it was killed", True)


def test_rows_of_the_league_do_not_replace_what_a_job_says() -> None:
    book = begun()
    tell(book, "cycle", cycle=1, seconds=2.0)
    old = replace(card_of(night(state="running"), is_running=True), lines=())
    book.set_stored([old, card_of(night(number=2), is_running=False)])
    assert [each.night for each in book.cards()] == ["overnight-1", "overnight-2"]
    assert (card(book).job, len(card(book).lines)) == ("job-1", 1)


def test_by_the_hours_the_time_says_how_far_a_night_is() -> None:
    book = NightBook()
    book.set_stored([card_of(night(cycles=0, hours=2.0), is_running=False)])
    assert card(book).progress == pytest.approx(360 / 7200)
    book.begin("job-1", "overnight-1", name="Ada")
    tell(book, "started", id="overnight-1", name="Ada", cycles=None, hours=2.0, cycle=2, phase="season")
    tell(book, "progress", cycle=2, phase="season", done=1, expected=None, eta_s=1800.0, state="running")
    assert card(book).progress == pytest.approx(0.75)
    assert night_text.plan_text(card(book)) == "Overnight · 2 h · es"


def test_a_line_for_people_is_shown_until_the_next_phase() -> None:
    book = begun()
    tell(book, "line", text=" compiling ")
    assert card(book).said == "compiling"
    tell(book, "phase", cycle=1, phase="gate")
    assert card(book).said == ""


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (CycleLine(1), ""),
        (CycleLine(1, is_better=True), "first"),
        (CycleLine(1, is_better=True, pairs=9), "better"),
        (CycleLine(1, is_better=False, pairs=9), "no better"),
        (CycleLine(1, is_better=False, pairs=0), "no better"),
        (CycleLine(1, is_better=False, pairs=None), "no candidate"),
        (CycleLine(1, is_better=True, pairs=9, failure="no disk"), "broken off"),
    ],
)
def test_a_verdict_in_a_word(line: CycleLine, verdict: str) -> None:
    assert night_text.verdict_text(line) == verdict


@pytest.mark.parametrize(
    ("is_better", "pairs", "told"),
    [
        (True, None, "nobody reigned yet"),
        (False, None, "the run has made no champion"),
        (False, 0, "the same player again"),
    ],
)
def test_a_gate_without_a_match_says_why(is_better: bool, pairs: int | None, told: str) -> None:
    assert f"Champion gate: {told}" in night_text.line_text(CycleLine(1, is_better=is_better, pairs=pairs))


def test_the_copied_table_has_a_line_a_cycle() -> None:
    lines = night_text.lines_text(card_of(night(), is_running=False)).split("\n")
    assert lines[0].split("\t")[:4] == ["Cycle", "Gate", "Score", "Elo"]
    assert lines[1].split("\t")[:6] == ["1", "first", "", "1620", "3", "Ada 1"]
    assert lines[2].split("\t")[:3] == ["2", "no better", "53 %"]


# The command


def new_night(**changes: Any) -> NewNight:
    run = NewRun(
        ES, "quick", preset_values(ES, "quick") | changes.pop("values", {}), "Ada", 5, changes.pop("workers", None)
    )
    default = OvernightConfig()
    fields = {name: getattr(default, name) for name in ("cycles", "hours", "pairs")}
    return NewNight(run, {**fields, **changes}, default.gate.model_dump())


def test_only_what_differs_is_named() -> None:
    words = new_night().arguments("/league")
    assert words == [
        *("overnight", "--trainer", "es", "--preset", "quick", "--hours", "8", "--seed", "5", "--name", "Ada"),
        *("--home", "/league", "--events"),
    ]
    night = replace(
        new_night(values={"children": 9, "hidden": (8, 4)}, cycles=4, pairs=3, workers=2), gate={"alpha": 0.01}
    )
    words = night.arguments("/league")
    assert words[5:] == [
        *("--set", "children=9", "--set", "hidden=8,4", "--cycles", "4", "--pairs", "3", "--gate-alpha", "0.01"),
        *("--seed", "5", "--name", "Ada", "--workers", "2", "--home", "/league", "--events"),
    ]


def test_the_program_understands_every_word() -> None:
    night = replace(new_night(values={"children": 9}, pairs=3, workers=2), gate={"max_pairs": 100})
    taken = understood(night.arguments("/league"))
    assert (taken["home"], taken["is_job"], taken["trainer"], taken["preset"]) == ("/league", True, "es", "quick")
    assert (taken["settings"], taken["pairs"], taken["gate_max_pairs"]) == ((("children", "9"),), 3, 100)
    assert (taken["hours"], taken["cycles"], taken["name"], taken["seed"], taken["workers"]) == (8.0, None, "Ada", 5, 2)
    assert understood(resume_arguments("overnight-1", "/league"))["resume"] == "overnight-1"


def understood(words: list[str]) -> dict[str, Any]:
    """What the command takes the words of a job for."""
    command = copy.copy(COMMAND)
    taken: dict[str, Any] = {}
    command.callback = taken.update
    result = CliRunner().invoke(command, words[1:])
    assert result.exit_code == 0, result.output
    return taken


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"pairs": 0}, "pairs"), ({"hours": 0.0}, "hours"), ({"values": {"children": 0}}, "children")],
)
def test_what_is_wrong_is_one_sentence(changes: dict[str, Any], told: str) -> None:
    problem = new_night(**changes).problem()
    assert told in problem
    assert "\n" not in problem
    assert not new_night().problem()


def test_a_name_is_checked_as_the_program_does() -> None:
    night = new_night()
    assert "name is '/'" in replace(night, run=replace(night.run, name="/")).problem()


def test_the_summary_says_how_long_it_takes() -> None:
    assert new_night().summary().startswith("No cycle begins after 8 hours; in each one training takes about")
    assert new_night(values={"children": 9}, cycles=4).summary() == "There are 4 cycles."


def test_a_night_begins_with_the_trainer_that_is_made_for_it() -> None:
    assert one_for_nights([ES, replace(ES, name="selfplay")]) == 1
    assert one_for_nights([ES]) == 0
