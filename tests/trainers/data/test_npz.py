"""A user's own arrays: taken as they are, or refused with the array's name."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.damaged_files import damaged, refusal
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.data.npz_layout import refuse_layout
from trainers.errors import ConfigError, DataError, FileError
from trainers.npz_file import MAX_BYTES

Arrays = dict[str, NDArray[Any]]
RANDOM = np.random.default_rng(0)

FLOATS: Arrays = {
    "train_inputs": RANDOM.random((40, 2, 3, 3), np.float32),
    "train_labels": np.arange(40) % 4,
    "test_inputs": RANDOM.random((8, 2, 3, 3), np.float32),
    "test_labels": np.arange(8) % 4,
}
FRAMES: Arrays = {
    "train_inputs": RANDOM.integers(0, 256, (20, 5, 2, 4, 4), np.uint8),
    "train_labels": (np.arange(20) % 2).astype(np.uint8),
    "test_inputs": RANDOM.integers(0, 256, (6, 5, 2, 4, 4), np.uint8),
    "test_labels": (np.arange(6) % 2).astype(np.uint8),
    "validation_inputs": RANDOM.integers(0, 256, (4, 5, 2, 4, 4), np.uint8),
    "validation_labels": (np.arange(4) % 2).astype(np.uint8),
    "classes": np.array(["left", "right"]),
}


def written(folder: Path, arrays: Arrays, **changed: Any) -> Path:
    """A file mine.npz with these arrays; a changed one that is None is left out."""
    kept = {name: array for name, array in {**arrays, **changed}.items() if array is not None}
    path = folder / "mine.npz"
    np.savez(path, allow_pickle=False, **kept)
    return path


def refused(path: Path, message: str, **options: Any) -> None:
    """Loading fails in one line that names the file."""
    with pytest.raises(DataError, match=message) as error:
        load_data("npz", path=path, **options)
    assert "mine" in str(error.value)
    assert "\n" not in str(error.value)


def test_floats_are_taken_as_they_are(tmp_path: Path) -> None:
    """A tenth of the training samples, one of each class, become the validation split."""
    found = load_data("npz", path=written(tmp_path, FLOATS))
    np.testing.assert_array_equal(found.test.inputs, FLOATS["test_inputs"])
    np.testing.assert_array_equal(found.test.labels, FLOATS["test_labels"])
    assert np.bincount(found.validation.labels).tolist() == [1] * 4
    both = np.concatenate([found.train.inputs, found.validation.inputs])
    assert {row.tobytes() for row in both} == {row.tobytes() for row in FLOATS["train_inputs"]}
    assert len(both) == 40
    assert (found.name, found.classes, found.input_scale) == ("mine", ("0", "1", "2", "3"), 1.0)


def test_a_sample_keeps_its_label_when_held_out(tmp_path: Path) -> None:
    """Each validation sample is the training sample of that label in the file."""
    found = load_data("npz", path=written(tmp_path, FLOATS), validation_fraction=0.3, split_seed=5)
    given_labels = {
        row.tobytes(): label
        for row, label in zip(FLOATS["train_inputs"], FLOATS["train_labels"], strict=True)
    }
    for split in (found.train, found.validation):
        assert [given_labels[row.tobytes()] for row in split.inputs[:]] == split.labels.tolist()
    assert np.bincount(found.validation.labels).tolist() == [3] * 4


def test_event_frames_with_splits_and_names_of_their_own(tmp_path: Path) -> None:
    """uint8 becomes x / 255; a time axis after the samples; validation arrays stay as they are."""
    found = load_data("npz", path=written(tmp_path, FRAMES), form="sequence")
    for part in ("train", "validation", "test"):
        split, raw = getattr(found, part), FRAMES[f"{part}_inputs"]
        np.testing.assert_array_equal(split.inputs, (raw / 255).astype(np.float32))
        np.testing.assert_array_equal(split.labels, FRAMES[f"{part}_labels"])
    assert (found.form, found.sample_shape) == ("sequence", (2, 4, 4))
    assert (found.classes, found.input_scale) == (("left", "right"), 1 / 255)


def test_counts_keep_their_values_with_a_scale_of_one(tmp_path: Path) -> None:
    """Events per pixel, not brightness."""
    found = load_data("npz", path=written(tmp_path, FRAMES), form="sequence", scale=1)
    np.testing.assert_array_equal(found.test.inputs, FRAMES["test_inputs"].astype(np.float32))
    half = load_data("npz", path=written(tmp_path, FLOATS), scale=0.5)
    np.testing.assert_array_equal(half.test.inputs, FLOATS["test_inputs"] / 2)
    assert half.input_scale == 0.5


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8"])
def test_other_floats_become_float32(tmp_path: Path, dtype: str) -> None:
    """Half, double and foreign byte order."""
    inputs = FLOATS["test_inputs"].astype(dtype)
    found = load_data("npz", path=written(tmp_path, FLOATS, test_inputs=inputs))
    np.testing.assert_array_equal(found.test.inputs, inputs.astype(np.float32))


def test_features_without_images(tmp_path: Path) -> None:
    """[N, F], and [N, T, F] as a sequence."""
    flat = {name: a.reshape(len(a), -1) if a.ndim > 1 else a for name, a in FLOATS.items()}
    assert load_data("npz", path=written(tmp_path, flat)).sample_shape == (18,)
    steps = {name: a.reshape(len(a), 6, 3) if a.ndim > 1 else a for name, a in FLOATS.items()}
    found = load_data("npz", path=written(tmp_path, steps), form="sequence")
    assert found.sample_shape == (3,)


def changed(part: str, place: Any, value: float) -> NDArray[Any]:
    """Inputs with one other value."""
    array = FLOATS[f"{part}_inputs"].astype(np.float64)
    array[place] = value
    return array


BIG = np.full(8, 2**63, np.uint64)
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"test_labels": None}, "no array 'test_labels'; it holds test_inputs,"),
    "half a validation split": (
        {"validation_inputs": FLOATS["test_inputs"]},
        "no array 'validation_labels'",
    ),
    "misspelt": ({"valid_inputs": np.ones(3)}, "array 'valid_inputs' has no meaning here; known"),
    "unequal lengths": ({"train_labels": np.arange(39) % 4}, "40 samples in .* 39 labels"),
    "NaN": ({"test_inputs": changed("test", (3, 0, 1, 1), np.nan)}, "'mine', test .* 1 input val"),
    "infinite": ({"train_inputs": changed("train", 3, -np.inf)}, "18 input values are NaN or inf"),
    "beyond float32": ({"test_inputs": changed("test", 0, 1e300)}, "test .* 18 input values"),
    "integers": ({"train_inputs": FLOATS["train_inputs"].astype(int)}, "holds int64, expected fl"),
    "complex": ({"test_inputs": FLOATS["test_inputs"] * 1j}, "holds complex64, expected float"),
    "no channels": ({"train_inputs": FLOATS["train_inputs"][:, 0]}, r"static samples are \[N, F\]"),
    "empty": ({"test_inputs": FLOATS["test_inputs"][:0], "test_labels": BIG[:0]}, "at least one"),
    "other sizes": ({"test_inputs": FLOATS["test_inputs"][..., :2]}, r"\(2, 3, 2\), those of"),
    "one-hot": ({"test_labels": np.eye(8, dtype=int)}, r"'test_labels' is int64 of shape \(8, 8\)"),
    "real labels": ({"test_labels": np.arange(8.0)}, "'test_labels' is float64"),
    "wild labels": ({"test_labels": BIG}, f"run from {2**63} to {2**63}, expected 0 to at most"),
    "negative labels": ({"test_labels": np.arange(8) - 1}, "run from -1 to 6"),
    "unknown class": (
        {"test_labels": np.arange(8)},
        "test split: labels run from 0 to 7, but .* 4",
    ),
    "too few names": (
        {"classes": np.array(["a", "b"])},
        "labels run from 0 to 3, but .* 2 classes",
    ),
    "numbered names": ({"classes": np.arange(4)}, "'classes' is int64 .* expected text"),
    "a table of names": (
        {"classes": np.array([["a"], ["b"]])},
        r"'classes' is <U1 of shape \(2, 1",
    ),
    "endless names": ({"classes": np.array(["a" * 257, "b"])}, "'classes' is <U257"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_array(tmp_path: Path, fault: str) -> None:
    """File, array, what is wrong and what to do, in one line."""
    arrays, message = FAULTS[fault]
    refused(written(tmp_path, FLOATS, **arrays), message)


def test_the_form_must_fit_the_axes(tmp_path: Path) -> None:
    """Static samples have no time axis, sequences need one."""
    refused(written(tmp_path, FLOATS), r"sequence samples are \[N, T, F\] or", form="sequence")
    refused(written(tmp_path, FRAMES), r"static samples are \[N, F\] or \[N, C, H, W\]")


def test_validation_arrays_and_a_fraction_contradict(tmp_path: Path) -> None:
    """One of them would be ignored."""
    path = written(tmp_path, FRAMES)
    refused(path, "has validation arrays of its own", form="sequence", validation_fraction=0.2)


def test_a_fraction_that_leaves_a_class_out_is_refused(tmp_path: Path) -> None:
    """One sample can't hold four classes, forty leave nothing to learn from."""
    path = written(tmp_path, FLOATS)
    refused(path, "validation_fraction 0.02: 1 can't be drawn from 40", validation_fraction=0.02)
    refused(path, "leaves none of class 0", validation_fraction=0.99)


def test_a_file_must_be_named() -> None:
    """There is no default, and scales are positive."""
    with pytest.raises(ConfigError, match=r"path: field required .*; scale: input should be gre"):
        load_data("npz", scale=0)


def test_too_much_for_memory_is_refused_by_the_headers() -> None:
    """Bytes become four times as large; 16 GiB are the limit for all splits together."""
    labels = ((2**14,), np.dtype(np.int64))
    headers = {
        f"{part}_{kind}": ((2**14, 2**17), np.dtype(np.uint8)) if kind == "inputs" else labels
        for part in ("train", "test")
        for kind in ("inputs", "labels")
    }
    refuse_layout(Path("mine.npz"), headers, "static")
    headers["test_inputs"] = ((2**14 + 1, 2**17), np.dtype(np.uint8))
    headers["test_labels"] = ((2**14 + 1,), np.dtype(np.int64))
    with pytest.raises(DataError, match=f"17,180,393,472 bytes .*, more than {MAX_BYTES:,}"):
        refuse_layout(Path("mine.npz"), headers, "static")


def test_files_that_are_not_arrays(tmp_path: Path) -> None:
    """Missing, objects inside, not a zip: the array reader's own line."""
    with pytest.raises(FileError, match="no such file"):
        load_data("npz", path=tmp_path / "none.npz")
    objects = np.array([None] * 8, dtype=object)
    np.savez(tmp_path / "mine.npz", allow_pickle=True, **{**FLOATS, "test_labels": objects})
    with pytest.raises(FileError, match="array 'test_labels' holds Python objects"):
        load_data("npz", path=tmp_path / "mine.npz")
    (tmp_path / "mine.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(FileError, match=r"isn't a readable \.npz file"):
        load_data("npz", path=tmp_path / "mine.npz")


def content(*, compressed: bool) -> bytes:
    """The file of FRAMES."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **FRAMES)  # type: ignore[arg-type]
    return file.getvalue()


CONTENTS = {True: content(compressed=True), False: content(compressed=False)}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, compressed: bool
) -> None:
    """Inputs and labels as they were, by the zip's checksums, or refused; little memory."""
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(data.draw(damaged(CONTENTS[compressed])))

    def load() -> DataSplits:
        return load_data("npz", path=path, form="sequence")

    if refusal(load, path, 8e6) is None:
        found = load()
        expected = (FRAMES["test_inputs"] / 255).astype(np.float32)
        np.testing.assert_array_equal(found.test.inputs, expected)
        np.testing.assert_array_equal(found.train.labels, FRAMES["train_labels"])
