"""How long costing takes: by number of inferences, and for large networks.

    python benchmarks/costing.py [--inferences 1000000] [--output FILE.json]

Counts per neuron are sums over all inferences, so nothing but the time of each sample's own
busiest core grows with their number. `estimate` places, counts, times and prices; `cost` makes the
whole report (ranges, sensitivities, other chips and devices). Times are medians of three runs.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.pilotnet import WINDOW, pilotnet, silence
from hwsim.chips.load import load_chip
from hwsim.costing.cost import cost
from hwsim.costing.estimate import estimate
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import COUNTS, Trace
from tests.cost_example import digits_graph

REPEATS = 3
Figures = dict[str, dict[str, float]]


def many(trace: Trace, inferences: int) -> Trace:
    """The trace's samples over and over, as if so many inferences had been simulated."""
    rows = np.arange(inferences) % trace.samples
    times = inferences // trace.samples
    return Trace(
        **{
            **vars(trace),
            **{name: getattr(trace, name)[rows] for name in COUNTS},
            "readout": trace.readout[rows],
            "output_spikes": trace.output_spikes[rows],
            "neuron_spikes": {k: v * times for k, v in trace.neuron_spikes.items()},
            "neuron_active": {k: v * times for k, v in trace.neuron_active.items()},
        }
    )


def seconds(work: Callable[[], object]) -> float:
    """Median time of a few runs."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return median(found)


def measure(name: str, trace: Trace, chip: str, figures: Figures) -> None:
    """Times one network and prints it."""
    prices = load_chip(chip)
    figures[name] = {
        "inferences": trace.samples,
        "estimate_s": seconds(lambda: estimate(trace, prices)),
        "cost_s": seconds(lambda: cost(trace, prices)),
    }
    found = figures[name]
    print(
        f"{name:34}{trace.samples:>12,} inferences{found['estimate_s']:9.2f} s to estimate"
        f"{found['cost_s']:9.2f} s for the report"
    )


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inferences", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    graph, figures = digits_graph(), Figures()
    inputs = np.random.default_rng(0).integers(-2000, 4000, (1000, *graph.input.shape))
    counted = simulate(graph, inputs, count_neurons=True)
    for inferences in (1000, arguments.inferences):
        measure(f"digits, {inferences:,}", many(counted, inferences), "loihi1-fitted", figures)
    network = pilotnet()
    trace = simulate(network, silence(network), steps=WINDOW, count_neurons=True)
    measure("PilotNet, 158,509 neurons", trace, "loihi2", figures)
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
