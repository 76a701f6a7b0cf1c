"""What an inference costs on the chip: energy, time, the cores used, and where numbers come from.

Energies in joules and times in seconds, mean over the simulated samples; all of them are estimates.
"""

from hwsim.chip import Grade
from hwsim.report.fields import Count, NonNegative, ReportTable


class TermEnergy(ReportTable):
    """The terms that belong to a layer and a step, joules."""

    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative


class EnergyTerms(ReportTable):
    """All terms and their sum, joules."""

    total: NonNegative
    synops: NonNegative
    neurons: NonNegative
    messages: NonNegative
    static: NonNegative
    host: NonNegative


class LatencyTotals(ReportTable):
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


class ChipStep(ReportTable):
    """One chip step: its duration, the layer whose core is busiest, and its energy."""

    step: Count
    latency_s: NonNegative
    busiest_layer: str
    energy_j: TermEnergy


class Excess(ReportTable):
    """A limit that the network breaks."""

    limit: str
    used: Count
    allowed: Count


class ChipUse(ReportTable):
    """The chip and how much of it the network takes."""

    name: str
    title: str
    summary: str
    cores: Count
    cores_used: Count
    tiles_used: Count
    fits: bool
    excesses: tuple[Excess, ...] = ()


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


class ChipConstant(ReportTable):
    """A limit or a cost of the chip with its pedigree; the key ends in the value's SI unit."""

    key: str
    value: int | float | tuple[str, ...]
    grade: Grade
    source: str
    note: str = ""
