"""What a run needs and netx has no field for: one JSON string in the file's group `spikeport`.

netx reads the group `layer` only, so the file stays a plain netx file.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from export.chip.graph import ChipGraph, HostEncoder, InputForm, Readout

FACTS_GROUP = "spikeport"
FACTS_DATASET = "facts"


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputFacts(_Facts):
    """How samples enter: the form, and the name of the source or of the bias-driven population."""

    form: InputForm
    name: str


class ResetFacts(_Facts):
    """How samples that follow each other are kept apart.

    `staggered`: layer l (counted from 0 over the layers with neurons) sets u = v = 0 just before
    chip step t when t mod interval = (offset + 1 + l) mod interval, which is netx's
    `reset_interval` and `reset_offset`.
    """

    rule: Literal["staggered"] = "staggered"
    interval: int = Field(ge=1)
    offset: Literal[0, 1]


class ReadoutFacts(_Facts):
    """How voltages of `population` become logits; see `export.chip.graph.Readout`.

    `weights` holds one weight per step, or null where all steps weigh the same; files written
    before there were weights lack the key.
    """

    population: str
    volts_to_logit: float
    weights: tuple[float, ...] | None = None


class HostFacts(_Facts):
    """The host's share per sample: multiply-accumulates, and currents to bias mantissas."""

    macs: int = Field(ge=0)
    scale: float


class RunFacts(_Facts):
    """The JSON under `spikeport/facts`.

    Args:
        format: version of this layout.
        spikeport: version of the tool that wrote it.
        input: how samples enter.
        populations: names of the layers that have neurons, in file order.
        time_steps: steps T that each population spends on one sample; None if not fixed.
        reset: how samples are kept apart; None without time_steps.
        readout: None when output spikes are all there is.
        classes: class names in logit order.
        host: None when spikes enter directly.
    """

    format: Literal[1] = 1
    spikeport: str
    input: InputFacts
    populations: tuple[str, ...]
    time_steps: int | None = Field(default=None, ge=1)
    reset: ResetFacts | None = None
    readout: ReadoutFacts | None = None
    classes: tuple[str, ...] = ()
    host: HostFacts | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> "RunFacts":
        if len(set(self.populations)) != len(self.populations):
            raise ValueError("populations holds a name twice")
        if self.readout is not None and self.readout.population not in self.populations:
            raise ValueError(f"readout population '{self.readout.population}' isn't in populations")
        if self.readout is not None and self.readout.weights is not None:
            given = len(self.readout.weights)
            if given != self.time_steps:
                raise ValueError(f"readout has {given} weights for {self.time_steps} time_steps")
        if (self.input.form == "bias") != (self.input.name in self.populations[:1]):
            raise ValueError(f"input '{self.input.name}' contradicts form '{self.input.form}'")
        return self


def facts_of(graph: ChipGraph, populations: tuple[str, ...]) -> RunFacts:
    """The facts of a graph whose chain holds `populations` in this order."""
    offset: Literal[0, 1] = 0 if graph.input.form == "bias" else 1
    return RunFacts(
        spikeport=_own_version(),
        input=InputFacts(form=graph.input.form, name=graph.input.name),
        populations=populations,
        time_steps=graph.time_steps,
        reset=(
            None
            if graph.time_steps is None
            else ResetFacts(interval=graph.time_steps, offset=offset)
        ),
        readout=(
            None
            if graph.readout is None
            else ReadoutFacts(
                population=graph.readout.population,
                volts_to_logit=graph.readout.volts_to_logit,
                weights=graph.readout.weights,
            )
        ),
        classes=graph.classes,
        host=None
        if graph.host is None
        else HostFacts(macs=graph.host.macs, scale=graph.host.scale),
    )


def graph_readout(facts: RunFacts) -> Readout | None:
    """The readout as the chip graph holds it."""
    stored = facts.readout
    if stored is None:
        return None
    return Readout(stored.population, stored.volts_to_logit, stored.weights)


def graph_host(facts: RunFacts) -> HostEncoder | None:
    """The host's share as the chip graph holds it."""
    return None if facts.host is None else HostEncoder(facts.host.macs, facts.host.scale)


def _own_version() -> str:
    try:
        return version("spikeport")
    except PackageNotFoundError:
        return "not installed"
