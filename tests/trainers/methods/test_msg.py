"""MSG: values of the base surrogates, statistics of the mask, and what it must leave alone."""

import pytest
import torch
from torch import nn

from trainers.methods.msg import MSG, MaskedSurrogate, MSGOptions, surrogate_derivative
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


@pytest.mark.parametrize(
    ("base", "x", "expected"),
    [
        ("arctan", 0.0, 2.0),
        ("arctan", 0.5, 0.5768),
        ("arctan", -0.5, 0.5768),
        ("piecewise-linear", 0.0, 2.0),
        ("piecewise-linear", 0.25, 1.0),
        ("piecewise-linear", -0.5, 0.0),
    ],
)
def test_base_surrogates(base: str, x: float, expected: float) -> None:
    """The reference values of the paper's two surrogates at alpha = 2."""
    found = surrogate_derivative(torch.tensor(x), base, 2.0)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(expected, abs=5e-5)


def gradients(seed: int, **options: object) -> torch.Tensor:
    """Gradients of many equal neurons that sit exactly half a unit of V off the threshold."""
    chosen = MSGOptions.model_validate({"base": "arctan", **options})
    torch.manual_seed(seed)
    membrane = torch.full((400_000,), 1.0 + chosen.tau_m * 0.5, dtype=torch.float64)
    membrane.requires_grad_()
    MaskedSurrogate(chosen)(membrane, torch.tensor(1.0), 0).sum().backward()
    assert membrane.grad is not None
    return membrane.grad


def test_share_kept_mean_and_variance() -> None:
    """A share 1 - p is kept; mean (1-p) mu and variance p (1-p) mu^2 of a constant gradient mu."""
    plain = float(gradients(0, mask_probability=0.0)[0])
    masked = gradients(1, mask_probability=0.3)
    assert float((masked != 0).double().mean()) == pytest.approx(0.7, abs=3e-3)
    assert float(masked.mean()) == pytest.approx(0.7 * plain, rel=5e-3)
    assert float(masked.var()) == pytest.approx(0.21 * plain**2, rel=1e-2)
    rescaled = gradients(1, mask_probability=0.3, rescale=True)
    assert float(rescaled.mean()) == pytest.approx(plain, rel=5e-3)
    assert float(rescaled.var()) == pytest.approx(0.3 / 0.7 * plain**2, rel=1e-2)


def test_reference_mean_and_variance() -> None:
    """mu = sigma = 1, p = 0.5: mean 0.5 and variance 0.75; rescaled 1 and 3."""
    torch.manual_seed(0)
    options = MSGOptions(base="arctan", tau_m=2.0)
    unit = float(surrogate_derivative(torch.tensor(0.0), "arctan", 2.0)) / 2.0
    above = torch.randn(1_000_000, dtype=torch.float64) + 1.0
    for rescale, mean, variance in ((False, 0.5, 0.75), (True, 1.0, 3.0)):
        membrane = torch.ones(1_000_000, dtype=torch.float64, requires_grad=True)
        surrogate = MaskedSurrogate(options.model_copy(update={"rescale": rescale}))
        spikes = surrogate(membrane, torch.tensor(1.0, dtype=torch.float64), 0)
        (spikes * above / unit).sum().backward()
        assert membrane.grad is not None
        assert float(membrane.grad.mean()) == pytest.approx(mean, abs=5e-3)
        assert float(membrane.grad.var()) == pytest.approx(variance, rel=1e-2)


def test_no_mask_is_the_plain_surrogate_exactly() -> None:
    """p = 0 changes nothing, and draws nothing from the generator."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    plain = gradients(3, mask_probability=0.0)
    assert torch.equal(plain, plain[:1].expand_as(plain))
    torch.manual_seed(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fresh_mask_for_each_backward_but_the_same_for_the_same_seed() -> None:
    """Seeded, and independent between passes."""
    assert torch.equal(gradients(5), gradients(5))
    assert not torch.equal(gradients(5), gradients(6))


def test_our_units_compute_the_papers_neuron() -> None:
    """Spikes equal V <- V + (I - V)/tau_m with threshold 0.5, written out."""
    torch.manual_seed(0)
    network = SpikingNetwork(nn.Sequential(LIF()), 6, sequence=True).double().eval()
    MSG.prepare(network, MSGOptions())
    currents = torch.randn(6, 50, 3, dtype=torch.float64)
    with torch.no_grad():
        spikes = network(currents)
    voltage = torch.zeros(50, 3, dtype=torch.float64)
    for step in range(6):
        voltage = voltage + (currents[step] - voltage) / 2.0
        fired = voltage > 0.5
        assert torch.equal(spikes[step].bool(), fired)
        voltage = voltage * ~fired


def test_forward_and_evaluation_are_untouched() -> None:
    """The mask exists in backward alone: outputs don't depend on p or the seed."""
    torch.manual_seed(1)
    current = torch.randn(4, 20, 3)
    outputs = []
    for probability in (0.0, 0.9):
        network = SpikingNetwork(nn.Sequential(LIF()), 4, sequence=True)
        MSG.prepare(network, MSGOptions(mask_probability=probability))
        outputs.append(network(current))
    assert torch.equal(outputs[0], outputs[1])
