"""`spikeport export` on an imported network: further files of its model.nir and chip file."""

from collections.abc import Callable
from pathlib import Path

from export.chip.chip_file import read_chip
from export.errors import UnsupportedLayer
from export.nir_file import read_nir
from export.reset_rules import refuse_other_resets
from export.targets import TARGETS, refuse_unfit_targets
from hwsim.imported.record import enter_stage, read_record
from hwsim.imported.simulate import opened_safely
from hwsim.pipeline.export_stage import checked_targets
from hwsim.pipeline.run_folder import RunFolder
from trainers.errors import ConfigError
from trainers.file_hash import sha256

MADE_BY_IMPORT = ("nir", "chip")
"""Targets whose files the import wrote; to write them again would change nothing or too much."""


def export_imported(
    path: Path, targets: tuple[str, ...], say: Callable[[str], None]
) -> tuple[Path, ...]:
    """Writes the targets' files; those that are there stay.

    Raises:
        ConfigError: no target, an unknown one, or one that the import has written.
        UnsupportedLayer: a target that can't hold the network, by name.
    """
    folder = RunFolder(path)
    record = read_record(folder)
    if not targets:
        raise ConfigError(f"{path}: say which files to write: --target onnx.")
    checked_targets(targets)
    opened_safely(folder)
    graph = read_nir(folder.nir, type_check=False)
    for name in targets:
        if TARGETS[name].quantised and record.no_chip is not None:
            raise UnsupportedLayer(f"export target '{name}': {record.no_chip}")
        if name in MADE_BY_IMPORT:
            raise ConfigError(
                f"export target '{name}': the import wrote it already. Leave it away."
            )
    refuse_other_resets(graph)
    refuse_unfit_targets(graph, targets)
    chip = read_chip(folder.chip) if record.no_chip is None else None
    written: list[Path] = []
    for name in targets:
        written += TARGETS[name].write(graph, chip, folder.path)
    enter_stage(folder, "export", [sha256(folder.nir), *targets], written)
    say(f"export    {', '.join(file.name for file in written)}")
    return tuple(written)
