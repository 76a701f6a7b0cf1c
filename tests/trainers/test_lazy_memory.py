"""Memory of training on files doesn't grow with their number."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image_folders import write_part

FEW, MANY = 10_000, 100_000
ALLOWED_MB = 100

CHILD = """
import resource, sys
from pathlib import Path
import torch
from torch import nn
from trainers import LIF, fit, load_data

data = load_data("image-folder", path=Path(sys.argv[1]), image_size=16, test_samples=10, workers=1)
body = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(12, 4), LIF(), nn.Linear(4, 2))
fitted = fit(body, data, method="baseline", time_steps=1, epochs=1, batch_size=256, device="cpu")
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(len(data.train) + len(data.validation), *(resource.getrusage(who).ru_maxrss for who in whose))
"""


def linked(root: Path, images: int) -> Path:
    """A folder of so many file names in two classes, hard links to a thousand images."""
    shutil.copytree(root.parent / "sources", root / "val", ignore=shutil.ignore_patterns("cow"))
    for name in ("ant", "bee"):
        (root / "train" / name).mkdir(parents=True)
        sources = sorted((root.parent / "sources" / name).iterdir())
        for number in range(images // 2):
            source = sources[number % len(sources)]
            os.link(source, root / "train" / name / f"{number:07}{source.suffix}")
    return root


def peaks(folder: Path) -> tuple[int, int]:
    """Peak resident memory in MB of one epoch, of the process that trains and of a reader."""
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder)],
        capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    images, training, reading = map(int, ran.stdout.split())
    sys.stdout.write(f"{images:,} images: {training // 1024} MB, its reader {reading // 1024} MB\n")
    return training // 1024, reading // 1024


@pytest.mark.slow
def test_ten_times_the_images_take_no_more_memory(tmp_path: Path) -> None:
    """Whole, 100,000 images of 16 x 16 would take 300 MB as float32; their list takes 3 MB."""
    write_part(tmp_path / "sources", 500)
    few = peaks(linked(tmp_path / "few", FEW))
    many = peaks(linked(tmp_path / "many", MANY))
    assert many[0] < few[0] + ALLOWED_MB
    assert many[1] < few[1] + ALLOWED_MB
