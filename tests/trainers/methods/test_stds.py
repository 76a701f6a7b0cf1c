"""STDS of DeepTAGE (reconstructed): heads, the loss by hand in float64, and their lifetime."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.tiny_training import few_digits, same_state, tiny_module
from tests.two_stages import SHAPE, two_stage_module
from trainers.errors import ConfigError
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.losses import LogitCrossEntropy
from trainers.methods.deeptage import DEEPTAGE, DeepTAGEOptions, prepare
from trainers.methods.stds import StageHead, StageSupervision
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.readout import MeanReadout, Readout, WeightedReadout

Array = NDArray[np.float64]
LABELS = np.array([2, 0, 1])


def supervised(**options: object) -> SpikingNetwork:
    """Two stages under STDS alone."""
    network = SpikingNetwork(two_stage_module(), 2, sample_shape=SHAPE)
    prepare(network, DeepTAGEOptions.model_validate({"tage": False, **options}))
    return network


def cross_entropy(outputs: Array, weights: Array, smoothing: float) -> tuple[float, Array]:
    """(1/T) sum over t of w_t CE(O_t, y) and its gradient by the outputs [T, B, C]."""
    steps, samples, classes = outputs.shape
    target = np.eye(classes)[LABELS] * (1 - smoothing) + smoothing / classes
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=2, keepdims=True)
    scale = weights[:, None, None] / (steps * samples)
    loss = -(scale * target * np.log(shares)).sum()
    return float(loss), scale * (shares - target)


def random_outputs(count: int) -> list[Array]:
    """Currents [4 steps, 3 samples, 5 classes] of the network and its heads."""
    return list(np.random.default_rng(1).normal(0, 2, (count, 4, 3, 5)))


@pytest.mark.parametrize("aux_weight", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, [0.7, 0.9, 1.1, 1.3]])
def test_loss_and_gradients_by_hand(
    aux_weight: float, smoothing: float, weights: list[float] | None
) -> None:
    """(CE_main + a sum CE_head) / (1 + a (K - 1)), every step scaled by the readout's weight."""
    arrays = random_outputs(3)
    main, *heads = (torch.tensor(array, requires_grad=True) for array in arrays)
    readout: Readout = WeightedReadout(torch.tensor(weights)) if weights else MeanReadout()
    loss = StageSupervision(aux_weight)(
        main, tuple(heads), torch.from_numpy(LABELS), readout.double(), smoothing
    )
    loss.backward()
    shares = np.array([1, aux_weight, aux_weight]) / (1 + 2 * aux_weight)
    terms = [cross_entropy(array, np.array(weights or [1.0] * 4), smoothing) for array in arrays]
    assert loss.item() == pytest.approx(sum(s * t[0] for s, t in zip(shares, terms, strict=True)))
    for leaf, share, (_, gradient) in zip((main, *heads), shares, terms, strict=True):
        assert leaf.grad is not None
        assert leaf.grad.numpy() == pytest.approx(share * gradient, rel=1e-6, abs=1e-9)


def test_equal_weights_are_the_average_over_stages_and_steps() -> None:
    """aux_weight = 1: 1/(K T) times the sum of K T cross-entropies."""
    arrays = random_outputs(3)
    main, *heads = (torch.tensor(array) for array in arrays)
    loss = StageSupervision()(main, tuple(heads), torch.from_numpy(LABELS), MeanReadout(), 0.0)
    single = [
        nn.functional.cross_entropy(torch.tensor(step), torch.from_numpy(LABELS))
        for array in arrays
        for step in array
    ]
    assert loss.item() == pytest.approx(float(sum(single)) / 12, rel=1e-12)


def test_a_head_stands_at_the_end_of_every_stage_but_the_last() -> None:
    """Named after the layer; the loss is set, readout and neurons are not."""
    network = supervised()
    assert list(network.auxiliary) == ["2"]
    assert isinstance(network.loss, StageSupervision)
    assert isinstance(network.readout, MeanReadout)
    assert float(dict(network.neurons())["2"].decay) == pytest.approx(0.2)
    nested = SpikingNetwork(nn.Sequential(two_stage_module()), 2, sample_shape=SHAPE)
    prepare(nested, DeepTAGEOptions())
    assert list(nested.auxiliary) == ["0/2"]


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_layers_of_a_head(depth: int) -> None:
    """depth x (conv 3x3 of equal width without bias, norm, ReLU), GAP, linear: nothing spikes."""
    head = StageHead(4, 7, depth)
    block = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    expected = [*(block * depth), nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear]
    assert [type(layer) for layer in head] == expected
    shapes = {name: tuple(weight.shape) for name, weight in head.named_parameters()}
    assert shapes[f"{3 * depth + 2}.weight"] == (7, 4)
    assert depth == 0 or shapes["0.weight"] == (4, 4, 3, 3)
    assert "0.bias" not in shapes
    assert head(torch.rand(6, 4, 5, 3)).shape == (6, 7)


def test_a_head_reads_the_spikes_of_its_stage() -> None:
    """Its output is the head of what the stage's LIF put out, unfolded over time."""
    network = supervised(head_depth=1).eval()
    inputs = 20 * torch.rand(3, *SHAPE)
    outputs, auxiliary = network.forward_all(inputs)
    assert outputs.shape == (2, 3, 10)
    spikes = network.body[:3](inputs.expand(2, *inputs.shape).flatten(0, 1))  # type: ignore[index]
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    expected = network.auxiliary["2"](spikes).unflatten(0, (2, 3))
    assert torch.equal(auxiliary[0], expected)


def test_a_head_teaches_its_own_stage_alone() -> None:
    """Its gradient reaches the first convolution, not the second."""
    network = supervised()
    _, (head,) = network.forward_all(torch.rand(3, *SHAPE))
    head.sum().backward()
    first, second = (network.body.get_submodule(name).weight for name in "04")
    assert isinstance(first, Tensor)
    assert first.grad is not None
    assert first.grad.abs().sum() > 0
    assert isinstance(second, Tensor)
    assert second.grad is None


def test_heads_have_the_network_s_precision() -> None:
    """A float64 network gets float64 heads."""
    network = SpikingNetwork(two_stage_module().double(), 2, sample_shape=SHAPE)
    prepare(network, DeepTAGEOptions())
    assert {weight.dtype for weight in network.auxiliary.parameters()} == {torch.float64}


def test_one_stage_needs_no_head() -> None:
    """K = 1: cross-entropy at every step of the output; vectors have no stage at all."""
    small = fit(tiny_module(), few_digits(), method="deeptage", epochs=1, device="cpu").network
    assert len(small.auxiliary) == 0
    assert isinstance(small.loss, StageSupervision)
    flat = SpikingNetwork(nn.Sequential(nn.Linear(3, 4), LIF(), nn.Linear(4, 2)), 2,
                          sample_shape=(3,))  # fmt: skip
    prepare(flat, DeepTAGEOptions())
    assert len(flat.auxiliary) == 0


def test_without_stds_loss_and_heads_stay_away() -> None:
    """And the sample shape isn't asked for."""
    network = SpikingNetwork(two_stage_module(), 2)
    prepare(network, DeepTAGEOptions(stds=False))
    assert isinstance(network.loss, LogitCrossEntropy)
    assert len(network.auxiliary) == 0


def test_an_unknown_sample_shape_is_refused() -> None:
    """Before anything is changed."""
    network = SpikingNetwork(two_stage_module(), 2)
    with pytest.raises(ConfigError, match="Pass sample_shape to SpikingNetwork"):
        DEEPTAGE.prepare(network, DeepTAGEOptions())
    assert float(dict(network.neurons())["2"].decay) == pytest.approx(0.2)


def test_heads_are_trained_and_stored_but_not_run_in_evaluation() -> None:
    """They are in the state and move; evaluating a split never calls them."""
    torch.manual_seed(0)
    data = few_digits()
    start = fit(two_stage_module(), data, method="deeptage", epochs=1, seed=1, device="cpu")
    torch.manual_seed(0)
    longer = fit(two_stage_module(), data, method="deeptage", epochs=2, seed=1, device="cpu")
    heads = [fitted.network.auxiliary.state_dict() for fitted in (start, longer)]
    assert "auxiliary.2.0.weight" in longer.network.state_dict()
    assert not torch.equal(heads[0]["2.0.weight"], heads[1]["2.0.weight"])
    calls: list[object] = []
    longer.network.auxiliary["2"].register_forward_hook(lambda *_: calls.append(_))
    evaluate(longer.network, data.test)
    assert calls == []
    assert same_state(longer.network.auxiliary.state_dict(), heads[1])
