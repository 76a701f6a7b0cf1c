"""Two processes that hold a part of the mini-batch each, over gloo on this machine."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed as dist
from torch import nn
from torch.multiprocessing.spawn import spawn

from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.methods.batch_statistics import BatchStatistics
from trainers.methods.ds_atgo import DSATGOOptions, ThresholdDrivenGradient, prepare
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

FAR = 1e7
"""An offset at which a sum of squares in float64 has lost most digits of a deviation of 1."""


def currents() -> torch.Tensor:
    """The whole mini-batch [T, B, ...], float64."""
    return torch.tensor(np.random.default_rng(3).normal(0.8, 0.9, (4, 12, 3, 2)))


def part(rank: int) -> slice:
    """Which samples a process holds: 5 and 7 of the 12."""
    return slice(0, 5) if rank == 0 else slice(5, 12)


def prepared_network(*, synchronised: bool) -> SpikingNetwork:
    """One LIF under DS-ATGO."""
    network = SpikingNetwork(nn.Sequential(LIF(0.4)), 4, sequence=True)
    prepare(network, DSATGOOptions(sync_statistics=synchronised))
    return network.double()


def ds_atgo_pass(
    network: SpikingNetwork, inputs: torch.Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Spikes [T, B, ...], gradients by the currents and running thresholds of one training pass."""
    leaf = inputs.clone().requires_grad_()
    spikes = network(leaf)
    weights = torch.linspace(-1, 1, spikes[0, 0].numel(), dtype=torch.float64)
    (spikes * weights.reshape(spikes.shape[2:])).sum().backward()
    rule = network.body.get_submodule("0").threshold_rule
    assert isinstance(rule, AdaptiveThreshold)
    assert leaf.grad is not None
    return spikes.detach().numpy(), leaf.grad.numpy(), rule.running.numpy()


def evaluated_width(membrane: torch.Tensor) -> torch.Tensor:
    """The surrogate's width on a membrane in evaluation, synchronised in training."""
    surrogate = ThresholdDrivenGradient(statistics=BatchStatistics(synchronised=True))
    return surrogate.eval().width(membrane, torch.tensor(1.0))


def run_both(folder: Path) -> list[dict[str, NDArray[np.float64]]]:
    """What each process found, in order of rank."""
    spawn(_process, args=(str(folder),), nprocs=2)
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(2)]


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=2,
        timeout=timedelta(minutes=5),
    )
    inputs = currents()[:, part(rank)]
    far = BatchStatistics(synchronised=True).std_mean(inputs + FAR)
    single = BatchStatistics(synchronised=True).std_mean(inputs.float())[0]
    alone = BatchStatistics().std_mean(inputs)
    if rank == 0:
        # Only here, so it would wait in vain if it asked the other process.
        width = evaluated_width(inputs[0])
        np.save(Path(folder) / "width.npy", width.numpy())
    spikes, gradients, running = ds_atgo_pass(prepared_network(synchronised=True), inputs)
    np.savez(
        Path(folder) / f"{rank}.npz",
        far=torch.stack(far).numpy(), single=single.numpy(), alone=torch.stack(alone).numpy(),
        spikes=spikes, gradients=gradients, running=running,
    )  # fmt: skip
    dist.destroy_process_group()
