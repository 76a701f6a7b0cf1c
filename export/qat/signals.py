"""What populations and the input send, over all steps or the same at each."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Signal:
    """Spikes, payloads or drives.

    Args:
        values: [T*B, ...], time-major; [B, ...] if constant.
        constant: each step has the same.
    """

    values: Tensor
    constant: bool = False


def summed(signals: Sequence[Signal], time_steps: int) -> Signal:
    """Their sum; constant if all are."""
    constant = all(signal.constant for signal in signals)
    parts = [
        signal.values.expand(time_steps, *signal.values.shape).flatten(0, 1)
        if signal.constant and not constant
        else signal.values
        for signal in signals
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return Signal(total, constant)
