"""The NIR graph whose weights are the trained integers, as floats.

    weight = integer * divisor / scale ;   bias = mantissa / scale

Quantised again at the same scales it becomes the same integers, and every other target carries
what the chip runs. The host's weights stay floats. A node that feeds populations of different
scales keeps the floats that the integers of each were rounded from.
"""

import copy

import nir
import torch
from torch import Tensor

from export.errors import InvalidGraph
from export.qat.afference import Afference
from export.qat.host import with_weights
from export.qat.integer_body import IntegerBody
from export.qat.master import Master
from trainers.network import SpikingNetwork


@torch.no_grad()
def dequantised(graph: nir.NIRGraph, trained: SpikingNetwork) -> nir.NIRGraph:
    """A copy of the graph with the weights of a network that `integer_network` made of it.

    Raises:
        InvalidGraph: the network is another.
    """
    body = trained.body
    if not isinstance(body, IntegerBody):
        raise InvalidGraph(
            f"network: {type(body).__name__} doesn't run on integers. Pass what integer_network "
            "returned."
        )
    done = copy.deepcopy(graph)
    for master in _masters(body):
        done.nodes[master.name] = with_weights(graph.nodes[master.name], master)
    for name, tensor in _weights(body).items():
        done.nodes[name].weight = tensor.cpu().numpy()
    for name, tensor in _biases(body).items():
        done.nodes[name].bias = tensor.cpu().numpy()
    return done


def _masters(body: IntegerBody) -> list[Master]:
    return [module for module in body.modules() if isinstance(module, Master)]


def _weights(body: IntegerBody) -> dict[str, Tensor]:
    """Integers over scale, of nodes whose integers are the same wherever they lead."""
    found: dict[str, list[Tensor]] = {}
    for afference in _on_chip(body):
        shrink = afference.shrink()
        for feed in afference.own_feeds:
            if feed.master is not None:
                weight = (feed.integers(shrink).double() / feed.scale.unit).float()
                found.setdefault(feed.master.name, []).append(weight)
    return {name: given[0] for name, given in found.items() if _agree(given)}


def _biases(body: IntegerBody) -> dict[str, Tensor]:
    """Mantissas over scale; of several nodes with a bias, the first makes up for rounding."""
    readers: dict[str, int] = {}
    for _, afference in body.populations():
        for master in afference.masters:
            readers[master.name] = readers.get(master.name, 0) + 1
    found = {}
    for afference in _on_chip(body):
        biased = [master for master in afference.masters if master.bias is not None]
        mantissas = afference.integer_bias(afference.shrink())
        if mantissas is None or readers[biased[0].name] > 1:
            continue
        first, *others = biased
        exact = mantissas.double() / afference.entering.scale
        for other in others:
            exact = exact - afference.spread(other)
        if first.bias is None:
            continue
        by_output = exact.reshape(len(first.bias), -1)
        if (by_output == by_output[:, :1]).all():
            found[first.name] = by_output[:, 0].float()
    return found


def _on_chip(body: IntegerBody) -> list[Afference]:
    return [found for _, found in body.populations() if isinstance(found, Afference)]


def _agree(given: list[Tensor]) -> bool:
    return all(torch.equal(given[0], other) for other in given[1:])
