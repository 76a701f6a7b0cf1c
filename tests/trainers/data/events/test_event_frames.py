"""Cutting recordings and counting events, by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.data.events.event_frames import count_frames, part_bounds
from trainers.data.events.event_options import FrameOptions

TIMES = np.array([10, 10, 11, 19, 20, 29, 40])


def cut(**options: Any) -> FrameOptions:
    """Options of a cut."""
    return FrameOptions.model_validate({"path": Path(), **options})


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        ({"frames": 3}, [0, 2, 4, 7]),
        ({"frames": 3, "split_by": "events"}, [0, 2, 4, 7]),
        ({"frames": 9}, [0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
        ({"frames": 3, "split_by": "time"}, [0, 4, 6, 7]),
        ({"frames": 4, "split_by": "time"}, [0, 3, 5, 6, 7]),
        ({"frames": 31, "split_by": "time"}, [0] * 31 + [7]),
        ({"frames": 3, "frame_us": 10}, [0, 4, 6, 6]),
        ({"frames": 5, "frame_us": 10}, [0, 4, 6, 6, 7, 7]),
    ],
)
def test_where_a_recording_is_cut(options: dict[str, Any], bounds: list[int]) -> None:
    """The rest goes to the last part; with frame_us, what comes after the last frame is left."""
    assert part_bounds(TIMES, cut(**options)).tolist() == bounds


def test_frames_of_a_length_may_begin_elsewhere() -> None:
    """At time 0, say."""
    found = part_bounds(TIMES, cut(frames=3, frame_us=10), origin=0)
    assert found.tolist() == [0, 0, 4, 6]


@pytest.mark.parametrize("options", [{}, {"split_by": "time"}, {"frame_us": 5}])
def test_silence_gives_empty_frames(options: dict[str, Any]) -> None:
    """A recording without events."""
    empty = np.empty(0, np.int64)
    frames = count_frames(empty, empty, 3, cut(frames=2, **options), origin=0)
    np.testing.assert_array_equal(frames, np.zeros((2, 3)))


def test_events_are_counted_cell_by_cell() -> None:
    """Twice in one cell are two."""
    places = np.array([0, 0, 2, 1, 2, 2, 2])
    frames = count_frames(TIMES, places, 4, cut(frames=2))
    assert frames.tolist() == [[2, 0, 1, 0], [0, 1, 3, 0]]


@pytest.mark.parametrize(
    ("options", "largest"), [({}, 255), ({"count_limit": 7}, 7), ({"binary": True}, 1)]
)
def test_counts_stop_at_their_limit(options: dict[str, Any], largest: int) -> None:
    """1 for binary frames, 255 by default; no count wraps."""
    times, places = np.arange(302), np.repeat([0, 1], [300, 2])
    frames = count_frames(times, places, 3, cut(frames=1, **options))
    assert frames.tolist() == [[largest, min(2, largest), 0]]


@given(
    times=st.lists(st.integers(0, 2**40), min_size=1, max_size=40).map(sorted),
    frames=st.integers(1, 50),
    split_by=st.sampled_from(["events", "time"]),
)
def test_no_event_is_lost_or_counted_twice(times: list[int], frames: int, split_by: str) -> None:
    """The parts follow each other and hold everything."""
    bounds = part_bounds(np.array(times), cut(frames=frames, split_by=split_by))
    assert (bounds[0], bounds[-1], len(bounds)) == (0, len(times), frames + 1)
    assert (np.diff(bounds) >= 0).all()
