"""Which stretches of which recordings show a gesture, from DVS128 Gesture's own lists.

    trials_to_train.txt, trials_to_test.txt   one file name per line: userNN_LIGHT.aedat
    userNN_LIGHT_labels.csv                   a heading, then class (1 to 11), start and end in us

The stretches of a file may overlap, as some of the published ones do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainers.errors import DataError

GESTURES = (
    "hand clap", "right hand wave", "left hand wave", "right arm clockwise",
    "right arm counter-clockwise", "left arm clockwise", "left arm counter-clockwise", "arm roll",
    "air drums", "air guitar", "other gestures",
)  # fmt: skip
"""Classes 1 to 11 of the label files, which become labels 0 to 10."""

MAX_BYTES = 1 << 20
REMEDY = "Unpack the archive again."

_TRIAL = re.compile(r"user([0-9]{1,4})_[a-z_]{1,40}\.aedat", re.ASCII)
_TIME = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Stretch:
    """A gesture: its label and from when to before when it lasts, in microseconds."""

    label: int
    start: int
    end: int


@dataclass(frozen=True)
class Trial:
    """One recording.

    Args:
        path: of the .aedat file.
        labels: of the .csv file.
        user: number of the person.
        stretches: the gestures.
    """

    path: Path
    labels: Path
    user: int
    stretches: tuple[Stretch, ...]


def list_trials(folder: Path, name: str, layout: str) -> tuple[Trial, ...]:
    """The trials that a list names, with their gestures.

    Args:
        folder: of all files.
        name: of the list.
        layout: what is expected and where it comes from, for messages.

    Raises:
        DataError: a file is missing, or a line isn't what it must be.
    """
    trials = tuple(_trials(folder, name, layout))
    if not trials:
        raise DataError(f"{folder / name}: names no trial. {REMEDY}")
    return trials


def _trials(folder: Path, name: str, layout: str) -> Iterator[Trial]:
    listing = folder / name
    seen: set[str] = set()
    for number, line in enumerate(_lines(listing, layout), 1):
        if not line:
            continue
        found = _TRIAL.fullmatch(line)
        if found is None or line in seen:
            raise DataError(
                f"{listing}: line {number} is {line[:60]!a}, expected a name such as "
                f"user01_led.aedat, each once. {REMEDY}"
            )
        seen.add(line)
        path = folder / line
        if not path.is_file():
            raise DataError(f"{path}: no such file, but {name} names it. {REMEDY}")
        labels = folder / f"{path.stem}_labels.csv"
        yield Trial(path, labels, int(found[1]), tuple(_stretches(labels, layout)))


def _stretches(path: Path, layout: str) -> Iterator[Stretch]:
    rows = 0
    for number, line in enumerate(_lines(path, layout)[1:], 2):
        if not line:
            continue
        values = [value.strip() for value in line.split(",")]
        if len(values) != 3 or not all(map(_TIME.fullmatch, values)):
            raise DataError(
                f"{path}: line {number} is {line[:60]!a}, expected class, start and end in "
                f"microseconds. {REMEDY}"
            )
        gesture, start, end = map(int, values)
        if not 1 <= gesture <= len(GESTURES) or start >= end:
            raise DataError(
                f"{path}: line {number} is class {gesture} from {start:,} to {end:,} us, expected "
                f"1 to {len(GESTURES)} and a start before the end. {REMEDY}"
            )
        rows += 1
        yield Stretch(gesture - 1, start, end)
    if not rows:
        raise DataError(f"{path}: names no gesture. {REMEDY}")


def _lines(path: Path, layout: str) -> list[str]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). {layout}") from error
    if len(content) > MAX_BYTES or not content.isascii():
        raise DataError(f"{path}: isn't plain ASCII text of at most {MAX_BYTES:,} bytes. {REMEDY}")
    return [line.strip() for line in content.decode("ascii").splitlines()]
