"""What a made-up report says of other devices, the equal ANN, NeuroBench and single samples."""

from collections.abc import Sequence

import numpy as np

from hwsim.report.alternatives import (
    Alternatives,
    DenseLayer,
    DeviceRow,
    NeuroBench,
    PricedPair,
    PrintedBound,
    Raster,
)
from hwsim.report.chip_cost import Range


def devices(name: str, total_j: float) -> tuple[DeviceRow, ...]:
    """Two chips, one of them too small, two price lists, and a device that can't be told."""
    return (
        DeviceRow(
            name="loihi1", title="Intel Loihi 1", kind="chip",
            energy_j=Range(low=0.6 * total_j, nominal=total_j, high=1.7 * total_j),
            latency_s=2e-5, cores=5, chips=1, fits=True, scope="chip, host and I/O",
            source="Davies 2018",
        ),
        DeviceRow(
            name="truenorth", title="IBM TrueNorth", kind="chip",
            energy_j=Range(low=3e-5, nominal=4e-5, high=4e-5), latency_s=7e-3, cores=40, chips=1,
            fits=False, scope=f"all of it, for {name}", source="Merolla 2014",
        ),
        DeviceRow(
            name="cmos45-float32", title="45 nm CMOS, float32 arithmetic alone",
            kind="operations", energy_j=Range(low=1e-7, nominal=1e-7, high=1e-7),
            scope="operations, no memory", source="Horowitz 2014",
        ),
        DeviceRow(
            name="gpu", title="GPU Titan Black (2014) in the keras-spiking price list",
            kind="operations", energy_j=Range(low=0.0, nominal=2e-4, high=9e-4),
            scope="per operation", source="Degnan 2015",
        ),
        DeviceRow(
            name="speck", title="SynSense Speck", kind="chip", energy_j=None, fits=None,
            scope="no agreed energy per operation", source="Yao 2024",
        ),
    )  # fmt: skip


def alternatives(names: Sequence[str]) -> Alternatives:
    """Two price lists, one without break-even, and a bound of each verdict."""
    return Alternatives(
        layers=(
            DenseLayer(layer="host", macs=9216, synops=9216.0, spikes_in_per_synapse=None),
            *(
                DenseLayer(layer=name, macs=100_000, synops=61_000.5, spikes_in_per_synapse=0.61)
                for name in names[1:]
            ),
        ),
        priced=(
            PricedPair(
                prices="45 nm arithmetic", ann_j=4.6e-7, snn_j=1.1e-7, break_even=5.1,
                note="operations alone", source="Horowitz 2014",
            ),
            PricedPair(
                prices="45 nm with memory", ann_j=2.0e-6, snn_j=4.1e-6, break_even=None,
                note="Lemaire's model", source="Lemaire 2022",
            ),
        ),
        bounds=(
            PrintedBound(
                work="Davidson and Furber 2021", quantity="spikes per synapse", low=1.72,
                high=1.72, value=0.61, verdict="favourable", sentence="0.61 is below 1.72.",
                url="https://doi.org/10.3389/fnins.2021.651141",
            ),
            PrintedBound(
                work="Dampfhoffer 2022", quantity="spikes per synapse", low=0.15, high=1.38,
                value=0.61, verdict="undecided", sentence="0.61 lies within.",
                url="javascript:alert(3)",
            ),
            PrintedBound(
                work="Yan 2024", quantity="mean rate", low=0.057, high=0.057, value=0.152,
                verdict="unfavourable", sentence="15.2 % is above 5.7 %.",
                url="https://arxiv.org/abs/2409.08290",
            ),
        ),
        spikes_per_synapse=0.61,
        mean_rate=0.152,
    )  # fmt: skip


def neurobench() -> NeuroBench:
    """Every metric but one."""
    return NeuroBench(
        footprint=1_250_000,
        connection_sparsity=0.02,
        parameter_count=310_000,
        classification_accuracy=0.9861,
        activation_sparsity=None,
        membrane_updates=4096.5,
        effective_macs=9216,
        effective_acs=61000.5,
        dense=900_000,
    )


def rasters(
    rng: np.random.Generator, names: Sequence[str], neurons: Sequence[int], time_steps: int
) -> tuple[Raster, ...]:
    """Two samples; a layer of depth d fires in chip steps d + 1 to d + T, the last one never."""
    drawn = []
    for sample in (3, 17):
        for depth, (name, of) in enumerate(zip(names, neurons, strict=True)):
            rows = min(of, 24)
            fired = rng.random((time_steps, rows)) < (0.25 if depth < len(names) - 1 else 0)
            steps, which = np.nonzero(fired)
            drawn.append(
                Raster(
                    sample=sample,
                    layer=name,
                    neurons=rows,
                    of=of,
                    steps=tuple((steps + 1 + depth).tolist()),
                    rows=tuple(which.tolist()),
                )
            )
    return tuple(drawn)
