"""The smallest network of two stages, for methods that supervise stages."""

import torch
from torch import nn

from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)


def two_stage_module(seed: int = 0, decay: float = 0.2) -> nn.Sequential:
    """(conv - norm - LIF - pool) twice, dropout, linear; stages of 8x8 and 4x4 end at 2 and 6."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), LIF(decay), nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), LIF(decay), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, 10),
    )  # fmt: skip
