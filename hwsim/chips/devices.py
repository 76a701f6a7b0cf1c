"""Reference devices: energies per operation, without limits, placement or mesh."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from hwsim.chips.constant import Constant, Cost, Flag, Limit, Source, Table
from hwsim.chips.load import load_described
from hwsim.errors import ChipError

DEVICES = {
    "cmos45-float32": "cmos45-float32.toml",
    "cmos45-int8": "cmos45-int8.toml",
    "cmos45-memory": "cmos45-memory.toml",
    "spinnaker1": "spinnaker1.toml",
    "spinnaker2": "spinnaker2.toml",
    "truenorth": "truenorth.toml",
    "cpu-i7-4960x": "cpu-i7-4960x.toml",
    "gpu-titan-black": "gpu-titan-black.toml",
    "arm-cortex-a": "arm-cortex-a.toml",
}
"""Devices that ship as package data in hwsim/chips; any other is a .toml file of the user's."""

SizePoint = tuple[
    Annotated[int, Field(strict=True, ge=0)],
    Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)],
]


class OperationEnergies(Table):
    """Joules per counted operation.

    Args:
        energy_per_synop_j: one synapse hit by one spike.
        energy_per_update_j: one neuron in one time step; 0 where the source doesn't count it.
        energy_per_mac_j: one multiply-accumulate of a conventional network; None where the
            device runs none.
        includes_static: whether static power is within these joules, so that it isn't added.
        tick_s: the real-time step that the device keeps to; None where it has none.
        chip_power_w: of one chip at work, which the high end doesn't go below for the time of
            its ticks; None where it isn't known.
    """

    energy_per_synop_j: Cost
    energy_per_update_j: Cost
    energy_per_mac_j: Cost | None = None
    includes_static: Flag
    tick_s: Cost | None = None
    chip_power_w: Cost | None = None


class MemoryModel(Table):
    """What memory accesses cost by the size of the memory (Lemaire et al. 2022).

    Args:
        access_energies: points (bytes, joules) of one read or write, sizes growing.
        access_bits: width of that access.
        acc_j: one integer addition.
        mac_j: one integer multiply-accumulate.
    """

    access_energies: Constant[Annotated[tuple[SizePoint, ...], Field(min_length=2)]]
    access_bits: Limit
    acc_j: Cost
    mac_j: Cost

    @model_validator(mode="after")
    def _sizes_grow(self) -> Self:
        for (size, energy), (larger, more) in pairwise(self.access_energies.value):
            if larger <= size or more < energy:
                raise ValueError(
                    f"access_energies: [{size}, {energy}] and [{larger}, {more}] don't grow"
                )
        return self

    def access_j(self, size_bytes: float) -> float:
        """Joules of one access to a memory of so many bytes.

        Straight lines between the points: E = E0 + (E1 - E0) (size - size0) / (size1 - size0).
        Beyond the last point its line goes on, which is assumed, not published: the source ends
        there, and a memory that costs no more however large would flatter large networks. Below
        the first point its value holds.

        Raises:
            ChipError: the size is negative or not a number.
        """
        if not size_bytes >= 0:
            raise ChipError(f"memory size {size_bytes} bytes: must be 0 or more. Correct the size.")
        points = self.access_energies.value
        if size_bytes <= points[0][0]:
            return points[0][1]
        lines = list(pairwise(points))
        (size, energy), (larger, more) = next(
            (line for line in lines if size_bytes <= line[1][0]), lines[-1]
        )
        return energy + (more - energy) * (size_bytes - size) / (larger - size)


class Device(Table):
    """A device that is priced by plain operation counts.

    Args:
        name: as in `DEVICES`.
        title: for readers.
        summary: one line for `spikeport list devices`.
        scope: what the energies cover and what they leave out.
        sources: key -> citation.
        energy: joules per operation.
        memory: joules per memory access, where the device has such a model.
    """

    name: str
    title: str
    summary: str
    scope: Annotated[str, Field(min_length=1)]
    sources: Mapping[str, Source]
    energy: OperationEnergies
    memory: MemoryModel | None = None

    def constants(self) -> Iterator[tuple[str, Constant[Any]]]:
        """Every number with its key, in file order; those that the device lacks are left out."""
        for table in (self.energy, self.memory):
            for key in type(table).model_fields if table is not None else ():
                constant = getattr(table, key)
                if constant is not None:
                    yield key, constant


def load_device(name_or_path: str | Path) -> Device:
    """Reads a device that ships with the tool, by name, or the user's own, by path to a .toml file.

    Raises:
        ChipError: no such device or file, or the description has faults: all of them in one line.
    """
    return load_described(name_or_path, DEVICES, Device, "device")
