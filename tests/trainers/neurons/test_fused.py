from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons import fused
from trainers.neurons.lif import LIF
from trainers.neurons.scaled import ScaledSurrogate
from trainers.neurons.threshold import ThresholdRule

T, B = 3, 5
SUM_ERROR = 1e-9
"""Of float64 gradients relative to their largest, where only the order of a sum differs."""


def network(method: str, **options: object) -> SpikingNetwork:
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        LIF(0.4),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(6 * 3 * 3, 7, bias=False),
        nn.BatchNorm1d(7),
        LIF(0.6),
        nn.Linear(7, 4),
    )
    built = SpikingNetwork(body, T, sample_shape=(2, 7, 7))
    install(built, METHODS, {method: METHODS[method].options.model_validate(options)})
    return built


def one_step(
    built: SpikingNetwork, *, fused: bool, layout: torch.memory_format, dtype: torch.dtype
) -> Iterator[Tensor]:
    """Outputs, then gradients, then buffers of one training pass."""
    built.to(dtype=dtype, memory_format=layout)  # type: ignore[call-overload]
    for _, neuron in built.neurons():
        assert neuron.is_fusable
        neuron.fused = fused
    torch.manual_seed(1)
    images = 3 * torch.randn(B, 2, 7, 7, dtype=torch.float64).contiguous(memory_format=layout)
    outputs = built.train()(images.to(dtype))
    (outputs * torch.arange(4.0)).sum().backward()
    yield outputs.detach()
    for parameter in built.parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None
            yield parameter.grad
    yield from built.buffers()


def assert_alike(
    method: str, options: dict[str, object], layout: torch.memory_format, dtype: torch.dtype
) -> None:
    ours = one_step(network(method, **options), fused=True, layout=layout, dtype=dtype)
    theirs = one_step(network(method, **options), fused=False, layout=layout, dtype=dtype)
    assert torch.equal(next(ours), next(theirs))
    if dtype == torch.float32:
        return
    for found, expected in zip(ours, theirs, strict=True):
        assert (found - expected).abs().max() <= SUM_ERROR * expected.abs().max()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("method", ["ds-atgo", "plif"])
def test_spikes_are_the_plain_loop_s(method: str, layout: torch.memory_format) -> None:
    """Bit for bit in float32, whichever way images lie in memory."""
    assert_alike(method, {}, layout, torch.float32)


@pytest.mark.parametrize("method", ["ds-atgo", "plif"])
def test_gradients_are_the_plain_loop_s(method: str) -> None:
    """And running thresholds, but for the order of sums."""
    assert_alike(method, {}, torch.channels_last, torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("baseline", {"surrogate": "triangular"}),
        ("baseline", {"surrogate": "sigmoid"}),
        ("baseline", {"surrogate": "fast-sigmoid"}),
        ("baseline", {"surrogate": "dspike"}),
        ("plif", {"decay_input": True}),
        ("ltmd", {}),
        ("lsg", {}),
        ("mpd-agl", {}),
        ("deeptage", {}),
        ("ds-atgo", {"adaptive_threshold": False}),
        ("ds-atgo", {"gradient_optimisation": False}),
        ("msg", {"mask_probability": 0.0}),
        ("msg", {"mask_probability": 0.0, "base": "arctan"}),
    ],
)
def test_every_surrogate_and_rule_has_its_kernel(method: str, options: dict[str, object]) -> None:
    """All shapes, a scaled input, learnable thresholds, widths from norms, decays and membranes."""
    for dtype in (torch.float32, torch.float64):
        assert_alike(method, options, torch.channels_last, dtype)


def test_evaluation_is_the_plain_loop_s_bit_for_bit() -> None:
    """Without gradient and with running thresholds, which stay as they are."""
    built = network("ds-atgo").eval()
    images = 3 * torch.randn(B, 2, 7, 7, generator=torch.Generator().manual_seed(2))
    before = [buffer.clone() for buffer in built.buffers()]
    with torch.no_grad():
        plain = built(images)
        for _, neuron in built.neurons():
            neuron.fused = True
        assert torch.equal(built(images), plain)
    assert all(map(torch.equal, before, built.buffers()))


def test_masks_keep_their_share_in_a_kernel() -> None:
    """MSG's Bernoulli masks, drawn in another order: the same share is kept, seeded."""
    kept = []
    for _ in range(2):
        built = SpikingNetwork(nn.Sequential(LIF()), 1)
        install(
            built,
            METHODS,
            {"msg": METHODS["msg"].options.model_validate({"mask_probability": 0.3})},
        )
        _, neuron = next(built.neurons())
        neuron.fused = True
        currents = torch.full((100, 200), 1.0, requires_grad=True)
        torch.manual_seed(3)
        built.train()(currents).sum().backward()
        assert currents.grad is not None
        kept.append(currents.grad != 0)
    assert torch.equal(kept[0], kept[1])
    assert float(kept[0].float().mean()) == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / 20_000))


def test_half_precision_currents_meet_a_float32_membrane() -> None:
    """Both loops widen bfloat16 currents first, so their spikes agree there too."""
    neuron = LIF(0.9)
    neuron.time_steps = T
    currents = torch.randn(T * 4, 50, generator=torch.Generator().manual_seed(4)).bfloat16()
    plain = neuron(currents)
    neuron.fused = True
    assert plain.dtype == torch.bfloat16
    assert torch.equal(neuron(currents), plain)
    exact = LIF(0.9)
    exact.time_steps = T
    assert torch.equal(exact(currents.float()), plain.float())


class PerNeuron(ThresholdRule):
    def forward(self, membrane: Tensor, step: int) -> Tensor:
        return torch.linspace(0.5, 1.5, membrane.shape[-1])

    def schedule(self, time_steps: int) -> None:
        return None


class PerNeuronSlope(ScaledSurrogate):
    """What a user may well call a surrogate: it is not one width per step."""

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        return membrane.abs()

    def slope(self, distance: Tensor, width: Tensor) -> Tensor:
        return width


def test_a_rule_of_the_user_s_own_runs_in_the_plain_loop() -> None:
    """Thresholds are taken for one per neuron unless their rule says otherwise."""
    neuron = LIF()
    neuron.time_steps = T
    neuron.threshold_rule = PerNeuron()
    neuron.fused = True
    assert not neuron.is_fusable
    assert neuron(torch.randn(T * 2, 9)).shape == (T * 2, 9)


def test_a_width_for_each_neuron_is_refused_by_its_kernel() -> None:
    """One width per step is what the kernel reads; more would be misread."""
    neuron = LIF()
    neuron.time_steps = T
    neuron.surrogate = PerNeuronSlope()
    neuron.fused = True
    with pytest.raises(ValueError, match="one width"):
        neuron(torch.randn(T * 2, 9, requires_grad=True))


def test_long_sequences_keep_their_loop() -> None:
    """A step more than the compiler is given: the layer walks through them all the same."""
    neuron = LIF()
    currents = torch.zeros(fused.LONGEST_UNROLLED + 1, 1, 2)
    assert fused.kernels_for(neuron.surrogate, currents) is None  # type: ignore[arg-type]
    assert fused.kernels_for(neuron.surrogate, currents[1:]) is not None  # type: ignore[arg-type]
    neuron.time_steps = len(currents)
    neuron.fused = True
    assert neuron(currents.flatten(0, 1)).shape == (len(currents), 2)
