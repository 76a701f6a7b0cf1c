"""The dense rule equals Lava's own functions on thousands of matrices, corrupted ones included."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.dense_rule import effective_matrices, lava_weights
from export.chip.graph import IntArray
from export.errors import LimitExceeded
from hwsim.lava.environment import interpreter, require_lava, site_packages

SCRIPT = Path(__file__).with_name("lava_own_weights.py")
MATRICES = 2000
TOPS = (1, 2, 3, 4, 8, 63, 64, 65, 100, 127, 128, 129, 200, 254, 255, 256, 257, 300)
SIGNS = ("mixed", "positive", "negative")


def drawn(rng: np.random.Generator, sources: int) -> IntArray:
    """One sign or both, reaching exactly one of TOPS, a power of two dividing it or not."""
    sign, top = rng.choice(SIGNS), int(rng.choice(TOPS))
    weights = rng.integers(int(rng.integers(0, 2)), top + 1, (3, sources))
    weights.flat[0] = top
    if sign == "mixed":
        weights *= rng.choice([-1, 1], weights.shape)
    evened = weights >> (drop := int(rng.choice([0, 0, 1, 2, 4]))) << drop
    return -evened if sign == "negative" else evened


def in_lava(matrices: IntArray, columns: int, folder: Path) -> NDArray[np.float64]:
    """What Lava multiplies with."""
    np.save(folder / "matrices.npy", matrices)
    subprocess.run(
        [interpreter(require_lava().folder), "-I", SCRIPT, site_packages(), folder, str(columns)],
        check=True, capture_output=True,
    )  # fmt: skip
    found: NDArray[np.float64] = np.load(folder / "multiplied.npy")
    return found


@pytest.mark.parametrize("columns", [0, 3], ids=["one matrix", "with a recurrent one"])
def test_equals_lavas_own_functions(columns: int, tmp_path: Path) -> None:
    """Every weight, whole or halved; and what is accepted for writing is what Lava keeps."""
    rng = np.random.default_rng(columns)
    layers = [
        tuple(drawn(rng, size) for size in ((4,) if columns == 0 else (4, columns)))
        for _ in range(MATRICES)
    ]
    truths = in_lava(np.stack([np.hstack(layer) for layer in layers]), columns, tmp_path)
    outcomes = {"unbuildable": 0, "refused": 0, "kept": 0}
    for layer, truth in zip(layers, truths, strict=True):
        if np.isnan(truth).any():
            with pytest.raises(LimitExceeded, match="can't build"):
                lava_weights(layer, "layer")
            outcomes["unbuildable"] += 1
            continue
        held = np.hstack([part.stored / 2.0**part.shift for part in lava_weights(layer, "layer")])
        assert np.array_equal(held, truth), layer
        wanted = np.hstack(layer)
        wanted = np.clip(wanted, -256, 254) if wanted.min() < 0 < wanted.max() else wanted
        try:
            assert np.array_equal(np.hstack(effective_matrices(layer, "layer")), truth), layer
            outcomes["kept"] += 1
        except LimitExceeded:
            assert not np.array_equal(truth, wanted), layer
            outcomes["refused"] += 1
    assert min(outcomes["kept"], outcomes["refused"]) > MATRICES // 10
    assert columns or outcomes["unbuildable"]
