"""Datasets from files: what is read, and that whatever cannot be used is said in one sentence."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.neat_backprop.data_files import read_dataset
from ai.neat_backprop.datasets import Dataset
from ai.neat_backprop.npz_archive import read_archive

NUMBERS = np.random.default_rng(5).normal(3.0, 2.0, (60, 3)).round(3)
WORDS = np.array(["cat", "dog", "eel"])[np.arange(60) % 3]


def rng(seed=0):
    return np.random.default_rng(seed)


def read(path, content, seed=0):
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_bytes(content)
    return read_dataset(path, rng(seed))


def table(header=None, delimiter=",", labels=WORDS, label_first=False, numbers=NUMBERS):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    if header:
        writer.writerow(header)
    for row, label in zip(numbers.tolist(), labels, strict=True):
        writer.writerow([label, *row] if label_first else [*row, label])
    return text.getvalue()


def archive(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def all_rows(data):
    """The raw numbers of all parts with the names of their classes, sorted."""
    found = []
    for part in ("train", "validation", "test"):
        x = getattr(data, f"x_{part}").astype(np.float64) * data.scale + data.mean
        y = getattr(data, f"y_{part}")
        found += [(*row, data.class_names[label]) for row, label in zip(x.round(3).tolist(), y, strict=True)]
    return sorted(found)


def wanted(labels=WORDS, numbers=NUMBERS):
    return sorted((*row, str(label)) for row, label in zip(numbers.tolist(), labels, strict=True))


def assert_rows(data, expected):
    for found, row in zip(all_rows(data), expected, strict=True):
        assert found[-1] == row[-1]
        assert found[:-1] == pytest.approx(row[:-1], abs=2e-3)


class TestTables:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("header", [None, ("a", "b", "c", "kind"), ("1", "2", "3", "LABEL")])
    def test_headers_and_delimiters_are_found(self, tmp_path, delimiter, header):
        data = read(tmp_path / "pets.csv", table(header, delimiter))
        assert_rows(data, wanted())
        assert data.title == "pets.csv"
        assert data.class_names == ("cat", "dog", "eel")
        assert data.feature_names == (header[:3] if header else ("column 1", "column 2", "column 3"))
        assert [len(data.y_train), len(data.y_validation), len(data.y_test)] == [36, 12, 12]

    def test_the_column_called_label_may_be_anywhere(self, tmp_path):
        data = read(tmp_path / "t.csv", table(("Label", "a", "b", "c"), label_first=True))
        assert_rows(data, wanted())
        assert data.feature_names == ("a", "b", "c")

    @pytest.mark.parametrize(
        ("labels", "classes"),
        [
            (["10", "9", "-1.0"], ("-1", "9", "10")),
            (["1", "1.0", "2"], ("1", "2")),
            (["1", "2", "many"], ("1", "2", "many")),
            (["a\nb", "a", "d "], ("a", "a b", "d")),
        ],
    )
    def test_labels_are_numbers_if_all_are(self, tmp_path, labels, classes):
        assert read(tmp_path / "t.csv", table(labels=np.array(labels)[np.arange(60) % 3])).class_names == classes

    def test_byte_order_marks_quotes_spaces_and_empty_lines_do_no_harm(self, tmp_path):
        lines = [line.split(",") for line in table(("a", "b", "c", "label")).splitlines()]
        text = "\n\n".join(f'{first}, "{second}" ,{third}, {label} ' for first, second, third, label in lines)
        assert_rows(read(tmp_path / "t.csv", f"\ufeff{text}"), wanted())

    def test_the_generator_alone_decides_the_split(self, tmp_path):
        one, same, other = (read(tmp_path / "t.csv", table(), seed) for seed in (1, 1, 2))
        assert one.digest() == same.digest() != other.digest()

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "is empty"),
            ("\n \n", "has no rows of data"),
            ("a,b,label\n", "has no rows of data"),
            ("1\n2\n", "has one column"),
            ("1,2,x\n3,4\n", "line 2 of .* has 2 columns, the first line has 3"),
            ("a,label\n1,x\n2,y,z\n", "line 3 of .* has 3 columns"),
            ("1,2,x\n3,oops,y\n", "line 2 of .* has 'oops' in column 2: a number is needed"),
            ("1,,x\n3,4,y\n", "line 1 of .* has '' in column 2"),
            ("a,b,c\n1,2,x\n\n3,nan,y\n", "line 4 of .* has nan as 'b'.*1 rows"),
            ("1,inf,x\n3,nan,y\n", "line 1 of .* has inf as 'column 2'.*2 rows have others"),
            ("1,1e300,x\n3,4,y\n", r"has 1e\+300 as"),
            ("1,2,x\n3,4,\n", "line 2 of .* has no label"),
            ("1,2,1\n3,4,nan\n", "line 2 of .* has nan as its label"),
            ("1,x\n2,x\n3,x\n", "has one class only, 'x'"),
            ("1,x\n2,y\n3,x\n", "class 'y' of .* has 1 rows: at least 5"),
            ("".join(f"{n},{n / 7}\n" for n in range(200)), "200 different labels, at most 64 .*not measured numbers"),
            ("1,2,x\n3,\x00,y\n", "line 2 of .* in column 2: a number"),
            (b"\xff\xfe1,2,x\n", "is no CSV table in UTF-8"),
            ("x," + "9" * 200_000, "is no CSV table|has no rows"),
        ],
    )
    def test_what_is_wrong_is_said_in_one_sentence(self, tmp_path, text, says):
        with pytest.raises(TrainingError, match=says) as failure:
            read(tmp_path / "t.csv", text)
        assert "\n" not in str(failure.value)

    def test_files_that_are_no_datasets_are_refused(self, tmp_path):
        with pytest.raises(TrainingError, match=r"missing\.csv cannot be read: No such file"):
            read_dataset(tmp_path / "missing.csv", rng())
        with pytest.raises(TrainingError, match=r"t\.xlsx is no dataset: a name that ends in"):
            read(tmp_path / "t.xlsx", "1,2")
        Path(tmp_path / "folder.csv").mkdir()
        with pytest.raises(TrainingError, match="cannot be read: Is a directory"):
            read_dataset(tmp_path / "folder.csv", rng())


class TestArchives:
    @pytest.mark.parametrize(("x", "y"), [("x", "y"), ("X", "Y"), ("x_train", "y_train"), ("Xtr", "ytr")])
    @pytest.mark.parametrize("dtype", [np.float64, np.float16, np.float32])
    def test_whole_rows_are_split(self, tmp_path, x, y, dtype):
        data = read(tmp_path / "t.npz", archive(**{x: NUMBERS.astype(dtype), y: WORDS, "more": np.arange(3)}))
        expected = NUMBERS.astype(dtype).astype(np.float64).round(3)
        assert_rows(data, wanted(numbers=expected))
        assert [len(data.y_train), len(data.y_validation), len(data.y_test)] == [36, 12, 12]
        assert data.feature_names == ("x0", "x1", "x2")

    def test_given_parts_stay_and_the_missing_one_is_taken_from_the_training_rows(self, tmp_path):
        y = np.arange(60) % 2
        arrays = {"Xtr": NUMBERS[:40], "ytr": y[:40], "Xva": NUMBERS[40:], "yva": y[40:, None]}
        data = read(tmp_path / "t.npz", archive(**arrays))
        assert np.allclose(data.x_validation * data.scale + data.mean, NUMBERS[40:], atol=1e-3)
        assert data.y_validation.tolist() == y[40:].tolist()
        assert [len(data.y_train), len(data.y_test)] == [30, 10]
        arrays |= {"x_test": NUMBERS[:7], "y_test": y[:7]}
        data = read(tmp_path / "t.npz", archive(**arrays))
        assert [len(data.y_train), len(data.y_validation), len(data.y_test)] == [40, 20, 7]
        assert np.allclose(data.features(NUMBERS[:7]), data.x_test)

    def test_pictures_become_rows(self, tmp_path):
        data = read(
            tmp_path / "t.npz", archive(x=np.arange(60 * 16, dtype=np.uint8).reshape(60, 4, 4), y=np.arange(60) % 2)
        )
        assert data.n_features == 16

    @pytest.mark.parametrize(
        ("arrays", "says"),
        [
            ({"a": np.zeros(3)}, "x and y are needed"),
            ({}, "holds nothing"),
            ({"x": NUMBERS, "labels": WORDS}, "holds x: x and y are needed"),
            ({"x": NUMBERS, "y": WORDS[:9]}, r"'y' of .* has the shape \(9,\): \(60,\)"),
            ({"x": NUMBERS, "y": np.eye(60)}, r"has the shape \(60, 60\)"),
            ({"x": WORDS, "y": WORDS}, "'x' of .* holds <U3"),
            ({"x": np.float64(3), "y": WORDS}, "0 axes"),
            ({"x": np.zeros((0, 3)), "y": np.zeros(0)}, "has no rows of data"),
            ({"x": np.zeros((60, 0)), "y": WORDS}, "has 0 features"),
            ({"x": np.zeros((60, 1025)), "y": WORDS}, "has 1025 features: 1 to 1024"),
            (
                {"x": np.where(NUMBERS[7, 1] == NUMBERS, np.nan, NUMBERS), "y": WORDS},
                "row 7 of 'x' of .* has nan as 'x1'",
            ),
            ({"x": NUMBERS, "y": np.where(np.arange(60) == 4, np.inf, 1.0)}, "row 4 of 'x' of .* has inf as its label"),
            ({"x": NUMBERS, "y": np.ones(60)}, "has one class only, '1'"),
            ({"x": NUMBERS, "y": WORDS.astype("S3")}, "'y' of .* holds .S3: numbers or texts are needed"),
            ({"x": NUMBERS.astype(object), "y": WORDS}, "is no NPZ archive of plain arrays .*Object arrays"),
            ({"x": NUMBERS, "y": np.array([{}] * 60)}, "is no NPZ archive of plain arrays .*Object arrays"),
            (
                {"x_train": NUMBERS, "y_train": WORDS, "x_test": NUMBERS[:, :2], "y_test": WORDS},
                "different numbers of features in its parts: 3 to train, 2 to test",
            ),
            (
                {"x_train": NUMBERS, "y_train": WORDS, "x_test": NUMBERS, "y_test": np.arange(60)},
                "numbers as labels in one part and texts in another",
            ),
            (
                {"x_train": NUMBERS, "y_train": WORDS, "x_test": NUMBERS[:1], "y_test": np.array(["fox"])},
                "class 'fox' of .* has 0 rows",
            ),
        ],
    )
    def test_what_is_wrong_is_said_in_one_sentence(self, tmp_path, arrays, says):
        with pytest.raises(TrainingError, match=says) as failure:
            read(tmp_path / "t.npz", archive(**arrays))
        assert "\n" not in str(failure.value)

    @pytest.mark.parametrize("content", [b"PK\x05\x06" + bytes(18), b"not a zip file", b"\x93NUMPY\x01\x00"])
    def test_other_files_are_refused(self, tmp_path, content):
        with pytest.raises(TrainingError, match=r"is no NPZ archive|holds nothing"):
            read(tmp_path / "t.npz", content)

    def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "t.npz", "w", zipfile.ZIP_DEFLATED) as bomb:
            bomb.writestr("x.npy", bytes(10 * 2**20))
        with pytest.raises(TrainingError, match="unpacks to 10 MiB: at most 1 are allowed"):
            read_archive(tmp_path / "t.npz", 2**20)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
    @given(
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
        st.floats(0, 1),
    )
    def test_a_damaged_archive_is_read_or_refused_and_nothing_else(self, tmp_path, damage, kept):
        content = bytearray(archive(x=NUMBERS, y=WORDS))
        for place, value in damage:
            content[int(place * len(content))] = value
        try:
            assert isinstance(read(tmp_path / "t.npz", bytes(content[: int(len(content) * max(kept, 0.5))])), Dataset)
        except TrainingError as error:
            assert "\n" not in str(error)  # noqa: PT017  # either is right


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.text('01.,;-\t\n\r"ab \0', max_size=120))
def test_any_text_is_a_table_or_refused(tmp_path, text):
    try:
        assert isinstance(read(tmp_path / "t.csv", text), Dataset)
    except TrainingError as error:
        assert "\n" not in str(error)  # noqa: PT017  # either is right
