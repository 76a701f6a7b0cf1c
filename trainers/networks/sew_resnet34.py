"""sew-resnet34: SEW-ResNet-34, 3-4-6-3 blocks that sum spikes (SEW-ADD).

Source: Fang et al. 2021, Deep Residual Learning in Spiking Neural Networks, with average pooling
for max pooling. Blocks pass on sums of spikes, so their readers see 0, 1, 2, ... and not only
spikes. In stem `imagenet` the pooling stands before the LIF, so that whole spikes are summed.
"""

from typing import cast

from torch import nn

from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.resnet import ResNetOptions, build_resnet


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples [C, H, W]; see `build_resnet`.

    Raises:
        ConfigError: the samples aren't images, or smaller than 8x8 (stem `imagenet`: 32x32).
    """
    chosen = cast(ResNetOptions, options)
    return build_resnet("sew-resnet34", "sew-add", (3, 4, 6, 3), chosen, sample_shape, classes)


SEW_RESNET34 = Network(
    summary="SEW-ResNet-34 that sums spikes (SEW-ADD); stem cifar or imagenet",
    options=ResNetOptions,
    build=build,
)
