"""DVS128 Gesture: gestures cut out of recordings, people kept apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.event_files import aedat3_bytes, counted, random_events, write_recordings
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import DataError

TRAIN = ("user01_led", "user01_natural", "user02_led", "user03_lab", "user10_led")
TEST = ("user24_led", "user29_led")
HEADING = "class,startTime_usec,endTime_usec\n"
STRETCHES = ((1, 0, 3000), (11, 2500, 5000), (3, 5000, 8001))
"""The second begins before the first has ended, as in some of the published files."""

CSV = HEADING + "".join(f"{gesture},{start},{end}\n" for gesture, start, end in STRETCHES)


def contents() -> dict[str, bytes]:
    """Seven recordings and their lists."""
    files = {
        "trials_to_train.txt": "".join(f"{name}.aedat\n" for name in TRAIN).encode(),
        "trials_to_test.txt": "".join(f"{name}.aedat\r\n" for name in TEST).encode() + b"\r\n",
    }
    for seed, name in enumerate((*TRAIN, *TEST)):
        events = random_events(seed, 128, 128, 90)
        files[f"{name}.aedat"] = aedat3_bytes(events[:20], events[20:])
        files[f"{name}_labels.csv"] = CSV.encode()
    return files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the archive packs them; read it, never change it."""
    root = tmp_path_factory.mktemp("gestures")
    write_recordings(root / "DvsGesture", contents())
    return root


def loaded(folder: Path, cache: Path, **options: Any) -> DataSplits:
    """The data set in two frames, one person validating."""
    return load_data(
        "dvs128-gesture",
        path=folder,
        cache=cache,
        **{"frames": 2, "validation_users": 1, **options},
    )


def gesture(seed: int, number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Frames of one stretch of a recording, from its own events."""
    _, start, end = STRETCHES[number]
    events = random_events(seed, 128, 128, 90)
    events = events[(events[:, 0] >= start) & (events[:, 0] < end)]
    return counted(events, [0, len(events) // 2, len(events)], 128, 128)


def test_gestures_are_cut_out_of_their_recordings(folder: Path, tmp_path: Path) -> None:
    """Start belongs to it, end doesn't; class 1 becomes label 0."""
    data = loaded(folder, tmp_path)
    assert data.name == "dvs128-gesture (7 of 122 recordings)"
    assert (data.sample_shape, data.classes[0], data.classes[10]) == (
        (2, 128, 128), "hand clap", "other gestures",
    )  # fmt: skip
    assert data.test.labels.tolist() == [0, 10, 2, 0, 10, 2]
    expected = np.stack([gesture(seed, number) for seed in (5, 6) for number in range(3)])
    np.testing.assert_array_equal(data.test.inputs[:], expected)


def test_validation_holds_people_of_its_own(folder: Path, tmp_path: Path) -> None:
    """Those with the highest numbers: 10 comes after 3."""
    data = loaded(folder, tmp_path)
    np.testing.assert_array_equal(
        data.validation.inputs[:], np.stack([gesture(4, number) for number in range(3)])
    )
    assert len(data.train) == 12
    three = loaded(folder, tmp_path, validation_users=3)
    expected = np.stack([gesture(seed, number) for seed in (0, 1) for number in range(3)])
    np.testing.assert_array_equal(three.train.inputs[:], expected)
    assert len(three.validation) == 9


def test_too_many_people_or_samples_are_refused(folder: Path, tmp_path: Path) -> None:
    """With what there is."""
    with pytest.raises(DataError, match=r"validation_users 4 of the 4 people .* fewer than 4"):
        loaded(folder, tmp_path, validation_users=4)
    with pytest.raises(DataError, match="'dvs128-gesture', test_samples: 7 can't be drawn from 6"):
        loaded(folder, tmp_path, test_samples=7)
    assert len(loaded(folder, tmp_path, train_samples=6).train) == 6


FIRST = "user01_led"
FAULTS: dict[str, tuple[str, bytes | None, str]] = {
    "no list": ("trials_to_test.txt", None, r"can't be read \(No such .*DvsGesture\.tar\.gz at ht"),
    "an empty list": ("trials_to_train.txt", b"\n", "names no trial"),
    "no recording": (f"{FIRST}.aedat", None, "no such file, but trials_to_train.txt names it"),
    "no labels": (f"{FIRST}_labels.csv", None, r"_labels\.csv: can't be read \(No such file"),
    "a path": ("trials_to_train.txt", b"../user01_led.aedat\n", r"line 1 is '\.\./user01_led"),
    "a number too long": ("trials_to_train.txt", b"user99999_led.aedat", "line 1 is 'user99999_l"),
    "twice": ("trials_to_train.txt", 2 * b"user01_led.aedat\n", "line 2 is .*, each once"),
    "no text": ("trials_to_train.txt", b"\xff\xfe", "isn't plain ASCII text"),
    "too long": (f"{FIRST}_labels.csv", b"1" * 1_100_000, "plain ASCII text of at most 1,048,576"),
    "no gesture": (f"{FIRST}_labels.csv", HEADING.encode(), "names no gesture"),
    "class 0": (f"{FIRST}_labels.csv", CSV.replace("\n1,", "\n0,").encode(), "line 2 is class 0 "),
    "class 12": (f"{FIRST}_labels.csv", CSV.replace("\n11", "\n12").encode(), "line 3 is class 12"),
    "words": (f"{FIRST}_labels.csv", b"h\nclap,1,2\n", "line 2 is 'clap,1,2', expected class, st"),
    "two values": (f"{FIRST}_labels.csv", b"h\n1,2\n", "line 2 is '1,2', expected class, start"),
    "negative": (f"{FIRST}_labels.csv", b"h\n1,-2,5\n", "line 2 is '1,-2,5', expected class"),
    "backwards": (f"{FIRST}_labels.csv", b"h\n1,5,5\n", "class 1 from 5 to 5 us, expected 1 to 11"),
    "beyond the end": (
        f"{FIRST}_labels.csv",
        b"h\n1,0,9000\n1,9000,9999\n",
        r"gesture 2 lasts from 9,000 to 9,999 us, but user01_led\.aedat has no event in that time",
    ),
    "damaged": (
        f"{FIRST}.aedat",
        b"#!AER-DAT3.1\r\n",
        r"led\.aedat: its header doesn't end",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_file(tmp_path: Path, fault: str) -> None:
    """And its line, in one line."""
    name, content, said = FAULTS[fault]
    files = {**contents(), name: content}
    write_recordings(tmp_path, {key: value for key, value in files.items() if value is not None})
    with pytest.raises(DataError, match=said) as error:
        loaded(tmp_path, tmp_path / "cache")
    assert str(error.value).startswith(f"{tmp_path}/")
    assert "\n" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), which=st.sampled_from(["trials_to_test.txt", "user24_led_labels.csv"]))
def test_damaged_lists_are_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, which: str
) -> None:
    """Or give gestures that can be."""
    folder = tmp_path_factory.mktemp("damaged")
    files = contents()
    files[which] = data.draw(damaged(files[which], start=30))
    write_recordings(folder, files)
    if refusal(lambda: loaded(folder, folder, size=4), folder, 8e6) is None:
        assert set(loaded(folder, folder, size=4).test.labels) <= set(range(11))
