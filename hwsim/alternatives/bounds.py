"""Bounds that others printed on when a spiking network saves energy, applied to this network."""

from math import ceil, log2
from typing import Literal

from hwsim.alternatives.activity import firing_columns, leaks, mean_rate, spikes_per_synapse
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import PrintedBound

Verdict = Literal["favourable", "undecided", "unfavourable"]

PER_SYNAPSE = "spikes per synapse and inference"
RATE = "spikes per neuron and step"

DAMPFHOFFER_LOW, DAMPFHOFFER_HIGH = 0.15, 1.38
"""Spikes per synapse and inference, by how well the ANN is implemented."""

DAVIDSON = 1.72
"""Spikes per synapse and inference."""

YAN_RATE, YAN_STEPS = 0.057, 5
"""Spikes per neuron and step, in a window of so many steps."""


def printed_bounds(trace: Trace) -> tuple[PrintedBound, ...]:
    """The three bounds with their verdicts, favourable or not.

    Dampfhoffer et al. 2023 and Davidson and Furber 2021 bound the spikes per synapse and inference
    (all synaptic operations / all synapses, the host's first linear operation left out); Yan et
    al. 2026 bound the mean rate. None where there are no synapses or nothing can fire.
    """
    if not trace.graph.projections or not len(firing_columns(trace)):
        return ()
    value = spikes_per_synapse(trace)
    return (
        _dampfhoffer(value, leaks(trace.graph)),
        _davidson(value),
        _yan(mean_rate(trace), trace.time_steps),
    )


def _dampfhoffer(value: float, leaky: bool) -> PrintedBound:
    verdict = _verdict(value, DAMPFHOFFER_LOW, DAMPFHOFFER_HIGH)
    meaning = {
        "favourable": "less than any ANN implementation in the study needs: the SNN is ahead",
        "undecided": "within the range: which side is ahead depends on the ANN's implementation",
        "unfavourable": "more than any ANN implementation in the study allows: the ANN is ahead",
    }[verdict]
    leak = (
        " The range was printed for neurons without leak; the study finds leaky ones, as here, "
        "more expensive, so that they need fewer spikes still."
        if leaky
        else ""
    )
    return PrintedBound(
        work="Dampfhoffer et al. 2023, IEEE TETCI 7(3)",
        quantity=PER_SYNAPSE,
        low=DAMPFHOFFER_LOW,
        high=DAMPFHOFFER_HIGH,
        value=value,
        verdict=verdict,
        sentence=f"{_got(value)} against {DAMPFHOFFER_LOW} to {DAMPFHOFFER_HIGH}, memory access "
        f"included: {meaning}.{leak}",
        url="https://doi.org/10.1109/TETCI.2022.3214509",
    )


def _davidson(value: float) -> PrintedBound:
    verdict = _verdict(value, DAVIDSON, DAVIDSON)
    meaning = {
        "favourable": "fewer than the break-even, so the SNN can be ahead",
        "undecided": "at the break-even",
        "unfavourable": "more than the break-even, so the ANN is ahead",
    }[verdict]
    return PrintedBound(
        work="Davidson and Furber 2021, Frontiers in Neuroscience 15",
        quantity=PER_SYNAPSE,
        low=DAVIDSON,
        high=DAVIDSON,
        value=value,
        verdict=verdict,
        sentence=f"{_got(value)} against about {DAVIDSON}: {meaning}. The bound is for rate-coded "
        "networks, both in the same digital silicon.",
        url="https://doi.org/10.3389/fnins.2021.651141",
    )


def _yan(rate: float, steps: int) -> PrintedBound:
    bits = ceil(log2(steps + 1))
    verdict, meaning = _yan_verdict(rate, steps)
    return PrintedBound(
        work="Yan et al. 2026, arXiv 2409.08290 v4",
        quantity=RATE,
        low=YAN_RATE,
        high=YAN_RATE,
        value=rate,
        verdict=verdict,
        sentence=f"A mean rate of {rate:.2%} at T = {steps}; {YAN_RATE:.1%} is printed for T = "
        f"{YAN_STEPS} and typical neuromorphic hardware. {meaning} The fair rival at T = {steps} "
        f"is an ANN with activations of {_bits(bits)}, not a float one.",
        url="https://arxiv.org/abs/2409.08290",
    )


def _yan_verdict(rate: float, steps: int) -> tuple[Verdict, str]:
    """Verdict and reason; away from T = 5 only what follows without the paper's model.

    The rival has ceil(log2(T + 1)) bits: at T = 4 to 7 it is the one of T = 5. Against one and the
    same rival, more steps at the same rate cost the SNN more, and fewer cost it less.
    """
    same_rival = ceil(log2(steps + 1)) == ceil(log2(YAN_STEPS + 1))
    below, above = rate < YAN_RATE, rate > YAN_RATE
    if steps == YAN_STEPS:
        verdict = _verdict(rate, YAN_RATE, YAN_RATE)
        ahead = {"favourable": "the SNN is ahead", "undecided": "both cost the same",
                 "unfavourable": "the ANN is ahead"}[verdict]  # fmt: skip
        return verdict, f"By this bound {ahead}."
    if same_rival and steps < YAN_STEPS and below:
        return "favourable", (
            "The rival is the same as at T = 5, and fewer steps at this rate cost the SNN less: it "
            "is ahead."
        )
    if same_rival and steps > YAN_STEPS and above:
        return "unfavourable", (
            "The rival is the same as at T = 5, and more steps at this rate cost the SNN more: the "
            "ANN is ahead."
        )
    return "undecided", "For this T no bound is printed, and none follows from that one."


def _verdict(value: float, low: float, high: float) -> Verdict:
    if value < low:
        return "favourable"
    return "unfavourable" if value > high else "undecided"


def _got(value: float) -> str:
    return (
        f"A synapse gets {value:.3g} spikes per inference (mean over all synapses, the host's "
        "first linear operation left out)"
    )


def _bits(bits: int) -> str:
    return "1 bit" if bits == 1 else f"{bits} bits"
