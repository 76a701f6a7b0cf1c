"""`spikeport import`: a NIR file of anybody becomes a run folder, or nothing is left."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.chip_file import write_chip
from export.chip.graph import InputForm
from export.errors import AmbiguousGraph, InvalidGraph, LimitExceeded, UnsupportedLayer
from export.executor import logits, run_graph
from export.importing import Imported, import_graph, on_chip_grid, with_run
from export.nir_file import read_nir, write_nir
from export.nir_metadata import read_facts
from export.quantizing import Quantization, encode_counted, quantization
from export.reset_rules import refuse_other_resets
from hwsim.foreign.opening import all_opened_safely
from hwsim.imported.given_inputs import GivenInputs, form_and_steps, read_inputs
from hwsim.imported.record import ImportRecord, enter_stage, write_record
from hwsim.pipeline.fidelity import QuantisedLayer, quantised_layer
from hwsim.pipeline.run_folder import RunFolder
from trainers.atomic_file import cannot_write
from trainers.errors import ConfigError, DataError
from trainers.file_hash import sha256
from trainers.npz_file import write_npz

CHIP_REFUSALS = (UnsupportedLayer, LimitExceeded, InvalidGraph, DataError)
"""What quantising refuses a network with that the float executor runs."""

BATCH_VALUES = 1 << 26
"""Spikes and outputs of all steps that are in memory at a time."""


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    Args:
        file: NIR file.
        output: folder to make.
        dt_s: step it was written with.
        assume: who wrote it.
        steps: T.
        inputs: .npz file with samples.
    """

    file: Path
    output: Path
    dt_s: float | None = None
    assume: str | None = None
    steps: int | None = None
    inputs: Path | None = None


def import_run(asked: ImportRequest, say: Callable[[str], None]) -> ImportRecord:
    """Reads the file and makes the folder.

    Raises:
        AmbiguousGraph: the file can mean several networks; the message names the options.
        ConfigError: the folder is there already, or options contradict the file.
        SpikeportError: what reading the file or the inputs refuses.
    """
    _refuse_used_folder(asked.output)
    openings = [(asked.file, "nir-import")]
    if asked.inputs is not None:
        openings.append((asked.inputs, "npz"))
    all_opened_safely(openings)
    graph = read_nir(asked.file, type_check=False)
    try:
        imported = import_graph(graph, dt_s=asked.dt_s, assume=asked.assume)
    except AmbiguousGraph as error:
        raise AmbiguousGraph(f"{asked.file}: {error}") from error
    given = None if asked.inputs is None else read_inputs(asked.inputs)
    network = _network(imported, graph, given, asked.steps)
    with _new_folder(asked.output) as path:
        return _fill(RunFolder(path), asked, imported, network, given, say)


def _network(
    imported: Imported, graph: nir.NIRGraph, given: GivenInputs | None, steps: int | None
) -> nir.NIRGraph:
    if imported.interpretation.writer != "spikeport":
        form, time_steps = form_and_steps(given, steps, imported.shape)
        return with_run(imported, time_steps=time_steps, form=form)
    facts = read_facts(graph)
    if steps is not None and steps != facts.time_steps:
        raise ConfigError(
            f"--steps {steps}: spikeport wrote this file, for {facts.time_steps} steps. Leave it "
            "away."
        )
    return graph


def _fill(
    folder: RunFolder,
    asked: ImportRequest,
    imported: Imported,
    network: nir.NIRGraph,
    given: GivenInputs | None,
    say: Callable[[str], None],
) -> ImportRecord:
    for line in imported.interpretation.lines():
        say(line)
    write_nir(network, folder.nir)
    files = [folder.nir]
    done, form, reason = _quantised(network, given, say)
    if done is not None:
        files.append(write_chip(done.chip, folder.path))
        say(f"chip file, input form {form}: {files[-1].name}")
    else:
        say(f"no chip file: {reason}")
    if given is not None:
        _write_samples(folder, network, given, done)
        files.append(folder.samples)
    record = ImportRecord(
        source=asked.file.name,
        source_sha256=sha256(asked.file),
        interpretation=imported.interpretation,
        time_steps=read_facts(network).time_steps,
        samples=0 if given is None else len(given.inputs),
        input_form=form,
        no_chip=reason,
        quantised=_layers(done),
    )
    write_record(folder, record)
    enter_stage(folder, "import", record.source_sha256, [*files, folder.import_record])
    return record


def _quantised(
    network: nir.NIRGraph, given: GivenInputs | None, say: Callable[[str], None]
) -> tuple[Quantization | None, InputForm | None, str | None]:
    """The network in integers, or why there are none."""
    if given is None:
        return None, None, "no inputs were given to choose its scales on. Import with --inputs."
    sequence = read_facts(network).input.form == "sequence"
    form: InputForm = "spikes" if given.are_spikes and sequence else "bias"
    try:
        refuse_other_resets(network)
        snapped, change = on_chip_grid(network)
        done = quantization(snapped, given.inputs, input_form=form)
    except CHIP_REFUSALS as error:
        return None, None, " ".join(str(error).split())
    say(f"for the chip, decays became n/4096, {change:.2g} at most from the file's")
    for layer in done.layers:
        if layer.spike_disagreement is not None:
            say(f"in integers, {layer.spike_disagreement:.2%} of {layer.name}'s spikes changed")
    return done, form, None


def _layers(done: Quantization | None) -> dict[str, QuantisedLayer]:
    return {} if done is None else {layer.name: quantised_layer(layer) for layer in done.layers}


def _write_samples(
    folder: RunFolder, network: nir.NIRGraph, given: GivenInputs, done: Quantization | None
) -> None:
    """samples.npz as `export.samples` lays it out; without `labels` where none were given."""
    answers = _answers(network, given.inputs)
    arrays: dict[str, NDArray[Any]] = {"inputs": given.inputs, "logits": answers}
    if given.labels is not None:
        if given.labels.min() < 0 or given.labels.max() >= answers.shape[1]:
            raise DataError(
                f"labels {given.labels.min()} to {given.labels.max()} lie outside 0 to "
                f"{answers.shape[1] - 1}, the network's outputs. Mend the labels."
            )
        arrays["labels"] = given.labels
    if done is not None:
        arrays["chip_inputs"] = encode_counted(network, done.chip, given.inputs).integers
    write_npz(folder.samples, arrays)


def _answers(network: nir.NIRGraph, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits [N, outputs] of the frozen network: the mean output over the steps."""
    facts = read_facts(network)
    values = sum(int(np.size(getattr(n, "v_threshold", 0))) for n in network.nodes.values())
    size = max(1, BATCH_VALUES // (facts.time_steps * max(values, 1)))
    parts = []
    for first in range(0, len(inputs), size):
        outputs = run_graph(network, inputs[first : first + size]).outputs
        parts.append(logits(outputs.reshape(*outputs.shape[:2], -1), facts))
    return np.concatenate(parts)


def _refuse_used_folder(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(f"{path}: exists already. Name a new folder with -o.")


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """Gives a folder beside `path` that takes its name when the block ends well."""
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.absolute().parent))
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield made
        made.chmod(0o755)
        os.replace(made, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
