"""Trainings that kill themselves in mid-epoch: `python -m tests.killed_training FOLDER CASES`.

Each runs in a fork of its own below FOLDER, so that torch is imported once.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.tiny_training import few_digits, tiny_module
from trainers.fitting import Fitted, train_network
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.recipe import AugmentTable
from trainers.train_table import TrainTable

BATCHES = 8
"""Of an epoch: 129 samples in batches of 16, the last one of 17."""
DIES_AFTER = 6
"""Mini-batches of the second epoch, after which the process kills itself."""

TRAIN: dict[str, dict[str, Any]] = {
    "ds-atgo": {},
    "two": {"optimizer": "sgd", "learning_rate": 0.05},
    "msg": {"gradient_clip": 1.0},
    "ema": {"ema_decay": 0.9},
    "early-stop": {"early_stop": 2, "epochs": 5, "ema_decay": 0.8},
    "accumulate": {"accumulate": 2},
    "augment": {},
}


def train_here(
    folder: Path, case: str, seen: list[int] | None = None, dies: bool = False
) -> Fitted:
    """The training of a case in this process; notes the number of each mini-batch trained."""
    name = case if case in METHODS else "ds-atgo"
    network = SpikingNetwork(tiny_module(), 2)
    install(network, METHODS, {name: METHODS[name].options()})
    trained = 0

    def count(*_: object) -> None:
        nonlocal trained
        trained += network.training
        if dies and trained > BATCHES + DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)

    network.body[0].register_forward_hook(count)  # type: ignore[index]
    settings = {"time_steps": 2, "epochs": 3, "batch_size": 16, "checkpoint_every": "4 batches"}
    fitted = train_network(
        network, few_digits(), TrainTable.model_validate({**settings, **TRAIN[case]}),
        seed=3, device="cpu", folder=folder, fingerprint=case,
        augment=AugmentTable(crop_padding=1) if case == "augment" else None,
    )  # fmt: skip
    if seen is not None:
        epochs = 3 if "epochs" not in TRAIN[case] else len(fitted.history)
        seen.append((epochs - 1) * BATCHES - trained)
    return fitted


def killed(folder: Path, case: str) -> None:
    """Trains in a fork until it kills itself."""
    process = os.fork()
    if process == 0:
        train_here(folder, case, dies=True)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, case


if __name__ == "__main__":
    for chosen in sys.argv[2:]:
        killed(Path(sys.argv[1]) / chosen, chosen)
