"""The embedded data set: scikit-learn's 1,797 real handwritten digits of 8x8 pixels.

Source: UCI Optical Recognition of Handwritten Digits, as shipped in scikit-learn's wheel. It has
no official split; this one is stratified by class, with a fixed seed that no training option
changes, so that results of different runs are comparable.
"""

import numpy as np
from pydantic import Field

from trainers.data.dataset import Dataset, DatasetOptions
from trainers.data.image_inputs import SIZE_MAX, ImageForm, scaled_images, splits_form
from trainers.data.splits import DataSplits, Split

PIXEL_MAX = 16.0
SAMPLES = 1797
SIDE = 8


class DigitsOptions(DatasetOptions):
    """Options of `digits`.

    Args:
        test_fraction: share of all samples kept for the test split; 0.01 still holds every digit.
        validation_fraction: share of all samples kept for validation.
        split_seed: seed of the stratified split.
        image_size: side after padding with black on all sides, e.g. 16 or 32 for deep networks.
        form: whole images, or sequences of their rows (then train.time_steps is image_size).
    """

    test_fraction: float = Field(default=0.2, ge=0.01, lt=0.5)
    validation_fraction: float = Field(default=0.1, ge=0.01, lt=0.4)
    split_seed: int = Field(default=20260101, ge=0, lt=2**32)
    image_size: int = Field(default=SIDE, ge=SIDE, le=SIZE_MAX, multiple_of=2)
    form: ImageForm = "static"


def load(options: DatasetOptions) -> DataSplits:
    """Loads and splits the digits; inputs are x / 16 in [0, 1], [N, 1, H, W] or [N, T, W]."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    chosen = DigitsOptions.model_validate(options.model_dump())
    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(SAMPLES, 1, SIDE, SIDE)
    inputs = scaled_images(images, PIXEL_MAX, chosen.image_size, chosen.form)
    targets = labels.astype(np.int64)
    rest, test = train_test_split(
        np.arange(SAMPLES),
        test_size=chosen.test_fraction,
        stratify=targets,
        random_state=chosen.split_seed,
    )
    train, validation = train_test_split(
        rest,
        test_size=chosen.validation_fraction / (1.0 - chosen.test_fraction),
        stratify=targets[rest],
        random_state=chosen.split_seed,
    )
    return DataSplits(
        name="digits",
        train=Split(inputs[train], targets[train]),
        validation=Split(inputs[validation], targets[validation]),
        test=Split(inputs[test], targets[test]),
        classes=tuple(str(digit) for digit in range(10)),
        input_scale=1.0 / PIXEL_MAX,
        form=splits_form(chosen.form),
    )


DIGITS = Dataset(
    summary="1,797 real handwritten digits, 8x8, embedded (scikit-learn, UCI optdigits)",
    options=DigitsOptions,
    load=load,
)
