"""What every core of a population takes, given how it and its targets are cut."""

from collections.abc import Sequence

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.placement.formats import choose_format, wire
from hwsim.placement.grid import Grid
from hwsim.placement.wiring import Received

Parts = tuple[tuple[int, ...], ...]


class Demand:
    """Uses of cores by the populations of one network on one kind of chip.

    Input axons and synaptic memory of a core depend on its own population's grid alone, output
    axons on the targets' grids too. Everything is remembered, as a search asks the same again.

    Args:
        graph: the network.
        chip: its limits and formats.
        formats: per projection, how it is stored; None to choose the fewest bits.

    Raises:
        ChipError: the chip can't store a projection.
    """

    def __init__(
        self, graph: ChipGraph, chip: Chip, formats: tuple[SynapseFormat, ...] | None = None
    ) -> None:
        self.graph = graph
        self.chip = chip
        self.formats = formats or tuple(choose_format(graph, p, chip) for p in graph.projections)
        self.wirings = tuple(
            wire(graph, projection, form, chip)
            for projection, form in zip(graph.projections, self.formats, strict=True)
        )
        index = {population.name: i for i, population in enumerate(graph.populations)}
        self.ends = tuple((index.get(p.source), index[p.target]) for p in graph.projections)
        self._received: dict[tuple[int, Parts], Received] = {}
        self._sent: dict[tuple[int, Parts, Parts], IntArray] = {}

    def targets(self, index: int) -> tuple[int, ...]:
        """Populations that population `index` projects to, each once."""
        return tuple(sorted({target for source, target in self.ends if source == index}))

    def sources(self, index: int) -> tuple[int, ...]:
        """Populations that project to population `index`, each once."""
        found = {source for source, target in self.ends if target == index and source is not None}
        return tuple(sorted(found))

    def received(self, index: int, grid: Grid) -> Received:
        """What all projections onto population `index` take of its cores, [K] each."""
        key = index, grid.cuts
        if key not in self._received:
            own = [
                wiring.received(grid)
                for wiring, (_, target) in zip(self.wirings, self.ends, strict=True)
                if target == index
            ]
            nothing = np.zeros(grid.cores, dtype=np.int64)
            self._received[key] = Received(
                sum((one.input_axons for one in own), nothing),
                sum((one.synaptic_memory_bits for one in own), nothing),
                sum(one.messages for one in own),
            )
        return self._received[key]

    def output_axons(self, index: int, grids: Sequence[Grid]) -> IntArray:
        """[K] output axons of population `index`'s cores; only its and its targets' grids count."""
        total = np.zeros(grids[index].cores, dtype=np.int64)
        for number, (source, target) in enumerate(self.ends):
            if source == index:
                total = total + self._sent_by(number, grids[index], grids[target])
        return total

    def uses(self, index: int, grids: Sequence[Grid]) -> dict[str, IntArray]:
        """What of `USES` each core of population `index` takes, [K] each."""
        received = self.received(index, grids[index])
        return {
            "neurons": grids[index].neurons,
            "input_axons": received.input_axons,
            "output_axons": self.output_axons(index, grids),
            "synaptic_memory_bits": received.synaptic_memory_bits,
        }

    def limit(self, use: str) -> int:
        """How much of a resource a core has."""
        return int(getattr(self.chip.limits, f"{use}_per_core").value)

    def _sent_by(self, number: int, source: Grid, target: Grid) -> IntArray:
        key = number, source.cuts, target.cuts
        if key not in self._sent:
            self._sent[key] = self.wirings[number].sent(source, target)
        return self._sent[key]
