"""What an inference costs on the chip: energy, time, the cores used, and where numbers come from.

Energies in joules and times in seconds, mean over the simulated samples; all of them are estimates.
"""

from hwsim.chips.constant import Grade
from hwsim.report.fields import Count, NonNegative, ReportTable


class Range(ReportTable):
    """A quantity with every constant at the low end of its range, as given, at the high end."""

    low: NonNegative
    nominal: NonNegative
    high: NonNegative


class TermEnergy(ReportTable):
    """The terms that belong to a layer, a core and a step, joules."""

    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative

    @property
    def total(self) -> float:
        """Their sum."""
        return self.synops + self.neurons + self.messages + self.static


class EnergyTerms(ReportTable):
    """All terms and their sum, joules.

    Args:
        total: of all terms.
        synops: synaptic operations.
        neurons: neuron updates and spikes.
        messages: on their way between cores.
        static: leakage of the cores in use over the run time.
        chip: leakage of the chips' other cores, and embedded processors, over the run time.
        host: multiply-accumulates of the encoder and the readout.
        io: words that enter and leave the chip.
    """

    total: NonNegative
    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative
    chip: NonNegative
    host: NonNegative
    io: NonNegative

    @property
    def core_dynamic(self) -> float:
        """What papers often quote alone: synops, neurons and messages."""
        return self.synops + self.neurons + self.messages


class LatencyTotals(ReportTable):
    """Seconds of one inference.

    Args:
        total: mean over samples; reading in and out is not in it.
        per_step: total / steps.
        steps: chip steps of one inference, T plus the network's depth.
        barrier_per_step: share of each step that all cores wait for each other.
        slowest_sample: the longest inference among the samples.
        pipelined_per_s: inferences per second with one sample behind the other, each layer busy.
        link_bound_steps: steps that the busiest link sets, not a core.
        throttle: real-time length that no step goes below; None without.
    """

    total: NonNegative
    per_step: NonNegative
    steps: Count
    barrier_per_step: NonNegative
    slowest_sample: NonNegative
    pipelined_per_s: NonNegative
    link_bound_steps: Count
    throttle: NonNegative | None = None


class ChipStep(ReportTable):
    """One chip step: its duration, the layer whose core is busiest, and its energy."""

    step: Count
    latency_s: NonNegative
    busiest_layer: str
    busiest_core: Count
    energy_j: TermEnergy


class Sensitivity(ReportTable):
    """How far one assumption moves the total energy.

    Args:
        assumption: in words.
        low_j: total with it at one end.
        high_j: total with it at the other.
        low: what that end is, in words.
        high: likewise.
    """

    assumption: str
    low_j: NonNegative
    high_j: NonNegative
    low: str
    high: str

    @property
    def swing_j(self) -> float:
        """How far apart the ends are."""
        return abs(self.high_j - self.low_j)


class Segment(ReportTable):
    """What a core does for a while within a step."""

    work: str
    start_s: NonNegative
    seconds: NonNegative


class CoreLine(ReportTable):
    """A core's time line within one step; work that overlaps has overlapping segments."""

    core: Count
    layer: str
    segments: tuple[Segment, ...]


class StepLine(ReportTable):
    """The longest chip step on its busiest cores, busiest first, mean over samples."""

    step: Count
    length_s: NonNegative
    barrier_s: NonNegative
    cores: tuple[CoreLine, ...]


class Event(ReportTable):
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


class Source(ReportTable):
    """Where numbers come from."""

    key: str
    citation: str
    url: str = ""


class ChipConstant(ReportTable):
    """A limit or a cost of the chip with its pedigree; the key ends in the value's SI unit."""

    key: str
    value: bool | int | float | str | tuple[str | int, ...]
    grade: Grade
    source: str
    note: str = ""
    low: float | None = None
    high: float | None = None
