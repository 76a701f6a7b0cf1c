"""Files of Sinabs, Rockpool and Spyx, whose neurons subtract, fire as they do there."""

from pathlib import Path

import nir
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from export.executor import run_graph
from export.importing import import_graph, with_run
from export.nir_file import read_nir
from tests.export.importing.foreign_networks import STEPS, Draw, Seen, quiet
from tests.spyx_process import in_jax


def _spikes(
    path: Path, writer: str, dt_s: float | None, inputs: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Per node, [T, N, *shape], of the executor."""
    imported = import_graph(read_nir(path, type_check=False), assume=writer, dt_s=dt_s)
    graph = with_run(imported, time_steps=STEPS, form="sequence")
    run = run_graph(graph, inputs)
    spikes = {name: fired.astype(np.float64) for name, fired in run.spikes.items()}
    return {**spikes, "output": run.outputs}


@pytest.mark.parametrize("seed", range(4))
def test_sinabs(seed: int, tmp_path: Path) -> None:
    """Conv2d, IAF, Flatten, Linear, LIF: several spikes a step, subtracted."""
    draw = Draw(seed)
    with quiet():
        import sinabs.layers as sl
        from sinabs.nir import to_nir

        first = sl.IAFSqueeze(batch_size=4, spike_threshold=torch.tensor(draw.number(0.1, 0.3)))
        second = sl.LIFSqueeze(
            batch_size=4,
            tau_mem=draw.each((9,), 2, 20),
            spike_threshold=draw.full((9,), 0.02, 0.1),
        )
        module = nn.Sequential(nn.Conv2d(2, 3, 3), first, nn.Flatten(), nn.Linear(72, 9), second)
        inputs = draw.spikes((2, 8, 6)).swapaxes(0, 1)
        with torch.no_grad():
            graph = to_nir(module, inputs[:, 0])
            graph.infer_types()
            nir.write(tmp_path / "a.nir", graph)
            first.reset_states()
            second.reset_states()
            seen = Seen({"1": first, "4": second})
            module(inputs.flatten(0, 1))
    found = _spikes(tmp_path / "a.nir", "sinabs", None, inputs.numpy())
    seen_spikes = seen.stacked()
    assert max(spikes.max() for spikes in seen_spikes.values()) > 1
    for name, spikes in seen_spikes.items():
        own = spikes[0].reshape(4, STEPS, *spikes.shape[2:]).swapaxes(0, 1)
        assert own.any()
        np.testing.assert_array_equal(found[name], own, f"layer {name}")


@pytest.mark.parametrize("seed", range(4))
def test_rockpool(seed: int, tmp_path: Path) -> None:
    """Linear, LIFTorch twice: exact decays, a synapse, several spikes a step."""
    draw = Draw(seed)
    with quiet():
        from rockpool.nn.combinators import Sequential
        from rockpool.nn.modules import LIFTorch, LinearTorch
        from rockpool.nn.modules.torch.nir import to_nir

        times = {"tau_mem": draw.number(5e-3, 3e-2), "tau_syn": draw.number(5e-3, 3e-2)}
        module = Sequential(
            LinearTorch((14, 20)),
            LIFTorch(20, dt=1e-3, **times, threshold=draw.number(0.5, 1.5)),
            LinearTorch((20, 9), has_bias=False),
            LIFTorch(9, dt=1e-3, tau_mem=1e-2, tau_syn=5e-3, threshold=draw.number(1, 3)),
        )
        inputs = draw.spikes((14,)).swapaxes(0, 1)
        nir.write(tmp_path / "a.nir", to_nir(module, torch.zeros(1, 1, 14)))
        module.reset_state()
        with torch.no_grad():
            own = module(inputs)[0].numpy().swapaxes(0, 1)
    assert own.max() > 1
    found = _spikes(tmp_path / "a.nir", "rockpool", None, inputs.numpy())
    np.testing.assert_array_equal(found["output"], own)


SPYX = [
    pytest.param("LIF", marks=pytest.mark.slow), pytest.param("CuBaLIF", marks=pytest.mark.slow),
    pytest.param("RLIF", marks=pytest.mark.slow), "RCuBaLIF",
    pytest.param("IF", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize("kind", SPYX)
def test_spyx(kind: str, tmp_path: Path) -> None:
    """Two layers, each of which shows its spikes a step later and subtracts."""
    inputs = Draw(len(kind)).spikes((14,))
    np.savez(tmp_path / "given.npz", kind=kind, seed=len(kind), inputs=inputs.numpy())
    in_jax("write", tmp_path)
    expected = np.load(tmp_path / "outputs.npz")["outputs"]
    assert 10 < expected.sum() < expected.size
    found = _spikes(tmp_path / "model.nir", "spyx", None, inputs.swapaxes(0, 1).numpy())
    np.testing.assert_array_equal(found["output"], expected)
