"""A disagreement at its smallest: one decision of one neuron.

Of the samples that part from the reference it is the first whose parting rounding can't excuse;
where it can excuse all of them, the one whose margin is the largest part of its bound. In that
sample it is the first step with a differing decision, in it the first layer in computing order, and
there the neuron whose margin is the largest part of its bound. Whatever differs later follows.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Where a runtime first decided otherwise.

    Membranes, threshold, margin and bound are in units in which the input's gain is 1, so that a
    frozen network's threshold is 1 unless it moves; on a chip they are its integers.

    Args:
        sample: number in the test split, from 0.
        steps: how many steps still show it; it happens in the last of them.
        layer: the spiking node, or the chip's population.
        neuron: place in it, (C, H, W) or (N,).
        fired: whether the neuron fired in the reference; in the runtime it was the other way.
        membrane: of the reference, in float64, before its reset.
        threshold: what that was compared with.
        margin: how far the two are apart.
        bound: how far rounding alone could have carried the runtime's; None where it can't at all.
        own_membrane: the runtime's own, None where it exposes none.
        own_after_reset: whether that is what its reset left, as it is where it fired and keeps
            nothing else.
    """

    sample: int
    steps: int
    layer: str
    neuron: tuple[int, ...]
    fired: bool
    membrane: float
    threshold: float
    margin: float
    bound: float | None = None
    own_membrane: float | None = None
    own_after_reset: bool = False

    @property
    def step(self) -> int:
        """The step it happens in, from 0."""
        return self.steps - 1

    def __str__(self) -> str:
        own = "not exposed" if self.own_membrane is None else f"{self.own_membrane:.9g}"
        after = " after its reset" if self.own_after_reset else ""
        bound = "" if self.bound is None else f", rounding's bound {self.bound:.3g}"
        showing = "1 step shows" if self.steps == 1 else f"{self.steps} steps show"
        return (
            f"sample {self.sample}, step {self.step} of layer {self.layer}, neuron "
            f"{self.neuron}: {'fired' if self.fired else 'silent'} in the reference at membrane "
            f"{self.membrane:.9g}, threshold {self.threshold:.9g}; here "
            f"{'silent' if self.fired else 'fired'}, own membrane {own}{after}. Margin "
            f"{self.margin:.3g}{bound}; {showing} it"
        )
