"""vgg11: 64-AP-128-AP-256-256-AP-512-512-AP-512-512-GAP-FC.

Source: configuration A of Simonyan and Zisserman 2015, average pooling in place of max pooling,
one linear layer as the classifier. Its fifth pooling is global here: at 32x32 that is
configuration A's own 2x2 pool, and at 48x48 it averages all 3x3 values, of which a 2x2 pool would
drop the last row and column. So the classifier always takes 512 values.
"""

from functools import partial

from trainers.networks.conv_stack import AP, Plan, build_conv_stack
from trainers.networks.network_spec import Network
from trainers.networks.width import WidthOptions

PLAN: Plan = (64, AP, 128, AP, 256, 256, AP, 512, 512, AP, 512, 512)

VGG11 = Network(
    summary="8 convolutions, 64 to 512 channels, global average pool (VGG configuration A)",
    options=WidthOptions,
    build=partial(build_conv_stack, "vgg11", PLAN),
)
