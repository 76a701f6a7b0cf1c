"""A neuromorphic chip as data: limits and per-event costs, each with its source and its grade."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from export.chip.graph import InputForm
from hwsim.errors import ChipError

CHIPS = {
    "loihi1": "loihi1.toml",
    "loihi2": "loihi2.toml",
}
"""Chips that ship as package data in hwsim/chips; any other is a .toml file of the user's."""

MAX_FILE_BYTES = 1 << 20
"""A chip description is a page of text; anything larger isn't one."""

Grade = Literal["published", "measured", "derived", "assumed"]
Value = TypeVar("Value")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(_Table, Generic[Value]):
    """One value with its pedigree.

    Args:
        value: in the SI unit that ends its key, or a plain count.
        source: key of the chip's [sources].
        grade: published by the maker, measured on silicon, derived from those, or assumed.
        note: what a reader of the number must know.
    """

    value: Value
    source: str
    grade: Grade
    note: str = ""


Limit = Constant[Annotated[int, Field(strict=True, ge=1)]]
Cost = Constant[Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]]


class Inputs(_Table):
    """Input forms that the chip takes."""

    forms: Constant[tuple[InputForm, ...]]


class Limits(_Table):
    """How much there is of what; tiles lie in rows of `mesh_columns`."""

    neurons_per_core: Limit
    cores: Limit
    tiles: Limit
    cores_per_tile: Limit
    mesh_columns: Limit
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


class EventEnergies(_Table):
    """Joules per event; a message is a spike to one core of the same tile, else its hops count."""

    energy_per_synop_j: Cost
    energy_per_update_active_j: Cost
    energy_per_update_inactive_j: Cost
    energy_per_message_j: Cost
    energy_per_hop_east_west_j: Cost
    energy_per_hop_north_south_j: Cost


class EventLatencies(_Table):
    """Seconds per event, and of the barrier that ends a step for a number of tiles in use."""

    latency_per_synop_s: Cost
    latency_per_update_active_s: Cost
    latency_per_update_inactive_s: Cost
    latency_per_message_s: Cost
    latency_per_hop_east_west_s: Cost
    latency_per_hop_north_south_s: Cost
    latency_barrier_min_s: Cost
    latency_barrier_max_s: Cost
    barrier_min_tiles: Limit
    barrier_max_tiles: Limit

    @model_validator(mode="after")
    def _barrier_grows(self) -> Self:
        if self.barrier_max_tiles.value <= self.barrier_min_tiles.value:
            raise ValueError("barrier_max_tiles must be greater than barrier_min_tiles")
        if self.latency_barrier_max_s.value < self.latency_barrier_min_s.value:
            raise ValueError("latency_barrier_max_s must not be less than latency_barrier_min_s")
        return self


class StaticPower(_Table):
    """Watts that a core leaks while it is in use."""

    static_power_per_core_w: Cost


class Host(_Table):
    """Joules per multiply-accumulate of the computer beside the chip."""

    energy_per_mac_j: Cost


class Chip(_Table):
    """One chip: what fits on it and what its events cost."""

    name: str
    title: str
    summary: str
    sources: dict[str, str]
    inputs: Inputs
    limits: Limits
    energy: EventEnergies
    latency: EventLatencies
    power: StaticPower
    host: Host

    def constants(self) -> Iterator[tuple[str, Constant[Any]]]:
        """Every limit and cost with its key, in file order."""
        for section in (self.inputs, self.limits, self.energy, self.latency, self.power, self.host):
            for key in type(section).model_fields:
                yield key, getattr(section, key)


def load_chip(name_or_path: str | Path) -> Chip:
    """Reads a chip that ships with the tool, by name, or the user's own, by path to a .toml file.

    Raises:
        ChipError: no such chip or file, or the description has faults: all of them in one line.
    """
    file = _find(name_or_path)
    description = _parse(file)
    faults = [*_source_faults(description)]
    try:
        chip = Chip.model_validate(description)
    except ValidationError as error:
        faults = [*_shape_faults(error), *faults]
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise ChipError(f"{file}: {count}: {'; '.join(faults)}. Correct the chip file.")
    return chip


def _find(name_or_path: str | Path) -> Traversable:
    if str(name_or_path) in CHIPS:
        return resources.files("hwsim.chips").joinpath(CHIPS[str(name_or_path)])
    path = Path(name_or_path)
    if path.suffix != ".toml":
        known = ", ".join(CHIPS)
        raise ChipError(f"chip '{name_or_path}': unknown. Known: {known}; or name a .toml file.")
    if not path.is_file():
        raise ChipError(f"{path}: no such file. Name an existing chip .toml file.")
    return path


def _parse(file: Traversable) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ChipError(f"{file}: larger than {MAX_FILE_BYTES} bytes. Name a chip .toml file.")
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChipError(f"{file}: isn't TOML ({error}). Correct the chip file.") from error
    except OSError as error:
        raise ChipError(f"{file}: can't be read ({error.strerror}). Check the file.") from error


def _shape_faults(error: ValidationError) -> Iterator[str]:
    wording = {"missing": "is missing", "extra_forbidden": "unknown key"}
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        yield f"{place}: {wording.get(fault['type'], fault['msg'])}"


def _source_faults(table: dict[str, Any]) -> Iterator[str]:
    """Constants whose source is no key of [sources], found even where other faults stand."""
    sources = table.get("sources")
    known = set(sources) if isinstance(sources, dict) else set()
    for section, entries in table.items():
        if section == "sources" or not isinstance(entries, dict):
            continue
        for key, constant in entries.items():
            source = constant.get("source") if isinstance(constant, dict) else None
            if isinstance(source, str) and source not in known:
                yield f"{section}.{key}.source: '{source}' isn't a key of [sources]"
