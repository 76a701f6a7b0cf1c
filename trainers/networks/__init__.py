"""Networks, one file each and one line each in the table."""

from trainers.networks.conv_small import CONV_SMALL
from trainers.networks.mlp import MLP
from trainers.networks.network_spec import Network, NetworkOptions

__all__ = ["NETWORKS", "Network", "NetworkOptions"]

NETWORKS: dict[str, Network] = {
    "conv-small": CONV_SMALL,
    "mlp": MLP,
}
