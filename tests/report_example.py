"""A report made up by hand: its tables agree with one another, and nothing was costed for it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.chip_cost import ChipStep, EnergyTerms, LatencyTotals, Range, Source
from hwsim.report.model import Accuracy, Layer, Network, Report, TrainingCurve
from hwsim.verify.row import Row
from tests.report_alternatives_example import alternatives, devices, neurobench, rasters
from tests.report_costs_example import constants, events, sensitivity, term_energy
from tests.report_placement_example import BARRIER_S, chip_use, core_row, fit_row, step_line

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "</script><b>bold")


def example_report(
    *,
    names: Sequence[str] | None = None,
    layers: int = 3,
    cores: int = 5,
    chips: int = 1,
    time_steps: int = 4,
    fits: bool = True,
    extras: bool = True,
    accuracy: bool = True,
) -> Report:
    """A costed network; energies by layer, core, step and term have the same sum.

    Args:
        names: of the layers, instead of invented ones; sets their number.
        layers: how many.
        cores: in use, at least one per layer.
        chips: over which they lie evenly.
        time_steps: T.
        fits: else two limits are exceeded.
        extras: training, ledger, runtimes, raster, devices, alternatives, NeuroBench.
        accuracy: measured or not.
    """
    rng = np.random.default_rng(5)
    names = tuple(names) if names is not None else tuple(f"l{i:03}_lif" for i in range(layers))
    spare = rng.integers(len(names), size=cores - len(names))
    on = np.sort(np.concatenate([np.arange(len(names)), spare]))
    steps = time_steps + len(names)
    # [step, core, term]: synops, neurons, messages, static.
    joules = rng.uniform(0.2, 1.0, (steps, cores, 4)) * np.array([9e-9, 4e-9, 5e-10, 1e-9])
    chip_j, host_j, io_j = 8 * joules[..., 3].sum(), 4.2e-8, 7.3e-8
    total_j = float(joules.sum() + chip_j + host_j + io_j)
    step_s = rng.uniform(1e-6, 3e-6, steps) + BARRIER_S
    latency_s = float(step_s.sum())
    busy_s = rng.uniform(0.05, 0.9, cores) * (latency_s - steps * BARRIER_S)
    rows = tuple(_layer(rng, name, index, names, joules, on, time_steps)
                 for index, name in enumerate(names))  # fmt: skip
    term_sums = term_energy(joules.sum(axis=(0, 1)))
    return Report(
        network=Network(
            neurons=sum(row.neurons for row in rows),
            synapses=sum(row.synapses_in for row in rows),
            time_steps=time_steps,
        ),
        accuracy=_accuracy() if accuracy else Accuracy(),
        layers=rows,
        simulated_samples=64,
        recipe="digits",
        energy_j=EnergyTerms(
            total=total_j, **term_sums.model_dump(), chip=chip_j, host=host_j, io=io_j
        ),
        energy_range_j=Range(low=0.6 * total_j, nominal=total_j, high=1.7 * total_j),
        latency_s=LatencyTotals(
            total=latency_s,
            per_step=latency_s / steps,
            steps=steps,
            barrier_per_step=BARRIER_S,
            slowest_sample=1.2 * latency_s,
            pipelined_per_s=steps / latency_s / time_steps,
            link_bound_steps=0,
        ),
        latency_range_s=Range(low=0.8 * latency_s, nominal=latency_s, high=2.1 * latency_s),
        energy_delay_js=total_j * latency_s,
        chip=chip_use(cores, chips, fits, names),
        cores=tuple(
            core_row(rng, core, names[on[core]], cores, chips, joules, busy_s)
            for core in range(cores)
        ),
        fit=tuple(fit_row(rng, name, int((on == i).sum()), fits) for i, name in enumerate(names)),
        steps=tuple(
            ChipStep(
                step=step + 1,
                latency_s=float(step_s[step]),
                busiest_layer=names[on[int(joules[step, :, 0].argmax())]],
                busiest_core=int(joules[step, :, 0].argmax()),
                energy_j=term_energy(joules[step].sum(axis=0)),
            )
            for step in range(steps)
        ),
        sensitivity=sensitivity(total_j),
        step_line=step_line(rng, names, on, step_s, busy_s),
        events=events(term_sums, chip_j, host_j, io_j),
        constants=constants(),
        sources=(
            Source(key="davies2018", citation="Davies 2018 <Table 2>", url="https://doi.org/10.1"),
            Source(key="ours", citation="Worked out here"),
        ),
        host_macs=9216,
        assumptions=("Energy and time are estimates.", f"Layer '{names[0]}' gets biases."),
        silicon=("Emulated counts, no board.",),
        **(_extras(rng, names, time_steps, rows, total_j) if extras else {}),
    )


def _layer(
    rng: np.random.Generator,
    name: str,
    index: int,
    names: Sequence[str],
    joules: NDArray[np.float64],
    on: NDArray[np.int64],
    time_steps: int,
) -> Layer:
    neurons = 10 if index == len(names) - 1 else 1024 >> min(index, 4)
    spikes = rng.uniform(0.02, 0.3, time_steps) * neurons
    return Layer(
        name=name,
        shape=(neurons,) if neurons == 10 else (neurons // 64, 8, 8),
        neurons=neurons,
        depth=index,
        spikes_per_inference=float(spikes.sum()),
        spike_rate=float(spikes.sum() / neurons / time_steps),
        spikes_per_step=tuple(spikes.tolist()),
        synops_per_inference=0.0 if index == 0 else float(rng.uniform(1e4, 2e5)),
        synapses_in=0 if index == 0 else int(rng.integers(10_000, 100_000)),
        saturations=0,
        wraps=0,
        messages_per_inference=float(spikes.sum()) * 2,
        cores=int((on == index).sum()),
        energy_j=term_energy(joules[:, on == index].sum(axis=(0, 1))),
    )


def _accuracy() -> Accuracy:
    return Accuracy(trained=0.9889, frozen=0.9889, chip=0.9861, samples=360)


def _extras(
    rng: np.random.Generator,
    names: Sequence[str],
    time_steps: int,
    layers: Sequence[Layer],
    total_j: float,
) -> dict[str, object]:
    changed = {name: 0.0012 * (index + 1) for index, name in enumerate(names[:-1])}
    return {
        "training": TrainingCurve(
            epochs=(1, 2, 3),
            train_loss=(1.0, 0.5, 0.3),
            validation_loss=(1.1, 0.6, 0.5),
            train_accuracy=(0.6, 0.9, 0.99),
            validation_accuracy=(0.7, 0.9, 0.98),
        ),
        "fidelity": {names[0]: 0.0012},
        "quantisation": {names[0]: {"weight_scale": 88.1, "clipped_weights": 3}},
        "ledger": (
            LedgerEntry(
                name="trained", what=f"made {names[0]}", accuracy=0.9889,
                calibration_accuracy=0.9722,
            ),
            LedgerEntry(
                name="frozen", what="folded", accuracy=0.9889, calibration_accuracy=0.9694,
                changed=changed,
            ),
            LedgerEntry(
                name="emulated", what="on integers", accuracy=0.9861,
                calibration_accuracy=0.975, changed=changed,
            ),
        ),
        "runtimes": (
            Row("norse", "nir_executor", "float64", 360, 0, 0.0, 0.9944, "identical"),
            Row("lava", "emulator", "integers", 0, None, None, None, "not installed"),
        ),
        "raster": rasters(rng, names, [layer.neurons for layer in layers], time_steps),
        "devices": devices(names[0], total_j),
        "alternatives": alternatives(names),
        "neurobench": neurobench(),
    }  # fmt: skip
