"""The kernels for CUDA, by Triton's interpreter where there is no GPU."""

import importlib
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons import fused, fused_kernels, lif
from trainers.neurons.lif import LIF
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.shaped import Shaped

T = 3
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SUM_ERROR = 1e-10
"""Of float64 values relative to the largest, where only the order of a sum differs."""


@pytest.fixture(scope="module")
def kernels() -> ModuleType:
    """Imported as late as the product does; tests/conftest.py asks for the interpreter."""
    return importlib.import_module("trainers.neurons.triton_kernels")


def take(kernels: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers run these kernels, and no others, on whatever device."""
    monkeypatch.setattr(lif, "kernels_for", lambda *_: kernels)
    for name in ("spikes", "advanced", "gradients"):
        monkeypatch.delattr(fused_kernels, name)


def layer(method: str, **options: object) -> LIF:
    torch.manual_seed(0)
    built = SpikingNetwork(nn.Sequential(nn.BatchNorm1d(10), LIF(0.4)), T)
    install(built, METHODS, {method: METHODS[method].options.model_validate(options)})
    _, neuron = next(built.train().neurons())
    return neuron.double().to(DEVICE)


def one_pass(neuron: LIF, currents: Tensor) -> list[Tensor]:
    """Spikes, then gradients of currents and parameters, then buffers."""
    leaf = currents.clone().requires_grad_()
    spikes = neuron(leaf)
    weights = torch.linspace(-1, 1, spikes.numel(), dtype=torch.float64, device=DEVICE)
    (spikes * weights.view_as(spikes)).sum().backward()
    assert leaf.grad is not None
    trained = [parameter.grad for parameter in neuron.parameters() if parameter.requires_grad]
    assert all(gradient is not None for gradient in trained)
    return [
        spikes.detach(),
        leaf.grad,
        *(item for item in trained if item is not None),
        *neuron.buffers(),
    ]


@pytest.mark.parametrize("features", [10, 1500])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("plif", {}),
        ("plif", {"decay_input": True}),
        ("ltmd", {}),
        ("ds-atgo", {}),
        ("ds-atgo", {"gradient_optimisation": False}),
        ("baseline", {"surrogate": "triangular"}),
        ("deeptage", {}),
        ("baseline", {"surrogate": "arctan"}),
    ],
)
def test_kernels_do_what_the_plain_loop_does(
    kernels: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    options: dict[str, object],
    features: int,
) -> None:
    """Spikes bit for bit; gradients and thresholds in float64, over one block and over several."""
    generator = torch.Generator().manual_seed(1)
    currents = 2 * torch.randn(T * 2, features, generator=generator, dtype=torch.float64)
    currents = currents.to(DEVICE)
    if method == "deeptage":
        options = {**options, "stds": False}
    plain = one_pass(layer(method, **options), currents)
    take(kernels, monkeypatch)
    neuron = layer(method, **options)
    neuron.fused = True
    found = one_pass(neuron, currents)
    assert 0.05 < float(plain[0].mean()) < 0.6
    assert torch.equal(found[0], plain[0])
    for ours, theirs in zip(found[1:], plain[1:], strict=True):
        assert (ours - theirs).abs().max() <= SUM_ERROR * theirs.abs().max()


def test_currents_may_lie_in_memory_as_they_like(
    kernels: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transposed currents: the kernels walk through memory without strides."""
    neuron = layer("plif")
    generator = torch.Generator().manual_seed(5)
    currents = torch.randn(30, T * 4, generator=generator, dtype=torch.float64).to(DEVICE).t()
    plain = neuron(currents)
    take(kernels, monkeypatch)
    neuron.fused = True
    assert torch.equal(neuron(currents), plain)


def test_moments_survive_a_mean_far_from_zero(kernels: ModuleType) -> None:
    """Blocks combine about their own means: a plain sum of squares would lose 6 digits here."""
    generator = torch.Generator().manual_seed(2)
    incoming = (1e3 + torch.randn(5, 1000, generator=generator)).to(DEVICE)
    one = torch.tensor(1.0, device=DEVICE)
    membrane, moments = kernels.advanced(None, incoming, one, None)
    exact = incoming.double()
    assert torch.equal(membrane, incoming)
    assert float(moments.mean) == pytest.approx(float(exact.mean()), rel=1e-6)
    squares = float((exact - exact.mean()).square().sum())
    assert float(moments.squares) == pytest.approx(squares, rel=1e-4)


def test_bfloat16_currents_meet_a_float32_membrane(kernels: ModuleType) -> None:
    """The spikes of the float32 loop on the same values, in the currents' own type."""
    generator = torch.Generator().manual_seed(3)
    currents = torch.randn(T, 2, 700, generator=generator).bfloat16().to(DEVICE)
    decay, thresholds = torch.tensor(0.7, device=DEVICE), torch.ones(T, device=DEVICE)
    spikes = kernels.spikes(currents, decay, None, thresholds)
    assert spikes.dtype == torch.bfloat16
    assert torch.equal(
        spikes.float(), fused_kernels.spikes(currents.float(), decay, None, thresholds)
    )


class OfOnesOwn(ScaledSurrogate):
    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        return threshold

    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        return distance


def test_what_has_no_kernel_is_left_to_torch_s_compiler(kernels: ModuleType) -> None:
    """Shapes without a kernel, and everything on the CPU."""
    assert kernels.has_kernel(Shaped("arctan"))
    assert not kernels.has_kernel(Shaped("dspike"))
    assert not kernels.has_kernel(OfOnesOwn())
    assert fused.kernels_for(Shaped("arctan"), torch.ones(2, 3)) is fused_kernels


@pytest.mark.gpu
def test_cuda_takes_triton_by_itself(kernels: ModuleType) -> None:
    """A fused layer on a GPU runs these kernels, with the plain loop's spikes."""
    currents = torch.randn(T * 4, 3000, device="cuda")
    assert fused.kernels_for(Shaped(), currents) is kernels
    neuron = layer("ds-atgo").float().eval()
    plain = neuron(currents)
    neuron.fused = True
    assert torch.equal(neuron(currents), plain)
