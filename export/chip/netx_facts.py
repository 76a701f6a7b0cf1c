"""What a run needs and neither netx nor a graph file has a field for: one JSON string.

It lies in the file's group `spikeport`. netx reads the group `layer` only, so that a chain stays
a plain netx file.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from export.chip.graph import HostEncoder, InputForm, Readout
from export.chip.limits import BIAS_MANT_MAX, STATE_LIMIT, TIME_STEPS_MAX

FACTS_FORMAT: Literal[1] = 1


def _printable(name: str) -> str:
    # Names stand in messages, which are one line, and in HDF5 texts, which end at a NUL.
    if not name or not name.isprintable():
        raise ValueError(f"name {name[:40]!a} is empty or isn't printable")
    return name


Name = Annotated[str, AfterValidator(_printable)]
"""Of a population or an external input."""


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputFacts(_Facts):
    """How samples enter: the form, and the name of the source or of the bias-driven population."""

    form: InputForm
    name: Name


class ResetFacts(_Facts):
    """How samples that follow each other are kept apart.

    `staggered`: layer l (counted from 0 over the layers with neurons; in a graph file the
    population's depth, see `export.chip.timing`) sets u = v = 0 just before chip step t when
    t mod interval = (offset + 1 + l) mod interval, which is netx's `reset_interval` and
    `reset_offset`.
    """

    rule: Literal["staggered"] = "staggered"
    interval: int = Field(ge=1)
    offset: Literal[0, 1]


class ReadoutFacts(_Facts):
    """How voltages of `population` become logits; see `export.chip.graph.Readout`.

    `weights` holds one weight per step, or null where all steps weigh the same; files written
    before there were weights lack the key.
    """

    population: Name
    volts_to_logit: float
    weights: tuple[float, ...] | None = None


class HostFacts(_Facts):
    """The host's share per sample, see `export.chip.graph.HostEncoder`.

    Files written before there were payloads lack the range: it was the bias mantissa's.
    """

    macs: int = Field(ge=0)
    scale: float
    lowest: int = Field(default=-BIAS_MANT_MAX, ge=-STATE_LIMIT, le=0)
    highest: int = Field(default=BIAS_MANT_MAX, ge=0, lt=STATE_LIMIT)


class RunFacts(_Facts):
    """The JSON under `spikeport/facts`.

    Args:
        format: version of this layout.
        spikeport: version of the tool that wrote it.
        input: how samples enter.
        populations: names of the layers that have neurons, in file order.
        time_steps: steps T that each population spends on one sample; None if not fixed.
        reset: how samples are kept apart; None without time_steps.
        readouts: empty when output spikes are all there is. Files written before a graph could
            have several hold one, or null, under the key `readout`.
        classes: class names in logit order.
        host: None when spikes enter directly.
    """

    format: Literal[1] = FACTS_FORMAT
    spikeport: str
    input: InputFacts
    populations: tuple[Name, ...]
    time_steps: int | None = Field(default=None, ge=1, le=TIME_STEPS_MAX)
    reset: ResetFacts | None = None
    readouts: tuple[ReadoutFacts, ...] = ()
    classes: tuple[str, ...] = ()
    host: HostFacts | None = None

    @model_validator(mode="before")
    @classmethod
    def _single_readout(cls, facts: Any) -> Any:
        if not isinstance(facts, dict) or "readout" not in facts:
            return facts
        if "readouts" in facts:
            raise ValueError("holds both readout and readouts")
        rest = {key: value for key, value in facts.items() if key != "readout"}
        single = facts["readout"]
        return rest | {"readouts": () if single is None else (single,)}

    @model_validator(mode="after")
    def _parts_agree(self) -> "RunFacts":
        if len(set(self.populations)) != len(self.populations):
            raise ValueError("populations holds a name twice")
        for readout in self.readouts:
            self._check_readout(readout)
        if (self.input.form == "bias") != (self.input.name in self.populations):
            raise ValueError(f"input '{self.input.name}' contradicts form '{self.input.form}'")
        self._check_reset()
        return self

    def _check_reset(self) -> None:
        found = None if self.reset is None else (self.reset.interval, self.reset.offset)
        offset = 0 if self.input.form == "bias" else 1
        expected = None if self.time_steps is None else (self.time_steps, offset)
        if found != expected:
            raise ValueError(
                f"reset (interval, offset) is {found}, but input form '{self.input.form}' with "
                f"time_steps {self.time_steps} needs {expected}"
            )

    def _check_readout(self, readout: ReadoutFacts) -> None:
        if readout.population not in self.populations:
            raise ValueError(f"readout population '{readout.population}' isn't in populations")
        if readout.weights is not None and len(readout.weights) != self.time_steps:
            raise ValueError(
                f"readout has {len(readout.weights)} weights for {self.time_steps} time_steps"
            )


def graph_readouts(facts: RunFacts) -> tuple[Readout, ...]:
    """The readouts as the chip graph holds them."""
    return tuple(Readout(r.population, r.volts_to_logit, r.weights) for r in facts.readouts)


def graph_host(facts: RunFacts) -> HostEncoder | None:
    """The host's share as the chip graph holds it."""
    host = facts.host
    return None if host is None else HostEncoder(host.macs, host.scale, host.lowest, host.highest)
