"""Sound files of every kind, which the fuzzing damages, and how each is read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import nir
import numpy as np

from export.chip.graph_file import write_graph_file
from export.chip.netx_write import write_netx
from export.nir_file import write_nir
from export.onnx import write_onnx, write_step_onnx
from export.onnx.chip import write_chip_onnx
from export.samples import Samples, write_samples
from export.schedule_file import write_schedule
from tests.diagnostics_example import random_diagnostics
from tests.foreign_netx import CONV, DENSE, FLATTEN, INPUT, changed, netx
from tests.frozen_networks import conv_network
from tests.other_networks import dense_network, residual_network
from tests.small_chip_graphs import chain, diamond, skip
from trainers.diagnostics_file import write_diagnostics
from trainers.npz_file import write_npz

KINDS = ("nir", "net", "chip.h5", "onnx", "npz")
"""Of files, by the ends of their names."""


DAMAGED = "damaged-"
"""How names of damaged files begin."""


def write_sound_files(kind: str, folder: Path) -> None:
    """Writes the kind's corpus into the folder."""
    WRITERS[kind](folder)


def sound_contents(kind: str, folder: Path) -> list[bytes]:
    """The corpus that lies in the folder, in a fixed order."""
    names = sorted(path for path in folder.glob(f"*.{kind}") if not path.name.startswith(DAMAGED))
    return [path.read_bytes() for path in names]


def _nir_files(folder: Path) -> None:
    write_nir(conv_network(channels=(2, 3)), folder / "conv.nir")
    write_nir(dense_network(), folder / "dense.nir")
    write_nir(residual_network(), folder / "residual.nir")
    nir.write(folder / "recurrent.nir", _recurrent())
    nir.write(folder / "foreign.nir", _foreign())


def _recurrent() -> nir.NIRGraph:
    """As Norse and snnTorch write a recurrent layer: a graph within the graph, and CubaLIF."""
    ones = np.ones(3)
    inner = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([3])}),
            "lif": nir.CubaLIF(0.01 * ones, 0.02 * ones, ones, 0 * ones, ones, 0 * ones),
            "w_rec": nir.Linear(np.eye(3)),
            "output": nir.Output({"output": np.array([3])}),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    return nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([2])}),
            "fc": nir.Affine(np.ones((3, 2)), np.zeros(3)),
            "rec": inner,
            "output": nir.Output({"output": np.array([3])}),
        },
        [("input", "fc"), ("fc", "rec"), ("rec", "output")],
        metadata={"dt": 1e-4, "writer": "someone"},
    )


def _foreign() -> nir.NIRGraph:
    return nir.NIRGraph.from_list(
        nir.Input(np.array([1, 6, 6])),
        nir.Conv2d((6, 6), np.ones((2, 1, 3, 3)), 1, 1, 1, 1, np.zeros(2)),
        nir.IF(np.ones((2, 6, 6)), np.ones((2, 6, 6)), np.zeros((2, 6, 6))),
        nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Flatten({"input": np.array([2, 3, 3])}, 0, -1),
        nir.Linear(np.ones((4, 18))),
    )


def _netx_files(folder: Path) -> None:
    write_netx(chain(1).readout(3).graph(4), folder / "spikes.net")
    write_netx(chain(2, "bias").graph(), folder / "bias.net")
    write_netx(chain(3, "graded").readout(2).graph(3), folder / "graded.net")
    loop = changed(DENSE, type=b"dense_rec", weight=np.full((3, 3), 2), weight_rec=np.ones((3, 3)))
    netx(folder / "foreign.net", INPUT, CONV, FLATTEN, DENSE, loop)


def _graph_files(folder: Path) -> None:
    write_graph_file(chain(1).readout(3).graph(4), folder / "chain.chip.h5")
    write_graph_file(diamond(1), folder / "diamond.chip.h5")
    write_graph_file(skip(1), folder / "skip.chip.h5")


def _onnx_files(folder: Path) -> None:
    write_onnx(conv_network(channels=(2, 3)), folder / "scan.onnx")
    write_step_onnx(residual_network(), folder / "step.onnx")
    write_onnx(dense_network(), folder / "dense.onnx")
    write_chip_onnx(chain(1).readout(3).graph(4), folder / "chip.onnx")


def _npz_files(folder: Path) -> None:
    rng = np.random.default_rng(1)
    np.savez(
        folder / "inputs.npz",
        inputs=rng.integers(0, 2, (6, 4, 5)).astype(np.uint8),
        chip_inputs=rng.integers(-9, 9, (6, 4, 5)),
    )
    write_samples(
        folder / "samples.npz",
        Samples(
            rng.random((6, 1, 4, 4)).astype(np.float32),
            rng.integers(0, 3, 6),
            rng.random((6, 3)),
            rng.integers(0, 2, (6, 16)),
        ),
    )
    write_schedule(dense_network(), folder / "schedule.npz")
    write_diagnostics(folder / "diagnostics.npz", random_diagnostics(epochs=1, steps=2))
    texts = np.array(["one", "two"])
    write_npz(
        folder / "mixed.npz", {"texts": texts, "by_column": np.asfortranarray(rng.random((3, 4)))}
    )


WRITERS: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "nir": _nir_files,
        "net": _netx_files,
        "chip.h5": _graph_files,
        "onnx": _onnx_files,
        "npz": _npz_files,
    }
)
