"""Options of the data set `huggingface`, and the folder that they mean."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trainers.data.data_folder import data_folder
from trainers.data.image_folder import SIZE_MAX
from trainers.data.image_splits import SubsetOptions
from trainers.errors import DataError

NAME = "huggingface"
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


class HuggingFaceOptions(SubsetOptions):
    """Options of `huggingface`.

    Args:
        path: a folder, relative to where the command runs, or OWNER/NAME on the Hub.
        config: which of several data sets under that name; None: the only one.
        revision: commit, tag or branch on the Hub; None: the newest when it is fetched.
        train: name of the split to learn from.
        test: name of the split to test on; ImageNet's labelled one is `validation`.
        validation: name of the split to validate on; None: `validation` where there is one that
            isn't the test split, else drawn from the training split.
        validation_samples: drawn from the training split, stratified, before anything else; None:
            a tenth of it, at most 10,000 and at least one per class, where no split validates.
        image_column: None: the only column of images.
        label_column: None: the only column of class labels, else one called `label`.
        image_size: side of the samples.
        resize: shorter side before the centre is cut out; None: 256 for every 224 pixels of
            image_size. Equal to image_size, images of that size stay unchanged.
        channels: 3, or 1 for grey.
        workers: processes that decode batches ahead of training; 0 decodes in between. It changes
            nothing but speed.
    """

    path: str = Field(min_length=1)
    config: str | None = Field(default=None, min_length=1)
    revision: str | None = Field(default=None, pattern=r"^[\w.-]+$")
    train: str = Field(default="train", min_length=1)
    test: str = Field(default="test", min_length=1)
    validation: str | None = Field(default=None, min_length=1)
    validation_samples: int | None = Field(default=None, ge=2)
    image_column: str | None = None
    label_column: str | None = None
    image_size: int = Field(default=224, ge=1, le=SIZE_MAX)
    resize: int | None = Field(default=None, ge=1, le=2 * SIZE_MAX)
    channels: Literal[1, 3] = 3
    workers: int = Field(default=2, ge=0, le=64)

    @model_validator(mode="after")
    def _three_splits(self) -> "HuggingFaceOptions":
        named = [name for name in (self.train, self.validation, self.test) if name is not None]
        if len(set(named)) < len(named):
            raise ValueError(f"train, validation and test name a split twice: {', '.join(named)}")
        if self.validation is not None and self.validation_samples is not None:
            raise ValueError("validation names a split, so validation_samples draws none")
        if self.resize is not None and self.resize < self.image_size:
            raise ValueError(f"resize {self.resize} is smaller than image_size {self.image_size}")
        return self


def folder_of(options: HuggingFaceOptions) -> Path:
    """Where the data set lies or, after a download, would lie; absolute.

    Raises:
        DataError: the path is neither a folder nor a name on the Hub.
    """
    folder = Path(options.path)
    if folder.is_dir():
        return folder.absolute()
    if not HUB_NAME.fullmatch(options.path) or ".." in options.path:
        raise DataError(
            f"data set '{NAME}': {options.path} is no folder, and no name on the Hub (OWNER/NAME). "
            "Name one of them in data.path."
        )
    name = options.path.replace("/", "--")
    return data_folder(NAME) / (f"{name}@{options.revision}" if options.revision else name)
