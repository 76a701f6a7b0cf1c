"""report.json: what a network needs, how well it still works, and what the chip would cost.

Energies in joules and times in seconds, per inference, mean over the simulated samples. Every
energy and every time is an estimate; accuracies and event counts were measured.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwsim.chip import Grade

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Fact = str | int | float | bool | None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Network(_Table):
    """Size of the network on the chip; `synapses` counts stored connections, zeros included."""

    neurons: Count
    synapses: Count
    time_steps: Count


class Accuracy(_Table):
    """Share of test samples classified right at each stage; None where it wasn't measured."""

    trained: Share | None = None
    frozen: Share | None = None
    chip: Share | None = None
    samples: Count | None = None


class TermEnergy(_Table):
    """The terms that belong to a layer and a step, joules."""

    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative


class Layer(_Table):
    """One population, per inference.

    Args:
        name: population's name in the chip graph.
        shape: of the population.
        neurons: how many.
        depth: chip steps behind the first population.
        spikes_per_inference: neurons that fired, over all steps.
        spike_rate: spikes / neurons / T.
        spikes_per_step: [T] mean spikes in each step of the layer's own window.
        synops_per_inference: stored synapses hit by arriving spikes.
        messages_per_inference: spikes times destination cores.
        cores: that hold the layer.
        synapses_in: stored connections onto the layer.
        saturations: neuron steps whose membrane was clipped to 24 bits, all samples.
        wraps: neuron steps whose current left 24 bits, all samples.
        energy_j: the layer's share of each term.
    """

    name: str
    shape: tuple[int, ...]
    neurons: Annotated[int, Field(ge=1)]
    depth: Count
    spikes_per_inference: NonNegative
    spike_rate: NonNegative
    spikes_per_step: tuple[NonNegative, ...]
    synops_per_inference: NonNegative
    messages_per_inference: NonNegative
    cores: Count
    synapses_in: Count
    saturations: Count
    wraps: Count
    energy_j: TermEnergy


class EnergyTerms(_Table):
    """All terms and their sum, joules."""

    total: NonNegative
    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative
    host: NonNegative


class LatencyTotals(_Table):
    """Seconds of one inference.

    Args:
        total: mean over samples.
        per_step: total / steps.
        steps: chip steps of one inference, T plus the network's depth.
        barrier_per_step: share of each step that all cores wait for each other.
        slowest_sample: the longest inference among the samples.
    """

    total: NonNegative
    per_step: NonNegative
    steps: Count
    barrier_per_step: NonNegative
    slowest_sample: NonNegative


class ChipStep(_Table):
    """One chip step: its duration, the layer whose core is busiest, and its energy."""

    step: Count
    latency_s: NonNegative
    busiest_layer: str
    energy_j: TermEnergy


class Excess(_Table):
    """A limit that the network breaks."""

    limit: str
    used: Count
    allowed: Count


class ChipUse(_Table):
    """The chip and how much of it the network takes."""

    name: str
    title: str
    summary: str
    cores: Count
    cores_used: Count
    tiles_used: Count
    fits: bool
    excesses: tuple[Excess, ...] = ()


class Event(_Table):
    """A priced event: how often it happens and what it costs, per inference.

    Args:
        event: in words.
        term: the energy term it belongs to.
        count_per_inference: mean over samples.
        energy_each_j: joules of one.
        energy_j: count times each.
        latency_each_s: seconds of one; None where it doesn't enter the time.
        grade: published, measured, derived or assumed.
        source: key of `sources`.
        note: what a reader of the number must know.
    """

    event: str
    term: str
    count_per_inference: NonNegative
    energy_each_j: NonNegative
    energy_j: NonNegative
    latency_each_s: NonNegative | None
    grade: Grade
    source: str
    note: str = ""


class Source(_Table):
    """Where numbers come from."""

    key: str
    citation: str


class ChipConstant(_Table):
    """A limit or a cost of the chip with its pedigree; the key ends in the value's SI unit."""

    key: str
    value: int | float | tuple[str, ...]
    grade: Grade
    source: str
    note: str = ""


class TrainingCurve(_Table):
    """One value per epoch; a series that wasn't logged is empty."""

    epochs: tuple[int, ...]
    train_loss: tuple[float | None, ...] = ()
    validation_loss: tuple[float | None, ...] = ()
    train_accuracy: tuple[Share | None, ...] = ()
    validation_accuracy: tuple[Share | None, ...] = ()

    @model_validator(mode="after")
    def _one_value_per_epoch(self) -> Self:
        for name in type(self).model_fields:
            values = getattr(self, name)
            if values and len(values) != len(self.epochs):
                raise ValueError(f"{name}: {len(values)} values for {len(self.epochs)} epochs")
        return self


class Report(_Table):
    """Everything that report.json holds.

    The fields from `recipe` on are the run's, and empty where a network was costed alone.

    Args:
        format: version of this layout.
        network: size.
        accuracy: at each stage.
        layers: one per population, in topological order.
        energy_j: per term.
        latency_s: of one inference.
        chip: and how much of it is used.
        assumptions: what the estimate leaves out or takes as given.
        sources: of every number used.
        simulated_samples: over which events were counted.
        host_macs: multiply-accumulates of the host per inference.
        steps: every chip step.
        events: every priced event.
        constants: every limit and cost of the chip.
        recipe: its name.
        training: curve over epochs.
        fidelity: per layer, share of spikes that freezing changed.
        quantisation: per layer, facts about its integers.
    """

    format: Literal[1] = 1
    network: Network
    accuracy: Accuracy
    layers: tuple[Layer, ...] = Field(min_length=1)
    energy_j: EnergyTerms
    latency_s: LatencyTotals
    chip: ChipUse
    assumptions: tuple[str, ...]
    sources: tuple[Source, ...]
    simulated_samples: Count
    host_macs: Count
    steps: tuple[ChipStep, ...] = Field(min_length=1)
    events: tuple[Event, ...]
    constants: tuple[ChipConstant, ...]
    recipe: str | None = None
    training: TrainingCurve | None = None
    fidelity: dict[str, Share] = {}
    quantisation: dict[str, dict[str, Fact]] = {}

    @model_validator(mode="after")
    def _parts_belong_together(self) -> Self:
        for layer in self.layers:
            if len(layer.spikes_per_step) != self.network.time_steps:
                raise ValueError(
                    f"layer '{layer.name}': {len(layer.spikes_per_step)} values in "
                    f"spikes_per_step for {self.network.time_steps} time_steps"
                )
        named = {event.source for event in self.events} | {c.source for c in self.constants}
        unknown = sorted(named - {source.key for source in self.sources})
        if unknown:
            raise ValueError(f"source '{unknown[0]}' isn't among the sources")
        return self
