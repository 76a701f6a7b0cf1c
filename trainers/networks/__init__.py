"""Networks, one file each and one line each in the table."""

from trainers.networks.cifarnet import CIFARNET
from trainers.networks.conv_small import CONV_SMALL
from trainers.networks.mlp import MLP
from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.recurrent import RECURRENT
from trainers.networks.resnet18 import RESNET18
from trainers.networks.resnet19 import RESNET19
from trainers.networks.sew_resnet18 import SEW_RESNET18
from trainers.networks.sew_resnet34 import SEW_RESNET34
from trainers.networks.vgg11 import VGG11
from trainers.networks.vggsnn import VGGSNN

__all__ = ["NETWORKS", "Network", "NetworkOptions"]

NETWORKS: dict[str, Network] = {
    "cifarnet": CIFARNET,
    "conv-small": CONV_SMALL,
    "mlp": MLP,
    "recurrent": RECURRENT,
    "resnet18": RESNET18,
    "resnet19": RESNET19,
    "sew-resnet18": SEW_RESNET18,
    "sew-resnet34": SEW_RESNET34,
    "vgg11": VGG11,
    "vggsnn": VGGSNN,
}
