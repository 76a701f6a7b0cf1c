"""Freezing a trained network into portable NIR, and the folded graph on the way there."""

from collections.abc import Mapping
from typing import Any

import nir
from numpy.typing import NDArray
from torch import Tensor, nn

from export.folding import folded
from export.freezing.portable import portable
from export.freezing.unfolded import unfolded
from trainers.data.splits import Inputs


def freeze(
    module: nn.Module,
    sample: Tensor | NDArray[Any],
    *,
    strategy: str = "mean",
    calibration: NDArray[Any] | Inputs | None = None,
    classes: tuple[str, ...] = (),
    method: tuple[str, ...] = (),
    input_scale: float = 1.0,
    checkpoint_sha256: str | None = None,
) -> nir.NIRGraph:
    """Freezes a trained network: constant thresholds, folded norms and pooling, snapped decays.

    The graph's output is the last linear layer's current at each step; logits are its mean over
    T steps, weighted per step if the method does so (the metadata says it). The module itself is
    left as it was.

    Args:
        module: what `trainers.fit` returned (its network), or the module it trained.
        sample: inputs as the network takes them, [B, ...] (static) or [T, B, ...] (sequence);
            a tensor or an array, of which only the shape matters.
        strategy: how a per-step threshold becomes constant, a name of STRATEGIES.
        calibration: samples as the data set holds them, never of the test split, for strategies
            that read some: [N, ...], or [N, T, ...] of sequences.
        classes: class names in logit order.
        method: training methods, for the record.
        input_scale: factor the data loader applied to raw values, for the record.
        checkpoint_sha256: hash of the checkpoint, for the record.

    Raises:
        UnsupportedLayer: a layer NIR or the chip has no word for, or thresholds that follow spikes
            under a strategy that makes constants.
        LimitExceeded: a threshold isn't positive, or a decay leaves the chip's grid.
        InvalidGraph: NaN or infinite weights, or a sample that doesn't fit.
        ConfigError: an unknown strategy, or class names that aren't as many as the outputs.
    """
    graph = folded_graph(
        module,
        sample,
        strategy=strategy,
        calibration=calibration,
        classes=classes,
        method=method,
        input_scale=input_scale,
        checkpoint_sha256=checkpoint_sha256,
    )
    return portable(graph)


def folded_graph(
    module: nn.Module,
    sample: Tensor | NDArray[Any],
    *,
    strategy: str = "schedule",
    constants: Mapping[str, float] | None = None,
    calibration: NDArray[Any] | Inputs | None = None,
    **facts: Any,
) -> nir.NIRGraph:
    """The network after all foldings, float64, not yet portable.

    Decays are the trained ones; thresholds are 1 where weights could take them, and under strategy
    `schedule` the facts say how they move. The executor runs it.

    Args:
        module: as for `freeze`, like all arguments not named here.
        sample: as for `freeze`.
        strategy: a name of STRATEGIES.
        constants: what the strategy chose before, per LIF at unit input gain by module path; None
            lets it choose.
        calibration: as for `freeze`.
        facts: classes, method, input_scale, checkpoint_sha256 of `freeze`, for the record.

    Raises:
        SpikeportError: as `freeze`.
    """
    graph = unfolded(
        module, sample, strategy=strategy, constants=constants, calibration=calibration, **facts
    )
    return folded(graph)
