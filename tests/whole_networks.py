"""Networks of the table: at full width on torch's meta device (shapes only), or narrow and real."""

from typing import Any

import torch
from torch import nn

from trainers.evaluation import recorded_spikes
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS

Shape = tuple[int, ...]
Options = dict[str, Any]

RESIDUAL: dict[str, tuple[str, Options]] = {
    "resnet18": ("resnet18", {}),
    "resnet18, stem imagenet": ("resnet18", {"stem": "imagenet"}),
    "resnet19": ("resnet19", {}),
    "resnet19, residual current": ("resnet19", {"residual": "current"}),
    "sew-resnet18": ("sew-resnet18", {}),
    "sew-resnet18, stem imagenet": ("sew-resnet18", {"stem": "imagenet"}),
    "sew-resnet34": ("sew-resnet34", {}),
    "sew-resnet34, stem imagenet": ("sew-resnet34", {"stem": "imagenet"}),
}
"""Every residual network with every option that changes its layers: name and options."""

PLAIN: dict[str, tuple[str, Options]] = {
    "cifarnet": ("cifarnet", {}),
    "vgg11": ("vgg11", {}),
    "vggsnn": ("vggsnn", {}),
}


def built(name: str, shape: Shape, classes: int = 10, **options: Any) -> nn.Module:
    """A network's module, with options as a recipe gives them."""
    network = NETWORKS[name]
    return network.build(network.options.model_validate(options), shape, classes)


def full_size(name: str, shape: Shape, classes: int = 10, **options: Any) -> nn.Module:
    """The same without memory for its weights."""
    with torch.device("meta"):
        return built(name, shape, classes, **options)


def spike_shapes(body: nn.Module, shape: Shape) -> list[Shape]:
    """Shape of each LIF's spikes for one sample, in definition order; `body` lies on meta."""
    network = SpikingNetwork(body, 1).eval()
    with recorded_spikes(network) as record:
        network(torch.zeros(1, *shape, device="meta"))
    return [tuple(record[name].shape[1:]) for name, _ in network.neurons()]


def convolutions(body: nn.Module) -> list[tuple[int, int, int, int]]:
    """(input channels, output channels, kernel, stride) of each convolution."""
    return [
        (conv.in_channels, conv.out_channels, conv.kernel_size[0], conv.stride[0])
        for conv in body.modules()
        if isinstance(conv, nn.Conv2d)
    ]


def linears(body: nn.Module) -> list[tuple[int, int, bool]]:
    """(inputs, outputs, has a bias) of each linear layer."""
    return [
        (layer.in_features, layer.out_features, layer.bias is not None)
        for layer in body.modules()
        if isinstance(layer, nn.Linear)
    ]


def weights(body: nn.Module) -> int:
    """Parameters that the network without spikes has too: all but the decays."""
    return sum(
        parameter.numel()
        for name, parameter in body.named_parameters()
        if not name.endswith("decay_logit")
    )
