"""Which samples a network of images takes."""

import pytest

from trainers.errors import ConfigError
from trainers.networks.image_size import image_shape


@pytest.mark.parametrize("shape", [(), (64,), (8, 8), (2, 3, 8, 8)])
def test_samples_that_are_no_images_are_refused(shape: tuple[int, ...]) -> None:
    """Three axes, no more and no fewer."""
    with pytest.raises(ConfigError, match=r"network net: samples of shape \(.*\) aren't images"):
        image_shape("net", shape, 0)


@pytest.mark.parametrize("shape", [(1, 7, 8), (1, 8, 7)])
def test_the_smaller_side_counts(shape: tuple[int, int, int]) -> None:
    """Three halvings need 8; the message holds the size, the limit and what to do."""
    assert image_shape("net", (5, 8, 9), 3) == (5, 8, 9)
    message = (
        rf"network net: 3 pooling stages are too many for images of {shape[1]}x{shape[2]}\. "
        r"Give images of at least 8x8, or choose another network\."
    )
    with pytest.raises(ConfigError, match=message):
        image_shape("net", shape, 3)


def test_networks_say_what_halves_and_what_helps() -> None:
    """Their own words stand in the message."""
    with pytest.raises(ConfigError, match=r"2 strides are too many for images of 3x3\. Stop\."):
        image_shape("net", (1, 3, 3), 2, stages="strides", remedy="Stop.")
