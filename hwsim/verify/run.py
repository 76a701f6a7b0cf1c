"""Verifies a run folder: every runtime on its test samples, and its chip file in Lava."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from export.chip.chip_file import read_chip
from export.nir_metadata import read_facts
from export.samples import read_samples
from export.schedule_file import read_frozen
from hwsim.errors import VerificationError
from hwsim.pipeline.export_stage import trained_network
from hwsim.pipeline.stage import Context
from hwsim.verify.chip_onnx import chip_onnx_row
from hwsim.verify.importers.table import IMPORTERS
from hwsim.verify.isolated import in_own_process
from hwsim.verify.lava import lava_row
from hwsim.verify.pytorch import pytorch_runtime
from hwsim.verify.record import (
    VerificationRecord,
    judged_files,
    profile_files,
    write_record,
)
from hwsim.verify.row import Row
from hwsim.verify.runtime import Runtime
from hwsim.verify.runtimes import RUNTIMES
from hwsim.verify.verify import verify_graph
from trainers.build import build_data


def verify_and_record(
    context: Context,
    *,
    limit: int | None,
    lava_samples: int,
    pythons: Mapping[str, Path] | None = None,
) -> list[Row]:
    """`verify_run`, with the rows left in verify.json beside the hashes of what was judged.

    Raises:
        FileError: verify.json can't be written.
        SpikeportError: see `verify_run`.
    """
    files = judged_files(context.folder)
    rows = verify_run(context, limit=limit, lava_samples=lava_samples, pythons=pythons)
    record = VerificationRecord(files=files, rows=tuple(rows))
    write_record(record, context.folder.verification)
    return rows


def verify_run(
    context: Context,
    *,
    limit: int | None,
    lava_samples: int,
    pythons: Mapping[str, Path] | None = None,
) -> list[Row]:
    """One row per runtime; Lava's and the chip's ONNX file only where the run has a chip file.

    Args:
        context: of an exported run.
        limit: only the first samples of the test split.
        lava_samples: how many samples Lava runs, which takes about 0.1 s each.
        pythons: interpreters for importers that then run in a process of their own, by the
            importer's name.

    Raises:
        VerificationError: the run wasn't exported, or no importer has one of the names.
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
        profiles=profile_files(folder),
        runtimes={"pytorch": pytorch_runtime(network), **RUNTIMES, **_isolated(pythons or {})},
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


def _isolated(pythons: Mapping[str, Path]) -> dict[str, Runtime]:
    unknown = sorted(set(pythons) - set(IMPORTERS))
    if unknown:
        raise VerificationError(
            f"interpreter for '{unknown[0]}': no importer has that name. Known: "
            f"{', '.join(IMPORTERS)}."
        )
    return {
        runtime: replace(known, open=in_own_process(known.importer, python, known.profile))
        for runtime, known in RUNTIMES.items()
        for name, python in pythons.items()
        if known.importer == name
    }
