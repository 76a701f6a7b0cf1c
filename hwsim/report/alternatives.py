"""What the same task costs elsewhere: other chips, plain operation counts, the equal ANN.

Energies in joules and times in seconds per inference; every one of them is an estimate.
"""

from typing import Literal

from hwsim.report.chip_cost import Range
from hwsim.report.fields import Count, NonNegative, ReportTable


class DeviceRow(ReportTable):
    """The network on one chip or device.

    Args:
        name: of the chip or device.
        title: for people.
        kind: `chip` if placed and costed event by event; `operations` if only synaptic operations
            and neuron updates are priced.
        energy_j: low, nominal, high; None where it can't be told.
        latency_s: nominal; None where the device has no model of time.
        cores: in use; None without placement.
        chips: likewise.
        fits: whether no limit is exceeded; None without placement.
        scope: what the energy covers and what it leaves out.
        source: citation.
    """

    name: str
    title: str
    kind: Literal["chip", "operations"]
    energy_j: Range | None
    latency_s: NonNegative | None = None
    cores: Count | None = None
    chips: Count | None = None
    fits: bool | None = None
    scope: str
    source: str


class DenseLayer(ReportTable):
    """A layer of the ANN of equal architecture against the spiking one, per inference.

    Args:
        layer: its name; `host` is the first linear operation, which the host computes.
        macs: multiply-accumulates of the ANN.
        synops: synaptic operations of the SNN (the host's: multiply-accumulates).
        spikes_in_per_synapse: synops / synapses, both with true edges; None on the host.
    """

    layer: str
    macs: Count
    synops: NonNegative
    spikes_in_per_synapse: NonNegative | None


class PricedPair(ReportTable):
    """ANN and SNN under one price list.

    Args:
        prices: of what, in words.
        ann_j: the ANN's energy.
        snn_j: the SNN's.
        break_even: spikes per synapse and inference at which both cost the same; None where no
            number of spikes does.
        note: what is counted.
        source: citation.
    """

    prices: str
    ann_j: NonNegative
    snn_j: NonNegative
    break_even: NonNegative | None
    note: str
    source: str


class PrintedBound(ReportTable):
    """A bound from the literature, applied to this network.

    Args:
        work: authors and year.
        quantity: what is bounded, in words.
        low: the bound, or its lower end.
        high: its upper end; equal to low where there is one number.
        value: this network's.
        verdict: favourable below the bound, unfavourable above, undecided within.
        sentence: the verdict in words with the numbers.
        url: of the work.
    """

    work: str
    quantity: str
    low: NonNegative
    high: NonNegative
    value: NonNegative
    verdict: Literal["favourable", "undecided", "unfavourable"]
    sentence: str
    url: str


class Alternatives(ReportTable):
    """The SNN against the ANN of equal architecture."""

    layers: tuple[DenseLayer, ...]
    priced: tuple[PricedPair, ...]
    bounds: tuple[PrintedBound, ...]
    spikes_per_synapse: NonNegative
    mean_rate: NonNegative


class NeuroBench(ReportTable):
    """Metrics under NeuroBench's names and rules, mean per inference; None where not measured.

    Args:
        footprint: bytes of parameters and buffers.
        connection_sparsity: share of weights that are zero.
        parameter_count: how many parameters.
        classification_accuracy: share of samples classified right.
        activation_sparsity: share of neuron outputs that are zero.
        membrane_updates: membranes that changed.
        effective_macs: multiply-accumulates with non-zero weight and input.
        effective_acs: accumulates likewise, inputs in {-1, 0, 1}.
        dense: operations if nothing were zero.
        scope: which network and which numbers that is, and what isn't in it.
    """

    footprint: Count
    connection_sparsity: NonNegative
    parameter_count: Count | None = None
    classification_accuracy: NonNegative | None = None
    activation_sparsity: NonNegative | None = None
    membrane_updates: NonNegative | None = None
    effective_macs: NonNegative
    effective_acs: NonNegative
    dense: NonNegative
    scope: str = ""


class Raster(ReportTable):
    """Spikes of one sample in one layer: (step, neuron) pairs of a subset of the neurons.

    Args:
        sample: number in the test split.
        layer: its name.
        neurons: how many are drawn, evenly spaced over the layer.
        of: how many the layer has.
        steps: chip step of each spike, from 1.
        rows: drawn neuron of each spike, from 0.
    """

    sample: Count
    layer: str
    neurons: Count
    of: Count
    steps: tuple[int, ...]
    rows: tuple[int, ...]
