"""Trainings for one process or for two of torchrun: `... -m tests.training_together FOLDER`.

Nothing in them is random but the order of the samples, which doesn't depend on the processes, and
in one case a dropout, which does.
"""

import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.tiny_training import few_digits
from trainers.fitting import Fitted, train_network
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.processes import processes_of
from trainers.train_table import TrainTable

CASES: dict[str, tuple[dict[str, dict[str, Any]], dict[str, Any]]] = {
    "ds-atgo": ({"ds-atgo": {"sync_statistics": True}}, {"ema_decay": 0.9}),
    "two": (
        {"baseline": {}, "two": {"sync_statistics": True}},
        {"accumulate": 2, "early_stop": 2, "checkpoint_every": "2 batches"},
    ),
    "own-statistics": ({"ds-atgo": {}}, {}),
    "dropout": ({"baseline": {}}, {"checkpoint_every": "2 batches", "ema_decay": 0.9}),
}
"""Methods' options and training keys."""

BROKEN = ("two", "dropout")
"""Cases that are also stopped in their second epoch, and continued."""


class Stopped(Exception):
    """What ends a training before its time."""


def module(dropout: float) -> nn.Sequential:
    """Two batch norms, one of images and one of vectors."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), LIF(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(dropout),
        nn.Linear(64, 16, bias=False), nn.BatchNorm1d(16), LIF(), nn.Linear(16, 10),
    )  # fmt: skip


def train(folder: Path, case: str, processes: int, stops_at: int | None = None) -> Fitted:
    """129 samples: the last mini-batch has 33, so the two processes' parts differ."""
    methods, settings = CASES[case]
    network = SpikingNetwork(module(0.3 if case == "dropout" else 0.0), 2)
    install(
        network,
        METHODS,
        {name: METHODS[name].options.model_validate(options) for name, options in methods.items()},
    )
    trained = 0

    def count(*_: object) -> None:
        nonlocal trained
        trained += network.training
        if trained == stops_at:
            raise Stopped

    network.body[0].register_forward_hook(count)  # type: ignore[index]
    table = TrainTable.model_validate(
        {"time_steps": 2, "epochs": 3, "batch_size": 32, "devices": processes, **settings}
    )
    return train_network(
        network, few_digits(), table, seed=5, device="cpu", folder=folder, fingerprint=case
    )


def leave(path: Path, fitted: Fitted) -> None:
    """Writes what a training returned."""
    kinds = {type(part).__name__ for part in fitted.network.modules()}
    content = {
        "state": fitted.network.state_dict(),
        "history": fitted.history,
        "norms": [kind for kind in kinds if "Norm" in kind],
    }
    torch.save(content, path)


def main(folder: Path) -> None:
    """Every case; each process leaves what it returns beside the run folders."""
    torch.set_num_threads(1)
    rank = processes_of(TrainTable(devices=2)).rank
    for case in CASES:
        leave(folder / f"{case}-{rank}.pt", train(folder / case, case, 2))
    for case in BROKEN:
        broken = folder / f"broken-{case}"
        with suppress(Stopped):
            # The seventh mini-batch is the third of the second epoch.
            train(broken, case, 2, stops_at=7)
        if rank == 0:
            shutil.copytree(broken, folder / f"stopped-{case}")
        leave(folder / f"continued-{case}-{rank}.pt", train(broken, case, 2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
