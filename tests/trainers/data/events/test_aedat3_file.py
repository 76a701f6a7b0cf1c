"""AEDAT 3.1 recordings of DVS128 Gesture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.event_files import (
    AEDAT3_HEADER,
    aedat3_bytes,
    aedat3_event,
    aedat3_packet,
    random_events,
)
from trainers.data.events.aedat3_file import read_aedat3
from trainers.data.events.pixel_events import PixelEvents
from trainers.errors import DataError

EVENTS = random_events(0, 128, 128)
CONTENT = aedat3_bytes(EVENTS[:25], EVENTS[25:])
FIRST = len(AEDAT3_HEADER)


def read(folder: Path, content: bytes) -> PixelEvents:
    """The events of a file with this content."""
    (folder / "a.aedat").write_bytes(content)
    return read_aedat3(folder / "a.aedat", sort_times=False)


def test_bits_by_hand(tmp_path: Path) -> None:
    """Address 0x00a4000f: 0x52 in bits 17 on, 3 in bits 2 to 16, polarity 1, valid 1."""
    packet = bytes([1, 0, 1, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]) + 3 * bytes([1, 0, 0, 0])
    event = bytes([0x0F, 0x00, 0xA4, 0x00, 0x02, 0x01, 0x00, 0x00])
    found = read(tmp_path, AEDAT3_HEADER + packet + event)
    assert (found.x.tolist(), found.y.tolist()) == ([0x52], [3])
    assert (found.polarity.tolist(), found.times.tolist()) == ([1], [0x0102])


def test_every_event_of_every_packet_comes_back(tmp_path: Path) -> None:
    """Columns as written, packet after packet."""
    found = read(tmp_path, CONTENT)
    columns = (found.times, found.x, found.y, found.polarity)
    np.testing.assert_array_equal(np.stack(columns, axis=1), EVENTS)


def test_overflows_of_the_clock_are_the_high_bits_of_time(tmp_path: Path) -> None:
    """One is 2^31 us."""
    packets = aedat3_packet(aedat3_event(7, 0, 0, 0)) + aedat3_packet(
        aedat3_event(5, 0, 0, 0), overflows=3
    )
    assert read(tmp_path, AEDAT3_HEADER + packets).times.tolist() == [7, 5 + 3 * 2**31]


def test_other_packets_and_room_that_is_not_filled_are_stepped_over(tmp_path: Path) -> None:
    """Special events (type 0) of any size, and a capacity beyond the number."""
    special = aedat3_packet(b"\xff" * 36, kind=0, size=12, capacity=3, number=3, valid=3)
    padded = aedat3_packet(aedat3_event(7, 1, 2, 0) + bytes(16), capacity=3, number=1, valid=1)
    last = aedat3_packet(aedat3_event(8, 3, 4, 1))
    found = read(tmp_path, AEDAT3_HEADER + special + padded + last)
    assert found.times.tolist() == [7, 8]
    assert found.x.tolist() == [1, 3]


def test_invalid_events_are_left_out_where_the_header_counts_them(tmp_path: Path) -> None:
    """Two of three are valid."""
    events = aedat3_event(7, 1, 1, 0) + aedat3_event(8, 2, 2, 0, valid=0) + aedat3_event(9, 3, 3, 1)
    assert read(tmp_path, AEDAT3_HEADER + aedat3_packet(events, valid=2)).times.tolist() == [7, 9]
    with pytest.raises(DataError, match=rf"at byte {FIRST} claims 1 valid events, but 2 are"):
        read(tmp_path, AEDAT3_HEADER + aedat3_packet(events, valid=1))


EVENT = aedat3_event(9000, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT.replace(b"3.1", b"2.0"), "starts with '.*', expected a line '#!AER-DAT3.1'"),
        (b"#!AER-DAT3.1\r\n#Format: RAW\r\nxyz\n", "header line at byte 28 doesn't start with '#'"),
        (b"#!AER-DAT3.1\r\n#Format: RAW", "its header doesn't end within 26 bytes"),
        (CONTENT + bytes(20), rf"ends inside the header of the packet at byte {len(CONTENT)} "),
        (
            CONTENT[:-1],
            r"at byte \d+ claims 35 events of 8 bytes, but 279 bytes are left",
        ),
        (
            AEDAT3_HEADER + aedat3_packet(EVENT, capacity=2**32 - 1, size=2**32 - 1),
            "claims 4,294,967,295 events of 4,294,967,295 bytes, but 8 bytes are left",
        ),
        (AEDAT3_HEADER + aedat3_packet(EVENT, number=2), "1 valid of 2 events and room for 1"),
        (AEDAT3_HEADER + aedat3_packet(EVENT, valid=2), "2 valid of 1 events and room for 1"),
        (AEDAT3_HEADER + aedat3_packet(EVENT, size=4), "events of 4 bytes with the time at 4, exp"),
        (AEDAT3_HEADER + aedat3_packet(EVENT, offset=0), "events of 8 bytes with the time at 0"),
        (
            AEDAT3_HEADER + aedat3_packet(EVENT + aedat3_event(2**31, 0, 0, 0)),
            rf"event 1 of the packet at byte {FIRST} has a time of more than 31 bits",
        ),
        (CONTENT + aedat3_packet(aedat3_event(9000, 128, 3, 0)), "event 60 is at x = 128, y = 3"),
        (CONTENT + aedat3_packet(aedat3_event(9000, 3, 128, 0)), "event 60 is at x = 3, y = 128"),
        (CONTENT + aedat3_packet(aedat3_event(1, 3, 3, 0)), "time goes back .* at event 60 of 61"),
        (AEDAT3_HEADER, "holds no event"),
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
    path = tmp_path_factory.getbasetemp() / "damaged3.aedat"
    path.write_bytes(data.draw(damaged(CONTENT, start=FIRST + 40)))
    if refusal(lambda: read_aedat3(path, sort_times=False), path, 1e6) is None:
        found = read_aedat3(path, sort_times=False)
        assert max(found.x.max(), found.y.max()) < 128
        assert (np.diff(found.times) >= 0).all()
