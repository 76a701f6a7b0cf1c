"""Which of the processes this one is, as torchrun, SLURM and lightning say it."""

import pytest

from trainers.errors import ConfigError
from trainers.processes import ALONE, Processes, processes_of
from trainers.train_table import TrainTable

NAMES = (
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK", "TORCHELASTIC_RUN_ID", "SLURM_NTASKS",
    "SLURM_NTASKS_PER_NODE", "SLURM_PROCID", "SLURM_STEP_ID", "SLURM_JOB_NAME",
)  # fmt: skip
TORCHRUN = {"TORCHELASTIC_RUN_ID": "1", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}
SLURM = {
    "SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2", "SLURM_PROCID": "2", "SLURM_STEP_ID": "0",
    "SLURM_JOB_NAME": "snn",
}  # fmt: skip


def found(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], devices: int, nodes: int = 1
) -> Processes:
    """The process's place under these variables alone."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return processes_of(TrainTable(devices=devices, nodes=nodes))


def test_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a SLURM job of several tasks that starts it without srun."""
    assert found(monkeypatch, {}, 1) == ALONE == Processes(0, 1)
    assert found(monkeypatch, {"SLURM_NTASKS": "4"}, 1) == ALONE
    assert ALONE.first


@pytest.mark.parametrize(("devices", "nodes"), [(4, 1), (2, 2)])
def test_torchrun_gives_the_rank(monkeypatch: pytest.MonkeyPatch, devices: int, nodes: int) -> None:
    """Of all nodes together."""
    assert found(monkeypatch, TORCHRUN, devices, nodes) == Processes(3, 4)


def test_slurm_gives_the_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the task."""
    assert found(monkeypatch, SLURM, 2, 2) == Processes(2, 4)


def test_lightning_tells_the_processes_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one has no variable yet."""
    assert found(monkeypatch, {}, 2) == Processes(0, 2)
    assert found(monkeypatch, {"NODE_RANK": "0", "LOCAL_RANK": "1"}, 2) == Processes(1, 2)
    assert not found(monkeypatch, {"NODE_RANK": "1", "LOCAL_RANK": "0"}, 2, 2).first


def test_slurm_variables_that_lightning_refuses_are_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tasks without a number per node."""
    given = {name: value for name, value in SLURM.items() if "PER_NODE" not in name}
    with pytest.raises(ConfigError, match=r"^SLURM: .*--ntasks-per-node=4"):
        found(monkeypatch, given, 4)


@pytest.mark.parametrize("environment", [TORCHRUN, SLURM])
@pytest.mark.parametrize("devices", [1, 2, 5])
def test_another_number_of_processes_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], devices: int
) -> None:
    """Each would otherwise train alone and write over the others' files."""
    said = rf"train\.devices {devices} x train\.nodes 1: {devices} processes .* but 4 were started"
    with pytest.raises(ConfigError, match=said):
        found(monkeypatch, environment, devices)
