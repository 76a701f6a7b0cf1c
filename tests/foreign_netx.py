"""Netx files as other tools write them, spelt layer by layer."""

from pathlib import Path

import h5py
import numpy as np

Spelling = dict[str, object]
LIF: Spelling = {"neuron/type": b"LOIHI", "neuron/iDecay": 1024, "neuron/vDecay": 128,
                 "neuron/vThMant": 80, "neuron/refDelay": 1, "neuron/wgtExp": 0,
                 "neuron/gradedSpike": False, "neuron/tauRho": 0.1}  # fmt: skip
INPUT: Spelling = {"type": b"input", "shape": [2, 4, 3]}
CONV: Spelling = {"type": b"conv", "shape": [4, 3, 2], "stride": 1, "padding": 0, "dilation": 1,
                  "weight": np.arange(32.0).reshape(4, 2, 2, 2), "groups": 1, **LIF}  # fmt: skip
FLATTEN: Spelling = {"type": b"flatten"}
DENSE: Spelling = {"type": b"dense", "shape": [3, 1, 1], "weight": np.ones((3, 24)), **LIF}


def netx(path: Path, *layers: Spelling) -> Path:
    """A file as another tool would write it, layer by layer."""
    with h5py.File(path, "w") as file:
        for k, layer in enumerate(layers):
            for key, value in layer.items():
                file[f"layer/{k}/{key}"] = value
        file["simulation/Ts"] = 1
    return path


def changed(layer: Spelling, **fields: object) -> Spelling:
    """A layer with some datasets changed; `neuron__x` stands for neuron/x, None removes."""
    result = layer | {key.replace("__", "/"): value for key, value in fields.items()}
    return {key: value for key, value in result.items() if value is not None}
