"""A neuromorphic chip as data: limits and per-event costs, each with its source and its grade."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from export.chip.graph import InputForm
from hwsim.chips.constant import Bound, Constant, Cost, Flag, Limit, Rate, Source, Table

SynapseFormat = Literal["dense", "sparse", "conv"]
FORMATS: tuple[SynapseFormat, ...] = get_args(SynapseFormat)
Bits = Annotated[int, Field(strict=True, ge=0)]
Point = tuple[
    Annotated[int, Field(strict=True, ge=1)],
    Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)],
]


class Inputs(Table):
    """Input forms that the chip takes."""

    forms: Constant[tuple[InputForm, ...]]


class Limits(Table):
    """How much there is of what; tiles lie in rows of `mesh_columns`, chips in one row."""

    neurons_per_core: Limit
    cores: Limit
    tiles: Limit
    cores_per_tile: Limit
    mesh_columns: Limit
    chips: Limit
    input_axons_per_core: Limit
    output_axons_per_core: Limit
    synaptic_memory_bits_per_core: Limit
    bias_bits: Limit

    @model_validator(mode="after")
    def _cores_have_tiles(self) -> Self:
        room = self.tiles.value * self.cores_per_tile.value
        if self.cores.value > room:
            raise ValueError(f"{self.cores.value} cores don't fit on tiles for {room}")
        return self


class Synapses(Table):
    """How the chip stores synapses and which of them a spike's synaptic operations count.

    Dense counts every stored weight, zeros included; sparse stores and counts non-zero ones.
    `conv_counts_zeros`: whether a shared convolution's zero weights count.
    """

    formats: Constant[tuple[SynapseFormat, ...]]
    conv_counts_zeros: Flag
    weight_bits: Constant[Annotated[tuple[Bits, ...], Field(min_length=1)]]
    delay_bits: Constant[Bits]


class EventEnergies(Table):
    """Joules per event.

    A neuron that is updated costs the active or the inactive price, a fired one `spike` on top.
    A message (one per fired neuron, projection and destination core) costs `message_out` at its
    core, `message_in` at its destination, and on its way either `message_in_tile` or its hops
    and chip crossings. An I/O word is one bias written, one voltage read, or one input event on its
    way to one core.
    """

    energy_per_synop_dense_j: Cost
    energy_per_synop_sparse_j: Cost
    energy_per_synop_conv_j: Cost
    energy_per_update_active_j: Cost
    energy_per_update_inactive_j: Cost
    energy_per_spike_j: Cost
    energy_per_message_out_j: Cost
    energy_per_message_in_j: Cost
    energy_per_message_in_tile_j: Cost
    energy_per_hop_east_west_j: Cost
    energy_per_hop_north_south_j: Cost
    energy_per_chip_crossing_j: Cost
    energy_per_io_word_j: Cost


class Barrier(Table):
    """Seconds of the barrier at the end of a step, by the number of tiles (or chips) in use.

    `linear`: on straight lines through the points, the last one's value beyond; `step`: the value
    of the largest number not above the one in use.
    """

    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    between: Literal["linear", "step"]

    @model_validator(mode="after")
    def _grows(self) -> Self:
        for (n, seconds), (more, longer) in zip(self.points, self.points[1:], strict=False):
            if more <= n or longer < seconds:
                raise ValueError(f"points [{n}, {seconds}] and [{more}, {longer}] don't grow")
        return self

    def at(self, number: int) -> float:
        """Seconds for so many tiles (chips)."""
        first, last = self.points[0], self.points[-1]
        if number <= first[0]:
            return first[1]
        if number >= last[0]:
            return last[1]
        below = max(point for point in self.points if point[0] <= number)
        above = min(point for point in self.points if point[0] > number)
        if self.between == "step":
            return below[1]
        return below[1] + (above[1] - below[1]) * (number - below[0]) / (above[0] - below[0])


class EventLatencies(Table):
    """Seconds per event on the core where it happens.

    `work`: `serial` if a core's events of a step follow one another; `overlapped` if receiving
    (messages in, synaptic operations) runs beside sending (updates, spikes, messages out).
    `barrier_factor` multiplies both barriers: its range says how far they may be off.
    """

    work: Constant[Literal["serial", "overlapped"]]
    latency_per_synop_dense_s: Cost
    latency_per_synop_sparse_s: Cost
    latency_per_synop_conv_s: Cost
    latency_per_update_active_s: Cost
    latency_per_update_inactive_s: Cost
    latency_per_spike_s: Cost
    latency_per_message_out_s: Cost
    latency_per_message_in_s: Cost
    latency_per_hop_east_west_s: Cost
    latency_per_hop_north_south_s: Cost
    link_messages_per_s: Rate
    barrier: Constant[Barrier]
    barrier_factor: Cost
    barrier_chips: Constant[Barrier]


class StaticPower(Table):
    """Watts while an inference runs.

    A core in use leaks `static_power_per_core_w`; a chip as a whole, cores included, leaks
    `static_power_per_chip_w`, and its embedded processors take `embedded_power_per_chip_w`.
    """

    static_power_per_core_w: Cost
    static_power_per_chip_w: Cost
    embedded_power_per_chip_w: Cost

    @model_validator(mode="after")
    def _chip_holds_its_cores(self) -> Self:
        if self.static_power_per_chip_w.value < self.static_power_per_core_w.value:
            raise ValueError("static_power_per_chip_w is less than one core's")
        return self


class Host(Table):
    """Joules per multiply-accumulate of the computer beside the chip."""

    energy_per_mac_j: Cost


INVERSE = ("link_messages_per_s",)
"""Of these the greater value is the cheaper: the high end of the estimate takes the low one."""

OPPOSITE: dict[Bound, Bound] = {"low": "high", "nominal": "nominal", "high": "low"}

COSTS = ("energy", "latency", "power", "host")
SECTIONS = ("inputs", "limits", "synapses", *COSTS)


class Chip(Table):
    """One chip: what fits on it and what its events cost."""

    name: str
    title: str
    summary: str
    sources: Mapping[str, Source]
    inputs: Inputs
    limits: Limits
    synapses: Synapses
    energy: EventEnergies
    latency: EventLatencies
    power: StaticPower
    host: Host

    def constants(self) -> Iterator[tuple[str, Constant[Any]]]:
        """Every limit and cost with its key, in file order."""
        for section in SECTIONS:
            table = getattr(self, section)
            for key in type(table).model_fields:
                yield key, getattr(table, key)

    @staticmethod
    def end(key: str, which: Bound) -> Bound:
        """Which end of a constant's range belongs to that end of the estimate."""
        return OPPOSITE[which] if key in INVERSE else which

    def at(self, which: Bound, only: str | None = None) -> "Chip":
        """The chip with its costs at one end of their ranges: all of them, or the key `only`."""
        changed = {}
        for section in COSTS:
            table = getattr(self, section)
            ends = {
                key: constant.model_copy(update={"value": constant.bound(self.end(key, which))})
                for key in type(table).model_fields
                if (constant := getattr(table, key)).has_range and only in (None, key)
            }
            changed[section] = table.model_copy(update=ends)
        return self.model_copy(update=changed)
