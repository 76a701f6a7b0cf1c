"""Quantising and encoding take inputs that are read from files as they take arrays."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from export.freezing import freeze
from export.quantizing import encode, quantization
from tests.image_folders import write_folder
from tests.same_graph import assert_same_graph
from trainers.data.load import load_data
from trainers.fitting import fit
from trainers.neurons.lif import LIF


def test_files_quantise_and_encode_as_arrays_do(tmp_path: Path) -> None:
    """The same integers, from the same samples."""
    data = load_data("image-folder", path=write_folder(tmp_path), image_size=14, workers=0)
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 4, 3), LIF(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(144, 3)
    )
    network = fit(body, data, time_steps=2, epochs=1, device="cpu").network
    graph = freeze(network, data.validation.inputs[:1], classes=data.classes)
    done = quantization(graph, data.validation.inputs)
    chip, layers = done.chip, done.layers
    done = quantization(graph, data.validation.inputs[:])
    expected, expected_layers = done.chip, done.layers
    assert_same_graph(chip, expected)
    assert layers == expected_layers
    encoded = encode(graph, chip, data.test.inputs)
    np.testing.assert_array_equal(encoded, encode(graph, chip, data.test.inputs[:]))
    assert encoded.any()
