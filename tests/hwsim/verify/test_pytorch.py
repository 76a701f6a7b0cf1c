"""The trained torch layers with frozen weights are a runtime like any other."""

from pathlib import Path

import numpy as np
import torch

from export.freezing import freeze
from export.nir_file import read_nir, write_nir
from hwsim.verify.pytorch import pytorch_runtime
from hwsim.verify.verify import verify_graph
from tests.frozen_networks import images
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.networks.conv_small import ConvSmallOptions
from trainers.readout import WeightedReadout


def network(seed: int) -> SpikingNetwork:
    """An untrained network, with weights large enough to fire."""
    torch.manual_seed(seed)
    body = NETWORKS["conv-small"].build(ConvSmallOptions(channels=(4, 6)), (1, 8, 8), 5)
    with torch.no_grad():
        for module in body.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.mul_(2.0)
                module.bias.add_(0.3)
    return SpikingNetwork(body, 4).eval()


def test_torch_agrees_with_the_file_and_a_changed_file_is_found_out(tmp_path: Path) -> None:
    """No spike differs; after one threshold in the file is moved, spikes do."""
    trained = network(0)
    write_nir(freeze(trained, torch.from_numpy(images(1))), tmp_path / "a.nir")
    graph = read_nir(tmp_path / "a.nir")
    inputs, labels = images(40), np.zeros(40, dtype=np.int64)
    runtimes = {"pytorch": pytorch_runtime(trained)}
    (row,) = verify_graph(graph, inputs, labels, runtimes=runtimes)
    assert (row.verdict, row.spike_mismatches) == ("identical", 0)
    graph.nodes["l001_lif"].v_threshold[2, 3, 3] *= 1.5
    (row,) = verify_graph(graph, inputs, labels, runtimes=runtimes)
    assert row.verdict == "different"
    assert row.spike_mismatches


def test_torch_weights_its_steps_itself() -> None:
    """A network trained with a weighted readout is one runtime more, without a note."""
    trained = network(0)
    trained.readout = WeightedReadout(torch.tensor([0.1, 2.5, 0.7, -0.2]))
    graph = freeze(trained, torch.from_numpy(images(1)))
    with torch.no_grad():
        answers = trained.readout(trained(torch.from_numpy(images(40)))).argmax(dim=1).numpy()
    runtimes = {"pytorch": pytorch_runtime(trained)}
    (row,) = verify_graph(graph, images(40), answers, runtimes=runtimes)
    assert (row.verdict, row.note) == ("identical", "")
    assert row.accuracy is not None
    assert row.accuracy >= 0.95
    assert row.logit_max_abs_diff is not None
    assert row.logit_max_abs_diff < 1e-12
