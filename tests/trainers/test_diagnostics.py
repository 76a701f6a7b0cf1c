"""Diagnostics of training: right, repeatable, resumable, and without effect on the training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.tiny_training import few_digits, same_state, tiny_module, tiny_network
from trainers.checkpoint import read_checkpoint
from trainers.data import DataSplits, Split
from trainers.diagnostics import EpochDiagnostics, synaptic_weights
from trainers.diagnostics_file import SERIES, Diagnostics, read_diagnostics
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, train_network
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.recipe import TrainTable

BATCHES = 4
"""129 samples in batches of 32, the last one of 33."""


def train(
    folder: Path | None,
    network: SpikingNetwork | None = None,
    data: DataSplits | None = None,
    **changes: Any,
) -> Fitted:
    """A short training of the tiny network."""
    settings = TrainTable(**{"time_steps": 2, "epochs": 3, "batch_size": 32, **changes})
    return train_network(
        network or tiny_network(), data or few_digits(), settings,
        seed=3, device="cpu", folder=folder, fingerprint="recipe",
    )  # fmt: skip


def left_in(folder: Path) -> Diagnostics:
    """What training left there."""
    return read_diagnostics(folder / "diagnostics.npz")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fitted]:
    """A run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    return folder, train(folder)


@pytest.mark.parametrize("method", ["baseline", "ds-atgo", "mpd-agl", "msg"])
def test_training_goes_as_it_would_without(tmp_path: Path, method: str) -> None:
    """Every weight and statistic, bit for bit, with dropout and random masks."""
    watched = train(tmp_path, tiny_network(method=method), epochs=2)
    alone = train(None, tiny_network(method=method), epochs=2)
    assert (tmp_path / "diagnostics.npz").is_file()
    assert same_state(watched.network.state_dict(), alone.network.state_dict())


@pytest.mark.parametrize("after", [1, BATCHES, 2 * BATCHES + 1])
def test_a_resumed_run_ends_with_the_same_file(
    tmp_path: Path, unbroken: tuple[Path, Fitted], after: int
) -> None:
    """Byte for byte, wherever it was interrupted."""
    network, seen = tiny_network(), 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if seen > after:
            raise KeyboardInterrupt

    cast(nn.Sequential, network.body)[0].register_forward_hook(ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, network)
    assert not (tmp_path / "diagnostics.npz").exists()
    train(tmp_path)
    expected = (unbroken[0] / "diagnostics.npz").read_bytes()
    assert (tmp_path / "diagnostics.npz").read_bytes() == expected


def test_a_finished_run_gives_the_file_again(tmp_path: Path, unbroken: tuple[Path, Fitted]) -> None:
    """From the checkpoint alone, without training."""
    (tmp_path / "checkpoints").mkdir()
    checkpoint = unbroken[0] / "checkpoints" / "last.ckpt"
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(checkpoint.read_bytes())
    train(tmp_path)
    expected = (unbroken[0] / "diagnostics.npz").read_bytes()
    assert (tmp_path / "diagnostics.npz").read_bytes() == expected


def test_rows_travel_as_plain_tensors(unbroken: tuple[Path, Fitted]) -> None:
    """A checkpoint with them is read without pickle, and holds one row per epoch."""
    states = read_checkpoint(unbroken[0] / "checkpoints" / "last.ckpt")["callbacks"]
    rows = states[EpochDiagnostics.__qualname__]
    assert all(isinstance(value, Tensor) and len(value) == 3 for value in rows.values())


def test_the_last_epoch_s_row_is_the_trained_network_s(unbroken: tuple[Path, Fitted]) -> None:
    """Where the split is smaller than both samples, the two probes saw the same."""
    folder, fitted = unbroken
    found = left_in(folder)
    assert found.layers == ("2",)
    assert found.epochs.tolist() == [0, 1, 2]
    assert (found.epoch_samples, found.final_samples) == (40, 40)
    for name in SERIES:
        assert found.series[name].shape == (3, 1, 2)
        assert np.array_equal(found.series[name][-1], found.final[name])
    assert len(set(found.series["threshold"][:, 0, 1])) == 3
    spikes = evaluate(fitted.network, few_digits().validation, record_spikes=True).spikes["2"]
    assert found.final["rate"][0] == pytest.approx(spikes.reshape(2, -1).mean(axis=1), abs=1e-15)
    assert found.histogram.sum() == spikes.size
    assert found.histogram[0, :, 33:].sum() == spikes.sum()


def test_large_splits_are_probed_in_part(tmp_path: Path) -> None:
    """The first 256 samples after an epoch, the first 2048 at the end."""
    small = few_digits().validation
    repeated = Split(np.tile(small.inputs[:], (52, 1, 1, 1)), np.tile(small.labels, 52))
    data = DataSplits("few", few_digits().train, repeated, small, few_digits().classes)
    fitted = train(tmp_path, data=data, epochs=1)
    found = left_in(tmp_path)
    assert (len(repeated), found.epoch_samples, found.final_samples) == (2080, 256, 2048)
    assert found.histogram.sum() == 2048 * 2 * 4 * 64
    first = Split(repeated.inputs[:256], repeated.labels[:256])
    spikes = evaluate(fitted.network, first, record_spikes=True).spikes["2"]
    assert found.series["rate"][0, 0] == pytest.approx(
        spikes.reshape(2, -1).mean(axis=1), abs=1e-15
    )


@pytest.mark.parametrize("clip", [None, 1e-3])
def test_gradient_norms_are_those_of_the_backward_pass(tmp_path: Path, clip: float | None) -> None:
    """Mean over an epoch's mini-batches, before clipping, as hooks on the weights saw them."""
    network = tiny_network()
    weights = {"0": "0.weight", "6": "6.weight"}
    norms: dict[str, list[float]] = {name: [] for name in weights}
    for name, parameter in network.body.named_parameters():
        for layer, weight in weights.items():
            if name == weight:
                parameter.register_hook(
                    lambda gradient, layer=layer: norms[layer].append(
                        float(np.linalg.norm(gradient.double().numpy()))
                    )
                )
    train(tmp_path, network, epochs=2, gradient_clip=clip)
    found = left_in(tmp_path)
    assert found.weight_layers == ("0", "6")
    for column, layer in enumerate(weights):
        expected = np.array(norms[layer]).reshape(2, BATCHES).mean(axis=1)
        assert found.gradient_norm[:, column] == pytest.approx(expected, rel=1e-5)


def test_a_mini_batch_that_overflowed_counts_in_no_layer() -> None:
    """Its optimiser step isn't taken either; an epoch of such mini-batches has no mean."""
    network = tiny_network()
    watcher = EpochDiagnostics(network, few_digits().validation)
    module = cast(Any, SimpleNamespace(device=torch.device("cpu")))
    nothing = cast(Any, None)
    first, last = (weights[0] for weights in watcher.weights.values())
    for epoch, values in enumerate([(3.0, torch.inf, 5.0), (torch.inf,)]):
        watcher.on_train_epoch_start(nothing, module)
        for value in values:
            first.grad = torch.zeros_like(first)
            first.grad[0, 0, 0, 0] = value
            last.grad = torch.zeros_like(last)
            last.grad[0, :2] = torch.tensor([3.0, 4.0])
            watcher.on_before_optimizer_step(nothing, module, nothing)
        trainer = cast(Any, SimpleNamespace(current_epoch=epoch))
        watcher.on_train_epoch_end(trainer, module)
    norms = watcher.state_dict()["gradient_norms"]
    assert norms[0].tolist() == [4.0, 5.0]
    assert norms[1].isnan().all()


class Branches(nn.Module):
    """Layers of every kind, one frozen, one that never runs, one with two weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 8)
        self.norm = nn.BatchNorm1d(8)
        self.lif = LIF(learn_decay=True)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.idle = nn.Linear(8, 8)
        self.silent = LIF()
        self.left = nn.Parameter(torch.full((8, 10), 0.1))
        self.right = nn.Parameter(torch.full((8, 10), 0.2))

    def forward(self, inputs: Tensor) -> Tensor:
        """One path."""
        spikes = self.lif(self.norm(self.first(inputs.flatten(1))))
        outputs: Tensor = self.frozen(spikes) @ (self.left + self.right)
        return outputs


def test_a_network_of_any_make_is_watched(tmp_path: Path) -> None:
    """A silent layer has no numbers, an idle one no gradient, and two weights one norm."""
    torch.manual_seed(0)
    train(tmp_path, SpikingNetwork(Branches(), 2), epochs=1)
    found = left_in(tmp_path)
    assert found.layers == ("lif", "silent")
    assert found.weight_layers == ("", "first", "idle")
    norms = dict(zip(found.weight_layers, found.gradient_norm[0], strict=True))
    assert norms["idle"] == 0
    assert norms["first"] > 0
    assert norms[""] > 0
    assert np.isnan(found.final["rate"][1]).all()
    assert np.isfinite(found.final["rate"][0]).all()


def test_only_trained_weights_with_two_axes_count() -> None:
    """Neither biases, gains, decays nor what is frozen."""
    module = tiny_module()
    assert list(synaptic_weights(module)) == ["0", "6"]
    module[0].requires_grad_(False)
    assert list(synaptic_weights(module)) == ["6"]
    assert [weight.shape for weight in synaptic_weights(module)["6"]] == [(10, 64)]


def test_mixed_precision_is_watched_in_full_precision(tmp_path: Path) -> None:
    """The last row is still the final probe's, taken from float32 weights."""
    train(tmp_path, epochs=1, precision="bf16")
    found = left_in(tmp_path)
    assert np.array_equal(found.series["membrane_std"][-1], found.final["membrane_std"])
    assert np.isfinite(found.gradient_norm).all()
