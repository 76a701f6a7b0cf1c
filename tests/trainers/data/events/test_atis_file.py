"""Five-byte events of N-MNIST and N-Caltech101."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.event_files import OVERFLOW_Y, atis_bytes, atis_event, random_events
from trainers.data.events.atis_file import read_atis
from trainers.data.events.pixel_events import PixelEvents, Sensor
from trainers.errors import DataError

SENSOR = Sensor(width=34, height=32)
CONTENT = atis_bytes(random_events(0, 34, 32))


def read(folder: Path, content: bytes, *, sort_times: bool = False) -> PixelEvents:
    """The events of a file with this content."""
    (folder / "a.bin").write_bytes(content)
    return read_atis(folder / "a.bin", SENSOR, sort_times=sort_times)


def test_bits_by_hand(tmp_path: Path) -> None:
    """0x81 0x02 0x03 is polarity 1 at 0x010203 us; 0x7f would be the highest byte of a time."""
    found = read(tmp_path, bytes([33, 5, 0x01, 0x02, 0x03, 0, 31, 0x81, 0x02, 0x04]))
    assert found.times.tolist() == [0x010203, 0x010204]
    assert (found.x.tolist(), found.y.tolist()) == ([33, 0], [5, 31])
    assert found.polarity.tolist() == [0, 1]


def test_an_overflow_moves_all_later_times_and_is_no_event(tmp_path: Path) -> None:
    """By 8,192 us each; two in a row by 16,384."""
    content = (
        atis_event(8000, 1, 1, 0)
        + atis_event(0, 0, OVERFLOW_Y, 0)
        + atis_event(3, 2, 2, 1)
        + 2 * atis_event(0, 0, OVERFLOW_Y, 1)
        + atis_event(4, 3, 3, 1)
    )
    found = read(tmp_path, content)
    assert found.times.tolist() == [8000, 3 + 8192, 4 + 3 * 8192]
    assert found.x.tolist() == [1, 2, 3]


def test_every_event_comes_back(tmp_path: Path) -> None:
    """Columns as written."""
    expected = random_events(5, 34, 32, 500)
    found = read(tmp_path, atis_bytes(expected))
    columns = (found.times, found.x, found.y, found.polarity)
    np.testing.assert_array_equal(np.stack(columns, axis=1), expected)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds 0 bytes, expected 1 to"),
        (CONTENT[:-2], r"its 298 bytes end inside event 59 \(5 bytes each\)"),
        (
            CONTENT[:10] + atis_event(8001, 34, 5, 0),
            "event 2 is at x = 34, y = 5, outside",
        ),
        (CONTENT[:10] + atis_event(8001, 3, 32, 0), "event 2 is at x = 3, y = 32, outside the"),
        (
            atis_event(7, 0, 0, 0) + atis_event(9, 0, 0, 0) + atis_event(8, 0, 0, 0),
            r"time goes back from 9 us to 8 us at event 2 of 3\..* data\.sort_times = true",
        ),
        (atis_event(7, 0, OVERFLOW_Y, 0), "holds no event"),
    ],
)
def test_each_fault_is_named_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    """In one line that begins with the file."""
    with pytest.raises(DataError, match=said) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'a.bin'}: ")
    assert "\n" not in str(error.value)


def test_times_are_sorted_on_request(tmp_path: Path) -> None:
    """Events of one time stay in their order."""
    content = b"".join(atis_event(7 - y % 3, x, y, 0) for x, y in product(range(10), range(30)))
    found = read(tmp_path, content, sort_times=True)
    assert found.times.tolist() == [5] * 100 + [6] * 100 + [7] * 100
    for time in (5, 6, 7):
        places = [
            (int(x), int(y)) for x, y in zip(found.x, found.y, strict=True) if 7 - y % 3 == time
        ]
        assert places == sorted(places)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """And a folder in its place."""
    for path in (tmp_path / "none.bin", tmp_path):
        with pytest.raises(DataError, match=rf"{path}: "):
            read_atis(path, SENSOR, sort_times=False)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Or gives events that lie on the sensor, by rising time."""
    path = tmp_path_factory.getbasetemp() / "damaged.bin"
    path.write_bytes(data.draw(damaged(CONTENT)))
    if refusal(lambda: read_atis(path, SENSOR, sort_times=False), path, 1e6) is None:
        found = read_atis(path, SENSOR, sort_times=False)
        assert found.x.max() < 34
        assert found.y.max() < 32
        assert (np.diff(found.times) >= 0).all()
