"""Headers of .ts files: what they promise, or the line or key that is wrong."""

from pathlib import Path

import pytest

from trainers.data.ts_header import LARGEST, TsHeader, header_entry, parse_header
from trainers.errors import DataError

PATH = Path("mine.ts")
CLASSES = {"classlabel": "true a b"}


def test_a_full_header() -> None:
    """Names in their order, channels and steps."""
    entries = {
        "problemname": "any thing", "timestamps": "false", "missing": "true",
        "univariate": "false", "dimensions": "3", "equallength": "true", "serieslength": "50",
        "classlabel": "true walk run 3", "targetlabel": "false",
    }  # fmt: skip
    assert parse_header(PATH, entries) == TsHeader(("walk", "run", "3"), 3, 50)


def test_what_a_header_leaves_open() -> None:
    """Channels and steps come from the cases; univariate is one channel."""
    assert parse_header(PATH, CLASSES) == TsHeader(("a", "b"), None, None)
    assert parse_header(PATH, {**CLASSES, "univariate": "TRUE"}).channels == 1
    assert parse_header(PATH, {**CLASSES, "univariate": "true", "dimension": "1"}).channels == 1


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "@classLabel '' must be true"),
        ({"classlabel": "false"}, "@classLabel 'false' must be true"),
        ({"classlabel": "true"}, "names of at least 2 classes"),
        ({"classlabel": "true a"}, "names of at least 2 classes"),
        ({"classlabel": "true a b a"}, "each once"),
        ({"classlabel": "true a " + "b" * 257}, "the longest with 257 characters"),
        ({**CLASSES, "timestamps": "true"}, "@timestamps true can't be read here"),
        ({**CLASSES, "targetlabel": "true"}, "@targetlabel true can't be read here"),
        ({**CLASSES, "missing": "maybe"}, "@missing 'maybe' must be true or false"),
        ({**CLASSES, "equallength": ""}, "@equallength '' must be true or false"),
        ({**CLASSES, "dimensions": "0"}, f"'0' must be a whole number from 1 to {LARGEST:,}"),
        ({**CLASSES, "dimensions": str(LARGEST + 1)}, "must be a whole number"),
        ({**CLASSES, "dimensions": "9" * 5000}, "must be a whole number"),
        ({**CLASSES, "serieslength": "3.0"}, "@serieslength '3.0' must be a whole number"),
        ({**CLASSES, "serieslength": "\u0663"}, "must be a whole number"),
        ({**CLASSES, "univariate": "true", "dimensions": "2"}, "@univariate true, but 2 dimens"),
        ({**CLASSES, "equallength": "false", "serieslength": "5"}, "@equalLength false, but"),
    ],
)
def test_faults_name_the_key(entries: dict[str, str], message: str) -> None:
    """In one short line with the file."""
    with pytest.raises(DataError, match=message) as error:
        parse_header(PATH, entries)
    assert str(error.value).startswith("mine.ts: ")
    assert len(str(error.value)) < 300
    assert "\n" not in str(error.value)


def test_more_classes_than_any_set_has_are_refused() -> None:
    """A wild header must not become a million names."""
    many = " ".join(map(str, range(65_537)))
    with pytest.raises(DataError, match="names 65,537 classes"):
        parse_header(PATH, {"classlabel": f"true {many}"})


def test_keys_have_no_case() -> None:
    """As the archives' files differ in it."""
    assert header_entry(PATH, 3, "@SeriesLength 4", {}) == "serieslength"


@pytest.mark.parametrize("line", ["1,2,3:a", "@colour red", "@", "x @dimensions 3", "@data1"])
def test_other_lines_are_refused(line: str) -> None:
    """With the number of the line."""
    with pytest.raises(DataError, match=r"mine\.ts, line 7: .* is no known header line; known are"):
        header_entry(PATH, 7, line, {})


def test_a_key_stands_once() -> None:
    """Which of the two would hold?"""
    with pytest.raises(DataError, match="line 7: a second @missing"):
        header_entry(PATH, 7, "@Missing true", {"missing": "false"})
