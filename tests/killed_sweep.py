"""A sweep that kills itself: `python -m tests.killed_sweep POINTS ARGUMENTS`.

After so many points it dies by SIGKILL with the next one claimed and measured, but not stored.
"""

import os
import signal
import sys

from hwsim.cli.app import run
from hwsim.sweep.point import Bench
from hwsim.sweep.row import Row
from hwsim.sweep.space import Point


def main(points: int, arguments: list[str]) -> int:
    """Runs `spikeport sweep ARGUMENTS`."""
    measure, done = Bench.measure, 0

    def measured(bench: Bench, point: Point) -> Row:
        nonlocal done
        row = measure(bench, point)
        if done == points:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return row

    Bench.measure = measured  # type: ignore[method-assign,assignment]
    return run(["sweep", *arguments])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
