"""diagnostics.npz: what is written is read back, and another file is refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwsim.inspect.npz import inspect_npz
from tests.diagnostics_example import random_diagnostics
from trainers.diagnostics_file import AXES, EDGES, SERIES, read_diagnostics, write_diagnostics
from trainers.errors import FileError


def one_count(value: int) -> np.ndarray[Any, Any]:
    """A histogram with all values of a layer in one bin."""
    counts = np.zeros((2, 4, 66), dtype=np.int64)
    counts[1, 3, 65] = value
    return counts


def test_everything_survives_the_file(tmp_path: Path) -> None:
    """Bit for bit, NaN and infinity included, and twice the same bytes."""
    content = random_diagnostics()
    content.series["width"][0, 0, 0] = np.inf
    content.final["rate"][1] = np.nan
    paths = (tmp_path / "a.npz", tmp_path / "b.npz")
    for path in paths:
        write_diagnostics(path, content)
    found = read_diagnostics(paths[0])
    assert (found.layers, found.weight_layers) == (content.layers, content.weight_layers)
    assert (found.epoch_samples, found.final_samples) == (256, 2048)
    for name in SERIES:
        np.testing.assert_array_equal(found.series[name], content.series[name])
        np.testing.assert_array_equal(found.final[name], content.final[name])
    for name in ("epochs", "gradient_norm", "histogram", "edges"):
        np.testing.assert_array_equal(getattr(found, name), getattr(content, name))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_epoch_and_no_weights_are_possible(tmp_path: Path) -> None:
    """A run may be resumed at its end, and a network may have no layer with weights."""
    path = tmp_path / "diagnostics.npz"
    write_diagnostics(path, random_diagnostics(epochs=0, weights=()))
    found = read_diagnostics(path)
    assert found.gradient_norm.shape == (0, 0)
    assert found.weight_layers == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": np.array(2)}, "format 2, expected 1"),
        ({"rate": None}, "no array 'rate'"),
        ({"rate": np.zeros((3, 2, 5))}, r"'rate' holds float64 of shape \(3, 2, 5\)"),
        ({"rate": np.zeros((3, 2))}, "expected real numbers with axes"),
        ({"rate": np.zeros((3, 2, 4), int)}, "'rate' holds int64"),
        ({"layers": np.array([1, 2])}, "'layers' holds int64.*expected text"),
        ({"epoch": np.zeros(3)}, "'epoch' holds float64"),
        ({"gradient_norm": np.zeros((3, 9))}, "'gradient_norm' holds"),
        ({"final_rate": np.full((2, 4), 1.1)}, "'final_rate' lies outside 0 to 1"),
        ({"available": np.full((3, 2, 4), -0.1)}, "'available' lies outside 0 to 1"),
        ({"histogram_edges": np.zeros(65)}, "'histogram_edges' doesn't increase"),
        ({"histogram_edges": np.zeros(64)}, "one bin more than edges"),
        ({"final_histogram": np.full((2, 4, 66), -1)}, "'final_histogram' counts below 0"),
        ({"histogram_edges": np.full(65, np.nan)}, "'histogram_edges' isn't finite"),
        ({"histogram_edges": np.r_[EDGES[:-1], np.inf]}, "'histogram_edges' isn't finite"),
        ({"final_width": np.full((2, 4), -1.0)}, "'final_width' falls below 0"),
        ({"format": np.array([1, 1])}, "'format' holds int64"),
        ({"epoch": np.array([-1, 0, 1])}, "'epoch' falls below 0"),
        ({"epoch": np.array([0, 1, 1])}, "'epoch' doesn't increase"),
        ({"epoch": np.array([0, 2, 1])}, "'epoch' doesn't increase"),
        ({"epoch_samples": np.array(-1)}, "'epoch_samples' counts below 0"),
        ({"final_samples": np.array(-1)}, "'final_samples' counts below 0"),
        (
            {"final_histogram": np.full((2, 4, 66), 2**62)},
            "'final_histogram' counts more than 9",
        ),
        ({"final_histogram": one_count(2**53 + 2)}, "'final_histogram' counts more than 9"),
    ],
)
def test_another_file_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray[Any, Any] | None], said: str
) -> None:
    """In one line with path, array and fault."""
    path = tmp_path / "diagnostics.npz"
    write_diagnostics(path, random_diagnostics())
    with np.load(path) as arrays:
        content = {**arrays, **changes}
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    with pytest.raises(FileError, match=f"diagnostics.npz.*{said}") as error:
        read_diagnostics(path)
    assert "\n" not in str(error.value)


def test_the_largest_count_is_read(tmp_path: Path) -> None:
    """2^53 values in a layer, which its sums and shares still hold."""
    path = tmp_path / "diagnostics.npz"
    write_diagnostics(path, replace(random_diagnostics(), histogram=one_count(2**53)))
    counts = read_diagnostics(path).histogram
    assert (100 * counts).sum() == 100 * 2**53


def test_no_layers_are_no_diagnostics(tmp_path: Path) -> None:
    """A network always has one."""
    path = tmp_path / "diagnostics.npz"
    write_diagnostics(path, random_diagnostics(layers=("a",)))
    with np.load(path) as arrays:
        axes = {name: AXES[name].find("L") for name in arrays}
        content = {
            name: array if axes[name] < 0 else np.take(array, [], axis=axes[name])
            for name, array in arrays.items()
        }
    np.savez(path, **content)  # type: ignore[arg-type]
    with pytest.raises(FileError, match="0 layers, 4 steps"):
        read_diagnostics(path)


def test_inspect_shows_its_arrays(tmp_path: Path) -> None:
    """Names, shapes and ranges, as of any array file."""
    path = tmp_path / "diagnostics.npz"
    write_diagnostics(path, random_diagnostics())
    rows = {row[0]: row for row in inspect_npz(path).rows}
    assert set(rows) == set(AXES)
    assert rows["threshold"][2] == "3x2x4"
    assert rows["histogram_edges"][3] == "-4 to 4"


def test_reading_needs_no_torch() -> None:
    """The report reads it too, and starts quickly."""
    code = "import sys, trainers.diagnostics_file; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
