import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from game.executors.base import RunControl
from game.executors.serial import SerialExecutor
from game.games import game as game_named
from game.policies.file import PlayerFile
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat, Termination
from league.config import SeasonConfig
from league.home import Home
from league.library import Library
from league.ratings.bradley_terry import PairTable
from league.ratings.standings import standings
from league.report import CSV_COLUMNS, render, write_csv, write_report
from league.season import Season
from league.store import FaultRow, RatingPoint, Store
from league.summary import Line, Summary, summarise
from tests.league.samples import player, season

HOSTILE = "<script>alert('x')</script> & \"$1$\" @2@ \u540d\u524d"
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, texts, ids, and whether tags nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "title"}:
            self.texts.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def pair_table(n: int, *, played: int | None = None) -> PairTable:
    """Return everybody of the first ``played`` players against everybody, the lower position winning more."""
    both = [(a, b) for a in range(n) for b in range(a + 1, n) if b < (n if played is None else played)]
    counts = np.zeros((len(both), 3, 3), np.int64)
    counts[:, 2, 2], counts[:, 2, 0], counts[:, 1, 2], counts[:, 0, 0] = 7, 3, 2, 2
    first, second = (np.array([pair[side] for pair in both], np.int32) for side in (0, 1))
    return PairTable(n, first, second, counts)


def summary(n=4, *, names=(), table=None, **changes) -> Summary:
    """Return a made-up season of ``n`` players called ``names``, then ``bot 0`` and so on."""
    called = [*names, *(f"bot {i}" for i in range(n))][:n]
    players = tuple(player(name, f"{i:064x}") for i, name in enumerate(called))
    config = SeasonConfig(players=tuple(row.hash for row in players), pairs=14)
    table = pair_table(n) if table is None else table
    ranked = standings(table, rng=np.random.default_rng(1), resamples=100)
    matches = int(2 * table.counts.sum())
    fields = {
        "season": season(id=12, name="Spring", config_json=config.to_json(), state="complete"),
        "players": players,
        "lines": tuple(Line(s, players[s.player], 1500.0 - s.player, 0) for s in ranked),
        "problem": "",
        "table": table,
        "matches": matches,
        "ticks": 1000 * matches,
        "is_complete": True,
        "outcomes": {"left won": matches, "draw": 0, "right won": 0},
        "faults": (),
        "fault_lines": (),
        "cycles": (),
        "nash": np.full(n, 1 / n),
        "history": tuple(RatingPoint(at, i, 1500.0 - i * at) for at in (9, 19, 29) for i in range(n)),
        "rows_sha256": "ab" * 32,
        "placement": (),
    }
    return Summary(**fields | changes)


def faults(count: int) -> tuple[FaultRow, ...]:
    return tuple(
        FaultRow(match_id=7 * i, seat=Seat.RIGHT, position=1, termination=Termination.RAISED, detail="<b>boom</b>")
        for i in range(count)
    )


def names_in(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}[^>]*>([^<]*)</{tag}>", html)


@pytest.fixture(scope="module")
def league(tmp_path_factory):
    """A store with a played season of three scripted bots, and one of which nothing is played."""
    home = Home.find(str(tmp_path_factory.mktemp("league")))
    game = game_named("rally")
    with Store.open(home.database) as store:
        library = Library(home, store)
        rows = [
            library.add(PlayerFile(name, game.name, game.version, ScriptedPolicy.of(game, name)))
            for name in ("tracker", "predictor", "aimer")
        ]
        config = SeasonConfig(players=tuple(row.hash for row in rows), pairs=6, points=1, resamples=100)
        played = Season.create(store, config, "Played")
        with SerialExecutor() as executor:
            assert played.run(executor, library.policies(played.players), control=RunControl())
        unplayed = Season.create(store, config, "Unplayed")
        unplayed.replay_stored()
        yield summarise(store, played), summarise(store, unplayed)


def test_a_played_season_shows_its_numbers(league):
    html = render(league[0])
    page = Page(html)
    assert page.open == []
    for line in league[0].lines:
        s = line.standing
        for text in (
            line.player.name,
            f"{s.rating:.0f}",
            f"{s.low:.0f} .. {s.high:.0f}",
            f"{s.wins}-{s.draws}-{s.losses}",
        ):
            assert text in page.text
    assert f"Season {league[0].season.id}: Played complete" in page.text
    assert league[0].rows_sha256 in page.text
    assert f"python main.py --no-visuals --resume {league[0].season.id}" in page.text
    assert f"python main.py replay {league[0].season.id}:0 --verify" in page.text
    assert len(page.of("svg")) == 2


def test_a_season_without_a_match_renders(league):
    page = Page(render(league[1]))
    assert "incomplete (running): 0 of 36 matches played" in page.text
    assert "There are no ratings to draw yet." in page.text
    assert "There is no history yet." in page.text
    assert "replay" not in page.text
    assert {"tracker", "predictor", "aimer"} <= set(page.texts)


def test_the_same_summary_is_the_same_text(league):
    assert render(league[0]) == render(league[0])
    assert render(summary(20)) == render(summary(20))


def test_the_users_matplotlib_settings_change_nothing():
    import matplotlib as mpl

    plain = render(summary())
    with mpl.rc_context({"svg.fonttype": "path", "font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        assert render(summary()) == plain
        assert mpl.rcParams["svg.fonttype"] == "path"


@pytest.mark.parametrize("n", [3, 14])
def test_a_hostile_name_is_text_everywhere(n):
    names = (HOSTILE, '" onmouseover="x', "</style><b>", "$\\frac$", "\u202eevil\ud800")
    faulty = {"faults": faults(3), "fault_lines": (f"{HOSTILE}: 3 x raised (<i>)",), "cycles": (f"{HOSTILE} > a",)}
    made = summary(n, names=names, placement=(0, 1, 2), **faulty)
    html = render(replace(made, season=replace(made.season, name=HOSTILE)))
    page = Page(html)
    assert page.open == []
    assert not page.of("script")
    assert not page.of("i") or all("style" in attributes for attributes in page.of("i"))
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]
    assert page.texts.count(HOSTILE) >= 3
    assert "<b>boom" not in html


def test_plots_show_the_names_and_never_another_players_for_a_token():
    html = render(summary(3, names=("@1@", "second", "A name of more than twenty-four letters")))
    labels = names_in(html, "text")
    assert labels.count("@1@") == 2
    assert labels.count("second") == 2
    assert labels.count("A name of more than twe\u2026") == 2


def test_nothing_is_loaded_from_anywhere(league):
    html = render(league[0])
    page = Page(html)
    links = [a[key] for _, a in page.elements for key in ("src", "href", "xlink:href", "srcset", "data") if key in a]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not {"script", "link", "img", "iframe", "image"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?://|@import|url\((?!#)", html)
    policy = next(a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_ids_are_unique_and_every_reference_has_its_target():
    html = render(summary(14))
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {a["xlink:href"][1:] for a in page.of("use")} | set(re.findall(r"url\(#([^)]+)\)", html))
    wanted |= {attributes["aria-labelledby"] for attributes in page.of("section")}
    assert wanted <= set(ids)


def test_plots_take_their_colours_from_the_style_sheet():
    html = render(summary(14))
    style = html[: html.index("</style>")]
    plots = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", plots)
    used = set(re.findall(r"var\((--\w+)\)", plots))
    assert {"--ink", "--accent", "--s0", "--s5"} <= used
    for name in used:
        assert style.count(f"{name}: ") == 2


def test_what_cannot_be_seen_is_said():
    page = Page(render(summary(faults=faults(1))))
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in page.of("svg"))
    assert len(page.of("caption")) == len(page.of("table")) == 4
    assert all(attributes["scope"] in {"row", "col"} for attributes in page.of("th"))


def test_ties_islands_and_guesses_are_marked():
    apart = summary(4, table=pair_table(4, played=2))
    page = Page(render(apart))
    tags = [attributes["title"] for attributes in page.of("span") if "title" in attributes]
    tied = sum(line.standing.tied_with_next for line in apart.lines)
    assert tags.count("not surely better than the next line") == tied > 0
    assert "3 groups of players have not met each other" in page.text
    assert page.texts.count("too few") >= 2
    whole = Page(render(summary(4)))
    assert "groups of players" not in whole.text
    assert whole.texts.count("too few") == 1


def test_cross_table_cells_say_record_elo_and_los():
    made = summary(3)
    page = Page(render(made))
    cells = [a for a in page.of("td") if " against " in (a.get("title") or "")]
    assert len(cells) == 6
    found = made.cell(0, 1)
    expected = (
        f"Elo {found.estimate.elo:+.0f} \u00b1 {found.estimate.elo_error:.0f}, LOS {100 * found.estimate.los:.1f} %"
    )
    assert cells[0]["title"] == f"bot 0 against bot 1: {found.wins}-{found.draws}-{found.losses} (W-D-L), {expected}"
    assert cells[0]["class"] == "win"
    assert cells[2]["title"].startswith("bot 1 against bot 0: ")
    assert cells[2]["class"] == "loss"
    apart = Page(render(summary(4, table=pair_table(4, played=2))))
    assert sum("not met" in (a.get("title") or "") for a in apart.of("td")) == 10


def test_a_large_cross_table_is_limited_and_says_so():
    made = summary(45)
    html = render(made)
    page = Page(html)
    assert "Limited to the best 40 of 45 players." in page.text
    assert sum(" against " in (a.get("title") or "") for a in page.of("td")) == 40 * 39
    assert {row.name for row in made.players} <= set(page.texts)
    assert "Limited" not in Page(render(summary(14))).text


@pytest.mark.parametrize(("n", "lines"), [(12, 12), (13, 10)])
def test_the_elo_plot_has_a_line_for_few_and_for_the_best_of_many(n, lines):
    html = render(summary(n))
    plot = re.search(r'<svg[^>]*class="elo".*?</svg>', html, re.DOTALL)[0]
    assert sum(label.startswith("bot") for label in names_in(plot, "text")) == lines
    assert ("the other 3" in plot) == (n > 12)


def test_without_ratings_the_players_and_their_records_are_shown():
    problem = "no ratings: <nobody> can be rated"
    made = summary(3, lines=(), problem=problem, nash=None)
    page = Page(render(made))
    assert problem in page.texts
    assert page.texts.count("bot 2") >= 2
    games = made.table.outcomes().sum(axis=1)
    (losses, draws, wins) = games[0] + games[1]
    assert f"{wins}-{draws}-{losses}" in page.texts


def test_a_missing_nash_mixture_has_no_column():
    assert "Nash" in Page(render(summary())).text
    assert "Nash" not in Page(render(summary(nash=None))).text


def test_a_rating_history_with_holes_is_drawn():
    points = (RatingPoint(9, 0, 1510.0), RatingPoint(19, 0, 1520.0), RatingPoint(19, 2, 1490.0))
    assert 'class="elo"' in render(summary(3, history=points))


def test_faults_cycles_and_placement_are_listed():
    page = Page(render(summary(faults=faults(60), fault_lines=("bot 1: 60 x",), cycles=("a > b > c > a",))))
    assert "The first 50 of 60 faults." in page.text
    assert page.texts.count("raised an exception") == 50
    assert "bot 1: 60 x" in page.texts
    assert "a > b > c > a" in page.texts
    assert "Placement" not in page.texts
    quiet = Page(render(summary(placement=(2, 0, 1, 3))))
    assert quiet.texts.count("none") == 2
    assert "Placement" in quiet.texts


def test_the_configuration_is_readable_json():
    made = summary()
    shown = re.findall(r"<pre[^>]*>(\{.*?\})</pre>", render(made), re.DOTALL)[0].replace("&#34;", '"')
    assert json.loads(shown) == json.loads(made.season.config_json)
    assert shown.count("\n") > 10


def test_the_report_is_written_as_it_is_rendered(tmp_path):
    path = tmp_path / "new" / "report.html"
    write_report(summary(), path)
    assert path.read_text(encoding="utf-8") == render(summary())
    write_report(summary(3, names=("lone \ud800 surrogate",)), path)
    assert "lone ? surrogate" in path.read_text(encoding="utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_csv_comes_back(tmp_path):
    made = summary(5, names=('comma, "quote"', "line\nbreak", "\u540d\u524d"))
    path = tmp_path / "standings.csv"
    write_csv(made, path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CSV_COLUMNS
    for row, line in zip(rows, made.lines, strict=True):
        s = line.standing
        assert (row["rank"], row["band"], row["faults"]) == (str(s.rank), line.band, str(line.faults))
        assert (row["player"], row["hash"], row["kind"]) == (line.player.name, line.player.hash, line.player.kind)
        numbers = [float(row[name]) for name in ("rating", "low", "high", "score")]
        assert numbers == pytest.approx([s.rating, s.low, s.high, line.score], abs=0.005)
        assert [int(row[name]) for name in ("games", "wins", "draws", "losses")] == [s.games, s.wins, s.draws, s.losses]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path, start):
    path = tmp_path / "standings.csv"
    write_csv(summary(3, names=(f"{start}cmd()",)), path)
    with path.open(encoding="utf-8", newline="") as file:
        names = [row["player"] for row in csv.DictReader(file)]
    assert names == [f"'{start}cmd()", "bot 0", "bot 1"]


def test_csv_without_ratings_has_the_columns(tmp_path):
    path = tmp_path / "standings.csv"
    write_csv(summary(3, lines=(), problem="none"), path)
    assert path.read_bytes().decode() == ",".join(CSV_COLUMNS) + "\r\n"


def test_importing_the_report_does_not_load_matplotlib():
    code = "import sys, league.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
