"""Residual networks of the table, narrow, on integers: as the emulator, before and after tuning."""

from typing import Any

import numpy as np
import pytest
import torch

from export.freezing import freeze
from export.qat import fine_tuned
from export.quantizing import quantization
from tests.quantised_networks import Case, assert_equal_to_the_emulator
from tests.tiny_training import few_digits
from tests.whole_networks import built
from trainers.export_tables import QatTable
from trainers.fitting import train_network
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.train_table import TrainTable

NETWORKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sew-resnet18": ("sew-resnet18", "deeptage", {}),
    "resnet19": ("resnet19", "ds-atgo", {}),
    "resnet19, residual current": ("resnet19", "mpd-agl", {"residual": "current"}),
}
TRAIN = TrainTable(time_steps=2, epochs=1, batch_size=32, learning_rate=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_residual_networks_fire_as_the_emulator_does(name: str, bits: int) -> None:
    """Trained a little, quantised, fine-tuned and quantised again: no differing spike."""
    network_name, method, options = NETWORKS[name]
    torch.manual_seed(0)
    body = built(network_name, (1, 8, 8), width=0.125, **options)
    network = SpikingNetwork(body, TRAIN.time_steps, sample_shape=(1, 8, 8))
    METHODS[method].prepare(network, METHODS[method].options())
    data = few_digits()
    network = train_network(network, data, TRAIN, seed=0, device="cpu").network
    inputs = data.validation.inputs[:]
    graph = freeze(network, inputs, classes=data.classes)
    before = quantization(graph, inputs, weight_bits=bits)
    tested = np.asarray(data.test.inputs[:])
    assert_equal_to_the_emulator(Case(network, graph, before, tested), lively=False)
    tuned = fine_tuned(
        graph, before, network, data, TRAIN, QatTable(epochs=1), seed=0, device="cpu"
    )
    scales = {layer.name: layer.scale for layer in before.layers}
    after = quantization(tuned, inputs, weight_bits=bits, scales=scales)
    assert_equal_to_the_emulator(Case(network, tuned, after, tested), lively=False)
