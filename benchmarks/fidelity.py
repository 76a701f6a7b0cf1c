"""What freezing and quantising cost: each paper's method, from trained network to chip.

    python benchmarks/fidelity.py [--data fashion-mnist digits] [--rows ds-atgo] [--seeds 3]
                                  [--workers 2]

Networks are trained ones of benchmarks/methods.py (Fashion-MNIST, 10,000 training images, T = 4,
conv-small, 6 epochs) and of the digits recipes; checkpoints, fine-tuned networks and results lie
in runs/benchmarks by hashes of what made them. Stop and start again at any time.

Every strategy of a row is judged on the calibration split (the validation images), the best one
goes on to the chip: 8 bits without and with fine-tuning on the chip's integers, 4 bits with.
Accuracies are of the whole test split: the frozen network in the float64 executor, the chip in
the emulator. "Lost" is trained minus chip in points, a mean over seeds; its interval (95 %, normal)
is of the paired differences of all images and seeds, correct before minus correct after.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from benchmarks.fidelity_tables import Result, Score, accuracy_table, figures, lost_table
from benchmarks.trained_runs import trained_run
from export.nir_metadata import read_facts
from export.qat import integer_network
from hwsim.errors import SimulationError
from hwsim.ledger.measure import batch_size_of, batches
from hwsim.ledger.runs import emulated_run, graph_run, torch_run
from hwsim.ledger.transformation import Run
from hwsim.pipeline.conversion import Conversion, TrainedRun, converted
from hwsim.pipeline.manifest import fingerprint_of
from trainers.atomic_file import whole_file
from trainers.data import Split
from trainers.evaluation import evaluate
from trainers.export_tables import ExportTable, QatTable, ScaleSearch, ThresholdStrategy
from trainers.file_hash import sha256
from trainers.recipe import Recipe
from trainers.recipe_file import load_recipe

CACHE = Path("runs/benchmarks")
RESULTS = Path("benchmarks/results/fidelity.json")

ROWS = {
    "fashion-mnist": {
        "ds-atgo": "fashion-mnist-ds-atgo",
        "mpd-agl": "fashion-mnist-mpd-agl",
        "deeptage (reconstructed)": "fashion-mnist-deeptage",
        "msg + two": "fashion-mnist-msg-two",
        "baseline": "fashion-mnist-baseline",
    },
    "digits": {
        "ds-atgo": "digits",
        "mpd-agl": "digits-mpd-agl",
        "deeptage (reconstructed)": "digits-deeptage",
        "msg + two": "digits-msg-two",
        "baseline": "digits-baseline",
    },
}
"""Recipes by data set and row."""

STRATEGIES: tuple[ThresholdStrategy, ...] = ("mean", "calibrated", "finetune")
"""What makes constants; a network whose thresholds are constant needs none of them."""

SEARCHES: dict[int, ScaleSearch] = {8: "max-abs", 4: "spike-disagreement"}
"""How scales are searched at so many bits: what the calibration split liked best."""

CHIPS = (("8 bits", 8, False), ("8 bits, tuned", 8, True), ("4 bits", 4, False),
         ("4 bits, tuned", 4, True))  # fmt: skip


def measured(data: str, row: str, seed: int) -> Result:
    """Trains (or finds) one network and takes it to the chip on every way."""
    torch.set_num_threads(1)
    recipe = load_recipe(ROWS[data][row], (), seed)
    found = trained_run(recipe, CACHE)
    run = TrainedRun(
        recipe=recipe,
        network=found.network,
        data=found.data,
        checkpoint_sha256=sha256(found.folder.checkpoint),
        folder=found.folder.path,
        say=_silent,
    )
    way = Way(run)
    frozen = way.frozen()
    best = max(frozen, key=lambda name: frozen[name].calibration)
    scores = {"trained": way.trained(), **{f"frozen, {name}": frozen[name] for name in frozen}}
    strategy = next((name for name in STRATEGIES if name == best), STRATEGIES[0])
    scores |= {name: way.on_chip(strategy, bits, tuned=tuned) for name, bits, tuned in CHIPS}
    apart = {name: way.apart(strategy, bits) for name, bits, tuned in CHIPS if tuned and seed == 0}
    return Result(data, row, seed, len(found.data.test), best, scores, apart)


@dataclass(frozen=True)
class Way:
    """One trained network with results kept beside its checkpoint."""

    run: TrainedRun

    def trained(self) -> Score:
        """The network as trained."""
        return self._kept("trained", ExportTable(targets=("nir",)), trained=True)

    def frozen(self) -> dict[str, Score]:
        """The frozen network by strategy, or once where thresholds are constant."""
        if self._thresholds_are_constant():
            return {"constant": self._kept("frozen", ExportTable(targets=("nir",)))}
        tables = {
            name: ExportTable(targets=("nir",), threshold_strategy=name) for name in STRATEGIES
        }
        return {name: self._kept("frozen", table) for name, table in tables.items()}

    def on_chip(self, strategy: ThresholdStrategy, bits: int, *, tuned: bool) -> Score:
        """The chip's integers in the emulator."""
        return self._kept("chip", self._table(strategy, bits, tuned=tuned))

    def apart(self, strategy: ThresholdStrategy, bits: int) -> int:
        """Spikes that only one of fine-tuning's own evaluation and the emulator fires."""
        done = converted(self.run, self._table(strategy, bits, tuned=True))
        if done.quantised is None:
            raise SimulationError("fidelity: a chip target without integers. Check the table.")
        own = integer_network(done.graph, done.quantised, done.source)
        emulated, counted = last_run(done), 0
        for inputs, labels in batches(self.run.data.test, batch_size_of(done.graph)):
            first = evaluate(own, Split(inputs, labels), record_spikes=True).spikes
            second = emulated(inputs).spikes
            counted += sum(int((first[layer] != second[layer]).sum()) for layer in second)
        return counted

    def _table(self, strategy: ThresholdStrategy, bits: int, *, tuned: bool) -> ExportTable:
        return self.run.recipe.export.model_copy(
            update={
                "targets": ("chip",),
                "threshold_strategy": strategy,
                "weight_bits": bits,
                "scale_search": SEARCHES[bits],
                "qat": QatTable() if tuned else None,
            }
        )

    def _thresholds_are_constant(self) -> bool:
        steps = self.run.network.time_steps
        schedules = [
            neuron.threshold_rule.schedule(steps) for _, neuron in self.run.network.neurons()
        ]
        return all(found is not None and bool((found == found[0]).all()) for found in schedules)

    def _kept(self, what: str, table: ExportTable, *, trained: bool = False) -> Score:
        key = fingerprint_of([what, self.run.checkpoint_sha256, table.model_dump(mode="json")])
        path = self.run.folder / "fidelity" / f"{what}-{key[:12]}.json"
        if path.is_file():
            return Score(**json.loads(path.read_text()))
        score = self._measured(table, trained=trained)
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as partial:
            partial.write_text(json.dumps(asdict(score)))
        return score

    def _measured(self, table: ExportTable, *, trained: bool) -> Score:
        done = converted(self.run, table)
        run = torch_run(self.run.network, read_facts(done.graph)) if trained else last_run(done)
        size, data = batch_size_of(done.graph), self.run.data
        test, calibration = right(run, data.test, size), right(run, data.validation, size)
        return Score(
            float(test.mean()), float(calibration.mean()), np.packbits(test).tobytes().hex()
        )


def last_run(done: Conversion) -> Run:
    """The last network of a conversion: the chip's integers, or the frozen network."""
    if done.quantised is None:
        return graph_run(done.graph)
    return emulated_run(done.graph, done.quantised.chip)


def right(run: Run, split: Split, batch_size: int) -> NDArray[np.bool_]:
    """Whether each sample's largest logit is its label's."""
    parts = [
        run(inputs).logits.argmax(axis=1) == labels for inputs, labels in batches(split, batch_size)
    ]
    return np.concatenate(parts)


def run_all(tasks: list[tuple[str, str, int]], workers: int, console: Console) -> list[Result]:
    """Every network, `workers` at once; says how long is left."""
    results: list[Result] = []
    started = time.perf_counter()
    console.print(f"budget: {budget(tasks, workers)}")
    with (
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("networks", total=len(tasks))
        for job in as_completed([pool.submit(measured, *task) for task in tasks]):
            results.append(job.result())
            progress.advance(bar)
    console.print(f"spent: {(time.perf_counter() - started) / 60:.1f} min")
    return sorted(results, key=lambda result: tasks.index((result.data, result.row, result.seed)))


def budget(tasks: list[tuple[str, str, int]], workers: int) -> str:
    """Epochs of training and fine-tuning if nothing is cached."""
    epochs = {"train": 0, "fine-tuning": 0}
    for data, row, seed in tasks:
        recipe: Recipe = load_recipe(ROWS[data][row], (), seed)
        epochs["train"] += recipe.train.epochs
        epochs["fine-tuning"] += 2 * QatTable().epochs
        epochs["fine-tuning"] += recipe.export.finetune.epochs if "ds-atgo" in row else 0
    counted = ", ".join(f"{number} epochs of {name}" for name, number in epochs.items())
    return f"{len(tasks)} networks on {workers} workers; without cache {counted}"


def _silent(line: str) -> None:
    del line


def main() -> None:
    """Runs, prints both tables, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--rows", nargs="+", choices=list(ROWS["digits"]), default=None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    rows = arguments.rows or list(ROWS["digits"])
    tasks = [
        (data, row, seed)
        for data in arguments.data
        for seed in range(arguments.seeds)
        for row in rows
    ]
    console = Console(width=200)
    results = run_all(tasks, arguments.workers, console)
    chips = [name for name, _, _ in CHIPS]
    console.print(accuracy_table(results, STRATEGIES, chips))
    console.print(lost_table(results, chips))
    counted = [apart for result in results for apart in result.apart.values()]
    console.print(
        f"{len(counted)} fine-tuned chips on their whole test splits: {sum(counted):,} spikes "
        "differ between fine-tuning's own evaluation and the emulator"
    )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(figures(results, chips), indent=1) + "\n")


if __name__ == "__main__":
    main()
