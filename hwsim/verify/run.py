"""Verifies a run folder: every runtime on its test samples, and its chip file in Lava."""

from export.chip.chip_file import read_chip
from export.nir_metadata import read_facts
from export.samples import read_samples
from export.schedule_file import read_frozen
from hwsim.errors import VerificationError
from hwsim.pipeline.export_stage import trained_network
from hwsim.pipeline.stage import Context
from hwsim.verify.chip_onnx import chip_onnx_row
from hwsim.verify.lava import lava_row
from hwsim.verify.pytorch import pytorch_runtime
from hwsim.verify.row import Row
from hwsim.verify.runtimes import RUNTIMES
from hwsim.verify.verify import verify_graph
from trainers.build import build_data


def verify_run(context: Context, *, limit: int | None, lava_samples: int) -> list[Row]:
    """One row per runtime; Lava's and the chip's ONNX file only where the run has a chip file.

    Args:
        context: of an exported run.
        limit: only the first samples of the test split.
        lava_samples: how many samples Lava runs, which takes about 0.1 s each.

    Raises:
        VerificationError: the run wasn't exported.
        SpikeportError: a file is damaged, or belongs to another run.
    """
    folder = context.folder
    for path in (folder.frozen, folder.samples):
        if not path.is_file():
            raise VerificationError(
                f"{path}: no such file. Export the run first, target nir (or schedule, where "
                f"thresholds move with time) included: spikeport export {folder.path}."
            )
    graph, samples = read_frozen(folder.frozen), read_samples(folder.samples)
    inputs, labels = samples.inputs[:limit], samples.labels[:limit]
    network = trained_network(context, build_data(context.recipe))
    rows = verify_graph(
        graph,
        inputs,
        labels,
        onnx=folder.onnx if folder.onnx.is_file() else None,
        step_onnx=folder.step_onnx if folder.step_onnx.is_file() else None,
        runtimes={"pytorch": pytorch_runtime(network), **RUNTIMES},
    )
    # Nothing but the emulator runs a chip graph whose thresholds move; a note says so.
    moving = bool(read_facts(graph).moving_thresholds)
    if folder.chip.is_file() and samples.chip_inputs is not None and not moving:
        if folder.chip_onnx.is_file():
            chip, encoded = read_chip(folder.chip), samples.chip_inputs[: len(labels)]
            rows.append(chip_onnx_row(folder.chip_onnx, chip, encoded, labels))
        count = min(lava_samples, len(labels))
        rows.append(lava_row(folder.chip, samples.chip_inputs[:count], labels[:count]))
    return rows
