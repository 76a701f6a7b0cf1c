"""What the arrays of an `npz` data set must be, judged by their headers before one is read."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainers.errors import DataError
from trainers.npz_file import MAX_BYTES

Form = Literal["static", "sequence"]
Header = tuple[tuple[int, ...], np.dtype[Any]]

PARTS = ("train", "validation", "test")
REQUIRED = ("train_inputs", "train_labels", "test_inputs", "test_labels")
KNOWN = (*REQUIRED, "validation_inputs", "validation_labels", "classes")

CLASSES_MAX = 1 << 16
"""More classes than any image or event set has; a wild label must not become a million names."""

NAME_MAX = 256
"""Characters of a class name."""

LAYOUTS: dict[Form, dict[int, str]] = {
    "static": {2: "[N, F]", 4: "[N, C, H, W]"},
    "sequence": {3: "[N, T, F]", 5: "[N, T, C, H, W]"},
}


def refuse_layout(path: Path, headers: Mapping[str, Header], form: Form) -> None:
    """Refuses a file whose arrays can't be a data set of this form.

    Raises:
        DataError: names the first array that is missing, unknown or of the wrong dtype, shape or
            length.
    """
    parts = [part for part in PARTS if {f"{part}_inputs", f"{part}_labels"} & headers.keys()]
    wanted = {f"{part}_{kind}" for part in parts for kind in ("inputs", "labels")} | {*REQUIRED}
    for name in sorted(wanted - headers.keys()):
        raise DataError(
            f"{path}: no array '{name}'; it holds {', '.join(sorted(headers)) or 'nothing'}. "
            "Save one more array of that name."
        )
    for name in sorted(headers.keys() - set(KNOWN)):
        raise DataError(
            f"{path}: array '{name[:60]}' has no meaning here; known are {', '.join(KNOWN)}. "
            "Rename it or leave it out."
        )
    for part in parts:
        _refuse_inputs(path, f"{part}_inputs", headers, form)
        _refuse_labels(path, part, headers)
    _refuse_classes(path, headers)
    values = sum(prod(headers[f"{part}_inputs"][0]) for part in parts)
    if 4 * values > MAX_BYTES:
        raise DataError(
            f"{path}: its inputs take {4 * values:,} bytes as float32, more than {MAX_BYTES:,}. "
            "Give fewer or smaller samples."
        )


def _refuse_inputs(path: Path, name: str, headers: Mapping[str, Header], form: Form) -> None:
    (shape, dtype), expected = headers[name], headers["train_inputs"][0][1:]
    if dtype.kind != "f" and dtype != np.uint8:
        raise DataError(
            f"{path}: array '{name}' holds {dtype}, expected float or uint8. Convert it."
        )
    if len(shape) not in LAYOUTS[form] or 0 in shape:
        raise DataError(
            f"{path}: array '{name}' has shape {shape}, but {form} samples are "
            f"{' or '.join(LAYOUTS[form].values())}, with at least one of each. Reshape it or set "
            "data.form."
        )
    if shape[1:] != expected:
        raise DataError(
            f"{path}: array '{name}' holds samples of shape {shape[1:]}, those of 'train_inputs' "
            f"are {expected}. Give all samples one shape."
        )


def _refuse_labels(path: Path, part: str, headers: Mapping[str, Header]) -> None:
    shape, dtype = headers[f"{part}_labels"]
    samples = headers[f"{part}_inputs"][0][0]
    if dtype.kind not in "iu" or len(shape) != 1:
        raise DataError(
            f"{path}: array '{part}_labels' is {dtype} of shape {shape}, expected integers [N]. "
            "Give one class number per sample."
        )
    if shape[0] != samples:
        raise DataError(
            f"{path}: {samples:,} samples in '{part}_inputs', but {shape[0]:,} labels in "
            f"'{part}_labels'. Give one label per sample."
        )


def _refuse_classes(path: Path, headers: Mapping[str, Header]) -> None:
    shape, dtype = headers.get("classes", ((0,), np.dtype(np.str_)))
    longest = dtype.itemsize // np.dtype("U1").itemsize
    if dtype.kind != "U" or len(shape) != 1 or shape[0] > CLASSES_MAX or longest > NAME_MAX:
        raise DataError(
            f"{path}: array 'classes' is {dtype} of shape {shape}, expected text [classes], at "
            f"most {CLASSES_MAX:,} names of {NAME_MAX} characters. Save numpy.array of the names."
        )
