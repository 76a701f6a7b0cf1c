"""Whether samples are images, and large enough for what a network does to them."""

from trainers.errors import ConfigError

ImageShape = tuple[int, int, int]


def image_shape(
    network: str,
    sample_shape: tuple[int, ...],
    halvings: int,
    *,
    stages: str = "pooling stages",
    remedy: str | None = None,
) -> ImageShape:
    """The samples' shape as (C, H, W).

    Args:
        network: its name, for messages.
        sample_shape: of one sample at one step.
        halvings: how many times the network halves height and width.
        stages: what halves them.
        remedy: what to do about small images; None asks for larger ones.

    Raises:
        ConfigError: the samples aren't images, or are smaller than that many halvings need.
    """
    if len(sample_shape) != 3:
        raise ConfigError(
            f"network {network}: samples of shape {sample_shape} aren't images [C, H, W]. "
            "Choose another network."
        )
    channels, height, width = sample_shape
    least = 2**halvings
    if min(height, width) < least:
        raise ConfigError(
            f"network {network}: {halvings} {stages} are too many for images of {height}x{width}. "
            f"{remedy or f'Give images of at least {least}x{least}, or choose another network.'}"
        )
    return channels, height, width
