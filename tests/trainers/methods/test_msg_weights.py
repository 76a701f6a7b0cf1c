"""MSG's variant that masks the gradients of weights."""

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import copied_state, few_digits, same_state, tiny_module
from trainers.fitting import fit
from trainers.methods.baseline import BASELINE, BaselineOptions
from trainers.methods.msg import MSG, MaskedSurrogate, MSGOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


class Body(nn.Module):
    """A convolution, a norm, neurons, and one linear layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.lif = LIF()
        self.linear = nn.Linear(512, 512)

    def forward(self, x: Tensor) -> Tensor:
        """Twice through the linear layer."""
        spikes = self.lif(self.norm(self.conv(x))).flatten(1)
        outputs: Tensor = self.linear(torch.tanh(self.linear(spikes)))
        return outputs


def options(probability: float = 0.5, **others: object) -> MSGOptions:
    """Weights masked."""
    chosen = {"mask": "weight-gradient", "mask_probability": probability, **others}
    return MSGOptions.model_validate(chosen)


def prepared(*steps: MSGOptions) -> tuple[SpikingNetwork, Body]:
    """The same weights each time, float64, prepared once or several times over."""
    torch.manual_seed(0)
    body = Body()
    network = SpikingNetwork(body, 2).double()
    for chosen in steps:
        MSG.prepare(network, chosen)
    return network.double(), body


def gradients(network: SpikingNetwork, seed: int = 0) -> dict[str, Tensor]:
    """Gradients of every parameter in one backward pass."""
    network.zero_grad()
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1)).double()
    torch.manual_seed(seed)
    network(images).square().sum().backward()
    return {
        name: weight.grad.clone()
        for name, weight in network.named_parameters()
        if weight.grad is not None
    }


WEIGHTS = ("body.conv.weight", "body.linear.weight")


@pytest.mark.parametrize("rescale", [False, True])
def test_a_share_of_each_weights_gradient_is_kept_whole(rescale: bool) -> None:
    """1 - p of the entries are the plain gradient (divided by 1 - p when rescaled), p are 0.

    The layer that is called twice is masked once, after both calls are summed; biases, gains and
    everything else are the plain surrogate's.
    """
    plain = gradients(prepared(MSGOptions(mask_probability=0.0))[0])
    found = gradients(prepared(options(0.3, rescale=rescale))[0])
    assert found.keys() == plain.keys()
    for name, gradient in found.items():
        if name not in WEIGHTS:
            assert torch.equal(gradient, plain[name]), name
            continue
        kept = gradient != 0
        whole = plain[name] / 0.7 if rescale else plain[name]
        assert torch.equal(gradient[kept], whole[kept]), name
    weight = found["body.linear.weight"]
    silent = plain["body.linear.weight"] == 0
    assert float((weight != 0)[~silent].double().mean()) == pytest.approx(0.7, abs=5e-3)
    assert 0.4 < float((found["body.conv.weight"] != 0).double().mean()) < 0.95


def test_reference_mean_and_variance() -> None:
    """Gradients of mean and deviation 1, p = 0.5: mean 0.5, variance 0.75; rescaled 1 and 3."""
    above = torch.randn(1000, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for rescale, mean, variance in ((False, 0.5, 0.75), (True, 1.0, 3.0)):
        linear = nn.Linear(1000, 1000, bias=False)
        network = SpikingNetwork(nn.Sequential(linear, LIF()), 1).double()
        MSG.prepare(network, options(rescale=rescale))
        torch.manual_seed(0)
        (linear.weight * (above + 1)).sum().backward()
        assert linear.weight.grad is not None
        assert float(linear.weight.grad.mean()) == pytest.approx(mean, abs=5e-3)
        assert float(linear.weight.grad.var()) == pytest.approx(variance, rel=1e-2)


def test_masks_are_fresh_but_repeat_with_the_seed() -> None:
    """Each backward pass draws its own."""
    network, _ = prepared(options())
    first, second, again = (gradients(network, seed) for seed in (1, 2, 1))
    for name in WEIGHTS:
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name] != 0, second[name] != 0)


def test_p_0_is_the_plain_surrogate_exactly() -> None:
    """The same trained bits as the other mask at p = 0, dropout included: nothing is drawn."""
    states = []
    for mask in ("surrogate", "weight-gradient"):
        chosen = {"mask": mask, "mask_probability": 0.0}
        network = fit(
            tiny_module(), few_digits(), method="msg", options=chosen, epochs=2, device="cpu"
        ).network
        states.append(copied_state(network))
    assert same_state(*states)


def test_preparing_again_does_not_mask_twice() -> None:
    """Twice by msg keeps 1 - p, not its square; another method after it masks nothing."""
    network, body = prepared(options(), options())
    weight = gradients(network)["body.linear.weight"]
    unmasked = gradients(prepared(MSGOptions(mask_probability=0.0))[0])["body.linear.weight"]
    moving = unmasked != 0
    assert float((weight != 0)[moving].double().mean()) == pytest.approx(0.5, abs=5e-3)
    BASELINE.prepare(network, BaselineOptions(threshold=1.0))
    network.double()
    plain = SpikingNetwork(Body(), 2).double()
    plain.body.load_state_dict(body.state_dict())
    BASELINE.prepare(plain, BaselineOptions(threshold=1.0))
    assert torch.equal(
        gradients(network)["body.linear.weight"], gradients(plain.double())["body.linear.weight"]
    )


def test_a_fit_after_it_trains_unmasked() -> None:
    """A module that learnt under masks and then under the baseline learns as without them."""
    states = []
    for probability in (0.5, 0.0):
        module = tiny_module()
        start = copied_state(module)
        masks = {"mask": "weight-gradient", "mask_probability": probability}
        fit(module, few_digits(), method="msg", options=masks, epochs=1, device="cpu")
        module.load_state_dict(start, strict=False)
        network = fit(module, few_digits(), method="baseline", epochs=1, device="cpu").network
        states.append(copied_state(network))
    assert same_state(*states)


def test_weights_that_do_not_learn_are_left_alone() -> None:
    """A frozen layer has no gradient to mask."""
    body = Body()
    body.conv.weight.requires_grad_(False)
    network = SpikingNetwork(body, 2)
    MSG.prepare(network, options())
    assert "body.conv.weight" not in gradients(network.double())


def test_surrogate_and_parts() -> None:
    """The surrogate's own gradient is whole; only this variant sets the weights' gradients."""
    membrane = torch.full((1000,), 1.0, requires_grad=True)
    MaskedSurrogate(options())(membrane, torch.tensor(1.0), 0).sum().backward()
    assert membrane.grad is not None
    assert membrane.grad.tolist() == [1.0] * 1000
    assert MSG.parts(options()) - MSG.parts(MSGOptions()) == {"weight gradient"}
