"""Small .ts files for tests: two classes that differ in the sign of a slope."""

from pathlib import Path

import numpy as np

HEADER = """# Rising or falling
@problemName slopes
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
"""


def slope_lines(cases: int, seed: int) -> list[str]:
    """Case lines of 3 to 7 steps; the second channel is noise."""
    random = np.random.default_rng(seed)
    lines = []
    for case in range(cases):
        steps = int(random.integers(3, 8))
        sign = 1 if case % 2 == 0 else -1
        slope = sign * np.arange(steps) + random.normal(size=steps) / 10
        noise = random.normal(size=steps) * 5 + 20
        channels = [",".join(f"{value:.4f}" for value in channel) for channel in (slope, noise)]
        lines.append(":".join([*channels, "up" if sign > 0 else "down"]))
    return lines


def write_ts(path: Path, cases: int = 20, seed: int = 0, header: str = HEADER) -> Path:
    """A whole file."""
    path.write_text(header + "\n".join(slope_lines(cases, seed)) + "\n")
    return path
