"""Emulator and Lava side by side on one chip file: the same samples, one run, a ratio.

    python benchmarks/emulator_and_lava.py runs/digits [--samples 100]

Lava's time contains its process start and compilation, once for all samples, as a user of
`spikeport simulate --backend lava` pays them; both times are printed.
"""

import argparse
import time
from pathlib import Path

from export.chip.netx_read import read_netx
from export.samples import read_samples
from hwsim.engine.simulate import simulate
from hwsim.lava.compare import compare
from hwsim.lava.runner import run_lava


def main() -> None:
    """Runs both, compares every value, and prints times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run folder with chip.net and samples.npz")
    parser.add_argument("--samples", type=int, default=100)
    arguments = parser.parse_args()
    net = arguments.run / "chip.net"
    chip = read_netx(net)
    encoded = read_samples(arguments.run / "samples.npz").chip_inputs
    if encoded is None:
        raise SystemExit(f"{arguments.run}: no chip inputs. Export it with target netx.")
    encoded = encoded[: arguments.samples]
    simulate(chip, encoded[:2])
    started = time.perf_counter()
    trace = simulate(chip, encoded, record=True)
    emulated = time.perf_counter() - started
    started = time.perf_counter()
    run = run_lava(net, encoded, reset="staggered", time_steps=chip.time_steps)
    lava = time.perf_counter() - started
    print(f"samples        {trace.samples}, {trace.time_steps} steps each")
    print(f"comparison     {compare(trace, run)}")
    print(f"emulator       {emulated:.3f} s")
    print(f"Lava           {lava:.3f} s")
    print(f"ratio          {lava / emulated:.0f}")


if __name__ == "__main__":
    main()
