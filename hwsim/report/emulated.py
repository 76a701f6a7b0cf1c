"""What the emulator and training measured of a network, whether or not a chip could hold it.

Accuracies and event counts, per inference, mean over the simulated samples.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.fields import Count, Fact, NonNegative, ReportTable, Share
from hwsim.verify.row import Row


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


class EmulatedLayer(ReportTable):
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
        synapses_in: stored connections onto the layer.
        saturations: neuron steps whose membrane was clipped to 24 bits, all samples.
        wraps: neuron steps whose current left 24 bits, all samples.
    """

    name: str
    shape: tuple[int, ...]
    neurons: Annotated[int, Field(ge=1)]
    depth: Count
    spikes_per_inference: NonNegative
    spike_rate: NonNegative
    spikes_per_step: tuple[NonNegative, ...]
    synops_per_inference: NonNegative
    synapses_in: Count
    saturations: Count
    wraps: Count


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


class EmulatedReport(ReportTable):
    """What every report.json holds.

    The fields from `recipe` on are the run's, and empty where a network was simulated alone.

    Args:
        format: version of this layout.
        network: size.
        accuracy: at each stage.
        layers: one per population, in topological order.
        simulated_samples: over which events were counted.
        recipe: its name.
        training: curve over epochs.
        fidelity: per layer, share of spikes that freezing changed.
        quantisation: per layer, facts about its integers.
        waiting: per path that waits for a longer one, facts about how.
        ledger: accuracy and changed spikes after each transformation.
        runtimes: how each runtime did on the exported files.
    """

    format: Literal[2] = 2
    network: Network
    accuracy: Accuracy
    layers: tuple[EmulatedLayer, ...] = Field(min_length=1)
    simulated_samples: Count
    recipe: str | None = None
    training: TrainingCurve | None = None
    fidelity: dict[str, Share] = Field(default_factory=dict)
    quantisation: dict[str, dict[str, Fact]] = Field(default_factory=dict)
    waiting: dict[str, dict[str, Fact]] = Field(default_factory=dict)
    ledger: tuple[LedgerEntry, ...] = ()
    runtimes: tuple[Row, ...] = ()

    @model_validator(mode="after")
    def _a_value_per_step(self) -> Self:
        for layer in self.layers:
            if len(layer.spikes_per_step) != self.network.time_steps:
                raise ValueError(
                    f"layer '{layer.name}': {len(layer.spikes_per_step)} values in "
                    f"spikes_per_step for {self.network.time_steps} time_steps"
                )
        return self


class UncostedReport(EmulatedReport):
    """report.json of a network that no chip could run: no energy and no time are claimed.

    Args:
        no_chip_equivalent: why, in one sentence.
    """

    no_chip_equivalent: Annotated[str, Field(min_length=1)]
