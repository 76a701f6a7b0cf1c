"""resnet18: plain ResNet-18 with LIF, 2-2-2-2 blocks; currents are summed, then the LIF fires.

Source: He et al. 2016 with LIF for ReLU and average pooling for max pooling, as ResNet18 in the
code of MSG (Brain-Cog-Lab/msg), whose stem is `imagenet`. At 32x32 and 48x48 that stem leaves
8x8 and 12x12 to the first stage, a likely cause of its low results there; the default is `cifar`.
"""

from functools import partial

from trainers.networks.network_spec import Network
from trainers.networks.resnet import ResNetOptions, build_resnet

RESNET18 = Network(
    summary="ResNet-18 that sums currents, then fires; stem cifar or imagenet",
    options=ResNetOptions,
    build=partial(build_resnet, "resnet18", "current", (2, 2, 2, 2)),
)
