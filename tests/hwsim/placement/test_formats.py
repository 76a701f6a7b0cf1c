"""Which format a projection is stored in: the one that takes the fewest bits."""

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection, Projection
from hwsim.chips.chip import Chip
from hwsim.errors import ChipError
from hwsim.placement.formats import choose_format
from tests.cost_example import population
from tests.placement_networks import LOIHI1

KERNEL = np.ones((4, 4, 3, 3), dtype=np.int64)


def chosen(projection: Projection, chip: Chip = LOIHI1) -> str:
    shape = (4, 8, 8) if isinstance(projection, ConvProjection) else (len(projection.weight),)
    source = (4, 8, 8) if len(shape) == 3 else (projection.weight.shape[1],)
    graph = ChipGraph(ChipInput("x", "spikes", source), (population("b", shape),), (projection,))
    return choose_format(graph, projection, chip)


def weights(targets: int, nonzero: int) -> Projection:
    """Columns with so many weights of 8 bits."""
    weight = np.zeros((targets, 10), dtype=np.int64)
    weight[:nonzero] = 255
    return DenseProjection("x", "b", weight)


def only_formats(*formats: str) -> Chip:
    constant = LOIHI1.synapses.formats.model_copy(update={"value": formats})
    return LOIHI1.model_copy(
        update={"synapses": LOIHI1.synapses.model_copy(update={"formats": constant})}
    )


@pytest.mark.parametrize(
    ("nonzero", "form"), [(256, "dense"), (132, "dense"), (131, "sparse"), (1, "sparse")]
)
def test_sparse_weights_pay_for_their_indices(nonzero: int, form: str) -> None:
    """256 targets take 2304 bits dense; sparse 1088 for each 64 of 8 + 8 bits, then whole words.

    131: 2 * 1088 + 64 (3 * 16 + 10 = 58 bits) = 2240. 132: 2 * 1088 + 128 (74 bits) = 2304, a tie.
    """
    assert chosen(weights(256, nonzero)) == form


def test_equal_bits_are_stored_dense() -> None:
    """One target: no index bits, one word either way."""
    assert chosen(weights(1, 1)) == "dense"


def test_convolutions_share_their_kernels() -> None:
    assert chosen(ConvProjection("x", "b", KERNEL, padding=(1, 1))) == "conv"


def test_delayed_convolution_is_written_out() -> None:
    assert chosen(ConvProjection("x", "b", KERNEL, padding=(1, 1), delay=1)) == "sparse"


def test_chip_without_a_format_says_so() -> None:
    conv = ConvProjection("x", "b", KERNEL, padding=(1, 1))
    assert chosen(conv, only_formats("dense", "sparse")) == "sparse"
    with pytest.raises(ChipError, match="takes format conv or sparse, and the chip has dense"):
        chosen(conv, only_formats("dense"))
