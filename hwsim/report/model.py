"""report.json: what a network needs, how well it still works, and what the chip would cost.

Energies in joules and times in seconds, per inference, mean over the simulated samples. Every
energy and every time is an estimate; accuracies and event counts were measured.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.chip_cost import (
    ChipConstant,
    ChipStep,
    ChipUse,
    EnergyTerms,
    Event,
    LatencyTotals,
    Source,
    TermEnergy,
)
from hwsim.report.fields import Count, Fact, NonNegative, ReportTable, Share


class Network(ReportTable):
    """Size of the network on the chip; `synapses` counts stored connections, zeros included."""

    neurons: Count
    synapses: Count
    time_steps: Count


class Accuracy(ReportTable):
    """Share of test samples classified right at each stage; None where it wasn't measured."""

    trained: Share | None = None
    frozen: Share | None = None
    chip: Share | None = None
    samples: Count | None = None


class Layer(ReportTable):
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


class TrainingCurve(ReportTable):
    """One value per epoch; a series that wasn't logged is empty.

    Args:
        epochs: their numbers.
        best_epoch: the one whose network the run keeps, best on the validation split; None where
            it keeps the last.
        bytes_per_sample: memory of a training sample for the backward pass, where it was measured.
    """

    epochs: tuple[int, ...]
    best_epoch: Count | None = None
    bytes_per_sample: Count | None = None
    train_loss: tuple[float | None, ...] = ()
    validation_loss: tuple[float | None, ...] = ()
    train_accuracy: tuple[Share | None, ...] = ()
    validation_accuracy: tuple[Share | None, ...] = ()

    @model_validator(mode="after")
    def _one_value_per_epoch(self) -> Self:
        if self.best_epoch is not None and self.best_epoch not in self.epochs:
            raise ValueError(f"best_epoch: {self.best_epoch} isn't among the epochs")
        for name in type(self).model_fields:
            values = getattr(self, name)
            if isinstance(values, tuple) and values and len(values) != len(self.epochs):
                raise ValueError(f"{name}: {len(values)} values for {len(self.epochs)} epochs")
        return self

    @property
    def kept(self) -> str:
        """Which epoch's network the run keeps, in words."""
        if self.best_epoch is None:
            return "the last epoch"
        return f"the best validation epoch, {self.best_epoch}"


class Report(ReportTable):
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
        silicon: where a real chip may differ from the emulated one.
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
        waiting: per path that waits for a longer one, facts about how.
        ledger: accuracy and changed spikes after each transformation.
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
    silicon: tuple[str, ...] = ()
    recipe: str | None = None
    training: TrainingCurve | None = None
    fidelity: dict[str, Share] = Field(default_factory=dict)
    quantisation: dict[str, dict[str, Fact]] = Field(default_factory=dict)
    waiting: dict[str, dict[str, Fact]] = Field(default_factory=dict)
    ledger: tuple[LedgerEntry, ...] = ()

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
