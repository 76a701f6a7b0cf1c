"""A table's images as an array: the same numbers as in memory, nothing read that isn't asked."""

import pickle
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from torch import nn

from tests.arrow_sets import png, table, write_saved
from tests.image_folders import picture
from trainers import LIF, fit
from trainers.data import DataSplits, Split, arrow_images
from trainers.data.arrow_images import ArrowImages, Crop
from trainers.data.image_file import decode_image
from trainers.data.load import load_data
from trainers.epoch_batches import EpochBatches
from trainers.errors import DataError
from trainers.processes import Processes

WHOLE = Crop(size=16, channels=3, shorter=16)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Twelve images in an Arrow file."""
    folder = tmp_path_factory.mktemp("arrow") / "set"
    table(12).save_to_disk(str(folder))
    return datasets.load_from_disk(str(folder))


def lazy(split: Any, rows: list[int] | None = None, crop: Crop = WHOLE) -> ArrowImages:
    """All images of a split, or some."""
    chosen = np.arange(len(split)) if rows is None else np.array(rows)
    return ArrowImages("a set", split, "image", chosen, crop)


def whole() -> Any:
    """All twelve, by hand."""
    pixels = [picture(row % 3, row // 3).transpose(2, 0, 1) for row in range(12)]
    return np.stack(pixels).astype(np.float32) / np.float32(255)


def test_it_is_indexed_like_the_array_of_all_its_images(split: Any) -> None:
    """By slices, lists and arrays of rows: in their order, with repetitions, from the end."""
    inputs, expected = lazy(split), whole()
    assert (inputs.shape, len(inputs), inputs.dtype) == (expected.shape, 12, expected.dtype)
    for rows in (slice(None), slice(2, 5), slice(10, 99), slice(None, None, -3), slice(4, 4)):
        np.testing.assert_array_equal(inputs[rows], expected[rows])
    for picked in ([3], [7, 0, 7], [-1, 2], list[int]()):
        np.testing.assert_array_equal(inputs[picked], expected[np.array(picked, np.intp)])
        np.testing.assert_array_equal(inputs[np.array(picked, np.intp)], inputs[picked])
    with pytest.raises(IndexError):
        inputs[[12]]


def test_a_part_has_rows_of_its_own(split: Any) -> None:
    """Row i is the i-th of those it was given."""
    np.testing.assert_array_equal(lazy(split, [9, 4, 2])[[1, 2]], whole()[[4, 2]])


def test_rows_that_were_chosen_beforehand(split: Any) -> None:
    """`datasets` keeps a selection as a list of places, not as a copy."""
    chosen = split.select([5, 3, 8])
    np.testing.assert_array_equal(lazy(chosen)[:], whole()[[5, 3, 8]])


def test_only_the_rows_asked_for_are_decoded(split: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """None when it is made or looked at, then one per row."""
    read: list[str] = []

    def decoding(content: bytes, where: str, *how: Any) -> Any:
        read.append(where)
        return decode_image(content, where, *how)

    monkeypatch.setattr(arrow_images, "decode_image", decoding)
    inputs = lazy(split)
    assert inputs.shape == (12, 3, 16, 16)
    assert read == []
    inputs[[5, 2]]
    assert read == ["a set, row 5", "a set, row 2"]


def test_it_travels_to_another_process_without_its_images(split: Any) -> None:
    """Where processes are spawned rather than forked: the file's place is pickled."""
    sent = pickle.dumps(lazy(split))
    assert len(sent) < 6_000
    assert len(sent) < sum(len(png(row % 3, row // 3)) for row in range(12))
    np.testing.assert_array_equal(pickle.loads(sent)[:], whole())  # noqa: S301


@pytest.mark.parametrize("kind", ["bytes", "struct", "path"])
def test_images_kept_in_other_ways(tmp_path: Path, kind: str) -> None:
    """As plain bytes, as bytes and path without a word that they are images, or as paths alone."""
    contents = [png(row % 3, row // 3) for row in range(12)]
    for row, content in enumerate(contents):
        (tmp_path / f"{row}.png").write_bytes(content)
    paths = [{"bytes": None, "path": str(tmp_path / f"{row}.png")} for row in range(12)]
    cells = {
        "bytes": contents,
        "struct": [{"bytes": content, "path": None} for content in contents],
        "path": paths,
    }[kind]
    made = table(12, image=cells)
    if kind == "path":
        made = made.cast_column("image", datasets.Image())
    splits = datasets.DatasetDict(train=made, test=made)
    data = load_data(
        "huggingface", path=str(write_saved(tmp_path / "set", splits)), image_column="image",
        image_size=16, resize=16, validation_samples=3,
    )  # fmt: skip
    np.testing.assert_array_equal(data.test.inputs[:], whole())


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"bytes": b"damaged", "path": None}, "row 1: isn't a readable image"),
        ({"bytes": None, "path": None}, "row 1: holds no image"),
        ({"bytes": None, "path": "/nosuch.png"}, "row 1: holds no image"),
        ({"bytes": None, "path": "/dev/zero"}, "row 1: holds no image"),
        ({"bytes": None, "path": "https://nosuch.invalid/a.png"}, "row 1: holds no image"),
    ],
)
def test_a_row_that_can_t_be_read_is_named(cell: dict[str, Any], said: str) -> None:
    """When it is read; the others can be."""
    good = {"bytes": png(0, 0), "path": None}
    made = table(3, image=[good, cell, good]).cast_column("image", datasets.Image())
    inputs = lazy(made)
    assert len(inputs[[0, 2]]) == 2
    with pytest.raises(DataError, match=said) as error:
        inputs[[0, 1]]
    assert str(error.value).startswith("a set, ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", [2, 3])
def test_each_process_of_a_training_reads_its_own_rows(split: Any, number: int) -> None:
    """Together they read every mini-batch of one process, row for row."""
    inputs = lazy(split)
    alone = EpochBatches(12, 6, shuffle=True, seed=5)
    ranks = [
        EpochBatches(12, 6, shuffle=True, seed=5, processes=Processes(rank, number))
        for rank in range(number)
    ]
    for rows, *parts in zip(alone, *ranks, strict=True):
        together = np.concatenate([inputs[part] for part in parts])
        np.testing.assert_array_equal(together, inputs[rows])


def module() -> nn.Sequential:
    """Small; its dropout shows whether randomness repeats."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(48, 8), LIF(), nn.Dropout(0.2), nn.Linear(8, 3)
    )


def trained(data: DataSplits) -> list[float]:
    """Training losses of three epochs, shuffled anew in each."""
    settings: dict[str, Any] = {"time_steps": 2, "epochs": 3, "batch_size": 16}
    fitted = fit(module(), data, method="baseline", device="cpu", seed=3, **settings)
    return [row["train_loss"] for row in fitted.history]


@pytest.mark.parametrize("workers", [0, 2])
def test_training_is_the_same_as_in_memory(tmp_path: Path, workers: int) -> None:
    """Whoever reads."""
    splits = datasets.DatasetDict(train=table(60), test=table(9, first=100))
    data = load_data(
        "huggingface", path=str(write_saved(tmp_path / "set", splits)), image_size=16, resize=16,
        workers=workers,
    )  # fmt: skip
    train, validation, test = (
        Split(part.inputs[:], part.labels) for part in (data.train, data.validation, data.test)
    )
    memory = DataSplits("memory", train, validation, test, data.classes)
    assert trained(data) == trained(memory)
