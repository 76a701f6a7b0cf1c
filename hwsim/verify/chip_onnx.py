"""model.chip.onnx in ONNX Runtime, held to the emulator bit for bit.

Every spike and every readout voltage of every step is compared.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from export.onnx import read_onnx
from export.onnx.chip.entry import INPUT_TYPES, INPUTS
from export.onnx.chip.facts import FORMAT, FORMAT_KEY
from hwsim.engine.readout import chip_logits, window_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import NotInstalled, RuntimeRefused
from hwsim.verify.onnxruntime import Feeds, Session
from hwsim.verify.row import Row, Verdict

RUNTIME = "onnxruntime model.chip.onnx"
COMPARED_WITH = "emulator"
PRECISION = "integers (s, readout v)"

BATCH_BYTES = 1 << 28
"""What the recorded states of one batch may take, in the emulator and in the runtime each."""

_BYTES_PER_NEURON_STEP = 9


def chip_onnx_row(onnx: Path, chip: ChipGraph, encoded: IntArray, labels: IntArray) -> Row:
    """Runs both on the same samples; `identical` means that no spike or readout voltage differs.

    Args:
        onnx: the file.
        chip: the network of the same run.
        encoded: inputs as the emulator takes them.
        labels: [N], class numbers.

    Raises:
        FileError: the file is missing or isn't ONNX.
        SimulationError: the emulator can't run the network.
    """
    try:
        session = _session(onnx, chip)
        tally = _Tally(chip)
        for part in _batches(chip, len(encoded)):
            trace = simulate(chip, encoded[part], record=True)
            tally.add(trace, session.run(_feeds(chip, encoded[part])), labels[part])
    except NotInstalled as error:
        return _ended("not installed", str(error))
    except RuntimeRefused as error:
        return _ended("different", str(error))
    return tally.row()


@dataclass
class _Tally:
    """What has been seen so far."""

    chip: ChipGraph
    samples: int = 0
    values: int = 0
    spikes_apart: int = 0
    voltages_apart: int = 0
    correct: int = 0
    logits_apart: float = 0.0
    first: str = ""

    def add(self, trace: Trace, results: Feeds, labels: IntArray) -> None:
        first = self.samples
        self.samples += trace.samples
        spikes = {
            name: _samples_first(results, f"{name}.s", trace, name) for name in trace.populations
        }
        for name, fired in spikes.items():
            self.values += fired.size
            self.spikes_apart += int((fired != trace.recordings[name]["s"]).sum())
        if self.spikes_apart and not self.first:
            self.first = _first_difference(spikes, trace, first)
        for readout in self.chip.readouts:
            name = readout.population
            voltages = _samples_first(results, f"{name}.v", trace, name)
            self.values += voltages.size
            self.voltages_apart += int((voltages != trace.recordings[name]["v"]).sum())
        if self.chip.readout is not None:
            name = self.chip.readout.population
            voltages = _samples_first(results, f"{name}.v", trace, name).astype(np.int64)
            flat = voltages.reshape(trace.samples, trace.time_steps, -1)
            logits = window_logits(self.chip.readout, flat)
            apart = np.abs(logits - chip_logits(trace)).max()
            self.logits_apart = max(self.logits_apart, float(apart))
            self.correct += int((logits.argmax(axis=1) == labels).sum())

    def row(self) -> Row:
        read = self.chip.readout is not None
        apart = self.spikes_apart + self.voltages_apart
        return Row(
            runtime=RUNTIME,
            compared_with=COMPARED_WITH,
            precision=PRECISION,
            samples=self.samples,
            spike_mismatches=self.spikes_apart,
            logit_max_abs_diff=self.logits_apart if read else None,
            accuracy=self.correct / self.samples if read else None,
            verdict="different" if apart else "identical",
            note=f"{apart} of {self.values:,} spikes and readout voltages differ{self.first}",
        )


def _session(onnx: Path, chip: ChipGraph) -> Session:
    model = read_onnx(onnx)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    if facts.get(FORMAT_KEY) != FORMAT or facts.get("reset") != "staggered":
        raise RuntimeRefused(
            f"{onnx}: isn't a {FORMAT} file with reset 'staggered'. Export the run with target "
            "chip-onnx."
        )
    if facts.get("input_form") != chip.input.form:
        raise RuntimeRefused(
            f"{onnx}: takes input form '{facts.get('input_form')}', but the chip file "
            f"'{chip.input.form}': it belongs to another network. Export the run again."
        )
    return Session(model)


def _feeds(chip: ChipGraph, encoded: IntArray) -> Feeds:
    constant = encoded.ndim == 1 + len(chip.input.shape)
    rows = encoded[:, None] if constant else encoded
    return {INPUTS: rows.astype(INPUT_TYPES[chip.input.form])}


def _batches(chip: ChipGraph, samples: int) -> list[slice]:
    neurons = sum(prod(population.shape) for population in chip.populations)
    steps = chip.time_steps or 1
    size = max(1, BATCH_BYTES // (_BYTES_PER_NEURON_STEP * neurons * steps))
    return [slice(first, first + size) for first in range(0, samples, size)]


def _samples_first(results: Feeds, tensor: str, trace: Trace, name: str) -> IntArray:
    """[N, T, *shape] of a tensor that the file returns as [T, N, *shape]."""
    expected = (trace.time_steps, trace.samples, *trace.graph.population(name).shape)
    if tensor not in results or results[tensor].shape != expected:
        found = results[tensor].shape if tensor in results else "nothing"
        raise RuntimeRefused(
            f"'{tensor}' came back with shape {found}, expected {expected}: the file belongs to "
            "another network. Export the run again."
        )
    return results[tensor].swapaxes(0, 1)


def _ended(verdict: Verdict, note: str) -> Row:
    return Row(RUNTIME, COMPARED_WITH, PRECISION, 0, None, None, None, verdict, note=note)


def _first_difference(spikes: Feeds, trace: Trace, first: int) -> str:
    """The first differing spike: by sample, step of the window and population."""
    differs = {name: fired != trace.recordings[name]["s"] for name, fired in spikes.items()}
    layers = [differ.reshape(*differ.shape[:2], -1).any(axis=2) for differ in differs.values()]
    together = np.stack(layers, axis=2)
    sample, step, k = (int(i) for i in np.unravel_index(together.argmax(), together.shape))
    name = list(differs)[k]
    differ = differs[name][sample, step]
    neuron = tuple(int(i) for i in np.unravel_index(differ.argmax(), differ.shape))
    ours = int(trace.recordings[name]["s"][(sample, step, *neuron)])
    return (
        f", first in population '{name}', spike of neuron {neuron}, sample {first + sample}, step "
        f"{step}: emulator {ours}, here {1 - ours}; {step + 1} steps show it"
    )
