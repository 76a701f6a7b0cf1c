"""Fine-tuning on integers, and what it leaves in the graph."""

from functools import cache
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch
from torch import nn

from export.chip.chip_file import read_chip, write_chip
from export.chip.graph import InputForm
from export.freezing import freeze
from export.qat import fine_tuned, fine_tuning, integer_network
from export.quantizing import Quantization, encode, quantization
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.moving_thresholds import with_poisoned_test
from tests.tiny_training import few_digits, tiny_network
from trainers.evaluation import evaluate
from trainers.export_tables import QatTable
from trainers.fitting import train_network
from trainers.network import SpikingNetwork
from trainers.train_table import TrainTable

TRAIN = TrainTable(time_steps=2, epochs=6, batch_size=32, learning_rate=0.01)
TABLE = QatTable(epochs=2, learning_rate=2e-3)
BATCHES = 4
"""Of an epoch: 129 samples in batches of 32, the last one of 33."""


@cache
def trained(method: str = "ds-atgo") -> SpikingNetwork:
    """A tiny network that has learnt a little."""
    return train_network(tiny_network(method=method), few_digits(), TRAIN, seed=0).network


def quantised(form: InputForm, bits: int) -> tuple[nir.NIRGraph, Quantization]:
    """Frozen and on integers."""
    inputs = few_digits().validation.inputs[:]
    graph = freeze(trained(), inputs, classes=few_digits().classes)
    return graph, quantization(graph, inputs, input_form=form, weight_bits=bits)


def again(tuned: nir.NIRGraph, before: Quantization, form: InputForm, bits: int) -> Quantization:
    """The tuned graph at the same scales."""
    payload = before.layers[0].payload
    return quantization(
        tuned,
        few_digits().validation.inputs[:],
        input_form=form,
        weight_bits=bits,
        payload_bits=payload.bits if payload else 8,
        scales={layer.name: layer.scale for layer in before.layers},
    )


def training_loss(graph: nir.NIRGraph, integers: Quantization) -> float:
    """Cross-entropy on the training split."""
    train = few_digits().train
    done = evaluate(integer_network(graph, integers, trained()), train)
    logits = torch.from_numpy(done.logits)
    return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(train.labels).long()))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("form", ["bias", "graded"])
def test_the_chip_file_fires_as_fine_tuning_evaluated(
    form: InputForm, bits: int, tmp_path: Path
) -> None:
    """Tuned, quantised again, written, read and emulated: no spike and no logit differs."""
    graph, before = quantised(form, bits)
    folder = tmp_path / "tuning"
    data = few_digits()
    tuned = fine_tuned(
        graph, before, trained(), data, TRAIN, TABLE, seed=0, device="cpu", folder=folder
    )
    after = again(tuned, before, form, bits)
    weights = [
        np.asarray(q.synchronous.projections[-1].weight, dtype=np.int64) for q in (before, after)
    ]
    assert (weights[0] != weights[1]).any()
    evaluated = integer_network(graph, before, trained())
    state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    evaluated.load_state_dict(
        {key.removeprefix("network."): value for key, value in state.items() if "network." in key}
    )
    expected = evaluate(evaluated, data.test, record_spikes=True)
    chip = read_chip(write_chip(after.chip, tmp_path))
    trace = simulate(chip, encode(tuned, chip, data.test.inputs[:]), record=True)
    for name, spikes in expected.spikes.items():
        fired = np.moveaxis(trace.recordings[name]["s"], 1, 0)
        assert spikes.any()
        assert int((fired != spikes).sum()) == 0, name
    np.testing.assert_array_equal(chip_logits(trace), expected.logits)


def test_the_loss_falls_at_few_bits() -> None:
    """Three bits lose much, and training on them wins some of it back."""
    graph, before = quantised("bias", 3)
    table = QatTable(epochs=6, learning_rate=5e-3)
    tuned = fine_tuned(graph, before, trained(), few_digits(), TRAIN, table, seed=0, device="cpu")
    start = training_loss(graph, before)
    assert training_loss(tuned, again(tuned, before, "bias", 3)) < 0.9 * start


def test_the_test_split_is_never_read() -> None:
    """Any look at it raises."""
    graph, before = quantised("bias", 8)
    data = with_poisoned_test(few_digits())
    fine_tuned(graph, before, trained(), data, TRAIN, QatTable(epochs=1), seed=0, device="cpu")


def nodes_of(graph: nir.NIRGraph) -> dict[str, np.ndarray]:
    """Weights and biases."""
    return {
        f"{name}.{key}": getattr(node, key)
        for name, node in graph.nodes.items()
        for key in ("weight", "bias")
        if getattr(node, key, None) is not None
    }


def test_interrupted_and_resumed_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weight by weight, from the first epoch's end; the graph that was given is unchanged."""
    graph, before = quantised("bias", 4)
    given = {name: array.copy() for name, array in nodes_of(graph).items()}
    data = few_digits()

    def tuned(folder: Path | None) -> dict[str, np.ndarray]:
        done = fine_tuned(
            graph, before, trained(), data, TRAIN, TABLE, seed=3, device="cpu", folder=folder,
            fingerprint="a",
        )  # fmt: skip
        return nodes_of(done)

    whole = tuned(None)
    batches = 0

    def interrupted(*given: Any) -> SpikingNetwork:
        def count(module: nn.Module, *_: object) -> None:
            nonlocal batches
            batches += module.training
            if batches == BATCHES + 2:
                raise KeyboardInterrupt

        network = integer_network(*given)
        network.register_forward_hook(count)
        return network

    monkeypatch.setattr(fine_tuning, "integer_network", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tuned(tmp_path)
    resumed = tuned(tmp_path)
    assert batches == 2 * BATCHES + 2
    for name, array in whole.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)
    for name, array in nodes_of(graph).items():
        np.testing.assert_array_equal(array, given[name], err_msg=name)
