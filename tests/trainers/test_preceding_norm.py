"""Which norm feeds which LIF, through pooling, branches and user modules."""

import pytest
import torch
from torch import Tensor, nn

from trainers.errors import ConfigError
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.preceding_norm import NormBefore, norms_before


class Residual(nn.Module):
    """A stem and a branch with norms of their own, added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2))
        self.first = LIF()
        self.branch = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2))
        self.second = LIF()
        self.bare = nn.Conv2d(2, 2, 1)
        self.third = LIF()

    def forward(self, x: Tensor) -> Tensor:
        spikes = self.first(self.stem(x))
        more = self.second(spikes + self.branch(spikes))
        last: Tensor = self.third(self.bare(more))
        return last


def test_norms_of_a_residual_network() -> None:
    """The branch's norm counts for the sum; a layer without a norm has none."""
    body = Residual()
    found = norms_before(SpikingNetwork(body, 2), "lsg")
    assert [before.norm for before in found["first"]] == [body.stem[1]]
    assert [before.norm for before in found["second"]] == [body.branch[1]]
    assert found["third"] == ()


def test_pooling_is_looked_through_and_plain_norms_do_not_count() -> None:
    """conv - norm - pool - LIF has the norm; a norm without gain has nothing to say."""
    body = nn.Sequential(nn.BatchNorm2d(1), nn.AvgPool2d(2), LIF())
    assert norms_before(SpikingNetwork(body, 1), "lsg")["2"][0].norm is body[0]
    plain = nn.Sequential(nn.BatchNorm2d(1, affine=False), LIF())
    assert norms_before(SpikingNetwork(plain, 1), "lsg")["1"] == ()


@pytest.mark.parametrize("method", ["tdbn", "mpd-agl", "lsg"])
def test_a_forward_that_cannot_be_traced_is_refused(method: str) -> None:
    """Branching on values hides which norm feeds which layer; the message names the method."""

    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lif = LIF()

        def forward(self, x: Tensor) -> Tensor:
            spikes: Tensor = self.lif(x if bool(torch.any(x > 0)) else -x)
            return spikes

    with pytest.raises(
        ConfigError, match=f"^method {method}: the network's forward can't be traced"
    ):
        METHODS[method].prepare(SpikingNetwork(Branching(), 1), METHODS[method].options())


class Several(nn.Module):
    """Sums and a concatenation of normed branches, each before a LIF of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = (nn.BatchNorm2d(1), nn.BatchNorm2d(1), nn.BatchNorm2d(1))
        self.listed = nn.ModuleList(self.norms)
        self.plain, self.added, self.inplace, self.joined = LIF(), LIF(), LIF(), LIF()

    def forward(self, x: Tensor) -> Tensor:
        first, second, third = (norm(x) for norm in self.norms)
        plain = self.plain(first)
        added = self.added(torch.add(first + second, third))
        second += plain
        more: Tensor = self.inplace(second) + added
        joined: Tensor = self.joined(torch.cat((third, third), dim=1))
        return more + joined.sum()


def test_all_norms_before_a_layer_and_which_of_them_are_added() -> None:
    """Each once, in order; joining channels isn't a sum, and neurons hide what is behind them."""
    body = Several()
    first, second, third = body.norms
    assert norms_before(SpikingNetwork(body, 2), "tdbn") == {
        "plain": (NormBefore(first, summed=False),),
        "added": tuple(NormBefore(norm, summed=True) for norm in (first, second, third)),
        "inplace": (NormBefore(second, summed=True),),
        "joined": (NormBefore(third, summed=False),),
    }
