"""sew-resnet18: SEW-ResNet-18, 2-2-2-2 blocks that sum spikes (SEW-ADD).

Source: Fang et al. 2021, Deep Residual Learning in Spiking Neural Networks, with average pooling
for max pooling. Blocks pass on sums of spikes, so their readers see 0, 1, 2, ... and not only
spikes. In stem `imagenet` the pooling stands before the LIF, so that whole spikes are summed.
"""

from functools import partial

from trainers.networks.network_spec import Network
from trainers.networks.resnet import ResNetOptions, build_resnet

SEW_RESNET18 = Network(
    summary="SEW-ResNet-18 that sums spikes (SEW-ADD); stem cifar or imagenet",
    options=ResNetOptions,
    build=partial(build_resnet, "sew-resnet18", "sew-add", (2, 2, 2, 2)),
)
