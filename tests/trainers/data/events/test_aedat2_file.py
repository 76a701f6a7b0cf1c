"""AEDAT 2.0 recordings of CIFAR10-DVS."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.event_files import AEDAT2_HEADER, aedat2_bytes, aedat2_event, random_events
from trainers.data.events.aedat2_file import read_aedat2
from trainers.data.events.pixel_events import PixelEvents
from trainers.errors import DataError

CONTENT = aedat2_bytes(random_events(0, 128, 128))


def read(folder: Path, content: bytes) -> PixelEvents:
    """The events of a file with this content."""
    (folder / "a.aedat").write_bytes(content)
    return read_aedat2(folder / "a.aedat", sort_times=False)


def test_bits_by_hand(tmp_path: Path) -> None:
    """0x1205: bits 8 to 14 are 0x12, bits 1 to 7 are 2, bit 0 is 1; big-endian."""
    content = AEDAT2_HEADER + bytes([0, 0, 0x12, 0x05, 0, 1, 0, 2, 0, 0, 0, 0, 0xFF, 0, 0, 0])
    found = read(tmp_path, content)
    assert found.times.tolist() == [0x010002, 0xFF000000]
    assert found.x.tolist() == [127 - 0x12, 127]
    assert found.y.tolist() == [127 - 2, 127]
    assert found.polarity.tolist() == [0, 1]


def test_every_event_comes_back(tmp_path: Path) -> None:
    """Columns as written."""
    expected = random_events(5, 128, 128, 500)
    found = read(tmp_path, aedat2_bytes(expected))
    columns = (found.times, found.x, found.y, found.polarity)
    np.testing.assert_array_equal(np.stack(columns, axis=1), expected)


def test_signals_from_outside_are_no_events(tmp_path: Path) -> None:
    """Bit 15."""
    signal = struct.pack(">II", 0x8000, 4)
    content = AEDAT2_HEADER + aedat2_event(3, 1, 1, 1) + signal + aedat2_event(5, 2, 2, 0)
    assert read(tmp_path, content).times.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x28\xb5\x2f\xfd no AEDAT", r"starts with '\(\\xb5/\\xfd no AEDAT', expected a line"),
        (
            CONTENT.replace(b"2.0", b"4.0"),
            "'#!AER-DAT4.0.*', expected a line '#!AER-DAT2.0'",
        ),
        (CONTENT[:-3], r"the 477 bytes after its header end inside event 59 \(8 bytes each\)"),
        (AEDAT2_HEADER, "holds no event"),
        (b"#!AER-DAT2.0\r\n#" + b"x" * 70000, "its header doesn't end within 65,536 bytes"),
        (
            CONTENT + struct.pack(">II", 0x10005, 9000),
            "event 60 has the address 0x00010005, which no DVS128 has",
        ),
        (CONTENT + aedat2_event(1, 1, 1, 1), r"time goes back from \S+ us to 1 us at event 60 of"),
    ],
)
def test_each_fault_is_named_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    """In one line that begins with the file."""
    with pytest.raises(DataError, match=said) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'a.aedat'}: ")
    assert "\n" not in str(error.value)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Or gives events that lie on the sensor, by rising time."""
    path = tmp_path_factory.getbasetemp() / "damaged.aedat"
    path.write_bytes(data.draw(damaged(CONTENT, start=len(AEDAT2_HEADER) + 16)))
    if refusal(lambda: read_aedat2(path, sort_times=False), path, 1e6) is None:
        found = read_aedat2(path, sort_times=False)
        assert max(found.x.max(), found.y.max()) < 128
        assert (np.diff(found.times) >= 0).all()
