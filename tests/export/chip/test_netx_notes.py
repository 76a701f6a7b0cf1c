"""What Lava does to a file in silence: read as Lava runs it, and told by layer, field and value."""

from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import DenseProjection
from export.chip.netx_read import read_netx, read_netx_reported
from export.chip.netx_write import write_netx
from tests.foreign_netx import CONV, DENSE, INPUT, Spelling, changed, netx
from tests.same_graph import assert_equal_graph
from tests.small_chip_graphs import chain

BARE = {key: value for key, value in DENSE.items() if not key.startswith("neuron")}
FRACTIONS = np.full((3, 24), 2.0)
FRACTIONS[1, 5:7] = (-1.75, 0.25)

NOTES: dict[str, tuple[tuple[Spelling, ...], tuple[str, ...]]] = {
    "nothing": ((INPUT, CONV), ()),
    "refractory": (
        (changed(DENSE, neuron__refDelay=3),),
        ("layer 0, neuron, refDelay = 3: Lava ignores it and computes with 1.",),
    ),
    "exponent": (
        (changed(DENSE, neuron__wgtExp=-2),),
        ("layer 0, neuron, wgtExp = -2: Lava ignores it and computes with 0.",),
    ),
    "graded spikes": (
        (changed(DENSE, neuron__gradedSpike=True),),
        ("layer 0, neuron, gradedSpike = 1: Lava ignores it and computes with 0.",),
    ),
    "input block": (
        (changed(CONV, type=b"input", shape=[2, 4, 3], neuron__refDelay=2), CONV),
        ("layer 0, neuron, refDelay = 2: Lava ignores it and computes with 1.",),
    ),
    "fractions": (
        (changed(DENSE, weight=FRACTIONS, bias=[1.5, 2, 3]),),
        (
            "layer 0, weight = -1.75: Lava cuts it off to -1.",
            "layer 0, bias = 1.5: Lava cuts it off to 1.",
        ),
    ),
    "conv delay": (
        (INPUT, changed(CONV, delay=[0, 3, 1, 0])),
        ("layer 1, delay = 3: Lava ignores delays of convolutions.",),
    ),
    "wrapped biases": (
        (INPUT, changed(CONV, bias=[1, 40000, -40000, 65536])),
        ("layer 1, bias = 40000: Lava computes with -25536, and changes 2 more.",),
    ),
    "clamped delays": (
        (changed(DENSE, delay=[1, 99, 63]),),
        ("layer 0, delay = 99: Lava computes with 62, and changes 1 more.",),
    ),
    "clipped": (
        (changed(DENSE, weight=[[300, -2, 1]] * 3),),
        ("layer 0, weight = 300: Lava computes with 254, and changes 2 more.",),
    ),
    "zeroed": (
        (changed(DENSE, weight=[[300, 0, 1]] * 3),),
        ("layer 0, weight = 300: Lava computes with 0, and changes 5 more; no value is left.",),
    ),
    "corrupted": (
        (changed(DENSE, weight=[[-128, 0, -64], [0, 0, -2], [0, 0, 0]]),),
        ("layer 0, weight = -128: Lava computes with -127.",),
    ),
    "corrupted loop": (
        (
            changed(
                DENSE, type=b"dense_rec", weight=np.full((3, 4), 2), weight_rec=[[-4, -2, 0]] * 3
            ),
        ),
        ("layer 0, weight_rec = -4: Lava computes with -3, and changes 2 more.",),
    ),
    "unreachable": (
        (changed(DENSE, neuron__vThMant=[1, 2, 200000]),),
        (
            "layer 0, neuron, vThMant = 200000: v saturates below 131072, so in Lava these neurons "
            "never fire.",
        ),
    ),
    "default neurons": (
        (BARE,),
        (
            "layer 0, neuron = missing: netx puts iDecay 0, vDecay 4096 and vThMant 131072, which "
            "never fire.",
        ),
    ),
}


@pytest.mark.parametrize("case", NOTES.values(), ids=NOTES.keys())
def test_what_lava_changes_is_told(
    case: tuple[tuple[Spelling, ...], tuple[str, ...]], tmp_path: Path
) -> None:
    """One line each, which begins with the file."""
    layers, expected = case
    path = netx(tmp_path / "foreign.net", *layers)
    graph, notes = read_netx_reported(path)
    assert [str(note) for note in notes] == [f"{path}: {line}" for line in expected]
    assert_equal_graph(graph, read_netx(path))


def test_values_are_those_lava_computes_with(tmp_path: Path) -> None:
    """Wrapped, cut off, clamped, corrupted."""
    layer = changed(
        DENSE,
        weight=[[-128.9, 0, -64], [0, 0, -2], [0, 0, 0]],
        bias=[40000, -32769, 65536.7],
        delay=[[63, 62, 0.9]] * 3,
        neuron__vThMant=[7, 131072, 200000],
    )
    graph = read_netx(netx(tmp_path / "foreign.net", layer))
    (projection,) = graph.projections
    assert isinstance(projection, DenseProjection)
    assert projection.weight.tolist() == [[-127, 0, -64], [0, 0, -2], [0, 0, 0]]
    assert projection.delay is not None
    assert projection.delay.tolist() == [[62, 62, 0]] * 3
    assert graph.populations[0].bias.tolist() == [-25536, 32767, 0]
    assert graph.populations[0].threshold.tolist() == [7, 131072, 131072]


def test_our_own_files_need_no_note(tmp_path: Path) -> None:
    """What is written is what Lava runs."""
    write_netx(chain(3, "bias").dense(4, threshold=9, delay=3).graph(4), tmp_path / "chip.net")
    assert read_netx_reported(tmp_path / "chip.net")[1] == ()
