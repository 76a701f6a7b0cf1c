"""Small frozen networks with fixed random weights, written node by node for the tests."""

from itertools import pairwise

import nir
import numpy as np
from numpy.typing import NDArray

from export.nir_metadata import FrozenFacts, InputFacts, attach_facts

DT = 1e-4


def portable_lif(shape: tuple[int, ...], decay_4096: int, threshold: float = 1.0) -> nir.LIF:
    """LIF in encoding C2: unit r, state scaled by 1 - beta."""
    rate = 1.0 - decay_4096 / 4096
    full = np.full(shape, 1.0)
    return nir.LIF(
        tau=full * (DT / rate),
        r=full.copy(),
        v_leak=full * 0.0,
        v_threshold=full * (rate * threshold),
        v_reset=full * 0.0,
    )


def conv_network(
    seed: int = 0,
    *,
    channels: tuple[int, int] = (6, 8),
    size: int = 8,
    classes: int = 5,
    time_steps: int = 4,
    decay_4096: int = 819,
) -> nir.NIRGraph:
    """conv-LIF-sumpool-conv-LIF-sumpool-flatten-affine, the shape of the digits recipe."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int, gain: float) -> NDArray[np.float32]:
        fan_in = int(np.prod(shape[1:]))
        drawn = rng.normal(size=shape) * gain / np.sqrt(fan_in)
        return np.asarray(drawn, dtype=np.float32)

    first, second = channels
    half, quarter = size // 2, size // 4
    nodes = {
        "input": nir.Input({"input": np.array([1, size, size])}),
        "l000_conv": nir.Conv2d(
            (size, size), weights(first, 1, 3, 3, gain=3.0), (1, 1), (1, 1), (1, 1), 1,
            rng.normal(size=first).astype(np.float32) * np.float32(0.1),
        ),
        "l001_lif": portable_lif((first, size, size), decay_4096),
        "l002_sumpool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "l003_conv": nir.Conv2d(
            (half, half), weights(second, first, 3, 3, gain=1.2), (1, 1), (1, 1), (1, 1), 1,
            rng.normal(size=second).astype(np.float32) * np.float32(0.1),
        ),
        "l004_lif": portable_lif((second, half, half), decay_4096),
        "l005_sumpool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "l006_flatten": nir.Flatten(
            {"input": np.array([second, quarter, quarter])}, start_dim=0, end_dim=-1
        ),
        "l007_fc": nir.Affine(
            weights(classes, second * quarter * quarter, gain=1.0),
            rng.normal(size=classes).astype(np.float32) * np.float32(0.1),
        ),
        "output": nir.Output({"output": np.array([classes])}),
    }  # fmt: skip
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)))
    attach_facts(
        graph,
        FrozenFacts(
            spikeport="0.1.0",
            time_steps=time_steps,
            input=InputFacts(form="static", shape=(1, size, size)),
            classes=tuple(str(k) for k in range(classes)),
            decay_4096={"l001_lif": decay_4096, "l004_lif": decay_4096},
        ),
    )
    return graph


def images(samples: int, seed: int = 1, size: int = 8) -> NDArray[np.float32]:
    """Random inputs in [0, 1], float32 [N, 1, H, W]."""
    rng = np.random.default_rng(seed)
    return rng.random((samples, 1, size, size), dtype=np.float32)
