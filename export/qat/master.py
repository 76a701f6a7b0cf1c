"""The float weights of one NIR node: what training changes and integers are made of."""

from typing import Any

import torch
from torch import Tensor, nn

from export.graph_order import OrderedNode


class Master(nn.Module):
    """Weights and bias of a convolution or a linear node, float32.

    Args:
        ordered: the node.
    """

    def __init__(self, ordered: OrderedNode) -> None:
        super().__init__()
        node: Any = ordered.node
        self.name = ordered.name
        self.weight = nn.Parameter(_single(node.weight))
        given = getattr(node, "bias", None)
        self.bias = None if given is None else nn.Parameter(_single(given))


def _single(array: Any) -> Tensor:
    values = torch.tensor(array, dtype=torch.float32)
    # Convolutions answer in the layout of their weights; on a CPU this one trains faster.
    return values.contiguous(memory_format=torch.channels_last) if values.dim() == 4 else values
