"""Training methods side by side: one network, one data set, one schedule, several seeds.

    python benchmarks/methods.py [--all] [--rows ds-atgo msg] [--seeds 3] [--workers 2]

Fashion-MNIST, 10,000 training images, T = 4, conv-small, 6 epochs; accuracy of the last epoch on
the full test split of 10,000 images. Each run trains in one thread, `--workers` runs at once;
seconds are of a row's fastest epoch and compare within the table only. Checkpoints lie in
runs/benchmarks by a hash of the recipe and are shared with other benchmarks; stop and start again
at any time.

The gradient-available share is that of the last LIF layer: neurons whose |u - threshold| lies
where ds/du is at least half its peak (for a rectangle: inside it), on the test split.
"""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.membrane_shape import membrane_shape
from benchmarks.trained_runs import trained_run
from trainers.diagnostics_file import SERIES
from trainers.evaluation import evaluate
from trainers.layer_probe import probed
from trainers.recipe_file import load_recipe

CACHE = Path("runs/benchmarks")
RESULTS = Path("benchmarks/results/methods.json")
RATE_BAND = (0.13, 0.18)
"""Where every layer of DS-ATGO is expected to fire: around 1 - Phi(1) = 0.159."""

Setting = tuple[str, tuple[str, ...]]
"""A shipped recipe and what is set on top."""

DEFAULT_ROWS: dict[str, Setting] = {
    "baseline": ("fashion-mnist-baseline", ()),
    "plif": ("fashion-mnist-plif", ()),
    "tet": ("fashion-mnist-tet", ()),
    "ds-atgo": ("fashion-mnist-ds-atgo", ()),
    "mpd-agl": ("fashion-mnist-mpd-agl", ()),
    "deeptage (reconstructed)": ("fashion-mnist-deeptage", ()),
    "msg": ("fashion-mnist-msg", ()),
    "two": ("fashion-mnist-two", ()),
    "msg + two": ("fashion-mnist-msg-two", ()),
}
OTHER_ROWS: dict[str, Setting] = {
    "ds-atgo, learning rate 0.01": ("fashion-mnist-ds-atgo", ("train.learning_rate=0.01",)),
    "baseline, learning rate 0.002": ("fashion-mnist-baseline", ("train.learning_rate=0.002",)),
    "deeptage (reconstructed) + two": ("fashion-mnist-deeptage-two", ()),
    "ds-atgo + two": ("fashion-mnist-ds-atgo-two", ()),
    "tdbn": ("fashion-mnist-tdbn", ()),
    "ltmd": ("fashion-mnist-ltmd", ()),
    "lsg": ("fashion-mnist-lsg", ()),
    "alif": ("fashion-mnist-alif", ()),
    **{
        f"baseline, {shape}": ("fashion-mnist-baseline", (f"method.baseline.surrogate={shape}",))
        for shape in ("triangular", "arctan", "sigmoid", "fast-sigmoid", "dspike")
    },
    "ds-atgo, AT alone": (
        "fashion-mnist-ds-atgo",
        ("method.ds-atgo.gradient_optimisation=false",),
    ),
    "ds-atgo, TGO alone": ("fashion-mnist-ds-atgo", ("method.ds-atgo.adaptive_threshold=false",)),
    "ds-atgo, estimated": (
        "fashion-mnist-ds-atgo",
        ("method.ds-atgo.threshold_statistic=estimated",),
    ),
    "msg, weight gradient": ("fashion-mnist-msg", ("method.msg.mask=weight-gradient",)),
}


@dataclass(frozen=True)
class Result:
    """One trained network on the test split.

    Args:
        row: of the table.
        seed: of the run.
        accuracy: last epoch, full test split.
        rate: spikes per neuron and step over all neurons.
        rates: per layer, mean over steps.
        available: gradient-available share of the last LIF layer, mean over steps.
        epoch_s: seconds of the fastest epoch.
        histogram: counts [L][bins + 2] of u - threshold over all steps.
    """

    row: str
    seed: int
    accuracy: float
    rate: float
    rates: dict[str, float]
    available: float
    epoch_s: float
    histogram: list[list[int]]


def measured(row: str, setting: Setting, seed: int, cache: Path) -> Result:
    """Trains (or finds) the network of one row and seed, and measures it."""
    torch.set_num_threads(1)
    run = trained_run(load_recipe(setting[0], setting[1], seed), cache)
    with probed(run.network, histogram=True) as probe:
        accuracy = evaluate(run.network, run.data.test).accuracy
    series = dict(zip(SERIES, probe.series().mean(axis=2), strict=True))
    histogram = probe.histogram().sum(axis=1)
    events = histogram.sum(axis=1)
    names = [name for name, _ in run.network.neurons()]
    return Result(
        row=row,
        seed=seed,
        accuracy=accuracy,
        rate=float((series["rate"] * events).sum() / events.sum()),
        rates=dict(zip(names, map(float, series["rate"]), strict=True)),
        available=float(series["available"][-1]),
        epoch_s=run.epoch_s,
        histogram=histogram.tolist(),
    )


def run_all(rows: dict[str, Setting], seeds: int, workers: int) -> list[Result]:
    """Every row and seed, `workers` at once."""
    tasks = [(name, setting, seed) for seed in range(seeds) for name, setting in rows.items()]
    results = []
    with (
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("runs", total=len(tasks))
        jobs = [pool.submit(measured, *task, CACHE) for task in tasks]
        for job in as_completed(jobs):
            results.append(job.result())
            progress.advance(bar)
    order = list(rows)
    return sorted(results, key=lambda result: (order.index(result.row), result.seed))


def by_row(results: list[Result]) -> Iterator[tuple[str, list[Result]]]:
    """Results of each row, in the table's order."""
    for row in dict.fromkeys(result.row for result in results):
        yield row, [result for result in results if result.row == row]


def table(results: list[Result]) -> Table:
    """Mean and sample standard deviation over seeds."""
    titles = (
        "method",
        "test accuracy, %",
        "std",
        "firing rate",
        "per layer",
        "available",
        "s/epoch",
    )
    drawn = Table(*titles, box=None, pad_edge=False)
    for row, runs in by_row(results):
        accuracy = np.array([run.accuracy for run in runs]) * 100
        layers = np.array([list(run.rates.values()) for run in runs]).mean(axis=0)
        drawn.add_row(
            row,
            f"{accuracy.mean():.2f}",
            f"{accuracy.std(ddof=1):.2f}" if len(runs) > 1 else "-",
            f"{np.mean([run.rate for run in runs]):.3f}",
            " ".join(f"{rate:.3f}" for rate in layers),
            f"{np.mean([run.available for run in runs]):.3f}",
            f"{min(run.epoch_s for run in runs):.1f}",
        )
    return drawn


def outliers(results: list[Result]) -> Iterator[str]:
    """Layers of DS-ATGO whose rate leaves the band, with what their membranes look like."""
    low, high = RATE_BAND
    for result in results:
        for layer, (name, rate) in enumerate(result.rates.items()):
            if result.row == "ds-atgo" and not low <= rate <= high:
                shape = membrane_shape(np.array(result.histogram[layer]))
                yield f"ds-atgo, seed {result.seed}, layer '{name}': rate {rate:.3f}\n{shape}"


def main() -> None:
    """Runs, prints the table, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="comparison methods and variants too")
    parser.add_argument("--rows", nargs="+", help="only these rows")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    known = DEFAULT_ROWS | OTHER_ROWS
    rows = known if arguments.all else DEFAULT_ROWS
    if arguments.rows:
        unknown = [name for name in arguments.rows if name not in known]
        if unknown:
            parser.error(f"--rows {unknown}: unknown. Known: {', '.join(known)}")
        rows = {name: known[name] for name in arguments.rows}
    results = run_all(rows, arguments.seeds, arguments.workers)
    console = Console(width=140)
    console.print(table(results))
    for explained in outliers(results):
        console.print(explained, highlight=False)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
