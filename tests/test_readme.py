"""What the README tells a newcomer to type works as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = README.split("## A tour in five minutes")[1].split("From Python:")[0]


def tour_commands() -> list[list[str]]:
    return [shlex.split(line, comments=True)[1:] for line in TOUR.splitlines() if line.startswith("python main.py")]


@pytest.mark.slow
def test_the_tour_runs_from_top_to_bottom(tmp_path: Path) -> None:
    bot = re.search(r"<<'BOT'\n(.*?)\nBOT", TOUR, re.DOTALL)
    assert bot is not None
    (tmp_path / "follower.py").write_text(bot.group(1) + "\n", encoding="utf-8")
    commands = tour_commands()
    assert len(commands) >= 12
    for arguments in commands:
        home = ["--home", str(tmp_path / "league")]
        done = subprocess.run(
            [sys.executable, str(ROOT / arguments[0]), *home, *arguments[1:]],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stderr)
        assert "Traceback" not in done.stderr
    assert (tmp_path / "season.html").stat().st_size > 10_000


def test_every_subcommand_is_in_the_readme_or_the_documents() -> None:
    text = README + "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    for module in (ROOT / "app" / "commands").glob("[a-z]*.py"):
        assert re.search(rf"\b{module.stem}\b", text), module.stem


def test_make_plays_the_mixed_season_of_the_readme() -> None:
    section = README.split("## Everybody meets")[1].split("\n## ")[0]
    commands = [line for line in section.splitlines() if line.startswith("python main.py")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nmixed-season:")[1].split("\n\n")[0]
    made = re.findall(r"^\t\$\(RALLY\) (.*)$", makefile, re.MULTILINE)
    assert len(commands) >= 9
    assert [
        line.removeprefix("python main.py --home mixed ").replace(" mixed/", " $(MIXED)/") for line in commands
    ] == made


def test_links_and_make_targets_of_the_readme_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([\w-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
