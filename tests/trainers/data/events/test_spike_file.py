"""HDF5 files of SHD and SSC: real files, real damage."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.event_files import ragged, write_spikes
from trainers.data.events.spike_file import opened_spikes
from trainers.errors import DataError

NAMES = ("null", "eins", "fünf")
RANDOM = np.random.default_rng(0)
RECORDINGS = [
    (np.sort(RANDOM.random(number)), RANDOM.integers(0, 700, number)) for number in (30, 1, 400, 7)
]
LABELS = (2, 0, 1, 0)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of four recordings; read it, never change it."""
    path = tmp_path_factory.mktemp("spikes") / "good.h5"
    return write_spikes(path, RECORDINGS, LABELS, NAMES)  # type: ignore[arg-type]


@pytest.fixture
def path(good: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copy(good, tmp_path / "a.h5"))


def read(path: Path) -> list[tuple[list[int], list[int]]]:
    """Times and units of every recording."""
    with opened_spikes(path, 3, "The layout.") as file:
        return [
            (times.tolist(), units.tolist())
            for times, units in (
                file.spikes(index, sort_times=False) for index in range(len(file.labels))
            )
        ]


def expected() -> list[tuple[list[int], list[int]]]:
    """What was written: half precision seconds, as microseconds."""
    return [
        (np.rint(times.astype("<f2").astype(float) * 1e6).astype(int).tolist(), units.tolist())
        for times, units in RECORDINGS
    ]


def replaced(path: Path, name: str, values: Any, **options: Any) -> Path:
    """The file with another dataset of that name."""
    with h5py.File(path, "a") as file:
        del file[name]
        if values is not None:
            file.create_dataset(name, data=values, **options)
    return path


def test_every_spike_comes_back(good: Path) -> None:
    """Times in microseconds, units, labels and names."""
    assert read(good) == expected()
    with opened_spikes(good, 3, "") as file:
        assert file.labels.tolist() == list(LABELS)
        assert file.classes == NAMES


def test_seconds_by_hand(tmp_path: Path) -> None:
    """Half a second and a quarter, and silence."""
    path = write_spikes(tmp_path / "a.h5", [([0.25, 0.5], [7, 699]), ([], [])], [0, 1], NAMES)
    assert read(path) == [([250_000, 500_000], [7, 699]), ([], [])]


@pytest.mark.parametrize(("kind", "units"), [("<f4", "<i8"), ("<f8", "<u1")])
def test_other_plain_numbers_are_read(path: Path, kind: str, units: str) -> None:
    """Single and double precision; integers of other sizes."""
    ragged(path, "spikes/times", [[0.125], [1.0], [2.0], [3.0]], kind)
    ragged(path, "spikes/units", [[5], [6], [7], [8]], units)
    assert read(path)[0] == ([125_000], [5])


def test_names_of_variable_length(path: Path) -> None:
    """As h5py writes text."""
    replaced(path, "extra/keys", list(NAMES))
    with opened_spikes(path, 3, "") as file:
        assert file.classes == NAMES


Damage = Callable[[Path], Any]

FAULTS: dict[str, tuple[Damage, str]] = {
    "no times": (lambda path: replaced(path, "spikes/times", None), "no dataset 'spikes/times'"),
    "no labels": (lambda path: replaced(path, "labels", None), "no dataset 'labels'"),
    "flat": (lambda path: replaced(path, "spikes/units", [1, 2, 3, 4]), "holds int64, expected li"),
    "big-endian": (
        lambda path: ragged(path, "spikes/times", [[0.5]] * 4, ">f4"),
        "'spikes/times' holds object, expected lists of little-endian numbers",
    ),
    "times of integers": (
        lambda path: ragged(path, "spikes/times", [[1]] * 4, "<i4"),
        r"expected lists of little-endian numbers \(<f2, <f4, <f8\)",
    ),
    "strange packing": (
        lambda path: ragged(path, "spikes/times", [[0.5]] * 4, "<f4", compression="lzf"),
        "'spikes/times': is stored in an unusual way",
    ),
    "a table": (lambda path: replaced(path, "labels", [[0, 1]]), r"'labels' has shape \(1, 2\)"),
    "a number": (lambda path: replaced(path, "labels", 3), r"'labels' has shape \(\)"),
    "labels too many": (lambda path: replaced(path, "labels", [0] * 5), "4 in spikes/units and 5"),
    "times too few": (
        lambda path: ragged(path, "spikes/times", [[0.5]], "<f2"),
        "1 recordings in spikes/times, 4 in spikes/units and 4 labels",
    ),
    "labels of floats": (
        lambda path: replaced(path, "labels", [0.0, 1.0]),
        "'labels' holds float64, expected little-endian integers",
    ),
    "a wild label": (
        lambda path: replaced(path, "labels", [0, 1, 3, 0]),
        "label 3 of recording 2, expected 0 to 2",
    ),
    "a negative label": (
        lambda path: replaced(path, "labels", [0, 1, -1, 0]),
        "label -1 of recording 2, expected 0 to 2",
    ),
    "names too few": (
        lambda path: replaced(path, "extra/keys", np.array([b"a", b"b"])),
        r"'extra/keys' holds 2 values of \|S1, expected the names of 3 classes",
    ),
    "numbered names": (
        lambda path: replaced(path, "extra/keys", [1, 2, 3]),
        "'extra/keys' holds 3 values of int64",
    ),
    "endless names": (
        lambda path: replaced(path, "extra/keys", np.array([b"x" * 257] * 3)),
        r"3 values of \|S257",
    ),
    "a name to clear the screen": (
        lambda path: replaced(path, "extra/keys", np.array([b"a", b"\x1b[2J", b"c"])),
        "a class name in 'extra/keys' can't be printed",
    ),
    "unequal": (
        lambda path: ragged(path, "spikes/units", [[1] * 30, [], [2] * 400, [3] * 7], "<u2"),
        "recording 1 has 1 times, but 0 units",
    ),
    "a unit too many": (
        lambda path: ragged(path, "spikes/units", [[699] * 29 + [700], [1], [2], [3]], "<u2"),
        "recording 0: spike 29 is of unit 700, expected 0 to 699",
    ),
    "a negative unit": (
        lambda path: ragged(path, "spikes/units", [[-1] * 30, [1], [2], [3]], "<i2"),
        "recording 0: spike 0 is of unit -1",
    ),
    "no number": (
        lambda path: ragged(path, "spikes/times", [[0.5] * 29 + [np.nan], [1], [2], [3]], "<f2"),
        "recording 0: spike 29 has the time nan s, expected 0 to 3600",
    ),
    "infinite": (
        lambda path: ragged(path, "spikes/times", [[0.5] * 29 + [np.inf], [1], [2], [3]], "<f2"),
        "spike 29 has the time inf s",
    ),
    "before the start": (
        lambda path: ragged(path, "spikes/times", [[-0.5] * 30, [1], [2], [3]], "<f2"),
        "spike 0 has the time -0.5 s",
    ),
    "backwards": (
        lambda path: ragged(path, "spikes/times", [[0.5] * 29 + [0.25], [1], [2], [3]], "<f2"),
        "recording 0: time goes back from 500,000 us to 250,000 us at event 29 of 30",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(path: Path, fault: str) -> None:
    """File, dataset or recording, value and limit, in one line."""
    damage, said = FAULTS[fault]
    damage(path)
    with pytest.raises(DataError, match=said) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["soft", "external", "stored elsewhere"])
def test_nothing_is_followed_to_elsewhere(path: Path, good: Path, kind: str) -> None:
    """Neither links nor storage in other files."""
    with h5py.File(path, "a") as file:
        del file["labels"]
        if kind == "soft":
            file["labels"] = h5py.SoftLink("/extra/speaker")
        elif kind == "external":
            file["labels"] = h5py.ExternalLink(str(good), "labels")
        else:
            file.create_dataset("labels", (4,), "<i8", external=[(str(good), 0, 32)])
    with pytest.raises(DataError, match=r"no dataset 'labels'|'labels' takes its data from anoth"):
        read(path)


def test_what_is_no_hdf5_file(tmp_path: Path) -> None:
    """Missing, empty, text, a folder."""
    with pytest.raises(DataError, match=r"none\.h5: no such file\. The layout\."):
        read(tmp_path / "none.h5")
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path)
    for content in (b"", b"no HDF5 at all"):
        (tmp_path / "a.h5").write_bytes(content)
        with pytest.raises(DataError, match=r"a\.h5: can't be read \("):
            read(tmp_path / "a.h5")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), packed=st.booleans())
def test_damage_anywhere_is_one_line(
    good: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, packed: bool
) -> None:
    """Or gives spikes that can be; the process lives."""
    path = Path(shutil.copy(good, tmp_path_factory.getbasetemp() / "damaged.h5"))
    if packed:
        lists = [times for times, _ in RECORDINGS]
        ragged(path, "spikes/times", lists, "<f2", chunks=(3,), compression="gzip", shuffle=True)
    path.write_bytes(data.draw(damaged(path.read_bytes(), start=2500)))
    if refusal(lambda: read(path), path, 4e6) is None:
        for times, units in read(path):
            assert len(times) == len(units)
            assert max(units, default=0) < 700
            assert times == sorted(times)
