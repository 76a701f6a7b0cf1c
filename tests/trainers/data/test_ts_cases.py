"""Cases of .ts files: every value with its place, or the line that is wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.ts_files import HEADER, write_ts
from trainers.data import ts_cases
from trainers.data.ts_cases import read_cases
from trainers.errors import DataError

CASES = "1,2,3:-0.5,1e-3,+7:up\n\n# a comment\n 4 , 5:6,7 : down \n"


def written(folder: Path, text: str) -> Path:
    """A file mine.ts."""
    path = folder / "mine.ts"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_channels_and_labels(tmp_path: Path) -> None:
    """[T, C] in the order of the file, labels by the order of the header, lengths as they are."""
    found = read_cases(written(tmp_path, HEADER + CASES))
    first, second = found.sequences
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, np.array([[1, -0.5], [2, 1e-3], [3, 7]], np.float32))
    np.testing.assert_array_equal(second, [[4, 6], [5, 7]])
    assert found.labels.tolist() == [0, 1]
    assert (found.classes, found.channels, found.longest) == (("up", "down"), 2, 3)


def test_windows_line_ends_and_no_last_one(tmp_path: Path) -> None:
    """The same cases."""
    text = (HEADER + CASES).replace("\n", "\r\n").rstrip()
    found = read_cases(written(tmp_path, text))
    assert [len(sequence) for sequence in found.sequences] == [3, 2]


def header(**changed: str | None) -> str:
    """The header with other lines, or without them."""
    lines = {line.split()[0][1:]: line for line in HEADER.splitlines() if line.startswith("@")}
    for key, value in changed.items():
        lines[key] = "" if value is None else f"@{key} {value}"
    data = lines.pop("data")
    return "\n".join([*filter(None, lines.values()), data]) + "\n"


UNIVARIATE = header(univariate="true", dimensions=None)
EQUAL = header(equalLength="true\n@seriesLength 3")

FAULTS = {
    "too few channels": (HEADER + "1,2:up\n", r"line 10: 1 channels before .*, expected 2"),
    "too many channels": (HEADER + "1:2:3:up\n", "line 10: 3 channels before the class"),
    "two for one": (UNIVARIATE + "1,2:3,4:up\n", "line 8: 2 channels before .* expected 1"),
    "no channel": (header(dimensions=None) + "up\n", "0 channels before .* at least 1"),
    "ragged": (HEADER + "1,2:3:up\n", "line 10: channels of 1 to 2 steps"),
    "short": (EQUAL + "1,2,3:1,2,3:up\n1,2:1,2:up\n", "line 11: 2 steps, but @seriesLength is 3"),
    "other class": (HEADER + "1:2:left\n", "line 10: class 'left' isn't among"),
    "no class": (HEADER + "1:2:\n", "line 10: class '' isn't among"),
    "missing": (HEADER + "1,2:3,?:up\n", r"line 10, channel 1: '\?' isn't a number"),
    "empty": (HEADER + "1,2:3,:up\n", "line 10, channel 1: '' isn't a number"),
    "words": (HEADER + "1,two:3,4:up\n", "line 10, channel 0: 'two' isn't a number"),
    "NaN": (HEADER + "1,2:3,NaN:up\n", "channel 1: value NaN isn't a finite float32"),
    "infinite": (HEADER + "-inf,2:3,4:up\n", "channel 0: value -inf isn't a finite float32"),
    "beyond float32": (HEADER + "1,1e39:3,4:up\n", "channel 0: value 1e39 isn't a finite"),
    "underscores": (HEADER + "1,1_000:3,4:up\n", "channel 0: '1_000' isn't a number"),
    "with times": (HEADER + "(0,1),(1,2):(0,1),(1,2):up\n", r"channel 0: '\(0' isn't a number"),
    "no cases": (HEADER, "no cases after @data"),
    "no data": (HEADER.replace("@data\n", ""), "no line @data"),
    "another format": ("@relation x\n@attribute y\n", "line 1: '@relation x' is no known header"),
    "channels that change": (
        header(dimensions=None) + "1:2:up\n1:up\n",
        "line 9: 1 channels before the class, expected 2",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_line(tmp_path: Path, fault: str) -> None:
    """File, line, what is wrong and what to do, in one line."""
    text, message = FAULTS[fault]
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=message) as error:
        read_cases(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    """Missing, a folder, or bytes that aren't UTF-8."""
    for path in (tmp_path / "none.ts", tmp_path):
        with pytest.raises(DataError, match="no such file"):
            read_cases(path)
    path = tmp_path / "mine.ts"
    path.write_bytes(HEADER.encode() + b"\xff\xfe:1:up\n")
    with pytest.raises(DataError, match="isn't UTF-8 text"):
        read_cases(path)


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own word for it; root, who may read every file, is refused by hand."""
    path = write_ts(tmp_path / "mine.ts")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"can't be read.*Permission denied"):
        read_cases(path)


def test_large_files_and_lines_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By size before the first byte; a line without an end is cut at its limit."""
    path = write_ts(tmp_path / "mine.ts")
    monkeypatch.setattr(ts_cases, "LINE_MAX", 60)
    with pytest.raises(DataError, match=r"line 1\d: more than 60 characters"):
        read_cases(path)
    monkeypatch.setattr(ts_cases, "MAX_BYTES", 500)
    with pytest.raises(DataError, match=r"bytes, at most 500 are read"):
        read_cases(path)


CONTENT = (HEADER + CASES).encode()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_is_refused_or_read_as_it_stands(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In one line; what is read is finite, of two channels and labelled by the header."""
    path = tmp_path_factory.getbasetemp() / "damaged.ts"
    path.write_bytes(data.draw(damaged(CONTENT, len(HEADER))))
    if refusal(lambda: read_cases(path), path, 2e6) is None:
        found = read_cases(path)
        assert len(found.sequences) == len(found.labels) > 0
        for sequence in found.sequences:
            assert sequence.shape[1] == found.channels
            assert np.isfinite(sequence).all()
        assert set(found.labels) <= set(range(len(found.classes)))
