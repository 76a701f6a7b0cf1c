"""TAGE of DeepTAGE (reconstructed) against closed forms and a plain loop in float64."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from tests import lif_oracle
from tests.lif_oracle import Array
from tests.tiny_training import few_digits, same_state, tiny_module
from trainers.errors import ConfigError
from trainers.fitting import fit
from trainers.methods import METHODS, contradictions
from trainers.methods.deeptage import DeepTAGEOptions, TemporalAdaptiveGradient, parts, prepare
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.lif import LIF

ONE = torch.tensor(1.0, dtype=torch.float64)
UNITS = [1.0, -1.0, 1.0, -1.0]


def membranes(*samples: float) -> Tensor:
    """Samples of four neurons at these distances around the threshold 1, float64."""
    return 1 + torch.tensor(samples, dtype=torch.float64)[:, None] * torch.tensor(UNITS)


def slope_at(surrogate: TemporalAdaptiveGradient, membrane: Tensor, step: int) -> Tensor:
    """ds/du as the backward pass has it."""
    leaf = membrane.clone().requires_grad_()
    surrogate(leaf, ONE, step).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def test_the_reference_value() -> None:
    """w = 0.25 and a doubled distance give delta 1.25 and 0.3877 at 0.5; delta 1 gives 0.2884.

    The samples' distances 1, 3 and 8, 0 have the means 2 and 4; root mean squares over the whole
    batch would have another ratio.
    """
    surrogate = TemporalAdaptiveGradient(w=0.25).double()
    assert float(surrogate.growth(membranes(1, 3) - 1, 0)) == 1.0
    assert float(surrogate.growth(membranes(8, 0) - 1, 1)) == pytest.approx(1.25, rel=1e-12)
    first = slope_at(surrogate, membranes(0.5), 0)
    later = slope_at(surrogate, membranes(0.5, 1.5), 1)
    assert first[0].tolist() == pytest.approx([0.2884] * 4, abs=5e-5)
    assert later[0].tolist() == pytest.approx([0.3877] * 4, abs=5e-5)


@pytest.mark.parametrize("w", [0.0, 0.1, 0.25, 0.7, 1.0])
def test_the_first_step_has_the_plain_width_exactly(w: float) -> None:
    """delta_1 is 1, not w + (1 - w) in floating point."""
    surrogate = TemporalAdaptiveGradient(w=w)
    for distance in (torch.full((2, 3), 0.1), torch.zeros(2, 3)):
        assert surrogate.growth(distance, 0).item() == 1.0


def backward(
    run: lif_oracle.Run, decay: float, upstream: Array, slope: Callable[[Array, int], Array]
) -> Array:
    """Gradient of sum(upstream * s) by the currents, with any slope ds/du of (u, step)."""
    by_current = np.zeros_like(upstream)
    later = np.zeros_like(upstream[0])
    for step in reversed(range(len(upstream))):
        membrane, spikes = run.before_reset[step], run.spikes[step]
        by_spike = upstream[step] - later * membrane
        by_current[step] = by_spike * slope(membrane, step) + later * (1 - spikes)
        later = decay * by_current[step]
    return by_current


def arctan(x: Array, width: float) -> Array:
    """1 / (1 + (pi x / width)^2)."""
    return np.asarray(1 / (1 + (np.pi * x / width) ** 2))


def rectangular(x: Array, width: float) -> Array:
    """(1/k) 1[|x| < k/2]."""
    return (np.abs(x) < width / 2) / width


def triangular(x: Array, width: float) -> Array:
    """(1/g^2) max(0, g - |x|)."""
    return np.maximum(0, width - np.abs(x)) / width**2


@pytest.mark.parametrize(
    ("name", "shape"),
    [("arctan", arctan), ("rectangular", rectangular), ("triangular", triangular)],
)
@pytest.mark.parametrize(("w", "width"), [(0.25, None), (1.0, 0.75), (0.0, 2.0)])
def test_training_equals_the_plain_loop(
    name: ShapeName, shape: Callable[[Array, float], Array], w: float, width: float | None
) -> None:
    """Spikes and gradients over five steps, the growth a plain number at each."""
    layer = LIF(0.9)
    network = SpikingNetwork(nn.Sequential(layer), 5)
    prepare(
        network,
        DeepTAGEOptions(
            stds=False, w=w, threshold=0.75, decay=0.6, surrogate=name, surrogate_width=width
        ),
    )
    network.double()
    rng = np.random.default_rng(5)
    values, upstream = rng.normal(0.4, 0.9, (2, 5, 4, 3, 2))
    values *= np.linspace(1, 2, 5)[:, None, None, None]
    currents = torch.tensor(values, requires_grad=True)
    spikes = layer(currents.flatten(0, 1)).unflatten(0, (5, 4))
    (spikes * torch.tensor(upstream)).sum().backward()

    sigma: list[float] = []

    def growing(membrane: Array, step: int) -> float:
        sigma.append(float(np.mean([np.linalg.norm(sample - 0.75) for sample in membrane])))
        delta = 1.0 if step == 0 else w * sigma[step] / sigma[0] + 1 - w
        return (width or 1.0) * delta

    decay = float(layer.decay.detach())
    assert decay == pytest.approx(0.6, abs=1e-7)
    run = lif_oracle.forward(values, decay, lambda _u, _t: 0.75, growing)
    expected = backward(run, decay, upstream, lambda u, t: shape(u - 0.75, run.widths[t]))
    assert np.array_equal(spikes.detach().numpy(), run.spikes)
    assert currents.grad is not None
    assert currents.grad.numpy() == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert 0.1 < run.spikes.mean() < 0.6
    assert w == 0 or max(run.widths) > 1.1 * run.widths[0]


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_without_w_it_is_the_plain_arctan(precision: str) -> None:
    """w = 0 trains to the baseline's weights, bit for bit; w = 0.25 doesn't."""

    def trained(method: str, **options: Any) -> dict[str, Tensor]:
        module = tiny_module()
        cast(LIF, module[2]).set_decay(0.5)
        return fit(
            module, few_digits(), method=method, options=options, time_steps=3, epochs=1,
            precision=precision, device="cpu",
        ).network.state_dict()  # fmt: skip

    plain = trained("baseline", surrogate="arctan")
    assert same_state(trained("deeptage", stds=False, w=0), plain)
    assert not same_state(trained("deeptage", stds=False, w=0.25), plain)


def test_peaks_stay_or_fall_with_the_width() -> None:
    """At delta 2: arctan and fast-sigmoid keep their peak, rectangle and triangle halve theirs."""
    peaks: dict[ShapeName, float] = {}
    for shape in ("arctan", "fast-sigmoid", "rectangular", "triangular", "sigmoid"):
        surrogate = TemporalAdaptiveGradient(w=1.0, shape=shape, width=1.0).double()
        surrogate.growth(membranes(1) - 1, 0)
        at_threshold = torch.cat([membranes(0), membranes(4)])
        peaks[shape] = float(surrogate.derivative(at_threshold, ONE, 1)[0, 0])
    assert peaks == pytest.approx(
        {"arctan": 1, "fast-sigmoid": 1, "rectangular": 0.5, "triangular": 0.5, "sigmoid": 0.5}
    )


def test_the_growth_is_held_constant() -> None:
    """No gradient runs through it, although it depends on the membrane."""
    surrogate = TemporalAdaptiveGradient().double()
    leaf = membranes(1, 2).requires_grad_()
    assert not surrogate.growth(leaf - 1, 0).requires_grad
    assert not surrogate.growth(3 * (leaf - 1), 1).requires_grad


def test_evaluation_is_a_plain_step_that_keeps_nothing() -> None:
    """u == threshold stays silent in both modes; no statistic is taken or stored."""
    surrogate = TemporalAdaptiveGradient()
    membrane = torch.tensor([[0.75, 0.7500001, -1.0]])
    surrogate.eval()
    assert surrogate(membrane, torch.tensor(0.75), 0).tolist() == [[0.0, 1.0, 0.0]]
    with pytest.raises(ConfigError, match="step 1 before step 0"):
        surrogate.growth(membrane, 1)
    surrogate.train()
    assert surrogate(membrane, torch.tensor(0.75), 0).tolist() == [[0.0, 1.0, 0.0]]
    assert list(surrogate.state_dict()) == ["width"]
    assert surrogate.growth(2 * (membrane - 0.75), 1).item() > 1.2


def test_derivative_and_interval_in_evaluation_are_those_of_training() -> None:
    """Step by step from 0; half of arctan's peak lies at delta / pi, a rectangle's at its edge."""
    rng = torch.Generator().manual_seed(2)
    passes = [torch.randn(6, 4, generator=rng).double() * scale for scale in (1, 2, 0.5)]
    for shape, reach in (("arctan", 2 / np.pi), ("rectangular", 1.0)):
        training = TemporalAdaptiveGradient(0.5, shape).double()  # type: ignore[arg-type]
        asked = TemporalAdaptiveGradient(0.5, shape).double().eval()  # type: ignore[arg-type]
        for step, membrane in enumerate(passes):
            expected = slope_at(training, membrane, step)
            assert torch.equal(asked.derivative(membrane, ONE, step), expected)
            delta = float(training.growth(membrane - 1, step))
            interval = float(asked.interval(membrane, ONE, step))
            assert interval == pytest.approx(reach * delta, rel=1e-6)


def test_a_first_step_on_the_threshold_leaves_gradients_finite() -> None:
    """sigma_1 = 0 can't be divided by."""
    surrogate = TemporalAdaptiveGradient(w=0.25)
    surrogate.growth(torch.zeros(2, 3), 0)
    assert torch.isfinite(surrogate.growth(torch.ones(2, 3), 1))
    plain = TemporalAdaptiveGradient(w=0.0)
    plain.growth(torch.zeros(2, 3), 0)
    assert plain.growth(torch.ones(2, 3), 1).item() == 1.0


def test_half_precision_distances_are_averaged_in_float32() -> None:
    """Between two bfloat16 numbers, over more elements than bfloat16 can count."""
    surrogate = TemporalAdaptiveGradient(w=1.0)
    surrogate.growth(torch.ones(2, 50_000).bfloat16(), 0)
    distance = torch.tensor([[1.0], [1.0078125]]).expand(2, 50_000).bfloat16()
    growth = surrogate.growth(distance, 1)
    assert growth.dtype == torch.float32
    assert growth.item() == pytest.approx(1.00390625, abs=1e-6)


def test_every_layer_gets_the_chosen_neuron() -> None:
    """Threshold, decay and surrogate of the options, the encoding layer included."""
    network = SpikingNetwork(nn.Sequential(LIF(0.3), nn.Linear(2, 2), LIF(0.4)), 2)
    options = DeepTAGEOptions(stds=False, sync_statistics=True, w=0.5, threshold=2.0)
    prepare(network, options)
    for _, neuron in network.neurons():
        assert float(neuron.decay) == 0.5
        assert float(neuron.threshold_rule(torch.zeros(1), 1)) == 2.0
        assert isinstance(neuron.surrogate, TemporalAdaptiveGradient)
        assert (neuron.surrogate.w, neuron.surrogate.sync_statistics) == (0.5, True)


def test_each_half_sets_its_own_parts() -> None:
    """STDS alone leaves neurons as they are, so it goes with DS-ATGO; TAGE alone with TET."""
    neuron = {"threshold", "decay", "surrogate"}
    assert parts(DeepTAGEOptions()) == neuron | {"loss"}
    assert parts(DeepTAGEOptions(stds=False)) == neuron
    assert parts(DeepTAGEOptions(tage=False)) == {"loss"}
    for other, switch in (("ds-atgo", "tage"), ("tet", "stds")):
        theirs = METHODS[other].options()
        alone = DeepTAGEOptions.model_validate({switch: False})
        assert contradictions(METHODS, {"deeptage": alone, other: theirs}) == []
        assert contradictions(METHODS, {"deeptage": DeepTAGEOptions(), other: theirs}) != []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tage": False, "stds": False}, "tage and stds are both off"),
        ({"w": 1.1}, "w\n.*less than or equal to 1"),
        ({"w": -0.1}, "w\n.*greater than or equal to 0"),
        ({"decay": 1.0}, "decay"),
        ({"aux_weight": -1.0}, "aux_weight"),
        ({"head_depth": -1}, "head_depth"),
        ({"surrogate": "tan"}, "surrogate"),
        ({"widht": 1.0}, "widht"),
    ],
)
def test_senseless_and_unknown_options_are_refused(values: dict[str, Any], said: str) -> None:
    """Out of range, misspelt, or nothing left to do."""
    with pytest.raises(ValidationError, match=said):
        DeepTAGEOptions.model_validate(values)


def test_it_is_reported_as_a_reconstruction() -> None:
    """Wherever methods are listed."""
    assert "DeepTAGE (reconstructed)" in METHODS["deeptage"].summary
