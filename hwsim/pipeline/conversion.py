"""From a trained network to the frozen graph and the chip's integers, as [export] says.

Stage `export` and every point of a sweep go this way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nir
import torch

from export.freezing import freeze
from export.quantizing import Quantization, quantization
from export.targets import TARGETS
from trainers.data import DataSplits
from trainers.network import SpikingNetwork
from trainers.recipe import ExportTable, Recipe


@dataclass(frozen=True)
class TrainedRun:
    """What is converted.

    Args:
        recipe: the run's; its [export] table is not looked at.
        network: with the checkpoint's weights, in evaluation mode.
        data: its splits; training and validation are used, the test split never.
        checkpoint_sha256: hash of the checkpoint.
        folder: of the run, where fine-tuning keeps its checkpoints.
        device: auto, cpu or cuda.
        progress: show progress bars.
        say: prints one line about what was done.
    """

    recipe: Recipe
    network: SpikingNetwork
    data: DataSplits
    checkpoint_sha256: str | None
    folder: Path
    device: str = "cpu"
    progress: bool = False
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class Conversion:
    """What [export] made of a trained network.

    Args:
        source: the torch network that was frozen: the trained one, or fine-tuned.
        graph: the frozen network.
        quantised: its integers; None without a target on the chip.
    """

    source: SpikingNetwork
    graph: nir.NIRGraph
    quantised: Quantization | None


def converted(run: TrainedRun, table: ExportTable) -> Conversion:
    """Freezes and, where a target asks for it, quantises.

    Raises:
        SpikeportError: what freezing, quantising or fine-tuning refuses.
    """
    done = frozen(run, table)
    wanted = any(TARGETS[name].quantised for name in table.targets)
    return quantised(run, done, table) if wanted else done


def frozen(run: TrainedRun, table: ExportTable) -> Conversion:
    """Freezes; nothing is quantised yet."""
    data, network = run.data, run.network
    sample = torch.from_numpy(data.validation.inputs[:1])
    graph = freeze(
        network,
        sample.transpose(0, 1) if network.sequence else sample,
        strategy=table.threshold_strategy,
        calibration=data.validation.inputs,
        classes=data.classes,
        method=run.recipe.method.use,
        input_scale=data.input_scale,
        checkpoint_sha256=run.checkpoint_sha256,
    )
    return Conversion(network, graph, None)


def quantised(run: TrainedRun, done: Conversion, table: ExportTable) -> Conversion:
    """The frozen network with its integers."""
    integers = quantization(
        done.graph,
        run.data.validation.inputs,
        input_form=table.input_form,
        payload_bits=table.payload_bits,
    )
    return replace(done, quantised=integers)
