"""Training spiking networks: our LIF layer, the papers' methods, networks, data.

Names are imported on first use, so that a command that needs none of them starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainers.data import DATASETS, DataSplits, Split
    from trainers.data.load import load_data
    from trainers.encodings import ENCODINGS
    from trainers.encodings.encoded_splits import encode_data
    from trainers.evaluation import evaluate
    from trainers.fitting import Fitted, fit
    from trainers.methods import METHODS
    from trainers.network import SpikingNetwork
    from trainers.networks import NETWORKS
    from trainers.neurons.lif import LIF

__all__ = [
    "DATASETS",
    "ENCODINGS",
    "LIF",
    "METHODS",
    "NETWORKS",
    "DataSplits",
    "Fitted",
    "SpikingNetwork",
    "Split",
    "encode_data",
    "evaluate",
    "fit",
    "load_data",
]

_HOMES = {
    "DATASETS": "trainers.data",
    "DataSplits": "trainers.data",
    "Split": "trainers.data",
    "load_data": "trainers.data.load",
    "ENCODINGS": "trainers.encodings",
    "encode_data": "trainers.encodings.encoded_splits",
    "evaluate": "trainers.evaluation",
    "Fitted": "trainers.fitting",
    "fit": "trainers.fitting",
    "METHODS": "trainers.methods",
    "SpikingNetwork": "trainers.network",
    "NETWORKS": "trainers.networks",
    "LIF": "trainers.neurons.lif",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainers' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
