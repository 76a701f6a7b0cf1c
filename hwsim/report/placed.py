"""Where a network lies on the chip: cores, what they hold, what binds, what doesn't fit."""

from hwsim.report.chip_cost import TermEnergy
from hwsim.report.fields import Count, NonNegative, ReportTable


class Excess(ReportTable):
    """A limit that the network breaks, and what would help."""

    limit: str
    used: Count
    allowed: Count
    advice: str = ""


class ChipUse(ReportTable):
    """The chip and how much of it the network takes.

    Args:
        name: of the chip.
        title: for people.
        summary: where its costs come from.
        cores: of one chip.
        cores_used: over all chips.
        tiles_used: likewise.
        chips_used: how many chips the cores lie on.
        mesh_columns: tiles in a row of a chip.
        mesh_rows: rows of tiles of a chip.
        cores_per_tile: cores of a tile.
        objective: what the placement was chosen for.
        fits: whether no limit is exceeded.
        excesses: those that are.
    """

    name: str
    title: str
    summary: str
    cores: Count
    cores_used: Count
    tiles_used: Count
    chips_used: Count
    mesh_columns: Count
    mesh_rows: Count
    cores_per_tile: Count
    objective: str
    fits: bool
    excesses: tuple[Excess, ...] = ()


class CoreRow(ReportTable):
    """One core in use; counts are means per inference.

    Args:
        core: number, from 0.
        layer: whose neurons it holds.
        chip: which chip it lies on, from 0.
        tile: on that chip.
        column: of the tile, on its own chip.
        row: of the tile.
        neurons: on the core.
        input_axons: taken.
        output_axons: taken.
        synaptic_memory_bits: taken.
        spikes: sent.
        synops: done.
        messages_out: sent.
        messages_in: received.
        busy_s: time at work in one inference.
        energy_j: by term.
    """

    core: Count
    layer: str
    chip: Count
    tile: Count
    column: Count
    row: Count
    neurons: Count
    input_axons: Count
    output_axons: Count
    synaptic_memory_bits: Count
    spikes: NonNegative
    synops: NonNegative
    messages_out: NonNegative
    messages_in: NonNegative
    busy_s: NonNegative
    energy_j: TermEnergy


class Use(ReportTable):
    """The fullest core of a layer in one resource."""

    resource: str
    used: Count
    limit: Count

    @property
    def share(self) -> float:
        """Used / limit."""
        return self.used / self.limit


class FitRow(ReportTable):
    """How a layer lies on the chip.

    Args:
        layer: its name.
        cores: that hold it.
        parts: how many parts each axis of its shape is cut into.
        formats: of the synapses onto it.
        uses: of its fullest core, one per resource.
        binds: the resource that keeps the layer from fewer cores.
    """

    layer: str
    cores: Count
    parts: tuple[int, ...]
    formats: tuple[str, ...]
    uses: tuple[Use, ...]
    binds: str
