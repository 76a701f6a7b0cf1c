"""One line of the verification table."""

from dataclasses import dataclass
from typing import Literal

from hwsim.verify.case import Case

Verdict = Literal["identical", "rounding", "different", "not installed"]


@dataclass(frozen=True)
class Row:
    """How one runtime did; None where nothing could be measured.

    Args:
        runtime: who ran the network.
        compared_with: whose spikes and logits it is held to.
        precision: what it computed in.
        samples: how many it ran.
        spike_mismatches: decisions (neuron, step, sample) that differ.
        logit_max_abs_diff: largest difference of a logit.
        accuracy: share of samples whose largest logit is their label.
        verdict: `identical`: every spike equal, logits equal up to the arithmetic's bound;
            `rounding`: every sample that parts does so at a decision closer to its threshold than
            the bound; `different`: anything else; `not installed`.
        samples_parted: samples with any differing spike.
        float32_bound: the largest forward-error bound of any decision, in units in which the
            input's gain is 1 (a frozen network's threshold is 1); None where nothing is held in
            float32, so that only equal spikes are accepted.
        closest_margin: how close any membrane came to its threshold, same units.
        note: what a reader must know, empty if nothing.
        case: the smallest disagreement, where there is one and every spike is compared.
    """

    runtime: str
    compared_with: str
    precision: str
    samples: int
    spike_mismatches: int | None
    logit_max_abs_diff: float | None
    accuracy: float | None
    verdict: Verdict
    samples_parted: int | None = None
    float32_bound: float | None = None
    closest_margin: float | None = None
    note: str = ""
    case: Case | None = None
