"""CIFAR's binary files, written here by their published layout."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.byte_images import Bytes, random_images
from tests.damaged_files import damaged, refusal
from trainers.data import DataSplits
from trainers.data.cifar import CIFAR10_VERSION, CIFAR100_VERSION, CifarVersion
from trainers.data.cifar_classes import CIFAR10_CLASSES, CIFAR100_CLASSES
from trainers.data.load import load_data
from trainers.errors import DataError

TRAIN_10 = CIFAR10_VERSION.train
PER_FILE = 12
VERSIONS = {"cifar10": CIFAR10_VERSION, "cifar100": CIFAR100_VERSION}


@cache
def records(name: str, samples: int, seed: int) -> tuple[Bytes, Bytes, bytes]:
    """Pixels [N, 3, 32, 32], labels and the file: per image its labels, then plane after plane."""
    classes = 4 if name == "cifar10" else 3
    pixels, labels = random_images(samples, (3, 32, 32), classes, seed)
    content = bytearray()
    for image, label in zip(pixels, labels, strict=True):
        content += bytes([label]) if name == "cifar10" else bytes([19 - label, label])
        for plane in image:
            for row in plane:
                content += row.tobytes()
    return pixels, labels, bytes(content)


def write_set(folder: Path, name: str) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Writes all files of a small set; returns training pixels and labels, then the test's."""
    version = VERSIONS[name]
    parts = [records(name, PER_FILE, seed) for seed in range(len(version.train))]
    for file, (_, _, content) in zip(version.train, parts, strict=True):
        (folder / file).write_bytes(content)
    test = records(name, PER_FILE, 99)
    (folder / version.test).write_bytes(test[2])
    pixels = np.concatenate([part[0] for part in parts])
    return pixels, np.concatenate([part[1] for part in parts]), test[0], test[1]


def loaded(folder: Path, name: str, **options: Any) -> DataSplits:
    """The data set with few enough validation samples."""
    return load_data(name, path=folder, **{"validation_samples": 4, **options})


def rows(inputs: Any, labels: Any) -> list[tuple[bytes, int]]:
    """Each sample as its raw pixels and its label."""
    raw = np.round(inputs * 255).astype(np.uint8) if inputs.dtype != np.uint8 else inputs
    return [(row.tobytes(), int(label)) for row, label in zip(raw, labels, strict=True)]


@pytest.mark.parametrize("name", VERSIONS)
def test_all_images_are_read_with_their_labels(tmp_path: Path, name: str) -> None:
    """Training files together, test file apart; CIFAR-100 by its second, fine label."""
    train, train_labels, test, test_labels = write_set(tmp_path, name)
    found = loaded(tmp_path, name)
    learnt = rows(found.train.inputs, found.train.labels)
    held = rows(found.validation.inputs, found.validation.labels)
    assert sorted(learnt + held) == sorted(rows(train, train_labels))
    assert rows(found.test.inputs, found.test.labels) == rows(test, test_labels)
    assert len(held) == 4
    assert found.sample_shape == (3, 32, 32)


def test_a_pixel_stands_where_the_layout_says(tmp_path: Path) -> None:
    """Byte 1 + 1024 * plane + 32 * row + column of a record; planes red, green, blue."""
    write_set(tmp_path, "cifar10")
    content = bytearray(3073 * 4)
    for record in range(4):
        content[3073 * record] = record
    content[3073 * 2 + 1 + 1024 * 1 + 32 * 5 + 7] = 51
    (tmp_path / "test_batch.bin").write_bytes(content)
    found = loaded(tmp_path, "cifar10")
    assert found.test.labels.tolist() == [0, 1, 2, 3]
    assert np.argwhere(found.test.inputs[:]).tolist() == [[2, 1, 5, 7]]
    assert found.test.inputs[:][2, 1, 5, 7] == np.float32(0.2)


def test_class_names_are_in_label_order() -> None:
    """Against superclasses and labels that other code relies on."""
    assert (len(CIFAR10_CLASSES), len(CIFAR100_CLASSES)) == (10, 100)
    assert [CIFAR10_CLASSES[label] for label in (0, 3, 9)] == ["airplane", "cat", "truck"]
    assert list(CIFAR100_CLASSES) == sorted(set(CIFAR100_CLASSES))
    mammals = [CIFAR100_CLASSES[label] for label in (4, 30, 55, 72, 95)]
    assert mammals == ["beaver", "dolphin", "otter", "seal", "whale"]
    vehicles = [CIFAR100_CLASSES[label] for label in (8, 13, 48, 58, 90)]
    assert vehicles == ["bicycle", "bus", "motorcycle", "pickup_truck", "train"]


def test_a_smaller_set_says_so(tmp_path: Path) -> None:
    """The count stands in the name, next to the published one."""
    write_set(tmp_path, "cifar10")
    found = loaded(tmp_path, "cifar10")
    assert found.name == "cifar10 (72 of 60,000)"
    assert found.classes == CIFAR10_CLASSES


def test_a_whole_set_has_its_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many images as published, here a small number."""
    write_set(tmp_path, "cifar10")
    for limit in ("records", "test_records"):
        monkeypatch.setitem(vars(CIFAR10_VERSION), limit, PER_FILE)
    assert loaded(tmp_path, "cifar10").name == "cifar10"


@pytest.mark.parametrize("version", [CIFAR10_VERSION, CIFAR100_VERSION])
def test_a_missing_file_is_named_with_all_expected_and_where_they_are(
    tmp_path: Path, version: CifarVersion
) -> None:
    """The pickled version in the folder doesn't count."""
    write_set(tmp_path, version.name)
    (tmp_path / version.train[-1]).rename(tmp_path / "data_batch_5")
    with pytest.raises(DataError, match=f"no file {version.train[-1]}. Expected") as error:
        loaded(tmp_path, version.name)
    message = str(error.value)
    assert all(name in message for name in (*version.train, version.test))
    assert "https://www.cs.toronto.edu/~kriz/cifar.html" in message
    assert "\n" not in message


def test_without_a_path_the_default_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that downloads go to; while it is empty, the message says how to fill it."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"{tmp_path}/cifar100: .*`spikeport download cifar100`"):
        load_data("cifar100")
    (tmp_path / "cifar100").mkdir()
    write_set(tmp_path / "cifar100", "cifar100")
    assert len(load_data("cifar100", validation_samples=4).test)


@pytest.mark.parametrize(
    ("content", "held"),
    [(b"", "0 bytes"), (bytes(3072), "3,072 bytes"), (bytes(2 * 3073 + 1), "6,147 bytes")],
)
def test_a_file_must_hold_whole_records(tmp_path: Path, content: bytes, held: str) -> None:
    """Not none, and not a part of one."""
    write_set(tmp_path, "cifar10")
    (tmp_path / "data_batch_2.bin").write_bytes(content)
    with pytest.raises(DataError, match=rf"data_batch_2.bin: holds {held}, expected 1 to 10,000"):
        loaded(tmp_path, "cifar10")


def test_more_records_than_published_are_refused(tmp_path: Path) -> None:
    """Only as many bytes as the published file has, and one more, are read of a huge one."""
    write_set(tmp_path, "cifar10")
    with (tmp_path / "test_batch.bin").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=r"test_batch.bin: holds more than 10,000 records"):
        loaded(tmp_path, "cifar10")


@pytest.mark.parametrize(
    ("name", "byte", "limit"), [("cifar10", 0, 10), ("cifar100", 0, 20), ("cifar100", 1, 100)]
)
def test_labels_out_of_range_are_named(tmp_path: Path, name: str, byte: int, limit: int) -> None:
    """The coarse label too, though it isn't learnt: another layout would show there."""
    write_set(tmp_path, name)
    path = tmp_path / VERSIONS[name].test
    content = bytearray(path.read_bytes())
    content[3 * len(content) // PER_FILE + byte] = limit
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=rf"label {limit} in byte {byte + 1} of record 3, expected 0 to {limit - 1}"
    ):
        loaded(tmp_path, name)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(VERSIONS)))
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    """Files of whole records are loaded, others refused; little memory either way."""
    folder = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    folder.mkdir(exist_ok=True)
    write_set(folder, name)
    version = VERSIONS[name]
    path = folder / data.draw(st.sampled_from((*version.train, version.test)))
    content = data.draw(damaged(path.read_bytes(), start=3))
    path.write_bytes(content)
    record = 3072 + len(version.label_limits)
    message = refusal(lambda: loaded(folder, name), folder, 8e6)
    if len(content) % record or not content:
        assert message is not None
    else:
        assert message is None or "label" in message or "class" in message
