"""Which of the processes that train together this one is.

torchrun and SLURM (srun) start all of them and say so in the environment; without either,
lightning starts those of one machine itself, by running the same command again.
"""

import os
from dataclasses import dataclass

from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from trainers.errors import ConfigError
from trainers.train_table import TrainTable


@dataclass(frozen=True)
class Processes:
    """A process among those that train together.

    Args:
        rank: which one, from 0; the first writes all files.
        number: how many.
    """

    rank: int = 0
    number: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0


ALONE = Processes()


def processes_of(settings: TrainTable) -> Processes:
    """This process's place among `devices` x `nodes`.

    Raises:
        ConfigError: another number of processes was started, or SLURM's variables aren't what
            lightning takes.
    """
    number = settings.processes
    cluster = _cluster(number)
    if cluster is None:
        # As lightning tells the processes that it starts itself.
        node, local = (int(os.environ.get(name, "0")) for name in ("NODE_RANK", "LOCAL_RANK"))
        return Processes(node * settings.devices + local, number) if number > 1 else ALONE
    if cluster.world_size() != number:
        raise ConfigError(
            f"train.devices {settings.devices} x train.nodes {settings.nodes}: {number} processes "
            f"in the recipe, but {cluster.world_size()} were started together. Set both as "
            "torchrun or SLURM have them, e.g. --set train.devices=2."
        )
    return Processes(cluster.global_rank(), number)


def _cluster(number: int) -> ClusterEnvironment | None:
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    # A batch script that starts one process without srun has tasks, but no step.
    started = "SLURM_STEP_ID" in os.environ or number > 1
    if "SLURM_NTASKS" in os.environ and started and SLURMEnvironment.detect():
        try:
            return SLURMEnvironment()
        except RuntimeError as error:
            raise ConfigError(f"SLURM: {' '.join(str(error).split())}") from error
    return None
