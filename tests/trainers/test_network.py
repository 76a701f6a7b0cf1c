"""A network over time: static and sequential inputs, names, and refusals."""

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import few_digits, tiny_network
from trainers.errors import ConfigError, DataError
from trainers.evaluation import recorded_spikes
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def body() -> nn.Sequential:
    """Two LIF layers on vectors of 3."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 8),
        LIF(0.7, threshold=0.3),
        nn.Linear(8, 8),
        LIF(0.5, threshold=0.2),
        nn.Linear(8, 2),
    )


def test_a_static_sample_is_shown_at_every_step() -> None:
    """It equals the sequence that repeats it."""
    module = body()
    static, sequence = SpikingNetwork(module, 4), SpikingNetwork(module, 4, sequence=True)
    inputs = 2 * torch.rand(5, 3)
    outputs = static(inputs)
    assert outputs.shape == (4, 5, 2)
    assert torch.equal(outputs, sequence(torch.stack([inputs] * 4)))
    assert not torch.equal(outputs[0], outputs[3])


def test_samples_do_not_see_each_other() -> None:
    """Each row of the batch equals the sample alone, at every step."""
    network = SpikingNetwork(body().double(), 5, sequence=True)
    inputs = 2 * torch.rand(5, 6, 3, dtype=torch.float64)
    together = network(inputs)
    for sample in range(6):
        alone = network(inputs[:, sample : sample + 1])
        assert torch.allclose(alone[:, 0], together[:, sample], atol=1e-12)


def test_the_current_comes_at_every_step_from_that_step_and_earlier_ones() -> None:
    """Changing step 2 changes nothing before it."""
    network = SpikingNetwork(body(), 4, sequence=True)
    inputs = 2 * torch.rand(4, 3, 3)
    changed = inputs.clone()
    changed[2] += 3.0
    before, after = network(inputs), network(changed)
    assert torch.equal(before[:2], after[:2])
    assert not torch.equal(before[2], after[2])


def test_neurons_are_named_by_their_path_in_the_module() -> None:
    """In definition order; freezing and reports use these names."""
    assert [name for name, _ in SpikingNetwork(body(), 2).neurons()] == ["1", "3"]
    assert [name for name, _ in tiny_network().neurons()] == ["2"]


def test_the_number_of_steps_can_be_changed() -> None:
    """For the network and all its layers at once."""
    network = SpikingNetwork(body(), 2)
    network.set_time_steps(7)
    assert network(torch.rand(3, 3)).shape == (7, 3, 2)


def test_a_module_without_lif_is_refused() -> None:
    """Nothing would spike."""
    with pytest.raises(ConfigError, match=r"Sequential holds no LIF layer.*Put trainers\.LIF\(\)"):
        SpikingNetwork(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), 4)


@pytest.mark.parametrize("steps", [0, -1])
def test_fewer_than_one_step_is_refused(steps: int) -> None:
    """With the value."""
    with pytest.raises(ConfigError, match=rf"time_steps \({steps}\) must be at least 1"):
        SpikingNetwork(body(), steps)


def test_a_sequence_of_another_length_is_refused() -> None:
    """The message holds both lengths and the shape."""
    with pytest.raises(DataError, match=r"5 time steps in shape \(5, 2, 3\), expected 4"):
        SpikingNetwork(body(), 4, sequence=True)(torch.rand(5, 2, 3))


class MixesSamples(nn.Module):
    """Folds the batch into the features, a common slip with flatten."""

    def __init__(self) -> None:
        super().__init__()
        self.lif = LIF()

    def forward(self, inputs: Tensor) -> Tensor:
        """One row of everything."""
        spikes: Tensor = self.lif(inputs)
        return spikes.reshape(4, -1)


def test_a_module_that_mixes_samples_is_refused() -> None:
    """Its rows would be taken for other samples' outputs."""
    with pytest.raises(DataError, match=r"network output: 4 rows for 8 inputs"):
        SpikingNetwork(MixesSamples(), 4)(torch.rand(2, 3))


def test_auxiliary_heads_read_the_layer_they_are_named_after() -> None:
    """[T, B, classes] each, from that layer's own output; the network's output stays."""
    network = tiny_network(method="baseline").eval()
    head = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    network.auxiliary["2"] = head
    inputs = torch.from_numpy(few_digits().test.inputs)
    with torch.no_grad(), recorded_spikes(network) as spikes:
        outputs, (auxiliary,) = network.forward_all(inputs)
        expected = head(spikes["2"]).unflatten(0, (2, -1))
        assert torch.equal(outputs, network(inputs))
    assert torch.equal(auxiliary, expected)
    assert auxiliary.shape == (2, 40, 10)


def test_forwards_leave_no_hooks_behind() -> None:
    """Also after a forward that failed."""
    network = tiny_network(method="baseline")
    network.auxiliary["2"] = nn.Flatten()
    with pytest.raises(RuntimeError):
        network.forward_all(torch.zeros(3, 5, 8, 8))
    assert not network.body[2]._forward_hooks  # type: ignore[index]
