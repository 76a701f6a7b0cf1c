"""What Lava makes of dense matrices, by its own functions. Runs in Lava's environment.

    python -I lava_own_weights.py SITE_PACKAGES FOLDER COLUMNS

reads FOLDER/matrices.npy, [M, targets, sources]; the last COLUMNS sources belong to a recurrent
matrix, which netx weighs together with the rest and the synapses then take on their own. Writes
FOLDER/multiplied.npy, the weights of Lava's sums; NaN where Lava can't build the layer.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np


def module_at(path: Path) -> Any:
    """A module of Lava's that needs nothing of the rest."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def multiplied(weights: Any, netx: Any, lava: Any, columns: int) -> Any:
    """One layer's weights, as netx hands them to the synapses and those keep them."""
    optimized, bits, exponent, _ = netx.optimize_weight_bits(weights)
    kept = []
    for part in np.split(optimized, [weights.shape[1] - columns], axis=1):
        if part.size:
            mode = lava.determine_sign_mode(part)
            clipped = lava.clip_weights(part, mode, num_bits=8)
            kept.append(lava.truncate_weights(clipped, mode, bits))
    return np.hstack(kept) * 2.0**exponent


def main(packages: Path, folder: Path, columns: int) -> None:
    """Every matrix."""
    netx = module_at(packages / "lava" / "lib" / "dl" / "netx" / "utils.py")
    lava = module_at(packages / "lava" / "utils" / "weightutils.py")
    matrices = np.load(folder / "matrices.npy")
    found = np.full(matrices.shape, np.nan)
    for k, weights in enumerate(matrices):
        try:
            found[k] = multiplied(weights, netx, lava, columns)
        except OverflowError:
            continue
    np.save(folder / "multiplied.npy", found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
