"""The ways to show details: which one is taken, tables that are sorted and stay as they were, the graph of a genome."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ai.trainer import Detail, Json
from app.desktop.charts.strokes import area_colour
from app.desktop.context import Desktop
from app.desktop.training.ancestry import change, line_of
from app.desktop.training.detail_view import DetailBody, detail_views, view_of
from app.desktop.training.record_table import RecordTable
from app.desktop.training.records import columns_of
from app.desktop.training.views.genome import GenomeBody
from tests.app.desktop.evolution_samples import Evolution, ancestry, genome
from tests.app.desktop.population_samples import payoffs, pool

RUN = Evolution(120)
DETAILS = RUN.details()


def body_of(desktop: Desktop, qtbot: QtBot, name: str, value: Json) -> Any:
    made = view_of(name, value).create(desktop, name)
    assert isinstance(made, DetailBody)
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    made.show_detail(Detail(1, value))
    return made


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("species", DETAILS["species"], "KnownRecordsBody"),
        ("champion", DETAILS["genome"], "GenomeBody"),
        ("ancestry", DETAILS["ancestry"], "AncestryBody"),
        ("species", [{"name": "a"}], "RecordsBody"),
        ("kinds", DETAILS["species"], "RecordsBody"),
        ("payoffs", payoffs(3), "PayoffsBody"),
        ("matrix", payoffs(3), "TableBody"),
        ("payoffs", [[0.5, 0.2], [0.8, 0.5]], "TableBody"),
        ("pool", pool(6), "KnownRecordsBody"),
        ("pool", [{"name": "a"}], "RecordsBody"),
        ("species", [], "TableBody"),
        ("rank", 3, "TableBody"),
        ("nothing", None, "TableBody"),
    ],
)
def test_a_detail_is_shown_as_its_name_and_shape_suit(
    desktop: Desktop, qtbot: QtBot, name: str, value: Json, kind: str
) -> None:
    assert type(body_of(desktop, qtbot, name, value)).__name__ == kind


def test_every_view_is_found() -> None:
    assert [view.order for view in detail_views()] == [0, 1, 2, 3, 4, 10, 100]


def test_an_object_is_copied_whole_however_long_its_cells_are(desktop: Desktop, qtbot: QtBot) -> None:
    value: Json = {"nodes": list(range(500)), "kind": "feedforward"}
    assert json.loads(body_of(desktop, qtbot, "network", value).as_text()) == value


# Species


@pytest.fixture
def species(desktop: Desktop, qtbot: QtBot) -> Iterator[RecordTable[Any]]:
    body = body_of(desktop, qtbot, "species", DETAILS["species"])
    yield body.table
    del body  # which holds the table


def column(table: RecordTable[Any], title: str) -> list[str]:
    model = table.model()
    heads = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    return [model.index(row, heads.index(title)).data() for row in range(model.rowCount())]


def test_species_are_sorted_by_a_click_and_the_largest_come_first(species: RecordTable[Any]) -> None:
    sizes = [int(text) for text in column(species, "Size")]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == RUN.population
    species.sortByColumn(5, Qt.SortOrder.AscendingOrder)
    means = [float(text) for text in column(species, "Mean")]
    assert means == sorted(means)
    QAbstractItemModelTester(species.model())


def test_a_species_has_the_colour_of_the_chart(species: RecordTable[Any], desktop: Desktop) -> None:
    for row, text in enumerate(column(species, "Id")):
        chip = species.model().index(row, 0).data(Qt.ItemDataRole.DecorationRole)
        assert QColor(chip) == area_colour(int(text), desktop.theme.theme)
    assert species.model().index(0, 1).data(Qt.ItemDataRole.DecorationRole) is None


def test_the_selected_species_and_the_order_stay_when_others_come(
    species: RecordTable[Any], desktop: Desktop, qtbot: QtBot
) -> None:
    chosen = int(column(species, "Id")[3])
    species.selectRow(3)
    entries: Any = DETAILS["species"]
    species.show_rows([entry for entry in entries if entry["id"] != int(column(species, "Id")[0])])
    assert [row["id"] for row in species.rows_selected()] == [chosen]
    sizes = [int(text) for text in column(species, "Size")]
    assert sizes == sorted(sizes, reverse=True)


def test_a_narrow_table_leaves_out_what_matters_least(species: RecordTable[Any]) -> None:
    assert len(species.shown_columns()) == 8
    species.window().resize(250, 200)
    assert species.shown_columns() == [0, 1, 3, 4]


def test_records_of_any_kind_are_sorted_by_number_or_text(desktop: Desktop, qtbot: QtBot) -> None:
    value: Json = [{"name": "b", "n": 10, "x": None}, {"name": "A", "n": 9}, {"name": "c", "n": None, "x": "z"}]
    body = body_of(desktop, qtbot, "things", value)
    assert column(body.table, "Name") == ["b", "A", "c"]
    body.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert column(body.table, "N") == ["", "9", "10"]
    body.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert column(body.table, "Name") == ["A", "b", "c"]
    body.show_detail(Detail(2, [{"other": 1}]))
    assert body.as_text() == "Other\n1"
    assert [each.is_number for each in columns_of(value)] == [False, True, False]  # type: ignore[arg-type]


# The pool


def test_a_pool_shows_how_the_main_agent_does_against_each(desktop: Desktop, qtbot: QtBot) -> None:
    body = body_of(desktop, qtbot, "pool", pool(7))
    assert column(body.table, "Name")[-2:] == ["main-1", "main-2"]
    assert column(body.table, "Win rate")[:2] == ["100 %", "92.9 %"]
    assert column(body.table, "Games")[0] == "1,000"
    assert column(body.table, "Step")[:5] == ["", "", "", "", "1,142,856"]
    body.resize(330, 200)
    heads = [body.table.model().headerData(at, Qt.Orientation.Horizontal) for at in body.table.shown_columns()]
    assert heads == ["Name", "Win rate", "Games", "Step"]


# Ancestry


def test_the_line_says_what_changed() -> None:
    old: dict[str, Json] = {"id": 4, "generation": 1, "parents": [], "species": 1, "nodes": 0, "connections": 24}
    new: dict[str, Json] = {"id": 9, "generation": 4, "parents": [3, 4], "species": 2, "nodes": 1, "connections": 22}
    assert change(new, old) == "+1 node, -2 connections, now species 2"
    assert change({**old, "id": 5}, old) == "same structure"
    newest, oldest = line_of([new, old])
    assert newest.parents_text == "4 \N{MULTIPLICATION SIGN} 3"
    assert newest.describe().splitlines()[0] == "Genome 9 of generation 4"
    assert (oldest.change, oldest.parents_text) == ("the first of the line", "")


def test_the_newest_ancestor_is_on_top(desktop: Desktop, qtbot: QtBot) -> None:
    body = body_of(desktop, qtbot, "ancestry", ancestry(400))
    generations = [int(text) for text in column(body.table, "Gen.")]
    assert generations == sorted(generations, reverse=True)
    assert column(body.table, "Change")[-1] == "the first of the line"
    assert body.as_text().splitlines()[0].startswith("Gen.\tFitness\tChange")


# Genome


@pytest.fixture
def graph(desktop: Desktop, qtbot: QtBot) -> GenomeBody:
    body: GenomeBody = body_of(desktop, qtbot, "genome", genome(is_recurrent=True))
    body.canvas.repaint()
    return body


def texts(graph: GenomeBody) -> list[str]:
    return [line.full_text() for line in graph.lines]


def centre(graph: GenomeBody, name: str) -> QPointF:
    drawing, scene = graph.canvas._drawing, graph.canvas._scene
    assert drawing is not None
    assert scene is not None
    return next(where for value, where in scene.centres.items() if drawing.name(value) == name)


def test_the_graph_says_what_it_is_and_what_is_pointed_at(graph: GenomeBody) -> None:
    assert texts(graph) == [
        "genome 17,342 of generation 120",
        "fitness 0.8731, recurrent, 12 hidden nodes",
        "48 connections (7 disabled)",
    ]
    graph.canvas._point(centre(graph, "node 5"))
    assert texts(graph)[0].startswith("node 5, tanh, bias ")
    assert texts(graph)[1].startswith("2 in: ")
    graph.canvas.leaveEvent(None)
    assert texts(graph)[0].startswith("genome")


def test_a_click_holds_a_node_through_other_genomes(graph: GenomeBody) -> None:
    QTest.mouseClick(graph.canvas, Qt.MouseButton.LeftButton, pos=centre(graph, "node 6").toPoint())
    graph.canvas.leaveEvent(None)
    assert texts(graph)[0].startswith("node 6, ")
    graph.show_detail(Detail(2, genome(seed=9)))
    assert graph.canvas.held == "node 6"
    assert texts(graph)[0].startswith("node 6, ")
    graph.show_detail(Detail(3, genome(hidden=1, connections=3)))
    assert graph.canvas.held == ""
    assert texts(graph)[1] == "fitness 0.8731, 1 hidden node"


def test_a_second_click_lets_go(graph: GenomeBody) -> None:
    where = centre(graph, "node 6").toPoint()
    for held in ("node 6", ""):
        QTest.mouseClick(graph.canvas, Qt.MouseButton.LeftButton, pos=where)
        assert graph.canvas.held == held


def colours_of(graph: GenomeBody) -> set[str]:
    image = graph.canvas.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height(), 3)}


def test_disabled_connections_come_and_go(graph: GenomeBody, desktop: Desktop) -> None:
    assert graph.canvas._drawing is not None
    assert len(graph.canvas._drawing.off) == 7
    with_them = colours_of(graph)
    graph.disabled.setChecked(False)
    assert graph.canvas._drawing.off == frozenset()
    assert colours_of(graph) != with_them
    assert not desktop.settings.get("genome/with_disabled", default=True)


def test_it_fits_and_is_zoomed_by_buttons_and_the_wheel(graph: GenomeBody) -> None:
    fits = graph.canvas.width()
    assert not graph.out.isEnabled()
    graph.in_.click()
    QApplication.processEvents()
    assert graph.canvas.width() == pytest.approx(1.5 * fits, abs=2)
    wheel = QWheelEvent(
        QPointF(9, 9), QPointF(9, 9), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(graph.canvas, wheel)
    QApplication.processEvents()
    assert graph.canvas.width() == pytest.approx(2 * fits, abs=2)
    graph.zoom_by(-5)
    QApplication.processEvents()
    assert graph.canvas.width() == fits


def test_the_picture_is_saved(graph: GenomeBody, tmp_path: Path, desktop: Desktop) -> None:
    graph.ask_path = lambda _title, _name: str(tmp_path / "graph.png")
    graph.save.click()
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    graph.ask_path = lambda _title, _name: str(tmp_path / "nowhere" / "graph.png")
    graph.save.click()
    assert "cannot be written" in desktop.toasts.texts()[-1]


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("value", [genome(), genome(hidden=0, connections=0), genome(hidden=300, connections=900)])
def test_every_theme_paints_genomes_of_any_size(desktop: Desktop, qtbot: QtBot, theme: str, value: Json) -> None:
    desktop.theme.use(theme)
    try:
        assert len(colours_of(body_of(desktop, qtbot, "genome", value))) > 3
    finally:
        desktop.theme.use("dark")


def test_a_genome_without_outputs_is_only_told(desktop: Desktop, qtbot: QtBot) -> None:
    body = body_of(desktop, qtbot, "genome", {"inputs": [], "outputs": [], "nodes": [], "connections": []})
    assert body.canvas._drawing is None
    assert body.lines[2].full_text() == "0 connections"
