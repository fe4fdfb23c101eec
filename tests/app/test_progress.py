"""Progress where there is no terminal: each picture of a bar is a line of the log."""

from app.progress import progress_bar


def test_without_a_terminal_every_picture_is_a_line(capsys):
    bar = progress_bar("run", "steps", total=4, initial=1)
    bar.update(1)
    bar.refresh()
    bar.update(2)
    bar.close()
    _, err = capsys.readouterr()
    assert "\r" not in err
    lines = err.splitlines()
    assert [line.partition("|")[0] for line in (lines[0], lines[-1])] == ["run:  25%", "run: 100%"]
    assert all(line.startswith("run: ") and "steps" in line for line in lines)
