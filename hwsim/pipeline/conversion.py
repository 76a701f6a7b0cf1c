"""From a trained network to the frozen graph and the chip's integers, as [export] says.

Stage `export` and every point of a sweep go this way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nir
import torch
from torch import Tensor

from export.freezing import finetuned, freeze
from export.freezing.strategies.finetune import name_trained_thresholds
from export.qat import fine_tuned
from export.quantizing import Quantization, quantization
from export.targets import TARGETS
from hwsim.pipeline.tuning import tuning_fingerprint, tuning_folder
from trainers.data import DataSplits
from trainers.export_tables import QatTable
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
        before_tuning: the same before fine-tuning on integers; None without that.
    """

    source: SpikingNetwork
    graph: nir.NIRGraph
    quantised: Quantization | None
    before_tuning: "Conversion | None" = None


def converted(run: TrainedRun, table: ExportTable) -> Conversion:
    """Freezes and, where a target asks for it, quantises.

    Raises:
        SpikeportError: what freezing, quantising or fine-tuning refuses.
    """
    done = frozen(run, table)
    wanted = any(TARGETS[name].quantised for name in table.targets)
    return quantised(run, done, table) if wanted else done


def frozen(run: TrainedRun, table: ExportTable) -> Conversion:
    """Freezes, after fine-tuning where the strategy says so; nothing is quantised yet."""
    tunes = table.threshold_strategy == "finetune"
    data, network = run.data, _finetuned(run, table) if tunes else run.network
    graph = freeze(
        network,
        sample_of(run),
        strategy=table.threshold_strategy,
        calibration=data.validation.inputs,
        classes=data.classes,
        method=run.recipe.method.use,
        input_scale=data.input_scale,
        checkpoint_sha256=run.checkpoint_sha256,
    )
    if tunes:
        name_trained_thresholds(graph, run.network)
    return Conversion(network, graph, None)


def sample_of(run: TrainedRun) -> Tensor:
    """One sample as the network takes it: [1, ...], or [T, 1, ...] of a sequence."""
    sample = torch.from_numpy(run.data.validation.inputs[:1])
    return sample.transpose(0, 1) if run.network.sequence else sample


def _finetuned(run: TrainedRun, table: ExportTable) -> SpikingNetwork:
    settings = {"finetune": table.finetune.model_dump(mode="json")}
    fingerprint = tuning_fingerprint(run.recipe, run.network, run.checkpoint_sha256, settings)
    return finetuned(
        run.network,
        run.data,
        run.recipe.train,
        table.finetune,
        seed=run.recipe.seed,
        augment=run.recipe.augment,
        device=run.device,
        folder=run.folder / tuning_folder("finetune", fingerprint),
        fingerprint=fingerprint,
        progress=run.progress,
        say=run.say,
    )


def quantised(run: TrainedRun, done: Conversion, table: ExportTable) -> Conversion:
    """The frozen network with its integers, fine-tuned on them where the table says so."""
    integers = quantization(
        done.graph,
        run.data.validation.inputs,
        input_form=table.input_form,
        payload_bits=table.payload_bits,
        weight_bits=table.weight_bits,
        scale_search=table.scale_search,
    )
    before = replace(done, quantised=integers)
    return before if table.qat is None else _tuned(run, before, integers, table, table.qat)


def _tuned(
    run: TrainedRun, before: Conversion, integers: Quantization, table: ExportTable, qat: QatTable
) -> Conversion:
    # Files and limits aside, all of [export] decides where fine-tuning starts.
    settings = table.model_dump(mode="json", exclude={"targets", "max_drop"})
    fingerprint = tuning_fingerprint(run.recipe, before.source, run.checkpoint_sha256, settings)
    graph = fine_tuned(
        before.graph,
        integers,
        before.source,
        run.data,
        run.recipe.train,
        qat,
        seed=run.recipe.seed,
        augment=run.recipe.augment,
        device=run.device,
        folder=run.folder / tuning_folder("qat", fingerprint),
        fingerprint=fingerprint,
        progress=run.progress,
    )
    payload = integers.layers[0].payload
    again = quantization(
        graph,
        run.data.validation.inputs,
        input_form=table.input_form,
        payload_bits=table.payload_bits if payload is None else payload.bits,
        weight_bits=table.weight_bits,
        scales={layer.name: layer.scale for layer in integers.layers},
    )
    return replace(before, graph=graph, quantised=again, before_tuning=before)
