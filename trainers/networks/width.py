"""The options that all published architectures share: how wide, and the decay at the start."""

from pydantic import Field

from trainers.networks.network_spec import NetworkOptions


class WidthOptions(NetworkOptions):
    """Options of a network of published width.

    Args:
        width: factor on every layer's channels or neurons, e.g. 0.125 for an eighth.
        decay: membrane decay factor at the start.
    """

    width: float = Field(default=1.0, gt=0)
    decay: float = Field(default=0.2, gt=0, lt=1)


def scaled(channels: int, width: float) -> int:
    """The published number of channels times `width`, rounded, at least 1."""
    return max(1, round(channels * width))
