"""A season as a PNG."""

from pathlib import Path

import pytest
from PIL import Image

from app.cli import run
from app.run_plots import own_style
from app.season_picture import _figure, write_picture
from league.home import HomeError
from tests.league.test_report import HOSTILE, summary


def texts(made):
    with own_style():
        figure = _figure(made)
        figure.canvas.draw()
        ratings, *others = figure.axes
        names = [label.get_text() for label in ratings.get_yticklabels()]
        legend = [text.get_text() for axes in others for text in axes.get_legend().get_texts()]
        head = [text.get_text() for text in figure.texts]
    return names, legend, head


def test_ratings_are_listed_best_first_and_curves_by_where_they_end():
    made = summary(5, names=("Ann", "Bob"))
    names, legend, head = texts(made)
    assert names == [line.player.name for line in made.lines]
    assert len(names) == 5
    assert legend == ["Ann", "Bob", "bot 0", "bot 1", "bot 2"]
    assert head == ["Spring", f"season 12   5 players   {made.matches:,} matches   seed {made.season.seed}"]


def test_names_are_texts_and_no_formulas(tmp_path):
    names, _, _ = texts(summary(names=(HOSTILE, "$x^2$")))
    assert "$x^2$" in names
    assert any(name.startswith("<script>") and name.endswith("…") for name in names)
    write_picture(summary(names=(HOSTILE, "$x^2$")), tmp_path / "season.png")


@pytest.mark.parametrize(
    "made", [summary(history=()), summary(lines=(), history=()), summary(90)], ids=["no history", "nothing", "many"]
)
def test_every_season_can_be_drawn(tmp_path, made):
    write_picture(made, tmp_path / "season.png")
    with Image.open(tmp_path / "season.png") as image:
        assert image.format == "PNG"
        assert image.width == 1300


def test_what_cannot_be_written_is_told(tmp_path):
    with pytest.raises(HomeError, match=r"season\.png"):
        write_picture(summary(), tmp_path / "missing" / "season.png")


def test_the_command_writes_a_picture_alone(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    home = ["--home", str(tmp_path / "home")]
    options = ["--players", "random,still", "--pairs", "1", "--points", "1", "--executor", "serial"]
    assert run([*home, "--no-visuals", *options]) == 0
    capsys.readouterr()
    assert run([*home, "report", "--png", "season.png"]) == 0
    assert capsys.readouterr().out == "wrote season.png\n"
    assert [path.name for path in Path().glob("season*")] == ["season.png"]
