"""Exports of a run: what TensorBoard and tables get is what the run has kept; what cannot be written is one sentence."""

import csv
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from ai.run_folder import MetricRow
from ai.runs import Run, Runs
from app.cli import run as call
from app.run_export import SETTINGS_TAG, csv_text, event_records, export_run
from app.session import League, open_league
from league.schema import RunRow
from tests.app.kept_runs import keep_run, metric_rows

BEGUN = 1_700_000_000.0


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with open_league(str(tmp_path / "league")) as opened:
        yield opened


def row_of(league: League, run: Run) -> RunRow:
    return Runs(league.home, league.store).row(run.id)


def read_events(content: bytes) -> list[Event]:
    """Return the events of a file as TensorBoard reads it: length, its checksum, data, their checksum."""
    events, at = [], 0
    while at < len(content):
        header = content[at : at + 8]
        (length,) = struct.unpack("<Q", header)
        assert struct.unpack_from("<I", content, at + 8)[0] == masked_crc32c(header)
        data = content[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", content, at + 12 + length)[0] == masked_crc32c(data)
        events.append(Event.FromString(data))
        at += 16 + length
    assert at == len(content)
    return events


def test_the_checksum_is_that_of_the_format():
    """0xe3069283 is the check value of CRC-32C in the catalogues; the mask is TensorFlow's."""
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_every_metric_is_a_scalar_at_its_step(league):
    rows = metric_rows(5)
    run = keep_run(league, rows)
    first, settings, *steps = read_events(b"".join(event_records(run, rows, BEGUN)))
    assert first.file_version == "brain.Event:2"
    assert settings.summary.value[0].tag == f"{SETTINGS_TAG}/text_summary"
    assert [event.step for event in steps] == [1, 2, 3, 4, 5]
    assert [event.wall_time for event in steps] == [BEGUN + 0.5 * step for step in range(1, 6)]
    tags = {
        "best": "Fitness/best", "mean": "Fitness/mean", "sd": "Fitness/sd", "score/tracker": "Score/score/tracker",
        "score/aimer": "Score/score/aimer", "matches_per_s": "Throughput/matches_per_s",
        "ticks_per_s": "Throughput/ticks_per_s", **{f"species/{n}": f"Species/species/{n}" for n in (1, 2)},
    }  # fmt: skip
    for row, event in zip(rows, steps, strict=True):
        found = {value.tag: value.simple_value for value in event.summary.value}
        assert found == {tags[name]: np.float32(value) for name, value in row.all_values.items()}
    explained = [value.metadata.summary_description for value in steps[0].summary.value if value.tag == "Fitness/best"]
    assert explained == ["Fitness of the best genome of the generation."]
    assert not any(value.metadata.summary_description for value in steps[4].summary.value)


def test_the_settings_are_a_table(league):
    run = keep_run(league, metric_rows(1), name="a | b")
    events = read_events(b"".join(event_records(run, run.folder.metrics(), BEGUN)))
    value = events[1].summary.value[0]
    text = value.tensor.string_val[0].decode()
    assert value.metadata.plugin_data.plugin_name == "text"
    assert text.startswith("| setting | value |\n|---|---|\n| run | neat-1 |\n| name | a \\| b |\n")
    lines = text.splitlines()
    assert "| seed | 7 |" in lines
    assert "| preset | quick |" in lines
    assert "| generations | 80 |" in lines
    assert '| opponents | ["tracker", "predictor"] |' in lines
    assert {line.split("|")[1].strip() for line in lines} >= set(run.manifest.config)


def test_a_table_has_every_value_of_every_step():
    rows = [*metric_rows(3), MetricRow(4, {"luck": 1e-300}, {}, 0.1)]
    head, *lines = csv.reader(io.StringIO(csv_text("neat", rows)))
    assert head == [
        "step", "seconds", "best", "mean", "sd", "species/1", "species/2", "score/aimer", "score/tracker",
        "matches_per_s", "ticks_per_s", "luck",
    ]  # fmt: skip
    for row, line in zip(rows, lines, strict=True):
        found = {name: float(value) for name, value in zip(head, line, strict=True) if value}
        assert found == {"step": row.step, "seconds": row.seconds, **row.all_values}


def test_the_command_writes_both_and_twice_is_refused(capsys, league, tmp_path):
    run = keep_run(league, metric_rows(4))
    begun = row_of(league, run).created
    table, folder = tmp_path / "out" / "neat.csv", tmp_path / "logs"
    words = ["--home", str(league.home.folder), "runs", "export", "neat-1"]
    assert call([*words, "--csv", str(table), "--tensorboard", str(folder)]) == 0
    (events,) = (folder / "neat-1").iterdir()
    assert events.name.startswith("events.out.tfevents.")
    assert capsys.readouterr().out.splitlines() == [f"wrote {table}", f"wrote {events}"]
    content = read_events(events.read_bytes())
    assert len(content) == 6
    assert content[0].wall_time == np.datetime64(begun[:19]).astype("int64")
    assert table.read_bytes().decode() == csv_text("neat", metric_rows(4))
    before = {path: path.read_bytes() for path in (table, events)}
    assert call([*words, "--tensorboard", str(folder), "--csv", str(tmp_path / "new.csv")]) == 2
    assert "neat-1 holds events already" in capsys.readouterr().err
    assert call([*words, "--csv", str(table)]) == 2
    assert f"{table} is there already: name another file, or delete it" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (table, events)} == before
    assert not (tmp_path / "new.csv").exists()


def test_two_runs_share_a_folder(league, tmp_path):
    for _ in range(2):
        run = keep_run(league, metric_rows(2))
        export_run(run, row_of(league, run), csv_path=None, tensorboard=tmp_path / "logs")
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["neat-1", "neat-2"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["neat-1"], "nothing is asked for: give --tensorboard FOLDER, --csv FILE, or both"),
        (["neat-9", "--csv", "{tmp}/new.csv"], "there is no training run 'neat-9'"),
        (["neat-1", "--csv", "{tmp}/new.csv"], "run neat-1 has no metrics yet: train it for at least one step"),
        (["neat-1", "--tensorboard", "{tmp}/logs"], "run neat-1 has no metrics yet"),
        (["neat-2", "--csv", "{tmp}"], "is there already: name another file, or delete it"),
        (["neat-2", "--csv", "{tmp}/file/new.csv"], "cannot be written: "),
        (["neat-2", "--tensorboard", "{tmp}/file"], "cannot be written: "),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(capsys, league, tmp_path, arguments, sentence):
    keep_run(league, [])
    keep_run(league, metric_rows(2))
    (tmp_path / "file").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    words = [word.format(tmp=tmp_path) for word in arguments]
    assert call(["--home", str(league.home.folder), "runs", "export", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
