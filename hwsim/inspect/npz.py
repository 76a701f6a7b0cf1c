"""Looking into an array file, from its headers; values are read only for the ranges."""

from pathlib import Path

from hwsim.inspect.table import Inspection, range_text, shape_text
from trainers.npz_file import read_npz


def inspect_npz(path: Path) -> Inspection:
    """Arrays with dtype, shape and range."""
    arrays = read_npz(path)
    return Inspection(
        title=f"{path}: {len(arrays)} arrays",
        facts=(),
        columns=("array", "dtype", "shape", "range"),
        rows=tuple(
            (
                name,
                str(array.dtype),
                shape_text(array.shape),
                range_text(array) if array.dtype.kind in "biuf" else "",
            )
            for name, array in arrays.items()
        ),
    )
