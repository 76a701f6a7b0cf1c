"""Memory of training on files doesn't grow with their number.

Resident memory counts the pages of a memory-mapped Arrow file too, which the system drops where it
wants the room; a process's own memory is what it can't take back.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

from tests.arrow_sets import table
from tests.image_folders import picture, png_bytes, write_part

FEW, MANY = 10_000, 100_000
ALLOWED_MB = 100

CHILD = """
import json, resource, sys
from dataclasses import replace
from pathlib import Path
import torch
from torch import nn
from trainers import LIF, fit, load_data
from trainers.data import Split

def memory():
    held = dict(line.split(":") for line in open("/proc/self/status"))
    names = {"peak": "VmHWM", "own": "RssAnon"}
    return {key: int(held[name].split()[0]) // 1024 for key, name in names.items()}

class Watched:
    def __init__(self, inputs, place):
        self.inputs, self.place, self.own = inputs, place, 0
        self.shape, self.dtype = inputs.shape, inputs.dtype

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, rows):
        batch, now = self.inputs[rows], memory()
        self.own = max(self.own, now["own"])
        Path(self.place).write_text(json.dumps(now | {"own": self.own}))
        return batch

name, path, place = sys.argv[1:]
data = load_data(name, path=path, image_size=16, test_samples=10, workers=1)
watched = replace(data, train=Split(Watched(data.train.inputs, place), data.train.labels))
body = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(12, 4), LIF(), nn.Linear(4, 2))
fit(body, watched, method="baseline", time_steps=1, epochs=1, batch_size=256, device="cpu")
images = len(data.train) + len(data.validation)
print(json.dumps({"images": images, "training": memory()}))
"""

Memory = dict[str, dict[str, int]]


def linked(root: Path, images: int) -> Path:
    """A folder of so many file names in two classes, hard links to a thousand images."""
    sources = root.parent / "sources"
    if not sources.is_dir():
        write_part(sources, 500)
    shutil.copytree(sources, root / "val", ignore=shutil.ignore_patterns("cow"))
    for name in ("ant", "bee"):
        (root / "train" / name).mkdir(parents=True)
        files = sorted((sources / name).iterdir())
        for number in range(images // 2):
            source = files[number % len(files)]
            os.link(source, root / "train" / name / f"{number:07}{source.suffix}")
    return root


def arrow(root: Path, images: int) -> Path:
    """So many rows of an Arrow file: a thousand images of 32 x 32, 3 MB, again and again."""
    noise = [
        {"bytes": png_bytes(picture(row % 2, row, (32, 32, 3))), "path": None}
        for row in range(1000)
    ]
    names = datasets.ClassLabel(names=["ant", "bee"])
    split = table(1000, image=noise, label=[row % 2 for row in range(1000)])
    split = split.cast_column("image", datasets.Image()).cast_column("label", names)
    train = datasets.concatenate_datasets([split] * (images // 1000))
    datasets.DatasetDict(train=train, test=split).save_to_disk(str(root))
    return root


def measured(name: str, folder: Path) -> tuple[int, Memory]:
    """Images, and the memory in MB of the process that trains and of its reader, for one epoch."""
    place = folder.with_suffix(".json")
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, name, str(folder), str(place)],
        capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    found = json.loads(ran.stdout)
    reading = json.loads(place.read_text())
    return found["images"], {"training": found["training"], "reading": reading}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "written"), [("image-folder", linked), ("huggingface", arrow)])
def test_ten_times_the_images_take_no_more_memory(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    written: Callable[[Path, int], Path],
) -> None:
    """100,000 images of 16 x 16 would take 300 MB as float32; the Arrow file has 320 MB."""
    seen: list[Memory] = []
    for images in (FEW, MANY):
        found, memory = measured(name, written(tmp_path / str(images), images))
        assert found == images
        seen.append(memory)
        said = ", ".join(
            f"{who} {held['peak']} MB resident at its peak ({held['own']} MB its own)"
            for who, held in memory.items()
        )
        with capsys.disabled():
            sys.stdout.write(f"\n{name}, {images:,} images: {said}")
    few, many = seen
    for who in ("training", "reading"):
        assert many[who]["own"] < few[who]["own"] + ALLOWED_MB
        if name == "image-folder":
            assert many[who]["peak"] < few[who]["peak"] + ALLOWED_MB
