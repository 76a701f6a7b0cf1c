"""tdBN: where gains start, and what currents look like then."""

import pytest
import torch
from torch import Tensor, nn

from tests.torch_networks import Residual, conv_norm, gains
from trainers.errors import ConfigError
from trainers.methods import METHODS, install
from trainers.methods.tdbn import TDBN, TDBNOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def residual_body() -> nn.Sequential:
    """A stem, a sum of two normed branches, a sum after the neuron, and a norm nobody fires on."""
    return nn.Sequential(
        *conv_norm(1, 4), LIF(), nn.AvgPool2d(2),
        Residual(conv_norm(4, 4), conv_norm(4, 4), LIF()),
        Residual(nn.Sequential(*conv_norm(4, 4), LIF()), nn.Identity(), nn.Identity()),
        nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5),
    )  # fmt: skip


def installed(body: nn.Module, *names: str, **options: dict[str, object]) -> SpikingNetwork:
    """The body prepared by these methods, as recipes combine them."""
    network = SpikingNetwork(body, 2)
    chosen = {name: METHODS[name].options.model_validate(options.get(name, {})) for name in names}
    install(network, METHODS, chosen)
    return network


def test_gains_start_at_the_threshold_of_the_layer_behind() -> None:
    """alpha V_th before a neuron, V_th/sqrt(2) on both branches of a sum, untouched elsewhere."""
    body = residual_body()
    installed(body, "tdbn", "plif", plif={"threshold": 0.5})
    assert gains(body) == pytest.approx(
        {
            "1": 0.5,
            "4.branch.1": 0.5 / 2**0.5,
            "4.shortcut.1": 0.5 / 2**0.5,
            "5.branch.1": 0.5,
            "8": 1.0,
        },
        rel=1e-6,
    )


def test_alphas_can_be_chosen() -> None:
    """One for plain norms, one for those that are added."""
    body = residual_body()
    installed(body, "baseline", "tdbn", tdbn={"alpha": 2.0, "residual_alpha": 3.0})
    found = gains(body)
    assert (found["1"], found["4.branch.1"], found["5.branch.1"]) == (2.0, 3.0, 2.0)


@pytest.mark.parametrize(
    ("method", "threshold"), [("ltmd", 0.46211716), ("ds-atgo", 1.0), ("msg", 1.0)]
)
def test_the_threshold_is_the_other_methods(method: str, threshold: float) -> None:
    """In whichever order they are named, since norms come last."""
    for names in ((method, "tdbn"), ("tdbn", method)):
        body = nn.Sequential(*conv_norm(1, 2), LIF(), nn.Flatten())
        installed(body, *names)
        assert gains(body) == pytest.approx({"1": threshold}, rel=1e-6)


def test_alone_it_takes_the_networks_own_thresholds() -> None:
    """Of two neurons behind one norm, the first decides."""

    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(*conv_norm(1, 2))
            self.first = LIF(threshold=0.25)
            self.second = LIF(threshold=4.0)

        def forward(self, x: Tensor) -> Tensor:
            current = self.stem(x)
            summed: Tensor = self.second(current) + self.first(current)
            return summed

    body = Fork()
    installed(body, "tdbn")
    assert gains(body) == {"stem.1": 0.25}


def test_currents_start_with_a_deviation_of_the_threshold() -> None:
    """Per channel over time, batch and space; the sum of two independent branches too."""
    torch.manual_seed(0)
    block = Residual(conv_norm(1, 3), conv_norm(1, 3), LIF())
    network = installed(block, "plif", "tdbn", plif={"threshold": 0.5}).double()
    images = torch.randn(400, 1, 8, 8, dtype=torch.float64)
    deviations = [
        part(images).std(dim=(0, 2, 3), correction=0) for part in (block.branch, block.shortcut)
    ]
    for deviation in deviations:
        assert deviation.tolist() == pytest.approx([0.5 / 2**0.5] * 3, rel=1e-3)
    independent = block.branch(images) + block.shortcut(images.flip(0))
    assert independent.std(dim=(0, 2, 3)).tolist() == pytest.approx([0.5] * 3, rel=2e-2)
    assert network.training


def test_a_threshold_per_neuron_is_refused() -> None:
    """ALIF has no threshold of the layer's; the message names layer and remedy."""
    body = nn.Sequential(*conv_norm(1, 2), LIF(), nn.Flatten())
    with pytest.raises(
        ConfigError, match=r"tdbn: layer '2' \(SpikeDrivenThreshold\).*Leave tdbn out, or use"
    ):
        installed(body, "alif", "tdbn")


def test_a_network_without_norms_is_refused() -> None:
    """Nothing to start, whether there is no norm, none before a neuron, or none with a gain."""
    bodies = (
        nn.Sequential(nn.Linear(3, 3), LIF()),
        nn.Sequential(nn.Linear(3, 3), LIF(), nn.Linear(3, 3), nn.BatchNorm1d(3)),
        nn.Sequential(nn.BatchNorm1d(3, affine=False), LIF()),
    )
    for body in bodies:
        with pytest.raises(ConfigError, match="tdbn: no LIF of Sequential has a batch norm"):
            TDBN.prepare(SpikingNetwork(body, 2), TDBNOptions())
