"""JapaneseVowels: 640 real utterances of nine speakers, 12 channels, 7 to 29 steps; who speaks?

Source: Kudo, Toyama and Shimbo 1999, UCI "Japanese Vowels": two vowels spoken in succession,
described by 12 coefficients of a linear prediction analysis per frame. The official split has 30
training utterances of each speaker and 370 test utterances. The package aeon holds it as two .ts
files.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import cast

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.series_splits import SeriesOptions, split_series
from trainers.data.splits import DataSplits
from trainers.data.ts_cases import Cases, read_cases
from trainers.errors import DataError

NAME = "japanese-vowels"
FILES = ("JapaneseVowels_TRAIN.ts", "JapaneseVowels_TEST.ts")
SAMPLES = (270, 370)
CHANNELS = 12
CLASSES = 9


class JapaneseVowelsOptions(SeriesOptions):
    """Options of `japanese-vowels`.

    Args:
        path: folder of the two files, relative to where the command runs; None: in the installed
            package aeon, which isn't imported.
    """

    path: Path | None = None


def load(options: DatasetOptions) -> DataSplits:
    """Reads and splits the files; inputs are standardised sequences [N, T, 12].

    Raises:
        DataError: the files are missing or damaged, or aren't this data set.
    """
    chosen = cast(JapaneseVowelsOptions, options)
    folder = _folder(chosen.path)
    train, test = (
        _cases(folder / name, samples) for name, samples in zip(FILES, SAMPLES, strict=True)
    )
    return split_series(NAME, train, test, chosen)


def _folder(path: Path | None) -> Path:
    folder = _in_aeon() if path is None else path
    if folder is None or not all((folder / name).is_file() for name in FILES):
        where = "the package aeon isn't installed" if folder is None else f"{folder} lacks them"
        raise DataError(
            f"data set '{NAME}': needs {FILES[0]} and {FILES[1]}, but {where}. Run `pip install "
            "--no-deps aeon==1.6.0`, or name their folder in data.path."
        )
    return folder


def _in_aeon() -> Path | None:
    spec = find_spec("aeon")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], "datasets", "data", "JapaneseVowels")


def _cases(path: Path, samples: int) -> Cases:
    cases = read_cases(path)
    found = (len(cases.labels), cases.channels, len(cases.classes))
    if found != (samples, CHANNELS, CLASSES):
        raise DataError(
            f"{path}: {found[0]} cases of {found[1]} channels and {found[2]} classes, expected "
            f"{samples}, {CHANNELS} and {CLASSES}. Read other data with the data set 'ts-file'."
        )
    return cases


JAPANESE_VOWELS = Dataset(
    summary="640 real utterances of nine speakers, 12 channels, 7 to 29 steps (aeon's .ts files)",
    options=JapaneseVowelsOptions,
    load=load,
)
