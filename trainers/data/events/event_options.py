"""Options that all sets of event recordings share."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trainers.data.image_splits import SubsetOptions

COUNT_MAX = 255
"""What one byte of a kept frame holds."""


class FrameOptions(SubsetOptions):
    """How a recording becomes T frames, and where they are kept.

    Args:
        path: folder into which the archive was unpacked, relative to where the command runs; None:
            see trainers.data.data_folder.
        frames: T; train.time_steps must be the same.
        split_by: `events` (the default) cuts a recording into T parts of equally many events,
            `time` into T parts of equal length.
        frame_us: length of a frame in microseconds instead: the first T frames are taken, later
            events are left out, frames after the end are empty.
        binary: 1 where there was an event, however many; else frames hold the number of events.
        count_limit: larger numbers become this one; None: 255.
        sort_times: sorts recordings whose times go back somewhere instead of refusing them.
        cache: folder for the frames, which take one byte per value; None: `frames` beside the
            default folders of data sets (see trainers.data.data_folder).
        workers: processes that read batches ahead of training; 0 reads them in between. It changes
            nothing but speed.
    """

    path: Path | None = None
    frames: int = Field(default=10, ge=1, le=4096)
    split_by: Literal["events", "time"] | None = None
    frame_us: int | None = Field(default=None, ge=1, le=1_000_000_000)
    binary: bool = False
    count_limit: int | None = Field(default=None, ge=2, le=COUNT_MAX)
    sort_times: bool = False
    cache: Path | None = None
    workers: int = Field(default=2, ge=0, le=64)

    @model_validator(mode="after")
    def _one_way_to_cut_and_count(self) -> "FrameOptions":
        if self.frame_us is not None and self.split_by is not None:
            raise ValueError("frame_us and split_by are two ways to cut a recording; remove one")
        if self.binary and self.count_limit is not None:
            raise ValueError("binary frames have no count_limit; remove one of the two")
        return self

    @property
    def largest_count(self) -> int:
        """What one value of a frame can be at most."""
        return 1 if self.binary else self.count_limit or COUNT_MAX


class HeldOutOptions(FrameOptions):
    """Options of sets without a validation set of their own.

    Args:
        validation_samples: drawn from the training recordings, stratified, before anything else;
            None: a tenth of them, at least one per class.
    """

    validation_samples: int | None = Field(default=None, ge=2)
