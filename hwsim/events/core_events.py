"""What happens on every core in every chip step: exact integers, summed over the samples."""

from dataclasses import dataclass

from export.chip.graph import IntArray
from hwsim.chips.chip import SynapseFormat


@dataclass(frozen=True)
class CoreEvents:
    """Events of all samples together, int64 [S, K]: S chip steps, K cores.

    One inference alone takes S = T + D chip steps, D the greatest depth: a population of depth d
    works on the sample in steps d + 1 .. d + T, and in the others its neurons are updated all the
    same. Pipelined, S = T: every population works in every step, on one sample or the next.

    Args:
        samples: how many inferences the counts cover.
        active_updates: neurons updated with state, input or bias.
        inactive_updates: neurons updated with none.
        spikes: neurons that fired.
        synops: format -> synaptic operations at the receiving core, counted as the chip counts
            that format.
        messages_out: at the sending core, one per fired neuron, projection and destination core.
        messages_in: at the receiving core; from the external input too.
        messages_in_tile: at the sending core, messages to a core of its own tile.
        hops_east_west: at the sending core, tiles passed along rows.
        hops_north_south: at the sending core, tiles passed along columns.
        chip_crossings: at the sending core, borders between chips passed.
        input_words: at the receiving core, biases written or input events sent to it.
        output_words: at the sending core, voltages (or, without readout, spikes) that the host
            reads.
        link_messages: int64 [S], messages on the busiest link between two tiles.
    """

    samples: int
    active_updates: IntArray
    inactive_updates: IntArray
    spikes: IntArray
    synops: dict[SynapseFormat, IntArray]
    messages_out: IntArray
    messages_in: IntArray
    messages_in_tile: IntArray
    hops_east_west: IntArray
    hops_north_south: IntArray
    chip_crossings: IntArray
    input_words: IntArray
    output_words: IntArray
    link_messages: IntArray

    @property
    def steps(self) -> int:
        """Chip steps S."""
        return int(self.spikes.shape[0])
