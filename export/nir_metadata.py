"""What a frozen network must say and NIR has no field for: one JSON string in the metadata."""

from typing import Literal

import nir
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from export.errors import InvalidGraph

METADATA_KEY = "spikeport"
NOMINAL_DT_S = 1e-4
"""snnTorch's importer has this step built in, so a portable file must use it."""

MAX_TIME_STEPS = 1 << 20
"""Steps are allocated for, so a damaged file must not ask for more than anyone runs."""


ResetRule = Literal["zero", "subtract", "subtract-delayed", "subtract-multi"]
"""What a spike does to the membrane; see FrozenFacts."""


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputFacts(_Facts):
    """How samples enter.

    Args:
        form: `static` (one array per sample, shown at every step) or `sequence` ([T, ...]).
        shape: of one sample at one step, e.g. (C, H, W).
        scale: factor already applied to the raw data (x / max), for the record.
    """

    form: Literal["static", "sequence"]
    shape: tuple[int, ...]
    scale: float = 1.0


class ReadoutFacts(_Facts):
    """logits = (1/T) * sum over t of weights[t] * output[t]; weights None means all ones."""

    rule: Literal["mean"] = "mean"
    weights: tuple[float, ...] | None = None


class AdaptationFacts(_Facts):
    """A threshold that follows each neuron's own spikes, in units of the constant part.

        theta[t] / theta[0] = 1 + beta a[t] ;   a[0] = 0 ;   a[t+1] = rho a[t] + (1 - rho) s[t]

    Args:
        beta: rise per unit of a.
        rho: decay of a per step.
    """

    beta: float = Field(ge=0)
    rho: float = Field(ge=0, lt=1)


class ThresholdFacts(_Facts):
    """Where a layer's threshold came from, before rescaling to 1.

    Args:
        strategy: how it became constant; `schedule` if it didn't: then the node's threshold at
            step t is v_threshold * per_step[t] / value. The last step's repeats.
        value: the constant, which v_threshold stands for.
        per_step: the trained network's, in the same units.
        adaptation: of a threshold that rises with the neuron's own spikes; None for none.
    """

    strategy: str
    value: float
    per_step: tuple[float, ...]
    adaptation: AdaptationFacts | None = None

    @property
    def is_constant(self) -> bool:
        """Whether NIR and the chip can hold it."""
        varies = self.strategy == "schedule" and len(set(self.per_step)) > 1
        return not varies and self.adaptation is None


class FrozenFacts(_Facts):
    """The JSON under metadata key `spikeport` of a frozen network's NIR graph.

    Args:
        format: version of this layout.
        spikeport: version of the tool that wrote it.
        dt_s: step of the forward-Euler discretisation, seconds (nominal).
        time_steps: T.
        input: how samples enter.
        readout: how the outputs of T steps become logits.
        discretization: the update rule in words.
        reset: what a spike does to the membrane.
        classes: class names in logit order.
        method: training methods.
        thresholds: per LIF node, where its threshold came from.
        decay_4096: per LIF node, the membrane decay factor in 4096ths.
        modules: per NIR node, the torch module it came from.
        checkpoint_sha256: hash of the checkpoint the network was frozen from.
        resets: per spiking node, what a spike does where that isn't a hard reset; only the
            executor runs those. `zero`: v <- v_reset. `subtract`: v <- v - v_threshold in the same
            step. `subtract-delayed`: the next step's v has v_threshold less. `subtract-multi`:
            floor(v / v_threshold) spikes in one step, each of which subtracts.
    """

    format: Literal[1] = 1
    spikeport: str
    dt_s: float = Field(default=NOMINAL_DT_S, gt=0)
    time_steps: int = Field(ge=1, le=MAX_TIME_STEPS)
    input: InputFacts
    readout: ReadoutFacts = ReadoutFacts()
    discretization: str = "forward Euler: v += dt/tau * ((v_leak - v) + r*I), then v > v_threshold"
    reset: Literal["zero"] = "zero"
    classes: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    thresholds: dict[str, ThresholdFacts] = {}
    decay_4096: dict[str, int] = {}
    modules: dict[str, str] = {}
    checkpoint_sha256: str | None = None
    resets: dict[str, ResetRule] = {}

    @property
    def moving_thresholds(self) -> tuple[str, ...]:
        """LIF nodes whose threshold changes with time, which NIR has no field for."""
        return tuple(name for name, facts in self.thresholds.items() if not facts.is_constant)


def attach_facts(graph: nir.NIRGraph, facts: FrozenFacts) -> None:
    """Writes the facts into the graph's metadata."""
    graph.metadata = {METADATA_KEY: facts.model_dump_json()}


def read_facts(graph: nir.NIRGraph) -> FrozenFacts:
    """Reads the facts back.

    Raises:
        InvalidGraph: the graph carries none (it was written by another tool), or damaged ones.
    """
    metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
    text = metadata.get(METADATA_KEY)
    if isinstance(text, np.ndarray) and text.size == 1:
        text = text.item()
    if text is None:
        raise InvalidGraph(
            "NIR graph: no metadata 'spikeport' (time steps, input form, readout), so it was "
            "written by another tool. Freeze the network with `spikeport export`."
        )
    if not isinstance(text, str | bytes):
        raise InvalidGraph(
            f"NIR graph, metadata 'spikeport': holds {type(text).__name__}, expected JSON text. "
            "Export the network again."
        )
    try:
        return FrozenFacts.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "JSON"
        raise InvalidGraph(
            f"NIR graph, metadata 'spikeport', {where}: {fault['msg']}. Export the network again."
        ) from error
