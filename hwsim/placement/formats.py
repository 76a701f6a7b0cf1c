"""In which of the chip's formats the synapses of each projection are stored."""

import numpy as np

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Projection
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.errors import ChipError
from hwsim.placement.conv_wiring import SharedConvWiring, SparseConvWiring
from hwsim.placement.dense_wiring import DenseWiring
from hwsim.placement.grid import Grid
from hwsim.placement.memory import weight_width
from hwsim.placement.wiring import Wiring


def choose_format(graph: ChipGraph, projection: Projection, chip: Chip) -> SynapseFormat:
    """The chip's format in which the projection takes the fewest bits.

    It is judged once, on the uncut target with target indices for one full core, so that it
    doesn't depend on the cut. All-to-all synapses are stored dense or sparse; a convolution as
    shared kernels or sparse, a delayed one always sparse, as shared kernels know no delays.

    Raises:
        ChipError: the chip has no format for it.
    """
    formats = [form for form in _possible(projection) if form in chip.synapses.formats.value]
    if not formats:
        raise ChipError(
            f"chip '{chip.name}', {label(projection)}: takes format "
            f"{' or '.join(_possible(projection))}, and the chip has "
            f"{', '.join(chip.synapses.formats.value)}. Choose another chip."
        )
    if len(formats) == 1:
        return formats[0]
    shape = graph.population(projection.target).shape
    whole = Grid.even(shape, (1,) * len(shape))

    def bits(form: SynapseFormat) -> int:
        taken = wire(graph, projection, form, chip).received(whole)
        return int(taken.synaptic_memory_bits.sum())

    return min(formats, key=bits)


def wire(graph: ChipGraph, projection: Projection, form: SynapseFormat, chip: Chip) -> Wiring:
    """What the projection takes of cores, stored in that format."""
    source = graph.source_shape(projection.source)
    width = weight_width(projection.weight, chip.synapses.weight_bits.value)
    widths = width, chip.synapses.delay_bits.value if is_delayed(projection) else 0
    core_neurons = chip.limits.neurons_per_core.value
    if isinstance(projection, DenseProjection):
        return DenseWiring(projection, source, widths, core_neurons, sparse=form == "sparse")
    if form == "conv":
        return SharedConvWiring(projection, source, width, core_neurons)
    return SparseConvWiring(projection, source, widths, core_neurons)


def is_delayed(projection: Projection) -> bool:
    """Whether any synapse has a delay of its own."""
    return projection.delay is not None and bool(np.any(projection.delay))


def _possible(projection: Projection) -> tuple[SynapseFormat, ...]:
    if isinstance(projection, ConvProjection):
        return ("sparse",) if is_delayed(projection) else ("conv", "sparse")
    return "dense", "sparse"
