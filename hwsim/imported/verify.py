"""`spikeport verify` on an imported network: the float executor against every other runtime."""

from pathlib import Path

from export.chip.chip_file import read_chip
from export.nir_file import read_nir
from export.samples import read_samples
from hwsim.errors import VerificationError
from hwsim.imported.record import read_record
from hwsim.imported.simulate import opened_safely
from hwsim.pipeline.run_folder import RunFolder
from hwsim.verify.chip_onnx import chip_onnx_row
from hwsim.verify.lava import lava_row
from hwsim.verify.row import Row
from hwsim.verify.verify import verify_graph
from trainers.npz_file import npz_shapes


def verify_imported(path: Path, *, limit: int | None, lava_samples: int) -> list[Row]:
    """One row per runtime; there is no torch network to compare with.

    Args:
        path: an imported run folder.
        limit: only the first samples.
        lava_samples: how many samples Lava runs.

    Raises:
        VerificationError: the folder has no labelled samples.
        UnsupportedLayer: only the float executor runs the network, by name.
        SpikeportError: a file is damaged.
    """
    folder = RunFolder(path)
    record = read_record(folder)
    if not record.samples or "labels" not in npz_shapes(folder.samples, whole=()):
        raise VerificationError(
            f"{path}: imported without labelled samples, on which runtimes are compared. Import it "
            "again with --inputs FILE.npz that holds inputs and labels."
        )
    opened_safely(folder)
    graph, samples = read_nir(folder.nir, type_check=False), read_samples(folder.samples)
    labels = samples.labels[:limit]
    rows = verify_graph(
        graph,
        samples.inputs[:limit],
        labels,
        onnx=folder.onnx if folder.onnx.is_file() else None,
        step_onnx=folder.step_onnx if folder.step_onnx.is_file() else None,
    )
    if record.no_chip is None and samples.chip_inputs is not None:
        if folder.chip_onnx.is_file():
            chip = read_chip(folder.chip)
            encoded = samples.chip_inputs[: len(labels)]
            rows.append(chip_onnx_row(folder.chip_onnx, chip, encoded, labels))
        count = min(lava_samples, len(labels))
        rows.append(lava_row(folder.chip, samples.chip_inputs[:count], labels[:count]))
    return rows
