"""cifarnet: 256-256-AP-256-256-AP-512-512-AP-1024-1024-GAP-FC.

Source: CIFARNet in the code of MSG (Brain-Cog-Lab/msg). The paper's string differs: it has three
convolutions of 512 and a pooling stage before FC.
"""

from functools import partial

from trainers.networks.conv_stack import AP, Plan, build_conv_stack
from trainers.networks.network_spec import Network
from trainers.networks.width import WidthOptions

PLAN: Plan = (256, 256, AP, 256, 256, AP, 512, 512, AP, 1024, 1024)

CIFARNET = Network(
    summary="8 convolutions, 256 to 1024 channels, global average pool (MSG's CIFARNet)",
    options=WidthOptions,
    build=partial(build_conv_stack, "cifarnet", PLAN),
)
